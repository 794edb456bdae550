"""Projects, integrations, assets and people: made, chosen, changed and refused through the SDK in process."""

from pathlib import Path

import pytest

from bucketlink import Client
from bucketlink.errors import (
    BucketError,
    Conflict,
    InvalidInput,
    NotAllowed,
    NotFound,
)
from tests.api.folders import connect, keys, write


def test_wrong_input_is_refused_clearly_and_changes_nothing(client: Client, bucket: Path, tmp_path: Path) -> None:
    integrations = client.count_cloud_storage_integrations()
    project = client.create_project("empty", input_type="IMAGE")["id"]
    with pytest.raises(NotAllowed, match="BUCKETLINK_FOLDER_ROOTS"):
        client.create_cloud_storage_integration("Folder", "outside", folder_path=str(tmp_path))
    with pytest.raises(BucketError):
        client.create_cloud_storage_integration("Folder", "gone", folder_path=str(bucket / "gone"))
    assert client.count_cloud_storage_integrations() == integrations
    for unknown in ("999", "int999", "prj1", "", "'; --"):
        with pytest.raises(ValueError, match=r"bucketlink integrations list shows"):
            client.add_cloud_storage_connection(project, unknown)
        with pytest.raises(ValueError, match=r"bucketlink connections list shows"):
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


def test_an_integration_in_use_is_not_deleted(client: Client, bucket: Path) -> None:
    write(bucket, "a/1.jpg")
    _, connection = connect(client, bucket)
    integration = client.cloud_storage_connections(connection, fields=["dataIntegrationId"])[0]["dataIntegrationId"]
    with pytest.raises(Exception, match=connection):
        client.delete_cloud_storage_integration(integration)
    client.delete_cloud_storage_connection(connection)
    assert client.delete_cloud_storage_integration(integration) == integration
    assert client.cloud_storage_integrations(integration) == []


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
