"""A secret that was handed in is in no answer, no log, no traceback and no file."""

import base64
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.api.canaries import IndiscreetPages, Watched, watching
from tests.api.server import wait_until

CREATE = "mutation ($data: DataIntegrationData!) { data: createDataIntegration(data: $data) { %s } }"
UPDATE = (
    "mutation ($id: ID!, $data: DataIntegrationData!) "
    "{ data: updatePropertiesInDataIntegration(where: {id: $id}, data: $data) { %s } }"
)
LIST = "{ data: dataIntegrations(where: {}, first: 10, skip: 0) { %s } }"
FIELDS = (
    "id name status statusReason s3AccessKey s3SecretKey s3SessionToken azureSASToken s3Endpoint s3Region s3BucketName"
)
CONNECTION = "id isChecking error warnings dataIntegration { %s }" % FIELDS  # noqa: UP031 - braces are GraphQL's
ADD = "mutation ($data: DataConnectionInput!) { data: addDataConnection(data: $data) { %s } }" % CONNECTION  # noqa: UP031
READ = "query ($id: ID!) { data: dataConnection(where: {id: $id}) { %s } }" % CONNECTION  # noqa: UP031
CREATE_PROJECT = 'mutation { data: createProject(data: {title: "A project", inputType: IMAGE}) { id } }'


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    with IndiscreetPages() as pages, watching(tmp_path, pages.endpoint) as watched:
        yield watched


@pytest.fixture(scope="module")
def refusing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """As `watched`, shared by tests which change nothing."""
    nobody, settings = "http://127.0.0.1:1", {"BUCKETLINK_ALLOW_PRIVATE_ENDPOINTS": "false"}
    with watching(tmp_path_factory.mktemp("quiet"), nobody, **settings) as watched:
        yield watched


def test_credentials_that_are_used_every_day_are_nowhere(watched: Watched) -> None:
    made = watched.ask(CREATE % FIELDS, data=watched.s3("open"))["data"]["data"]
    assert made["status"] == "CONNECTED"
    changed = watched.ask(UPDATE % FIELDS, id=made["id"], data=watched.s3("open"))["data"]["data"]
    for name in ("s3AccessKey", "s3SecretKey", "s3SessionToken", "azureSASToken"):
        assert made[name] is changed[name] is None
    project = watched.ask(CREATE_PROJECT)["data"]["data"]["id"]
    added = watched.ask(ADD, data={"projectId": project, "integrationId": made["id"]})["data"]["data"]
    assert added["error"] is None
    watched.ask(LIST % FIELDS)

    watched.check()


def test_credentials_that_their_endpoint_refuses_and_tells_are_nowhere(watched: Watched) -> None:
    refused = watched.ask(CREATE % FIELDS, data=watched.s3("closed"))
    assert refused["errors"][0]["extensions"]["code"] == "BUCKET_REFUSED"
    made = watched.ask(CREATE % FIELDS, data=watched.s3("open"))["data"]["data"]
    project = watched.ask(CREATE_PROJECT)["data"]["data"]["id"]
    changed = watched.ask(UPDATE % FIELDS, id=made["id"], data=watched.s3("closed"))["data"]["data"]
    assert changed["status"] == "DISCONNECTED"
    added = watched.ask(ADD, data={"projectId": project, "integrationId": made["id"]})["data"]["data"]
    wait_until(lambda: not watched.ask(READ, id=added["id"])["data"]["data"]["isChecking"])
    assert watched.ask(READ, id=added["id"])["data"]["data"]["error"]
    watched.ask(LIST % FIELDS)

    watched.check()


WRONG: dict[str, Callable[[str], dict[str, object]]] = {
    "a list": lambda secret: {"s3SecretKey": [secret]},
    "an object": lambda secret: {"s3SecretKey": {"value": secret}},
    "beside an unknown field": lambda secret: {"s3SecretKey": secret, "nonsense": 1},
    "beside a number": lambda secret: {"s3SecretKey": secret, "name": 1},
    "beside an unknown platform": lambda secret: {"s3SecretKey": secret, "platform": "Nonsense"},
    "beside no platform": lambda secret: {"s3SecretKey": secret, "platform": None},
    "without its other half": lambda secret: {"s3SecretKey": secret, "s3AccessKey": None},
    "as platform": lambda secret: {"platform": secret},
    "as status": lambda secret: {"status": secret},
    "as a boolean": lambda secret: {"includeRootFiles": secret},
    "in a boolean": lambda secret: {"includeRootFiles": {"a": secret}},
    "in paths": lambda secret: {"allowedPaths": {secret: secret}},
    "in a path": lambda secret: {"allowedPaths": [[secret]]},
    "as the endpoint's password": lambda secret: {"s3Endpoint": f"http://user:{secret}@127.0.0.1:1"},
    "in the endpoint's query": lambda secret: {"s3Endpoint": f"http://127.0.0.1:1/?token={secret}"},
    "in the region": lambda secret: {"s3Region": f"{secret}\n"},
    "as organization": lambda secret: {"organizationId": secret},
    "a token": lambda secret: {"platform": "Azure", "azureSASToken": secret},
    "in a container's address": lambda secret: {
        "platform": "Azure",
        "azureConnectionURL": f"https://a.example.com/c?sig={secret}",
    },
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_secret_in_wrong_input_is_refused_without_being_quoted(refusing: Watched, wrong: str) -> None:
    data = refusing.s3("open", **WRONG[wrong](refusing.new_secret()))

    response = refusing.ask(CREATE % "id", data=data)
    in_a_list = refusing.ask(CREATE % "id", data=[data, refusing.new_secret()])

    assert response["errors"]
    assert in_a_list["errors"]
    refusing.check()


@pytest.mark.parametrize(
    "literal",
    [
        's3SecretKey: ["{}"]',
        "s3SecretKey: {}",
        's3SecretKey: {{value: "{}"}}',
        's3SecretKey: "x", includeRootFiles: "{}"',
        's3SecretKey: "x", platform: {}',
        's3SecretKey: "x", platform: "{}"',
        's3SecretKey: "{}',
        's3SecretKey "{}"',
        's3SecretKey: "x" "{}"',
    ],
)
def test_a_query_with_a_secret_in_the_wrong_place_is_refused_without_quoting_it(
    refusing: Watched, literal: str
) -> None:
    written = literal.format(refusing.new_secret())

    response = refusing.ask(f'mutation {{ createDataIntegration(data: {{name: "x", {written}}}) {{ id }} }}')

    assert response["errors"]
    refusing.check()


def test_an_unexpected_failure_is_logged_with_its_traceback_and_without_the_secret(watched: Watched) -> None:
    with closing(sqlite3.connect(watched.server.data_dir / "bucketlink.db")) as database:
        database.execute("ALTER TABLE integrations RENAME COLUMN sealed_credentials TO gone")

    response = watched.ask(CREATE % "id", data=watched.s3("open"))

    assert response["errors"][0]["extensions"]["code"] == "INTERNAL"
    assert "Traceback" in watched.server.log.read_text("utf-8")
    watched.check()


@pytest.mark.parametrize(
    "form",
    [
        str,
        lambda secret: json.dumps({"a": f"x{secret}y"}),
        lambda secret: quote(secret, safe=""),
        lambda secret: base64.b64encode(f"user:{secret}".encode()).decode(),
        lambda secret: base64.b64encode(secret.encode()).decode(),
        lambda secret: secret.encode().hex(),
    ],
)
def test_the_search_finds_a_secret_in_any_form(refusing: Watched, form: Callable[[str], str]) -> None:
    refusing.told.append('a "secret"/of+some=length')
    refusing.check()
    refusing.answers.append(form(refusing.told[-1]))

    assert {name for name, _ in refusing.found()} == {"an answer"}

    refusing.answers.pop()
    refusing.told.pop()
