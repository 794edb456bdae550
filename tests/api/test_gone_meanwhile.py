"""What is iterated over and deleted meanwhile is an error, never a short list that looks whole; both ways in."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from bucketlink.errors import NotFound
from tests.api.imported import Imported, numbered

MANY = 300
"""Rows that fill some pages of those that hold 100, to the last."""
Rows = Callable[[Imported], Iterable[Any]]


def with_connections(project: Imported) -> None:
    """A project of more connections than are answered at once."""
    with project.database() as database:
        database.executemany(
            "INSERT INTO connections (organization_id, project_id, integration_id, created_at, updated_at)"
            " SELECT organization_id, project_id, integration_id, 1, 1 FROM connections WHERE id = ?",
            [(1,)] * (MANY - 1),
        )


def with_members(project: Imported) -> None:
    """An organization of more people than are answered at once."""
    with project.database() as database:
        database.executemany(
            "INSERT INTO users (organization_id, email, role, created_at)"
            " SELECT organization_id, ?, role, 1 FROM users ORDER BY id LIMIT 1",
            [(f"{number}@example.com",) for number in range(1, MANY)],
        )


def with_assets(project: Imported) -> None:
    """Assets that fill pages of 100, and one of 100 and two of 500, to the last."""
    project.add(numbered(1100))


def with_differences(project: Imported) -> None:
    for key in range(1000):
        (project.folder / f"{key:04}.jpg").write_bytes(b"1")
    project.client.compute_differences("con1")


ASKED: dict[str, tuple[Callable[[Imported], None], Rows, int]] = {
    "assets": (with_assets, lambda one: one.client.assets(one.project, as_generator=True), 1100),
    "assets of a filter": (
        with_assets,
        lambda one: one.client.assets(one.project, external_id_in=["bears"], as_generator=True),
        1100,
    ),
    "assets behind some": (with_assets, lambda one: one.client.assets(one.project, skip=50, as_generator=True), 1050),
    "signed URLs": (with_assets, lambda one: one.client.signed_urls(one.project), 1100),
    "connections": (
        with_connections,
        lambda one: one.client.cloud_storage_connections(project_id=one.project, as_generator=True),
        MANY,
    ),
    "connections of an integration too": (
        with_connections,
        lambda one: one.client.cloud_storage_connections(
            project_id=one.project, cloud_storage_integration_id="int1", as_generator=True
        ),
        MANY,
    ),
    "members": (with_members, lambda one: one.client.project_users(one.project, as_generator=True), MANY),
    "differences": (with_differences, lambda one: one.client.differences("con1"), 1000),
}
"""What is asked of a project with so many, and how many there are: pages are full, to the last."""


@pytest.mark.parametrize("asked", ASKED)
def test_a_project_that_is_deleted_is_told(project: Imported, asked: str) -> None:
    prepare, ask, there = ASKED[asked]
    prepare(project)
    assert len(list(ask(project))) == there
    rows = iter(ask(project))
    next(rows)
    project.client.delete_project(project.project)
    with pytest.raises(NotFound, match=r"There is no (project with the id prj1|connection with the id con1)\b"):
        list(rows)


@pytest.mark.parametrize("format_", ["pandas", "polars", None])
def test_a_list_or_frame_is_not_cut_short(
    project: Imported,
    monkeypatch: pytest.MonkeyPatch,
    format_: Any,  # noqa: ANN401
) -> None:
    project.add(numbered(10_000))
    ask = project.client.wire.ask

    def deletes(document: str, **variables: object) -> Any:  # noqa: ANN401
        answer = ask(document, **variables)
        if "first" in variables:
            # As a colleague may, behind a page that is full.
            monkeypatch.undo()
            project.client.delete_project(project.project)
        return answer

    monkeypatch.setattr(project.client.wire, "ask", deletes)
    with pytest.raises(NotFound, match="no project with the id prj1"):
        project.client.assets(project.project, fields=["id", "size"], format=format_)


def test_an_integration_that_is_deleted_is_told(project: Imported) -> None:
    with_connections(project)
    rows = project.client.cloud_storage_connections(cloud_storage_integration_id="int1", as_generator=True)
    next(rows)
    project.client.delete_project(project.project)
    project.client.delete_cloud_storage_integration("int1")
    with pytest.raises(NotFound, match="no integration with the id int1"):
        list(rows)


def test_an_unknown_project_has_no_assets_to_list(project: Imported) -> None:
    for asked in (
        lambda: project.client.assets("prj9"),
        lambda: project.client.assets("prj9", format="pandas"),
        lambda: list(project.client.assets("prj9", as_generator=True)),
        lambda: list(project.client.signed_urls("prj9")),
    ):
        with pytest.raises(NotFound, match="no project with the id prj9: bucketlink projects list"):
            asked()
    assert project.client.assets(project.project) == []


def test_a_history_outlives_its_project(project: Imported) -> None:
    with project.database() as database:
        database.executemany(
            "INSERT INTO runs (organization_id, kind, state, connection_id, created_at, finished_at)"
            " SELECT organization_id, 'APPLY', 'SUCCEEDED', id, 1, 1 FROM connections WHERE id = ?",
            [(1,)] * MANY,
        )
    rows = project.client.runs("con1")
    next(rows)
    project.client.delete_project(project.project)
    assert len(list(rows)) == MANY - 1
