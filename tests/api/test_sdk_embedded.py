"""The SDK in process, on a real data directory and real folders."""

import asyncio
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bucketlink import Client
from bucketlink.errors import (
    BucketError,
    Conflict,
    DataDirectoryError,
    GuardRefusal,
    InvalidInput,
    NotAllowed,
    NotFound,
)
from bucketlink.kili import Kili

HARD_NAMES = ["new\nline", "tab\t", "emoji \U0001f43b", "e\u0301", "\u00e9", "50%25+1", " spaces ", "-", "~", "'\"\\"]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("buckets")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Iterator[Client]:
    with Client.embedded(tmp_path_factory.mktemp("data"), folder_roots=[root]) as opened:
        yield opened


@pytest.fixture
def bucket(root: Path, request: pytest.FixtureRequest) -> Path:
    made = root / str(request.node.name)
    made.mkdir()
    return made


def write(bucket: Path, key: str, content: str = "picture") -> None:
    path = bucket / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def connect(client: Client, bucket: Path, folders: list[str] | None = None) -> tuple[str, str]:
    """Make project, integration and connection; answer the ids of project and connection."""
    project = client.create_project(bucket.name, input_type="IMAGE")["id"]
    integration = client.create_cloud_storage_integration("Folder", bucket.name, folder_path=str(bucket))
    assert integration["status"] == "CONNECTED"
    added = client.add_cloud_storage_connection(project, integration["id"], folders)
    return project, added["id"]


def keys(client: Client, project: str) -> dict[str, str]:
    return {row["externalId"]: row["id"] for row in client.assets(project, fields=("id", "externalId"))}


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
    with pytest.raises(ValueError, match="no cloud storage connection"):
        client.cloud_storage_connections(nothing)


def test_wrong_input_is_refused_clearly_and_changes_nothing(client: Client, bucket: Path, tmp_path: Path) -> None:
    integrations = client.count_cloud_storage_integrations()
    project = client.create_project("empty", input_type="IMAGE")["id"]
    with pytest.raises(NotAllowed, match="BUCKETLINK_FOLDER_ROOTS"):
        client.create_cloud_storage_integration("Folder", "outside", folder_path=str(tmp_path))
    with pytest.raises(BucketError):
        client.create_cloud_storage_integration("Folder", "gone", folder_path=str(bucket / "gone"))
    assert client.count_cloud_storage_integrations() == integrations
    for unknown in ("999", "int999", "prj1", "", "'; --"):
        with pytest.raises(ValueError, match="no cloud storage integration"):
            client.add_cloud_storage_connection(project, unknown)
        with pytest.raises(ValueError, match="no cloud storage connection"):
            client.synchronize_cloud_storage_connection(unknown)
    with pytest.raises(InvalidInput, match="nonsense"):
        client.cloud_storage_integrations(fields=["nonsense"])
    with pytest.raises(NotFound):
        client.undo("run999")
    assert client.cloud_storage_connections(project_id=project) == []


def test_projects_are_made_in_either_order_chosen_and_changed(client: Client) -> None:
    interface = {"jobs": {"JOB_0": {"mlTask": "CLASSIFICATION"}}}
    older = client.create_project("IMAGE", interface, "Herons of Kent", "few words")["id"]
    newer = client.create_project("Storks of Kent", "few words", "TEXT", interface)["id"]
    rows = client.projects(search_query="of kent")
    assert [(row["id"], row["inputType"], row["jsonInterface"]) for row in rows] == [
        (older, "IMAGE", interface),
        (newer, "TEXT", interface),
    ]
    assert rows[0]["roles"][0]["user"].keys() == {"email", "id"}
    assert client.count_projects(search_query="Storks") == 1
    assert client.projects(older, fields=["title", "description"]) == [
        {"title": "Herons of Kent", "description": "few words"}
    ]
    assert list(client.projects(older, fields=("id",), updated_at_gte="2020-01-01", as_generator=True)) == [
        {"id": older}
    ]
    assert client.projects(older, updated_at_lte="2020-01-01") == []

    changed = client.update_properties_in_project(
        older, title="Herons", json_interface="{}", min_consensus_size=2, metadata_types={"a": "string"}
    )
    assert changed == {
        "id": older,
        "title": "Herons",
        "jsonInterface": {},
        "minConsensusSize": 2,
        "metadataTypes": {"a": "string"},
    }
    assert client.archive_project(older) == {"id": older}
    assert [row["id"] for row in client.projects(search_query="Herons", archived=True)] == [older]
    assert client.projects(search_query="Herons", archived=False) == []
    assert client.unarchive_project(older) == {"id": older}
    assert client.delete_project(newer) == newer
    assert client.count_projects(newer) == 0
    with pytest.raises(NotFound):
        client.update_properties_in_project(newer, title="gone")
    with pytest.raises(Conflict, match="input type"):
        client.update_properties_in_project(older, input_type="TEXT")


def test_assets_are_chosen_by_what_is_kept(client: Client, bucket: Path) -> None:
    for n in range(3):
        write(bucket, f"a/{n}.jpg")
        write(bucket, f"b/{n}.jpg")
    project, connection = connect(client, bucket)
    client.synchronize_cloud_storage_connection(connection)
    by_key = keys(client, project)

    def found(**filters: object) -> set[str]:
        rows = client.assets(project, fields=("externalId",), **filters)  # type: ignore[call-overload]
        assert len(rows) == client.count_assets(project, **filters)  # type: ignore[arg-type]
        return {row["externalId"] for row in rows}

    assert found(external_id_in=["a/", "2.jpg"]) == {"a/0.jpg", "a/1.jpg", "a/2.jpg", "b/2.jpg"}
    assert found(external_id_strictly_in=("a/1.jpg", "1.jpg")) == {"a/1.jpg"}
    assert found(external_id_contains=["b/1.jpg"]) == {"b/1.jpg"}
    assert found(external_id_strictly_in=[]) == set()
    assert found(asset_id=by_key["a/0.jpg"]) == {"a/0.jpg"}
    assert found(asset_id_in=[by_key["a/0.jpg"], by_key["b/0.jpg"]]) == {"a/0.jpg", "b/0.jpg"}
    assert found(asset_id_not_in=[*by_key.values()][1:]) == {next(iter(by_key))}
    assert found(status_in=["TODO"], skipped=False, created_at_gte="2020-01-01") == by_key.keys()
    assert found(status_in=["LABELED"]) == found(skipped=True) == found(updated_at_lte="2020-01-01") == set()
    asset = client.assets(project, by_key["a/0.jpg"])[0]
    assert (asset["jsonMetadata"], asset["labels"], asset["status"]) == ({}, [], "TODO")

    for name, value in {
        "label_author_in": ["Ana"],
        "consensus_mark_gt": 0.5,
        "metadata_where": {"a": "b"},
        "issue_type": "ISSUE",
        "assignee_in": ["Ana"],
        "step_id_and_status_in": [("step", "DONE")],
        "group_name_in": ["group"],
    }.items():
        with pytest.raises(InvalidInput, match="Bucketlink keeps no"):
            found(**{name: value})


def test_an_integration_is_changed(client: Client, bucket: Path) -> None:
    write(bucket, "a/1.jpg")
    integration = client.create_cloud_storage_integration("Folder", "before", folder_path=str(bucket))["id"]
    changed = client.update_cloud_storage_integration(
        integration, ["a"], [], include_root_files="true", name="after", organization_id=None
    )
    assert changed == {
        "id": integration,
        "allowedPaths": ["a"],
        "allowedProjects": [],
        "includeRootFiles": True,
        "name": "after",
    }
    assert client.cloud_storage_integrations(integration) == [
        {"name": "after", "id": integration, "platform": "Folder", "status": "CONNECTED"}
    ]
    with pytest.raises(NotFound):
        client.update_cloud_storage_integration("int999", name="x")
    with pytest.raises(InvalidInput):
        client.create_cloud_storage_integration("AWS", "x", aws_role_arn="arn:aws:iam::1:role/x", s3_bucket_name="x")


def test_people_and_their_keys_are_listed(client: Client) -> None:
    made = client.create_api_key("bo@example.com")
    [bo] = client.users("bo@example.com")
    assert bo == {"email": "bo@example.com", "id": bo["id"], "firstname": bo["firstname"], "lastname": bo["lastname"]}
    assert client.users(api_key=made["key"]) == [bo]
    assert client.count_users() == len(client.users()) >= 2
    me = client.get_user()
    assert client.get_current_user(("id", "email")) == me != {"id": bo["id"], "email": bo["email"]}
    [organization] = client.organizations("bo@example.com")
    assert client.count_organizations(organization_id=organization["id"]) == 1
    assert client.users(organization_id=organization["id"], fields=["id"], skip=1)
    [key] = client.api_keys(user_id=bo["id"])
    assert (key["id"], key["revoked"]) == (made["id"], False)
    assert client.count_api_keys(api_key=made["key"]) == 1
    assert made["key"] not in str(client.api_keys())


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


def test_an_integration_in_use_is_not_deleted(client: Client, bucket: Path) -> None:
    write(bucket, "a/1.jpg")
    _, connection = connect(client, bucket)
    integration = client.cloud_storage_connections(connection, fields=["dataIntegrationId"])[0]["dataIntegrationId"]
    with pytest.raises(Exception, match=connection):
        client.delete_cloud_storage_integration(integration)
    client.delete_cloud_storage_connection(connection)
    assert client.delete_cloud_storage_integration(integration) == integration
    assert client.cloud_storage_integrations(integration) == []


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


def test_the_members_of_a_project_are_the_organizations_users(tmp_path: Path) -> None:
    with Client.embedded(tmp_path) as client:
        project = client.create_project("members", input_type="IMAGE")["id"]
        client.create_api_key("ana@example.com")
        admin, ana = client.project_users(project)
        assert [admin["status"], ana["status"]] == ["ORG_ADMIN", "ACTIVATED"]
        assert client.project_users(project, email="ana@example.com", fields=["id"], status_in=None) == [
            {"id": ana["id"]}
        ]
        assert list(client.project_users(project, id=admin["id"], as_generator=True)) == [admin]
        assert client.project_users(project, None, None, None, ["ACTIVATED"], ["user.id"]) == [
            {"user": {"id": ana["user"]["id"]}, "status": "ACTIVATED"}
        ]
        assert client.project_users(project, status_in=["ORG_SUSPENDED"]) == client.project_users("prj999") == []
        assert client.count_project_users(project) == client.count_project_users(project, status_in=None) == 2
        assert client.count_project_users(project, status_in=["ORG_ADMIN", "ORG_SUSPENDED"]) == 1
        assert client.count_project_users(project, "ana@example.com") == 1


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
