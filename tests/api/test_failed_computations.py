"""Whoever asks one connection for its counts after a failed computation is told of the failure, not of older counts."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.conftest import COMPUTE, World

COUNTS = "query ($id: ID!) { data: dataConnection(where: {id: $id}) { id dataDifferencesSummary { total } } }"
REST = "query ($id: ID!) { data: dataConnection(where: {id: $id}) { numberOfAssets isChecking error } }"
LIST = """
query ($where: DataConnectionsWhere!) {
  data: dataConnections(where: $where, first: 9, skip: 0) { id dataDifferencesSummary { total } error }
}
"""
APPLY = "mutation ($id: ID!) { data: validateDataDifferences(where: {connectionId: $id, type: ADD}) { id } }"


def ask(world: World, query: str) -> dict[str, Any]:
    return world.api.ask(world.ours.user, query, {"id": world.ours.ids["connection"]})


@pytest.fixture
def failed(world: World) -> Iterator[World]:
    """A world in which the folder has moved away, and a computation has found so."""
    folder = world.ours.folder
    folder.rename(folder.with_name("elsewhere"))
    assert "errors" not in ask(world, COMPUTE)
    yield world
    if folder.with_name("elsewhere").exists():
        folder.with_name("elsewhere").rename(folder)


def test_the_counts_of_one_connection_are_the_error(failed: World) -> None:
    response = ask(failed, COUNTS)

    (error,) = response["errors"]
    assert "There is no directory" in error["message"]
    assert error["extensions"] == {"code": "BUCKET_NOT_FOUND", "context": {}}
    assert response["data"]["data"] is None


def test_everything_else_is_answered(failed: World) -> None:
    rest = ask(failed, REST)["data"]["data"]

    assert rest["numberOfAssets"] == 1
    assert rest["isChecking"] is False
    assert "There is no directory" in rest["error"]


def test_lists_show_the_failure_beside_what_was_found_before(failed: World) -> None:
    ids = failed.ours.ids
    rows = failed.api.data(failed.ours.user, LIST, {"where": {"projectId": ids["project"]}})

    row = next(row for row in rows if row["id"] == ids["connection"])
    assert row["dataDifferencesSummary"] == {"total": 1}
    assert "There is no directory" in row["error"]


def test_a_computation_that_succeeds_ends_it(failed: World) -> None:
    folder = failed.ours.folder
    folder.with_name("elsewhere").rename(folder)

    ask(failed, COMPUTE)

    assert ask(failed, COUNTS)["data"]["data"]["dataDifferencesSummary"] == {"total": 1}


def test_what_was_found_before_can_still_be_applied(failed: World) -> None:
    assert "errors" not in ask(failed, APPLY)

    assert ask(failed, REST)["data"]["data"]["numberOfAssets"] == 2
