"""Data directories opened, closed, opened again, and refused, through the SDK in process."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bucketlink import Client
from bucketlink.errors import (
    DataDirectoryError,
    InvalidInput,
)
from bucketlink.kili import Kili
from tests.api.folders import connect, keys, write


def test_the_client_of_scripts_does_their_whole_job(tmp_path: Path) -> None:
    (tmp_path / "bucket").mkdir()
    write(tmp_path / "bucket", "a/1.jpg")
    with Kili.embedded(tmp_path / "data", folder_roots=[tmp_path / "bucket"]) as kili:
        project = kili.create_project(title="Bears", input_type="IMAGE", json_interface={"jobs": {}})["id"]
        made = kili.create_cloud_storage_integration("Folder", "bears", folder_path=str(tmp_path / "bucket"))
        assert kili.storages.integrations.count({"integration_id": made["id"]}) == 1
        connection = kili.storages.connections.create(project, made["id"], selected_folder="a")["id"]
        synchronized = kili.storages.connections.sync(connection)
        assert synchronized == {
            "id": connection,
            "numberOfAssets": 1,
            "projectId": project,
            "isChecking": False,
            "dataDifferencesSummary": {"added": 0, "removed": 0, "changed": 0, "total": 0},
        }
        [row] = kili.cloud_storage_connections(project_id=project)
        assert row["lastCheck"] == row["lastChecked"] is not None
        assert kili.count_assets(project) == 1
        assert kili.storages.integrations.update(made["id"], name="new")["name"] == "new"


def test_it_works_inside_a_running_event_loop(tmp_path: Path) -> None:
    (tmp_path / "bucket").mkdir()
    write(tmp_path / "bucket", "1.jpg")

    async def notebook() -> int:
        with Client.embedded(tmp_path / "data", folder_roots=[tmp_path / "bucket"]) as client:
            _, connection = connect(client, tmp_path / "bucket")
            return client.synchronize_cloud_storage_connection(connection)["numberOfAssets"]

    assert asyncio.run(notebook()) == 1


def test_what_was_done_is_there_when_the_directory_is_opened_again(tmp_path: Path) -> None:
    (tmp_path / "bucket").mkdir()
    write(tmp_path / "bucket", "1.jpg")
    with Client.embedded(tmp_path / "data", folder_roots=[tmp_path / "bucket"]) as client:
        project, connection = connect(client, tmp_path / "bucket")
        client.synchronize_cloud_storage_connection(connection)
        before = keys(client, project)
    with Client.embedded(tmp_path / "data") as client:
        assert keys(client, project) == before
        assert client.synchronize_cloud_storage_connection(connection)["numberOfAssets"] == 1


def test_a_closed_client_says_so(tmp_path: Path) -> None:
    client = Client.embedded(tmp_path)
    client.close()
    client.close()
    for call in (client.projects, lambda: client.synchronize_cloud_storage_connection("con1")):
        with pytest.raises(InvalidInput, match="closed"):
            call()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("BUCKETLINK_LOG_LEVEL", "LOUD"),
        ("BUCKETLINK_ALLOW_PRIVATE_ENDPOINTS", "perhaps"),
        ("BUCKETLINK_ADMIN_API_KEY", "short"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(InvalidInput, match=variable):
        Client.embedded(tmp_path)


def test_a_database_that_lacks_a_part_is_refused_in_a_sentence(tmp_path: Path) -> None:
    Client.embedded(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / "bucketlink.db")) as database:
        database.execute("PRAGMA foreign_keys=OFF")
        database.execute("DROP TABLE users")
        database.commit()
    with pytest.raises(DataDirectoryError, match="database"):
        Client.embedded(tmp_path)
