"""A project follows a folder, through the SDK in process."""

import re
from pathlib import Path

import pytest

from bucketlink import Client
from bucketlink.errors import (
    BucketError,
    GuardRefusal,
)
from tests.api.folders import connect, keys, write

HARD_NAMES = ["new\nline", "tab\t", "emoji \U0001f43b", "e\u0301", "\u00e9", "50%25+1", " spaces ", "-", "~", "'\"\\"]


def test_a_project_follows_its_bucket(client: Client, bucket: Path) -> None:
    wanted = {f"{folder}/{n % 7}/{n}.jpg" for folder in ("bears", "foxes") for n in range(150)}
    for key in wanted | {f"owls/{n}.jpg" for n in range(50)} | {"bears2/1.jpg", "root.jpg"}:
        write(bucket, key)
    project, connection = connect(client, bucket, ["bears", "foxes/"])

    dry = client.synchronize_cloud_storage_connection(connection, dry_run=True)
    assert dry == {"id": connection, "numberOfAssets": 0, "projectId": project}
    assert client.differences_summary(connection) == {"added": 300, "removed": 0, "changed": 0, "total": 300}
    assert client.count_assets(project) == 0

    assert client.synchronize_cloud_storage_connection(connection)["numberOfAssets"] == 300
    before = keys(client, project)
    assert before.keys() == wanted
    assert client.synchronize_cloud_storage_connection(connection)["numberOfAssets"] == 300
    assert keys(client, project) == before

    for n in range(10):
        write(bucket, f"bears/new/{n}.jpg")
    for n in range(5):
        write(bucket, f"foxes/{n % 7}/{n}.jpg", "another picture")
    for n in range(3):
        (bucket / f"bears/{n % 7}/{n}.jpg").unlink()
    assert client.compute_differences(connection) == {"added": 10, "removed": 3, "changed": 5, "total": 13}
    assert client.difference_folders(connection) == [
        {"folder": "bears", "added": 10, "removed": 3, "changed": 0},
        {"folder": "foxes", "added": 0, "removed": 0, "changed": 5},
    ]
    shown = [(row["type"], row["bucketKey"]) for row in client.differences(connection)]
    assert shown == [
        *[("ADD", f"bears/new/{n}.jpg") for n in range(10)],
        *[("REMOVE", f"bears/{n}/{n}.jpg") for n in range(3)],
        *[("CHANGED", f"foxes/{n}/{n}.jpg") for n in range(5)],
    ]

    kept = client.synchronize_cloud_storage_connection(connection)
    assert kept["numberOfAssets"] == 310
    assert client.synchronize_cloud_storage_connection(connection, True)["numberOfAssets"] == 307
    after = keys(client, project)
    assert after.keys() == {str(path.relative_to(bucket)) for path in bucket.rglob("*.jpg")} - {
        *(f"owls/{n}.jpg" for n in range(50)),
        "bears2/1.jpg",
        "root.jpg",
    }
    assert {key: id_ for key, id_ in after.items() if key in before}.items() <= before.items()
    assert client.compute_differences(connection) == {"added": 0, "removed": 0, "changed": 0, "total": 0}


def test_an_undone_removal_brings_back_the_same_assets(client: Client, bucket: Path) -> None:
    for n in range(20):
        write(bucket, f"a/{n}.png")
    project, connection = connect(client, bucket)
    client.synchronize_cloud_storage_connection(connection)
    before = keys(client, project)
    for n in range(6):
        (bucket / f"a/{n}.png").unlink()
    client.synchronize_cloud_storage_connection(connection, delete_extraneous_files=True)
    assert client.count_assets(project) == 14

    removal = next(run for run in client.runs(connection) if run["types"] == ["REMOVE"])
    assert (removal["kind"], removal["state"], removal["summary"]["removed"]) == ("APPLY", "SUCCEEDED", 6)
    undoing = client.undo(removal["id"])

    assert (undoing["kind"], undoing["summary"]["added"], undoing["left"]) == ("UNDO", 6, 0)
    assert undoing["sourceRunId"] == removal["id"]
    assert keys(client, project) == before


def test_keys_come_out_as_they_went_in(client: Client, bucket: Path) -> None:
    names = {f"{name}/{name}.jpg" for name in HARD_NAMES}
    for name in names:
        write(bucket, name)
    project, connection = connect(client, bucket)
    assert {row["bucketKey"] for row in client.differences(connection)} == names
    client.synchronize_cloud_storage_connection(connection)
    assert keys(client, project).keys() == names


def test_a_listing_that_fails_changes_nothing_and_says_why(client: Client, bucket: Path) -> None:
    write(bucket, "a/1.jpg")
    project, connection = connect(client, bucket)
    client.synchronize_cloud_storage_connection(connection)
    away = bucket.rename(bucket.with_name("away"))

    with pytest.raises(BucketError) as caught:
        client.synchronize_cloud_storage_connection(connection, delete_extraneous_files=True)

    assert client.cloud_storage_connections(connection, fields=["error"])[0]["error"] == str(caught.value)
    assert client.count_assets(project) == 1
    with pytest.raises(BucketError, match=re.escape(str(caught.value))):
        client.differences_summary(connection)
    away.rename(bucket)
    assert client.synchronize_cloud_storage_connection(connection)["numberOfAssets"] == 1
    assert client.cloud_storage_connections(connection, fields=["error"])[0]["error"] is None


def test_a_large_removal_must_be_forced(client: Client, bucket: Path) -> None:
    for n in range(1100):
        write(bucket, f"{n}.jpg")
    _, connection = connect(client, bucket)
    client.synchronize_cloud_storage_connection(connection)
    for n in range(1001):
        (bucket / f"{n}.jpg").unlink()
    write(bucket, "new.jpg")

    with pytest.raises(GuardRefusal, match="--force") as caught:
        client.synchronize_cloud_storage_connection(connection, delete_extraneous_files=True)
    assert (caught.value.removed, caught.value.owned) == (1001, 1100)
    there = client.cloud_storage_connections(connection, fields=["numberOfAssets", "error"])[0]
    assert there == {"numberOfAssets": 1101, "error": None}

    forced = client.synchronize_cloud_storage_connection(connection, delete_extraneous_files=True, force=True)
    assert forced["numberOfAssets"] == 100


def test_no_folders_means_nothing_and_none_means_everything(client: Client, bucket: Path) -> None:
    write(bucket, "a/1.jpg")
    write(bucket, "root.jpg")
    project, nothing = connect(client, bucket, [])
    assert client.differences_summary(nothing)["added"] == 0
    fields = ("id", "selectedFolders", "dataIntegrationId", "dataIntegration.platform")
    row = client.cloud_storage_connections(nothing, fields=fields)[0]
    assert (row["selectedFolders"], row["dataIntegration"]) == ([], {"platform": "Folder"})
    everything = client.add_cloud_storage_connection(project, row["dataIntegrationId"])["id"]
    assert client.differences_summary(everything)["added"] == 2
    assert [row["id"] for row in client.cloud_storage_connections(project_id=project)] == [nothing, everything]
    assert client.delete_cloud_storage_connection(nothing) == nothing
    with pytest.raises(ValueError, match="no connection"):
        client.cloud_storage_connections(nothing)


def test_a_connection_removed_with_its_assets_can_be_undone_for_the_assets(client: Client, bucket: Path) -> None:
    write(bucket, "a/1.jpg")
    project, connection = connect(client, bucket)
    client.synchronize_cloud_storage_connection(connection)
    removal = client.delete_cloud_storage_connection_with_assets(connection)
    assert (removal["kind"], removal["summary"]["removed"]) == ("REMOVE", 1)
    assert client.cloud_storage_connections(project_id=project) == []
    assert client.count_assets(project) == 0
    assert next(client.runs(connection))["id"] == removal["id"]
    client.undo(removal["id"])
    assert client.count_assets(project) == 1
