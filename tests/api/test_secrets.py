"""A secret that was handed in is in no answer, no log, no traceback and no file."""

import base64
import json
import secrets
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.api.server import Server, wait_until

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
EMPTY = (
    b'<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    b"<Name>open</Name><Prefix></Prefix><KeyCount>0</KeyCount><MaxKeys>1000</MaxKeys>"
    b"<EncodingType>url</EncodingType><IsTruncated>false</IsTruncated></ListBucketResult>"
)


class Indiscreet(BaseHTTPRequestHandler):
    """An endpoint whose bucket ``open`` is empty, and which tells for any other what it was sent."""

    def do_GET(self) -> None:
        is_open = urlsplit(self.path).path.startswith("/open")
        told = f"<Error><Code>AccessDenied</Code><Message>{self.path} {self.headers}</Message></Error>".encode()
        body = EMPTY if is_open else told
        self.send_response(200 if is_open else 403)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_HEAD = do_GET  # noqa: N815 - the base class calls it

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
        """Say nothing."""


@contextmanager
def endpoint() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Indiscreet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass(slots=True)
class Watched:
    """A server, everything that it answered, and the secrets that it was told."""

    server: Server
    endpoint: str
    answers: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def ask(self, query: str, **variables: object) -> dict[str, Any]:
        response = self.server.ask(query, variables)
        self.answers.append(json.dumps(response))
        return response

    def new_secret(self) -> str:
        self.told.append(f"canary{secrets.token_hex(12)}")
        return self.told[-1]

    def data(self, bucket: str, **fields: object) -> dict[str, object]:
        """An integration with three new secrets."""
        return {
            "name": "A bucket",
            "platform": "CustomS3",
            "s3Endpoint": self.endpoint,
            "s3Region": "us-east-1",
            "s3BucketName": bucket,
            "s3AccessKey": self.new_secret(),
            "s3SecretKey": self.new_secret(),
            "s3SessionToken": self.new_secret(),
            **fields,
        }

    def check(self) -> None:
        """Look for every secret, plain or in base64, in all that was answered, logged or written."""
        answered = "\n".join(self.answers).encode()
        places = {path.name: path.read_bytes() for path in self._files()} | {"an answer": answered}
        assert {"server.log", "bucketlink.db", "an answer"} <= set(places)
        for secret in self.told:
            plain = secret.encode()
            for form in (plain, base64.b64encode(plain), plain.hex().encode()):
                assert [(name, _around(form, text)) for name, text in places.items() if form in text] == []

    def _files(self) -> list[Path]:
        return [path for path in (*self.server.data_dir.rglob("*"), self.server.log) if path.is_file()]


def _around(form: bytes, text: bytes) -> bytes:
    place = text.index(form)
    return text[max(0, place - 100) : place]


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    settings = {"BUCKETLINK_ALLOW_PRIVATE_ENDPOINTS": "true", "BUCKETLINK_LOG_LEVEL": "DEBUG"}
    server = Server(tmp_path, settings)
    server.start()
    with endpoint() as address:
        watched = Watched(server, address)
        watched.told.append(server.api_key)
        yield watched
    server.stop()


@pytest.fixture(scope="module")
def quiet_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("quiet"), {"BUCKETLINK_LOG_LEVEL": "DEBUG"})
    server.start()
    yield server
    server.stop()


@pytest.fixture
def refusing(quiet_server: Server) -> Watched:
    """As `watched`, on a server that is shared by tests which change nothing."""
    return Watched(quiet_server, "http://127.0.0.1:1")


def test_credentials_that_are_used_every_day_are_nowhere(watched: Watched) -> None:
    made = watched.ask(CREATE % FIELDS, data=watched.data("open"))["data"]["data"]
    assert made["status"] == "CONNECTED"
    changed = watched.ask(UPDATE % FIELDS, id=made["id"], data=watched.data("open"))["data"]["data"]
    for name in ("s3AccessKey", "s3SecretKey", "s3SessionToken", "azureSASToken"):
        assert made[name] is changed[name] is None
    project = watched.ask(CREATE_PROJECT)["data"]["data"]["id"]
    added = watched.ask(ADD, data={"projectId": project, "integrationId": made["id"]})["data"]["data"]
    assert added["error"] is None
    watched.ask(LIST % FIELDS)

    watched.check()


def test_credentials_that_their_endpoint_refuses_and_tells_are_nowhere(watched: Watched) -> None:
    refused = watched.ask(CREATE % FIELDS, data=watched.data("closed"))
    assert refused["errors"][0]["extensions"]["code"] == "BUCKET_REFUSED"
    made = watched.ask(CREATE % FIELDS, data=watched.data("open"))["data"]["data"]
    project = watched.ask(CREATE_PROJECT)["data"]["data"]["id"]
    changed = watched.ask(UPDATE % FIELDS, id=made["id"], data=watched.data("closed"))["data"]["data"]
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
    data = refusing.data("open", **WRONG[wrong](refusing.new_secret()))

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

    response = watched.ask(CREATE % "id", data=watched.data("open"))

    assert response["errors"][0]["extensions"]["code"] == "INTERNAL"
    assert "Traceback" in watched.server.log.read_text("utf-8")
    watched.check()
