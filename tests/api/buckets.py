"""Integrations of every platform over a page server, and the questions that tests ask of them."""

import base64
from typing import Any

from bucketlink.model import Caller
from tests.api.conftest import ADD_CONNECTION, CREATE_PROJECT, Api
from tests.servers.pages import PageServer

ACCOUNT_KEY = base64.b64encode(b"an account's key of some length").decode()
ACCESS, SECRET = "AKIAEXAMPLE", "a-secret-of-some-length"
APPLY = "mutation ($id: ID!) { data: validateDataDifferences(where: {connectionId: $id, type: ADD}) { id } }"
ASSETS = """
query ($id: ID!) {
  data: assets(where: {project: {id: $id}}, first: 100, skip: 0) {
    id externalId content archived size etag signedUrl { url expiresAt reason }
  }
}
"""


def s3(server: PageServer, **fields: object) -> dict[str, object]:
    return {"name": "b", "platform": "CustomS3", "s3BucketName": "bucket", "s3Endpoint": server.endpoint, **fields}


def azure(server: PageServer, **fields: object) -> dict[str, object]:
    url = f"{server.endpoint}/devstoreaccount1/container"
    return {"name": "b", "platform": "Azure", "azureConnectionURL": url, **fields}


def gcs(server: PageServer, **fields: object) -> dict[str, object]:
    return {"name": "b", "platform": "GCP", "gcpBucketName": "bucket", "gcpEndpoint": server.endpoint, **fields}


def connect(api: Api, caller: Caller, integration: str, **fields: object) -> tuple[str, str]:
    """The ids of a new project of images and of a connection in it."""
    project = api.data(caller, CREATE_PROJECT, {"data": {"title": "p", "inputType": "IMAGE"}})["id"]
    data = {"projectId": project, "integrationId": integration, **fields}
    return project, api.data(caller, ADD_CONNECTION, {"data": data})["id"]


def assets_of(api: Api, caller: Caller, project: str, base_url: str | None = None) -> dict[str, Any]:
    """A project's assets by key, as a server at this address answers them."""
    asked = {"query": ASSETS, "variables": {"id": project}}
    answer = api.application.execute(asked, caller, None, base_url)
    assert "errors" not in answer, answer["errors"]
    return {row["externalId"]: row for row in answer["data"]["data"]}
