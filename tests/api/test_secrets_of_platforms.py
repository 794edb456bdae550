"""What opens a bucket of any platform is in no answer, no log, no traceback and no file, whatever is done with it."""

import base64
import json
import os
import secrets
import signal
import sqlite3
import ssl
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest
import trustme

from bucketlink.model import Credentials
from tests.api.canaries import IndiscreetPages, Watched, every_field, watching
from tests.api.command_line import CommandLine
from tests.api.conftest import CREATE_INTEGRATION
from tests.api.places import CHECK, INTEGRATIONS, UPDATE, secrets_of
from tests.api.server import wait_until
from tests.servers.azure_login import Login
from tests.servers.gcs_keys import key_text, rsa_key
from tests.servers.pages import Faults

Fields = dict[str, object]
INTEGRATION = every_field("DataIntegration")
CREATE = f"mutation ($data: DataIntegrationData!) {{ data: createDataIntegration(data: $data) {{ {INTEGRATION} }} }}"
CONNECTION = every_field("DataConnection", 2)
ADD = f"mutation ($data: DataConnectionInput!) {{ data: addDataConnection(data: $data) {{ {CONNECTION} }} }}"
READ = f"query ($id: ID!) {{ data: dataConnection(where: {{id: $id}}) {{ {CONNECTION} }} }}"
COMPUTE = f"mutation ($id: ID!) {{ data: computeDifferences(where: {{id: $id}}) {{ {CONNECTION} }} }}"
APPLY = (
    "mutation ($id: ID!) { data: validateDataDifferences(where: {connectionId: $id, type: ADD}) "
    f"{{ {CONNECTION} }} }}"
)
ASSETS = (
    "query ($id: ID!) { data: assets(where: {project: {id: $id}}, first: 9, skip: 0) "
    f"{{ {every_field('Asset', 2)} }} }}"
)
RUNS = (
    f"query ($id: ID!) {{ data: runs(where: {{connectionId: $id}}, first: 99, skip: 0) {{ {every_field('Run', 2)} }} }}"
)
PROJECT = 'mutation { data: createProject(data: {title: "A project", inputType: IMAGE}) { id } }'
INTROSPECTION = "{ data: __schema { types { name description inputFields { name defaultValue description } } } }"
REFUSED = Faults(status=403, code="AuthenticationFailed")


@dataclass(slots=True)
class Cloud:
    """A page server, the same behind TLS, and who signs in to Azure there."""

    pages: IndiscreetPages
    secure: IndiscreetPages
    login: Login
    authority: Path
    """Who signed their certificates."""

    @property
    def all(self) -> tuple[IndiscreetPages, IndiscreetPages]:
        return self.pages, self.secure

    def set_faults(self, faults: Faults) -> None:
        for pages in self.all:
            pages.faults = faults


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    ca, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority = tmp_path_factory.mktemp("authority") / "authority.pem"
    ca.cert_pem.write_to_path(str(authority))
    ca.issue_cert("127.0.0.1").configure_cert(context)
    secure = IndiscreetPages()
    secure._server.socket = context.wrap_socket(secure._server.socket, server_side=True)
    with ExitStack() as stack:
        login = stack.enter_context(Login(context, clients={}))
        yield Cloud(stack.enter_context(IndiscreetPages()), stack.enter_context(secure), login, authority)


def value(length: int = 12) -> str:
    """A secret that URLs and Base64 write in other ways."""
    return f"canary/{secrets.token_hex(length)}+~="


def sas() -> str:
    return f"sv=2024-11-04&sp=rl&sr=c&se=2099-01-01T00:00:00Z&sig={quote(value(), safe='')}"


def account_key() -> str:
    return base64.b64encode(value(32).encode()).decode()


def _s3(cloud: Cloud) -> Fields:
    where = {"platform": "CustomS3", "s3Endpoint": cloud.pages.endpoint, "s3BucketName": "bucket"}
    keys = {"s3AccessKey": f"CANARY{secrets.token_hex(8)}", "s3SecretKey": value(), "s3SessionToken": value()}
    return {**where, **keys}


def _azure(cloud: Cloud, **fields: str) -> Fields:
    return {"platform": "Azure", "azureConnectionURL": f"{cloud.pages.endpoint}/devstoreaccount1/container", **fields}


def _in_a_string(cloud: Cloud, secret: str) -> Fields:
    blob = f"BlobEndpoint={cloud.pages.endpoint}/devstoreaccount1"
    text = f"DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;{blob};{secret}"
    return {"platform": "Azure", "azureContainerName": "container", "azureConnectionString": text}


def _in_a_url(cloud: Cloud) -> Fields:
    return {
        "platform": "Azure",
        "azureConnectionURL": f"{cloud.pages.endpoint}/devstoreaccount1/container?{sas()}",
    }


def _principal(cloud: Cloud) -> Fields:
    client, secret = str(uuid.uuid4()), value()
    cloud.login.clients[client] = secret
    return {
        "platform": "Azure",
        "azureConnectionURL": f"https://127.0.0.1:{cloud.secure.endpoint.rpartition(':')[2]}/devstoreaccount1/container",
        "azureTenantId": cloud.login.tenant,
        "azureClientId": client,
        "azureClientSecret": secret,
    }


def _google(cloud: Cloud) -> Fields:
    key = key_text(
        "reader@project-1.iam.gserviceaccount.com",
        rsa_key(secrets.randbelow(2)),
        key_id=secrets.token_hex(20),
        token_uri=f"{cloud.pages.endpoint}/token",
    )
    where = {"platform": "GCP", "gcpBucketName": "bucket", "gcpEndpoint": cloud.pages.endpoint}
    return {**where, "gcpServiceAccountKey": key}


WAYS: dict[str, Callable[[Cloud], Fields]] = {
    "S3, with a session token": _s3,
    "S3": lambda cloud: {**_s3(cloud), "s3SessionToken": None},
    "Azure, SAS": lambda cloud: _azure(cloud, azureSASToken=sas()),
    "Azure, account key": lambda cloud: _azure(cloud, azureAccountKey=account_key()),
    "Azure, connection string with a key": lambda cloud: _in_a_string(cloud, f"AccountKey={account_key()}"),
    "Azure, connection string with a SAS": lambda cloud: _in_a_string(cloud, f"SharedAccessSignature={sas()}"),
    "Azure, URL with a SAS": _in_a_url,
    "Azure, client secret": _principal,
    "GCP": _google,
}


@pytest.fixture(scope="module")
def watched(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    environment = {
        "SSL_CERT_FILE": str(cloud.authority),
        "AZURE_AUTHORITY_HOST": cloud.login.authority,
        "PYTHONFAULTHANDLER": "1",
    }
    with watching(tmp_path_factory.mktemp("watched"), cloud.pages.endpoint, **environment) as watched:
        watched.told += [secret for pages in cloud.all for secret in (pages.access_token, pages.delegation_key)]
        yield watched


def told(watched: Watched, cloud: Cloud, way: str) -> Fields:
    """An integration with new secrets, all of which may be nowhere from here on."""
    data = {"name": way, **WAYS[way](cloud)}
    # The id of an access key is a part of every URL that is signed by it.
    watched.told += [secret for secret in secrets_of(data) if way != "S3" or secret != data["s3AccessKey"]]
    for secret in secrets_of(data):
        if way.endswith("key"):
            watched.told.append(base64.b64decode(secret).decode())
    return data


@pytest.mark.parametrize("way", WAYS)
def test_a_secret_is_nowhere_whatever_is_done_with_it(watched: Watched, cloud: Cloud, way: str) -> None:
    cloud.set_faults(Faults())
    data = told(watched, cloud, way)
    made = [watched.ask(CREATE, call=f"create {way}", data=data)["data"]["data"] for _ in range(2)]
    assert made[0] == made[1]
    assert (made[0]["status"], made[0]["statusReason"]) == ("CONNECTED", None)
    where = {"id": made[0]["id"]}
    project = watched.data(PROJECT)["id"]
    connection = watched.data(ADD, data={"projectId": project, "integrationId": made[0]["id"]})["id"]
    watched.data(APPLY, id=connection)
    wait_until(lambda: watched.data(READ, id=connection)["numberOfAssets"] == 2)
    rows = watched.data(ASSETS, id=project)
    assert all(row["content"] and row["signedUrl"]["url"] == row["content"] for row in rows)
    assert watched.data(CHECK % INTEGRATION, where=where)["status"] == "CONNECTED"

    cloud.set_faults(REFUSED)
    assert watched.data(CHECK % INTEGRATION, where=where)["status"] == "DISCONNECTED"
    watched.ask(COMPUTE, id=connection)
    wait_until(lambda: "errors" in watched.ask(READ, id=connection))
    again = {**told(watched, cloud, way), "name": "another"}
    assert watched.ask(CREATE, data=again)["errors"][0]["extensions"]["code"] == "BUCKET_REFUSED"
    assert watched.data(UPDATE % INTEGRATION, data=told(watched, cloud, way), where=where)["status"] == "DISCONNECTED"
    for wrong in wrong_of(told(watched, cloud, way)):
        assert watched.ask(CREATE, data=wrong)["errors"]
        assert watched.ask(UPDATE % "id", data=wrong, where=where)["errors"]
    cloud.set_faults(Faults(body=f"<ListBucketResult>{json.dumps(data)}"))
    assert watched.data(CHECK % INTEGRATION, where=where)["status"] == "DISCONNECTED"
    assert watched.ask(CREATE, data=again)["errors"][0]["extensions"]["code"] == "BUCKET_MISBEHAVED"
    watched.data(RUNS, id=connection)
    watched.data(INTEGRATIONS % INTEGRATION, where={})
    watched.data(INTROSPECTION)

    watched.check()


def wrong_of(data: Fields) -> Iterator[Fields]:
    """The same integration, each time wrong in another way."""
    yield {**data, "platform": "Nonsense"}
    yield {**data, "platform": "Folder", "folderPath": "/nowhere"}
    yield {**data, "nonsense": 1}
    yield {**data, "allowedPaths": ["nul\0"]}
    yield {**data, "azureClientSecret": "one", "azureAccountKey": "another", "gcpServiceAccountKey": "{}"}
    for name, text in data.items():
        if name not in {"name", "platform"} and isinstance(text, str):
            yield {**data, name: [[text]]}
            yield {**data, name: {"value": text}}
            yield {**data, "platform": text}
            yield {**data, "includeRootFiles": text}


def test_what_the_command_line_prints_and_exports_holds_no_secret(
    watched: Watched, cloud: Cloud, tmp_path: Path
) -> None:
    cloud.set_faults(Faults())
    token, file = sas(), tmp_path / "sas.txt"
    watched.tell({"azureSASToken": token})
    file.write_text(token)
    run = CommandLine(BUCKETLINK_API_ENDPOINT=watched.server.endpoint, BUCKETLINK_API_KEY=watched.server.api_key)

    def said(*args: str | Path) -> str:
        done = run.run([*map(str, args), "--json", "--verbose"])
        watched.answers.append(done.stdout + done.stderr)
        return done.stdout

    container = ("--container-url", f"{cloud.pages.endpoint}/devstoreaccount1/container", "--sas-token-file", file)
    made = json.loads(said("integrations", "add", *container))["id"]
    project = watched.data(PROJECT)["id"]
    connection = json.loads(said("connections", "add", "--project", project, "--integration", made))["id"]
    said("sync", connection)
    assert len(said("assets", "export", project, "--urls").splitlines()) >= 2
    cloud.set_faults(REFUSED)
    for args in (("integrations", "check", made), ("integrations", "add", *container), ("sync", connection)):
        said(*args)
        assert "azureSASToken" in watched.answers[-1]
    said("integrations", "update", made, "--sas-token-file", file)
    said("integrations", "list")

    watched.check()


def test_a_process_that_ends_with_a_traceback_tells_no_secret(watched: Watched, cloud: Cloud) -> None:
    cloud.set_faults(Faults())
    data = told(watched, cloud, "S3, with a session token")
    made = watched.data(CREATE, data=data)["id"]
    with closing(sqlite3.connect(watched.server.data_dir / "bucketlink.db")) as database, database:
        database.execute("UPDATE integrations SET access = ? WHERE name = ?", ('{"nonsense": 1}', data["name"]))
    response = watched.ask(CHECK % INTEGRATION, where={"id": made})
    assert response["errors"][0]["extensions"]["code"] == "INTERNAL"
    assert "Traceback" in watched.server.log.read_text("utf-8")

    tasks = Path(f"/proc/{watched.server.pid}/task").glob("*/children")
    (worker,) = " ".join(task.read_text("utf-8") for task in tasks).split()
    for number, pid in enumerate((int(worker), watched.server.pid), 1):
        os.kill(pid, signal.SIGABRT)
        wait_until(lambda: watched.server.log.read_text("utf-8").count("Fatal Python error: Aborted") >= number)  # noqa: B023
    watched.server.wait()

    watched.check()
    watched.server.start()


def test_a_token_that_clients_list_by_is_shown_to_administrators_alone(watched: Watched, cloud: Cloud) -> None:
    cloud.set_faults(Faults())
    data = {"name": "listed", **_azure(cloud, azureSASToken=sas()), "azureIsUsingServiceCredentials": True}
    made = watched.data(CREATE_INTEGRATION, data=watched.tell(data))
    key = watched.server.data('mutation { data: createApiKey(data: {email: "ben@example.com", role: USER}) { key } }')
    watched.told.append(key["key"])

    seen = watched.ask(INTEGRATIONS % INTEGRATION, key=key["key"], where={"id": made["id"]})["data"]["data"]

    assert [row["azureSASToken"] for row in seen] == [None]
    watched.check()
    (shown,) = watched.server.data(INTEGRATIONS % INTEGRATION, {"where": {"id": made["id"]}})
    assert shown.pop("azureSASToken") == data["azureSASToken"]
    watched.answers.append(json.dumps(shown))
    watched.check()


def test_what_is_shown_of_credentials_is_only_which_there_are(cloud: Cloud) -> None:
    for way in WAYS.values():
        secret = list(secrets_of(way(cloud)))
        shown = repr(Credentials(*(secret * 7)[:7]))
        assert shown.count("***") == 7
        assert not [one for one in secret if one in shown]
