"""Integrations of buckets on a real S3 server: made, changed, deleted; and what is read through them."""

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from tests.api.server import Server
from tests.clients.conftest import Client, Scenario, Start
from tests.clients.environments import Can, Environment
from tests.clients.telling import told
from tests.servers.rgw import Bucket, Rgw

KEYS = [f"{folder}/{number:04d}.jpg" for folder in ("a", "b", "é +%") for number in range(40)]


@dataclass(frozen=True, slots=True)
class Buckets:
    """Two of one content."""

    first: Bucket
    second: Bucket


@pytest.fixture(scope="session")
def buckets(rgw: Rgw) -> Buckets:
    made = Buckets(rgw.bucket("pictures"), rgw.bucket("more-pictures"))
    for bucket in (made.first, made.second):
        bucket.put_many(KEYS)
        bucket.close()
    return made


@pytest.fixture(scope="module")
def running(start: Start, client: Client, server: Server, buckets: Buckets) -> Mapping[str, Scenario]:
    """Every scenario of this module that the generation can run, started together."""
    bucket, environment = buckets.first, client.environment
    integration = server.create_integration(
        {
            "name": f"A real bucket, {environment.version}",
            "platform": "CustomS3",
            "s3Endpoint": bucket.endpoint,
            "s3Region": "us-east-1",
            "s3BucketName": bucket.name,
            "s3AccessKey": bucket.access_key,
            "s3SecretKey": bucket.secret_key,
        }
    )
    started = {"shortest": start("add_then_synchronize", integration=integration, folders=["b", "é +%"])}
    address = {
        "endpoint": bucket.endpoint,
        "bucket_name": bucket.name,
        "access_key": bucket.access_key,
        "secret_key": bucket.secret_key,
        "region": "us-east-1",
    }
    if Can.MANAGE_INTEGRATIONS in environment.can:
        given = {
            "name": f"managed by {environment.version}",
            "bucket": {f"s3_{name}": value for name, value in address.items()},
            "other bucket": buckets.second.name,
            "organization": "org1",
        }
        started["manage"] = start("manage_integrations", **given)
    if Can.NAMESPACES in environment.can:
        started["storages"] = start("storages", name=f"stored by {environment.version}", bucket=address)
    return started


def test_synchronizes_a_bucket_of_a_real_s3_server(running: Mapping[str, Scenario]) -> None:
    said = running["shortest"].result()

    assert said["keys"] == KEYS[40:]
    assert said["count"] == said["synchronized"]["numberOfAssets"] == len(KEYS[40:])


@pytest.mark.needs(Can.MANAGE_INTEGRATIONS)
def test_creates_integrations(running: Mapping[str, Scenario], buckets: Buckets, environment: Environment) -> None:
    said = running["manage"].result()

    made, name = said["made"], f"managed by {environment.version}"
    assert made == {
        "id": made["id"],
        "name": name,
        "status": "CONNECTED",
        "platform": "CustomS3",
        "allowedPaths": None,
    }
    assert said["other"] == {
        "name": f"{name}, other",
        "status": "CONNECTED",
        "allowedPaths": None,
        "s3Endpoint": buckets.first.endpoint,
        "s3BucketName": buckets.first.name,
        "s3Region": "us-east-1",
        "s3AccessKey": None,
        "s3SecretKey": None,
    }


@pytest.mark.needs(Can.MANAGE_INTEGRATIONS)
def test_is_refused_integrations_that_cannot_work(running: Mapping[str, Scenario]) -> None:
    said = running["manage"].result()

    assert told(said["wrong secret"], "the secret key does not belong to the access key")
    assert told(said["wrong bucket"], "There is no bucket nowhere at")
    assert told(said["no bucket"], "s3BucketName is missing")
    assert told(said["half a key"], "s3SecretKey is missing")
    assert told(said["no name"], "name is missing or empty")
    assert told(said["AWS"], "BUCKETLINK_SERVER_IDENTITIES=AWS")
    assert told(said["GCP"], "gcpBucketName is missing")
    assert told(said["Azure"], "azureConnectionURL is missing")
    assert said["kept of wrong ones"] == 0


@pytest.mark.needs(Can.MANAGE_INTEGRATIONS)
def test_changes_each_property_of_an_integration(
    running: Mapping[str, Scenario], buckets: Buckets, environment: Environment
) -> None:
    said = running["manage"].result()

    changed, name = said["changed"], f"managed by {environment.version}"
    number = changed["name"].pop("id")
    assert {one.pop("id", number) for one in changed.values()} == {number}
    assert changed == {
        "allowed_paths": {"allowedPaths": ["a"]},
        "allowed_projects": {"allowedProjects": [said["project"]]},
        "include_root_files": {"includeRootFiles": True},
        "internal_processing_authorized": {"internalProcessingAuthorized": True},
        "name": {"name": f"{name}, renamed"},
        "organization_id": {"organizationId": "org1"},
        "platform": {"platform": "CustomS3"},
        "s3_access_key": {"s3AccessKey": None},
        "s3_bucket_name": {"s3BucketName": buckets.second.name},
        "s3_endpoint": {"s3Endpoint": buckets.first.endpoint},
        "s3_region": {"s3Region": "us-west-2"},
        "s3_secret_key": {"s3SecretKey": None},
        "status": {"status": "CONNECTED"},
    }
    assert said["after"] == [
        {
            "name": f"{name}, renamed",
            "status": "CONNECTED",
            "s3Region": "us-west-2",
            "s3BucketName": buckets.second.name,
            "allowedPaths": ["a"],
        }
    ]
    assert said["at once"] == {
        "id": number,
        "name": f"{name}, at once",
        "s3Region": "us-east-1",
        "allowedPaths": [],
    }
    assert said["session token"] == {"id": number, "s3SessionToken": None}


@pytest.mark.needs(Can.MANAGE_INTEGRATIONS)
def test_is_refused_changes_that_cannot_be(running: Mapping[str, Scenario]) -> None:
    said = running["manage"].result()

    for field, error in said["of other platforms"].items():
        assert told(error, "means nothing on platform CustomS3: leave it out"), field
    assert told(said["wrong role"], "awsRoleARN")
    assert told(said["external id"], "awsRoleExternalId is not yours to choose")
    assert told(said["foreign organization"], "organizationId is not your organization's")
    assert told(said["unknown integration"], "There is no integration with the id ")
    assert said["disconnected"]["s3SecretKey"] is None
    assert said["status"] == [{"status": "DISCONNECTED", "s3AccessKey": None, "s3SecretKey": None}]


@pytest.mark.needs(Can.MANAGE_INTEGRATIONS)
def test_uses_and_deletes_the_integrations_that_it_created(running: Mapping[str, Scenario]) -> None:
    said = running["manage"].result()

    assert told(said["deleted in use"], f"The integration is in use by the connections {said['connection']}")
    assert said["synchronized"]["numberOfAssets"] == said["count"] == 40
    assert said["deleted"] is True
    assert said["gone"] == []
    assert told(said["deleted twice"], "There is no integration with the id ")


@pytest.mark.needs(Can.NAMESPACES)
def test_manages_integrations_by_namespaces(running: Mapping[str, Scenario], environment: Environment) -> None:
    said = running["storages"].result()

    name = f"stored by {environment.version}"
    number = said["made"]["id"]
    shown = {"id": number, "name": name, "status": "CONNECTED", "platform": "CustomS3"}
    assert said["made"] == {**shown, "allowedPaths": None}
    assert said["restricted"]["allowedPaths"] == ["a"]
    assert told(said["AWS"], "BUCKETLINK_SERVER_IDENTITIES=AWS")
    assert told(said["Azure"], "azureConnectionURL")
    assert told(said["GCP"], "gcpBucketName")
    assert told(said["refused"], "the secret key does not belong to the access key")
    assert said["listed"] == [shown]
    assert said["generated"] == [{"id": number}]
    assert said["paged"] == 1
    assert said["count"] == [1, True, 0]
    assert said["changed"] == {"id": number, "name": f"{name}, changed", "allowedPaths": ["a", "b"]}
    assert said["deleted"][0] == said["deleted"][1]
    for error in (said["unknown"], said["deleted twice"]):
        assert told(error, "There is no integration with the id ")
    assert told(said["deleted in use"], "The integration is in use by the connections")


@pytest.mark.needs(Can.NAMESPACES)
def test_connects_and_synchronizes_by_namespaces(running: Mapping[str, Scenario]) -> None:
    said = running["storages"].result()

    _, folder = said["ids"]
    (listed,) = said["listed connections"]
    assert [listed["id"], listed["numberOfAssets"], listed["selectedFolders"]] == [folder, 0, ["b"]]
    assert said["generated connections"] == [{"id": folder}]
    assert said["one connection"] == [{"id": folder, "selectedFolders": ["b"], "exclude": ["*7.jpg"]}]
    assert told(said["refused connection"], "There is no project with the id ")
    assert said["dry"] == [0, 0]
    wanted = [key for key in KEYS if key.startswith("b/") and not key.endswith("7.jpg")]
    assert said["synchronized"] == [len(wanted), wanted]
    assert told(said["unknown connection"], "There is no ", " connection")
