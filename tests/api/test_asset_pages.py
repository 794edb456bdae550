"""Walking through assets, embedded and over HTTP: everything once, whatever comes and goes meanwhile."""

from collections.abc import Iterator
from typing import Any

import pytest

from bucketlink.api.limits import MOST_COLUMN_ROWS
from bucketlink.client.assets.pages import COLUMN_ROWS, LARGE_PAGE, STORED, columns
from bucketlink.client.graphql.wire import PAGE
from bucketlink.errors import InvalidInput
from tests.api.imported import Imported, numbered

MANY = PAGE + 3 * LARGE_PAGE + 7
COLUMNS = (
    "query ($where: AssetWhere!, $first: Int!, $after: ID) "
    "{ data: assetColumns(where: $where, first: $first, after: $after, fields: [id, externalId]) }"
)


def keys(rows: Any) -> list[str]:  # noqa: ANN401
    return [row["externalId"] for row in rows]


def walk(project: Imported, **options: object) -> Iterator[dict[str, Any]]:
    walked: Iterator[dict[str, Any]] = project.client.assets(  # type: ignore[call-overload]
        project.project, fields=("externalId",), as_generator=True, **options
    )
    return walked


def test_every_asset_comes_once_in_order_of_creation(project: Imported) -> None:
    there = numbered(MANY)
    # Ids ascend, and keys descend: the order is that of creation.
    project.add(reversed(there))

    expected = there[::-1]
    assert keys(walk(project)) == expected
    assert keys(project.client.assets(project.project, fields=["externalId"])) == expected
    for first, skip in ((0, 0), (1, 0), (PAGE, 0), (PAGE + 1, 0), (MANY - 1, 1), (None, PAGE + 5), (700, 900)):
        assert keys(walk(project, first=first, skip=skip)) == expected[skip:][:first]
    assert list(walk(project, first=1)) == [{"externalId": expected[0]}]
    half = {"external_id_in": ["5.jpg"], "created_at_gte": "2020-01-01"}
    assert keys(walk(project, **half)) == [key for key in expected if "5.jpg" in key]


def test_what_was_there_all_along_comes_once_though_others_come_and_go(project: Imported) -> None:
    project.add(numbered(MANY))
    walking = walk(project)
    had = [next(walking)["externalId"] for _ in range(PAGE)]

    # Some of those that have come, the one that was last among them, some that come yet, and some behind all.
    gone = [*range(1, PAGE, 3), PAGE, PAGE + 1, *range(PAGE + 2, MANY, 5)]
    project.remove(gone)
    project.add(numbered(9, MANY + 1), start=MANY + 1)
    had += keys(walking)

    remained = [key for number, key in enumerate(numbered(MANY), 1) if number not in set(gone)]
    assert len(had) == len(set(had))
    assert [key for key in had if key in set(remained)] == remained
    assert had[-9:] == numbered(9, MANY + 1)


def test_columns_hold_what_rows_hold(project: Imported) -> None:
    project.add(['new\nline, "quoted"', "é", " ", "a//b"])
    with project.database() as database:
        database.execute("UPDATE assets SET size = -1, etag = '', content_type = NULL WHERE id = 2")
        database.execute("UPDATE assets SET archived = 'GLACIER', size = 5000000000 WHERE id = 3")
        database.execute("UPDATE assets SET connection_id = 99 WHERE id = 4")
    fields = sorted(STORED)
    where = {"project": {"id": project.project}}

    (page,) = columns(project.client.wire, where, fields)

    rows = project.client.assets(project.project, fields=fields)
    assert page == {name: [row[name] for row in rows] for name in fields}
    assert [row["size"] for row in rows] == [10, None, 5_000_000_000, 10]
    assert rows[3]["dataConnectionId"] is None
    (flat,) = columns(project.client.wire, where, ["externalId", "signedUrl.url", "project.id"], first=1)
    assert (flat["externalId"], flat["project.id"]) == (['new\nline, "quoted"'], [project.project])


def test_columns_come_in_pages(project: Imported) -> None:
    project.add(numbered(COLUMN_ROWS + 1))
    where = {"project": {"id": project.project}}

    found = list(columns(project.client.wire, where, ["externalId"]))

    assert [len(page["externalId"]) for page in found] == [COLUMN_ROWS, 1]
    assert [key for page in found for key in page["externalId"]] == numbered(COLUMN_ROWS + 1)
    assert list(columns(project.client.wire, where, ["id"], first=2)) == [{"id": ["ast1", "ast2"]}]
    assert list(columns(project.client.wire, where | {"externalIdIn": ["wolf"]}, ["id"])) == []


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"first": MOST_COLUMN_ROWS + 1}, "from 0 to 10000"),
        ({"first": -1}, "from 0 to 10000"),
        ({"first": 1, "after": "prj1"}, "after is not the id of an asset"),
        ({"first": 1, "after": ""}, "after is not the id of an asset"),
        ({"first": 1, "where": {}}, "by project"),
        ({"first": 1, "where": {"project": {"id": "prj1"}, "skipped": False, "assigneeIn": ["Ana"]}}, "no assignments"),
    ],
)
def test_columns_that_cannot_be_answered_are_refused(project: Imported, variables: dict[str, Any], says: str) -> None:
    given = {"where": {"project": {"id": project.project}}, **variables}
    with pytest.raises(InvalidInput, match=says):
        project.client.wire.ask(COLUMNS, **given)


def test_a_request_s_columns_are_bounded_together(project: Imported) -> None:
    one = 'assetColumns(where: {project: {id: "prj1"}}, first: 5001, fields: [id])'
    with pytest.raises(InvalidInput, match="in all of a request"):
        project.client.wire.ask(f"{{ data: {one} more: {one} }}")


@pytest.mark.parametrize("fields", [[], ["externalId", "id", "externalId"], ["externalId"] * 2000])
def test_a_column_is_asked_for_once(project: Imported, fields: list[str]) -> None:
    project.add(numbered(3))
    query = (
        "query ($fields: [AssetColumn!]!) "
        '{ data: assetColumns(where: {project: {id: "prj1"}}, first: 10000, fields: $fields) }'
    )
    with pytest.raises(InvalidInput, match="each only once"):
        project.client.wire.ask(query, fields=fields)
    assert len(project.client.wire.ask(query, fields=sorted(STORED))) == len(STORED)


def test_a_page_behind_what_is_no_asset_is_refused(project: Imported) -> None:
    query = '{ data: assets(where: {project: {id: "prj1"}}, first: 1, skip: 0, after: "nonsense") { id } }'
    with pytest.raises(InvalidInput, match="after is not the id of an asset"):
        project.client.wire.ask(query)


def test_assets_that_are_named_are_found_behind_another(project: Imported) -> None:
    project.add(numbered(5))
    query = (
        '{ data: assets(where: {project: {id: "prj1"}, idIn: ["ast1", "ast3", "ast5"]}, '
        'first: 9, skip: 0, after: "ast2") { id } }'
    )
    assert project.client.wire.ask(query) == [{"id": "ast3"}, {"id": "ast5"}]
