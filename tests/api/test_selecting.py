"""Changing what a connection selects: what is shown is of the present selection, and what was promised is done."""

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bucketlink import Client, requests, selecting
from bucketlink.cli.root import main
from bucketlink.client.connections import synchronize
from bucketlink.errors import Conflict, InvalidInput, NotFound
from bucketlink.home import open_home
from bucketlink.ids import Noun
from bucketlink.model import RunState, Selection
from bucketlink.settings import Settings
from bucketlink.store import accounts, connections, runs
from bucketlink.store.sent import packed
from tests.api.buckets import azure, connect
from tests.api.conftest import CREATE_INTEGRATION, open_api
from tests.api.hesitant import Hesitant
from tests.api.hesitant import connect as connect_slowly
from tests.api.server import wait_until
from tests.servers.pages import PageServer

KEYS = ("bears/1.jpg", "bears/2.jpg", "foxes/1.jpg", "foxes/1.tmp.jpg", "lead.jpg")


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    monkeypatch.setenv("BUCKETLINK_ALLOW_PRIVATE_ENDPOINTS", "true")
    with Client.embedded(tmp_path / "data", folder_roots=[tmp_path / "bucket"]) as opened:
        yield opened


@pytest.fixture
def connection(client: Client, tmp_path: Path) -> str:
    """A connection that takes the folder bears, and has its two assets."""
    for key in KEYS:
        path = tmp_path / "bucket" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(key)
    project = client.create_project("Animals", input_type="IMAGE")["id"]
    integration = client.create_cloud_storage_integration("Folder", "b", folder_path=str(tmp_path / "bucket"))["id"]
    made = client.add_cloud_storage_connection(project, integration, ["bears"], exclude=["*.tmp.jpg"])["id"]
    client.synchronize_cloud_storage_connection(made)
    return made


def found(client: Client, connection: str) -> list[tuple[str, str]]:
    return [(row["type"], row["bucketKey"]) for row in client.differences(connection)]


def assets(client: Client) -> list[str]:
    return [row["externalId"] for row in client.assets("prj1", fields=("externalId",), disable_tqdm=True)]


def test_what_is_no_longer_selected_is_to_be_removed_and_what_newly_is_added(client: Client, connection: str) -> None:
    selected = client.update_cloud_storage_connection(connection, ["foxes"])

    unchanged = {"id": connection, "prefix": None, "include": None, "exclude": ["*.tmp.jpg"]}
    assert {**selected, "include": selected["include"] or None} == {**unchanged, "selectedFolders": ["foxes"]}
    expected = [("ADD", "foxes/1.jpg"), ("REMOVE", "bears/1.jpg"), ("REMOVE", "bears/2.jpg")]
    assert found(client, connection) == expected
    assert sorted(assets(client)) == ["bears/1.jpg", "bears/2.jpg"]
    client.synchronize_cloud_storage_connection(connection, delete_extraneous_files=True)
    assert assets(client) == ["foxes/1.jpg"]


CHANGES: list[tuple[dict[str, Any], list[str]]] = [
    ({"all_folders": True}, ["foxes/1.jpg", "lead.jpg"]),
    ({"all_folders": True, "exclude": []}, ["foxes/1.jpg", "foxes/1.tmp.jpg", "lead.jpg"]),
    ({"prefix": "fo"}, ["foxes/1.jpg"]),
    ({"selected_folders": ["bears", "foxes"], "include": ["*2.jpg"]}, []),
    ({"exclude": ["lead"]}, []),
]


@pytest.mark.parametrize(("change", "added"), CHANGES)
def test_what_is_given_replaces_and_the_rest_stays(
    client: Client, connection: str, change: dict[str, Any], added: list[str]
) -> None:
    client.update_cloud_storage_connection(connection, **change)
    assert [key for type_, key in found(client, connection) if type_ == "ADD"] == added


def test_a_prefix_that_goes_lets_the_folders_count_again(client: Client, connection: str) -> None:
    assert client.update_cloud_storage_connection(connection, prefix="fo")["prefix"] == "fo"
    assert len(found(client, connection)) == 3
    changed = client.update_cloud_storage_connection(connection, prefix="")
    assert (changed["prefix"], changed["selectedFolders"]) == (None, ["bears"])
    assert found(client, connection) == []


def test_what_cannot_be_meant_is_refused_and_changes_nothing(client: Client, connection: str) -> None:
    client.update_cloud_storage_connection(connection, prefix="fo")
    before = client.cloud_storage_connections(connection), found(client, connection)
    refused: list[dict[str, Any]] = [
        {},
        {"selected_folders": ["foxes"]},
        {"all_folders": True},
        {"prefix": "", "selected_folders": ["foxes"], "all_folders": True},
        {"include": ["x" * 2000]},
        {"exclude": ["a\0b"]},
    ]
    for arguments in refused:
        with pytest.raises(InvalidInput):
            client.update_cloud_storage_connection(connection, **arguments)
    with pytest.raises(NotFound):
        client.update_cloud_storage_connection("con99", prefix="a")
    assert (client.cloud_storage_connections(connection), found(client, connection)) == before


def test_patterns_that_fit_nothing_remove_only_when_told_to(client: Client, connection: str) -> None:
    client.update_cloud_storage_connection(connection, [])
    assert [type_ for type_, _ in found(client, connection)] == ["REMOVE", "REMOVE"]
    client.synchronize_cloud_storage_connection(connection)
    assert client.count_assets("prj1") == 2


# While something is under way


@pytest.fixture
def bucket() -> Iterator[Hesitant]:
    with Hesitant() as server:
        yield server
        server.goes_on.set()


def change_aside(client: Client, connection: str, **change: Any) -> threading.Thread:  # noqa: ANN401
    """Change a selection in a thread, since the answer waits for the differences."""
    thread = threading.Thread(target=client.update_cloud_storage_connection, args=(connection,), kwargs=change)
    thread.start()
    return thread


def test_nothing_of_the_selection_before_is_shown_or_can_be_applied(client: Client, bucket: Hesitant) -> None:
    connection = connect_slowly(client, bucket)
    assert client.differences_summary(connection)["added"] == 30_000
    bucket.goes_on.clear()
    thread = change_aside(client, connection, prefix="0299")
    wait_until(lambda: client.cloud_storage_connections(connection, fields=("prefix",))[0]["prefix"] == "0299")

    fields = ("dataDifferencesSummary.total", "isComputed", "isChecking", "lastChecked")
    (row,) = client.cloud_storage_connections(connection, fields=fields)
    shown = {"dataDifferencesSummary": {"total": 0}, "isComputed": False, "isChecking": True, "lastChecked": None}
    assert row == shown
    with pytest.raises(Conflict, match=f"not computed yet: bucketlink diff {connection} "):
        client.differences_summary(connection)
    for ask in (found, lambda *given: client.difference_folders(given[1])):
        with pytest.raises(Conflict, match=f"not computed yet: bucketlink diff {connection} "):
            ask(client, connection)
    document = 'mutation { data: validateDataDifferences(where: {connectionId: "con1", type: ADD}) { id } }'
    with pytest.raises(Conflict, match=f"not computed yet: bucketlink diff {connection} "):
        client.wire.ask(document)

    bucket.goes_on.set()
    thread.join()
    assert client.differences_summary(connection)["added"] == 100


def test_a_computation_under_way_ends_with_the_new_selection(client: Client, bucket: Hesitant) -> None:
    connection = connect_slowly(client, bucket)
    bucket.goes_on.clear()
    client.wire.ask(f'mutation {{ data: computeDifferences(where: {{id: "{connection}"}}) {{ id }} }}')
    run = next(client.runs(connection, first=1))["id"]
    wait_until(lambda: client.run(run)["objects"] > 0)
    thread = change_aside(client, connection, prefix="0001")
    wait_until(lambda: client.cloud_storage_connections(connection, fields=("prefix",))[0]["prefix"] == "0001")
    bucket.goes_on.set()
    thread.join()

    assert next(client.runs(connection, first=1))["id"] == run
    assert client.differences_summary(connection)["added"] == 100


def test_what_was_asked_to_be_applied_before_is_applied(client: Client, bucket: Hesitant) -> None:
    connection = connect_slowly(client, bucket)
    bucket.goes_on.clear()
    client.wire.ask(f'mutation {{ data: computeDifferences(where: {{id: "{connection}"}}) {{ id }} }}')
    client.wire.ask(
        f'mutation {{ data: validateDataDifferences(where: {{connectionId: "{connection}", type: ADD}}) {{ id }} }}'
    )
    applied = next(client.runs(connection, first=1))["id"]
    thread = change_aside(client, connection, prefix="0001")
    wait_until(lambda: client.cloud_storage_connections(connection, fields=("prefix",))[0]["prefix"] == "0001")
    bucket.goes_on.set()
    thread.join()
    (*_, ended) = client.watch(applied)

    assert (ended["state"], ended["summary"]["added"]) == ("SUCCEEDED", 30_000)
    assert client.count_assets("prj1") == 30_000
    assert client.compute_differences(connection) == {"added": 0, "removed": 29_900, "changed": 0, "total": 29_900}


def select_aside(directory: Path, connection: str, selection: Selection) -> None:
    """Change a selection as somebody else does, whose computation is still to come."""
    with closing(open_home(Settings(data_dir=directory))) as home, home.database.write() as tx:
        connections.select_anew(tx, Noun.CONNECTION.number(connection), selection, ())


def test_what_is_not_computed_is_never_called_in_step(
    client: Client, connection: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    client.close()
    select_aside(tmp_path / "data", connection, Selection())
    for options in ([], ["--list"], ["--json"]):
        arguments = ["diff", connection, "--no-compute", "--data-dir", str(tmp_path / "data"), *options]
        assert main(arguments) == 1
        said = capsys.readouterr()
        assert f"not computed yet: bucketlink diff {connection}" in said.err
        assert said.out == ""


def test_a_selection_that_changes_during_a_synchronization_is_the_one_that_counts(
    client: Client, connection: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = synchronize.summary

    def meanwhile(*given: Any) -> Any:  # noqa: ANN401
        monkeypatch.setattr(synchronize, "summary", summary)
        select_aside(tmp_path / "data", connection, Selection(selected_folders=("foxes",)))
        return summary(*given)

    monkeypatch.setattr(synchronize, "summary", meanwhile)
    client.synchronize_cloud_storage_connection(connection, delete_extraneous_files=True)
    assert sorted(assets(client)) == ["foxes/1.jpg", "foxes/1.tmp.jpg"]


# Where clients list the container

CHANGE = """
mutation ($id: ID!, $data: DataConnectionSelection!) {
  data: updateDataConnection(where: {id: $id}, data: $data) { isChecking isComputed dataDifferencesSummary { total } }
}
"""
SEND = """
mutation ($id: ID!, $data: DataConnectionComputeDifferencesPayload!) {
  data: computeDifferences(where: {id: $id}, data: $data) { dataDifferencesSummary { total } }
}
"""


def test_where_clients_list_nothing_is_shown_until_one_has_listed_again(tmp_path: Path) -> None:
    api = open_api(Settings(data_dir=tmp_path / "data", allow_private_endpoints=True))
    with api.home.database.write() as tx:
        caller = accounts.ensure_local_administrator(tx)
    with PageServer() as server:
        made = azure(server, azureIsUsingServiceCredentials=True)
        integration = api.data(caller, CREATE_INTEGRATION, {"data": made})["id"]
        _, connection = connect(api, caller, integration, selectedFolders=["a"])
        sent = {"blobPaths": ["a/1.jpg"], "contentTypes": ["image/jpeg"]}
        api.data(caller, SEND, {"id": connection, "data": sent})
        changed = api.data(caller, CHANGE, {"id": connection, "data": {"selectedFolders": ["b"]}})
        assert changed == {"isChecking": False, "isComputed": False, "dataDifferencesSummary": {"total": 0}}

        number = Noun.CONNECTION.number(connection)
        with api.home.database.write() as tx:
            listed = packed(["b/1.jpg"], ["image/jpeg"], [])
            run = requests.compute_sent(tx, connections.get(tx, caller.organization_id, number), caller, listed)
            selecting.change(tx, connections.get(tx, caller.organization_id, number), Selection(), caller)
            ended = runs.get(tx, caller.organization_id, run)
        assert (ended.state, ended.error) == (RunState.CANCELLED, selecting.LISTED_BEFORE)
    api.home.close()
