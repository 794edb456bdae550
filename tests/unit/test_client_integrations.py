"""Registering integrations and changing them: every parameter by its name on the wire."""

from typing import Any

import pytest

from bucketlink import Client
from bucketlink.client.organization.registration import _CREATE_DATA, _UPDATE_DATA

from .fake_server import FakeServer, client_of

VALUES: dict[str, Any] = {
    "platform": "GCP",
    "status": "CHECKING",
    "allowed_paths": ["a"],
    "allowed_projects": ["9"],
    "azure_is_using_service_credentials": True,
    "include_root_files": True,
    "internal_processing_authorized": True,
}


@pytest.fixture
def server() -> FakeServer:
    return FakeServer()


@pytest.fixture
def client(server: FakeServer) -> Client:
    return client_of(server, Client)


def test_an_integration_is_made_of_all_that_is_given(client: Client, server: FakeServer) -> None:
    given = {name: VALUES.get(name, "a") for name in _CREATE_DATA}
    made = client.create_cloud_storage_integration(**given, fields=["id", "platform"])
    assert made == {"id": "4", "platform": "GCP"}
    assert server.sent == [("createDataIntegration", {"data": {_CREATE_DATA[n]: v for n, v in given.items()}})]


def test_positions_are_those_of_scripts(client: Client, server: FakeServer) -> None:
    client.create_cloud_storage_integration("AWS", "mine", ("id",), ["a"], None, "arn:a", "arn:b", "external")
    assert server.sent[0][1]["data"] == {
        "platform": "AWS",
        "name": "mine",
        "allowedPaths": ["a"],
        "awsAccessPointARN": "arn:a",
        "awsRoleARN": "arn:b",
        "awsRoleExternalId": "external",
    }


@pytest.mark.parametrize("name", _UPDATE_DATA)
def test_only_given_properties_are_changed_and_answered(client: Client, server: FakeServer, name: str) -> None:
    field, value = _UPDATE_DATA[name], VALUES.get(name, "a")
    changed = client.update_cloud_storage_integration("4", **{name: value})
    assert server.sent == [("updatePropertiesInDataIntegration", {"data": {field: value}, "where": {"id": "4"}})]
    assert changed == {"id": "4", field: None if field in {"s3AccessKey", "s3SecretKey"} else value}


def test_an_integration_is_deleted(client: Client) -> None:
    assert client.delete_cloud_storage_integration("4") == "4"
