"""Adding connections with every combination of arguments: what is imported decides."""

from collections.abc import Sequence

import pytest

from tests.api.server import Json, Server, wait_until
from tests.clients.conftest import Client
from tests.clients.environments import Can, Environment

KEYS = ["a/1.jpg", "a/2.png", "a/deep/3.jpg", "ab/4.jpg", "b/5.jpg", "b/6.png", "b/deep/7.jpg", "root.jpg"]

APPLY = """mutation ($id: ID!) {
  data: validateDataDifferences(where: {connectionId: $id, type: ADD}) { id }
}"""
CONNECTION = """query ($id: ID!) {
  data: dataConnection(where: {id: $id}) {
    isApplyingDataDifferences numberOfAssets selectedFolders prefix include exclude isJsonProcessingEnabled
  }
}"""
ASSETS = """query ($project: ID!) {
  data: assets(where: {project: {id: $project}}, first: 100, skip: 0) { externalId }
}"""


@pytest.fixture(scope="module")
def said(client: Client, server: Server, environment: Environment) -> Json:
    """What the scenario did: with each combination, in a project of its own."""
    name = f"selecting by {environment.version}"
    return client.run("connections", integration=server.create_folder_integration(name, [*KEYS, "a/notes.txt"]))


def test_adds_connections_with_every_combination_of_arguments(
    said: Json, server: Server, environment: Environment
) -> None:
    added = said["added"]
    assert len(added) == _combinations(environment)
    for one in added:
        server.data(APPLY, {"id": one["made"]["id"]})
    for one in added:
        assert set(one["made"]) == {"id"}
        assert _imported(server, one) == _wanted(**one["asked"]), one["asked"]
    assert [row["selectedFolders"] for row in said["of one project"]] == [None, ["b"]]
    assert [{"id": row["id"]} for row in said["of one project"]] == said["by place"]


@pytest.mark.needs(Can.JSON)
def test_asks_for_json_files_to_be_processed(said: Json, server: Server) -> None:
    asked = [
        (one["asked"]["is_json_processing_enabled"], _connection(server, one)["isJsonProcessingEnabled"])
        for one in said["added"]
        if "is_json_processing_enabled" in one["asked"]
    ]

    assert asked == [(None, False), (True, True), (False, False)]


def _combinations(environment: Environment) -> int:
    return 3 * (8 if Can.PATTERNS in environment.can else 1) + (3 if Can.JSON in environment.can else 0)


def _wanted(
    selected_folders: Sequence[str] | None,
    prefix: str | None = None,
    include: Sequence[str] | None = None,
    exclude: Sequence[str] | None = None,
    **_: object,
) -> list[str]:
    """What these arguments of the scenario select of `KEYS`."""

    def takes(key: str) -> bool:
        folder = key.partition("/")[0] if "/" in key else None
        return (
            (key.startswith(prefix) if prefix else selected_folders is None or folder in selected_folders)
            and (include is None or key.endswith(".jpg") or folder == "b")
            and (exclude is None or "/deep/" not in key)
        )

    return [key for key in KEYS if takes(key)]


def _imported(server: Server, one: Json) -> list[str]:
    wait_until(lambda: not _connection(server, one)["isApplyingDataDifferences"])
    found = [asset["externalId"] for asset in server.data(ASSETS, {"project": one["project"]})]
    shown = _connection(server, one)
    assert shown["numberOfAssets"] == len(found)
    asked = one["asked"]
    assert shown["selectedFolders"] == asked["selected_folders"]
    assert shown["prefix"] == asked.get("prefix")
    return found


def _connection(server: Server, one: Json) -> Json:
    return server.data(CONNECTION, one["made"])
