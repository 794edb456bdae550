"""What cannot be done is refused in one line that names what to mend, and changes nothing; in two ways in.

The SDK speaks HTTP to a server; the command line works on a data directory of its own.
"""

import os
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bucketlink import Client
from bucketlink.cli.names import in_options
from bucketlink.errors import BucketError, InvalidInput, NotAllowed, NotAuthenticated, NotFound, ServerError
from bucketlink.ids import Noun
from bucketlink.model import Access, BucketAddress, Credentials, Platform, Restriction
from bucketlink.sealing import open_sealer
from bucketlink.settings import Settings
from bucketlink.store import accounts, integrations
from bucketlink.store.database import Database
from tests.api.server import Server
from tests.api.test_cli import Inside
from tests.main_job.ways import PRIVATE
from tests.servers.pages import Faults, PageServer
from tests.servers.process import free_port
from tests.servers.rgw import Bucket, Rgw

SECRET = "not-the-secret-of-this-key"
COUNTED = (
    "organizations",
    "users",
    "api_keys",
    "projects",
    "integrations WHERE deleted_at IS NULL",
    "integrations WHERE sealed_credentials IS NOT NULL",
    "connections",
    "assets",
    "removed_assets",
    "differences WHERE run_id IN (SELECT published_run_id FROM connections)",
    "runs WHERE kind != 'CHECK'",
)


@dataclass(frozen=True)
class World:
    """A data directory with one of everything, and an integration of another organization."""

    client: Client
    data_dir: Path
    folder: Path
    """A root that integrations may read."""
    bucket: Bucket
    project: str
    integration: str
    connection: str
    run: str
    """The newest run, which applied differences."""
    foreign: str
    nowhere: str
    """An address at which nothing listens."""
    no_s3: str
    """An address at which a web page is served."""

    @classmethod
    def make(cls, client: Client, data_dir: Path, folder: Path, bucket: Bucket, no_s3: str) -> "World":
        (folder / "in").mkdir(parents=True)
        (folder / "in" / "1.jpg").write_text("picture")
        project = client.create_project("one", input_type="IMAGE")["id"]
        made = client.create_cloud_storage_integration("Folder", "one", folder_path=str(folder / "in"))
        connection = client.add_cloud_storage_connection(project, made["id"])["id"]
        client.synchronize_cloud_storage_connection(connection)
        return cls(
            client=client,
            data_dir=data_dir,
            folder=folder,
            bucket=bucket,
            project=project,
            integration=made["id"],
            connection=connection,
            run=next(client.runs(connection))["id"],
            foreign=add_foreign_integration(data_dir, folder / "in"),
            nowhere=f"http://127.0.0.1:{free_port()}",
            no_s3=no_s3,
        )

    def census(self) -> dict[str, int]:
        """How many of everything the database holds."""
        with closing(sqlite3.connect(self.data_dir / "bucketlink.db")) as database:
            return {what: database.execute(f"SELECT count(*) FROM {what}").fetchone()[0] for what in COUNTED}

    def register(self, **changed: str) -> dict[str, Any]:
        """Register the bucket by the SDK, with something changed."""
        given: dict[str, Any] = {
            "s3_bucket_name": self.bucket.name,
            "s3_endpoint": self.bucket.endpoint,
            "s3_access_key": self.bucket.access_key,
            "s3_secret_key": self.bucket.secret_key,
            **changed,
        }
        return self.client.create_cloud_storage_integration("CustomS3", "wrong", **given)

    def registering(self, **changed: str) -> list[str]:
        """As `register`, in words of the command line."""
        given = {
            "bucket": self.bucket.name,
            "endpoint_url": self.bucket.endpoint,
            "access_key": self.bucket.access_key,
            "secret_key": self.bucket.secret_key,
            **changed,
        }
        options = (word for name, value in given.items() for word in (f"--{name.replace('_', '-')}", value))
        return ["integrations", "add", *options]

    def connecting(self, *, project: str = "", integration: str = "") -> list[str]:
        """Words that connect a project with an integration."""
        options = ("--project", project or self.project, "--integration", integration or self.integration)
        return ["connections", "add", *options]


def add_foreign_integration(data_dir: Path, folder: Path) -> str:
    """Found another organization in a data directory, with an integration; its id."""
    with closing(Database(data_dir / "bucketlink.db")) as database, database.write() as tx:
        made = integrations.add(
            tx,
            open_sealer(Settings(data_dir=data_dir)),
            accounts.add_organization(tx, "Others"),
            name="theirs",
            address=BucketAddress(Platform.FOLDER, str(folder)),
            access=Access(),
            restriction=Restriction(),
            allowed_projects=None,
            credentials=Credentials(),
        )
    return Noun.INTEGRATION.show(made.id)


@pytest.fixture(scope="module")
def bucket(rgw: Rgw) -> Iterator[Bucket]:
    with rgw.bucket("wrong-input") as made:
        made.put("a/1.jpg")
        yield made


@pytest.fixture(scope="module")
def no_s3() -> Iterator[str]:
    with PageServer(faults=Faults(body="<html><body>It works!</body></html>")) as server:
        yield server.endpoint


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("server"), PRIVATE)
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def served(server: Server, bucket: Bucket, no_s3: str) -> Iterator[World]:
    """The world behind a server, for the SDK."""
    with Client(server.api_key, server.endpoint) as client:
        yield World.make(client, server.data_dir, server.root, bucket, no_s3)


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory, bucket: Bucket, no_s3: str) -> Iterator[World]:
    """The world of a data directory, for the command line."""
    directory = tmp_path_factory.mktemp("local")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in PRIVATE.items():
            patch.setenv(name, value)
        with Client.embedded(directory / "data", folder_roots=[directory / "buckets"]) as client:
            yield World.make(client, directory / "data", directory / "buckets", bucket, no_s3)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Inside:
    """The command line, with nothing of Bucketlink in its environment but what a test sets."""
    for name in os.environ:
        if name.startswith("BUCKETLINK_"):
            monkeypatch.delenv(name)
    return Inside(capsys)


def in_one_line(sentence: str, says: str) -> None:
    """A sentence that a person can act on, and which tells no secret."""
    assert re.search(says, sentence), sentence
    assert "\n" not in sentence
    assert "Traceback" not in sentence
    assert SECRET not in sentence


@dataclass(frozen=True)
class Case:
    """Something wrong that both ways in are asked to do."""

    name: str
    sdk: Callable[[World], object]
    words: Callable[[World], list[str]]
    says: str
    kind: type[Exception]
    status: int = 1


CASES = [
    Case(
        "an unknown bucket",
        lambda world: world.register(s3_bucket_name="no-such-bucket"),
        lambda world: world.registering(bucket="no-such-bucket"),
        "no bucket no-such-bucket at http.*check its name",
        BucketError,
    ),
    Case(
        "a wrong secret",
        lambda world: world.register(s3_secret_key=SECRET),
        lambda world: world.registering(secret_key=SECRET),
        "give the right secret key",
        BucketError,
    ),
    Case(
        "an unknown access key",
        lambda world: world.register(s3_access_key="NOBODY"),
        lambda world: world.registering(access_key="NOBODY"),
        "does not know this access key",
        BucketError,
    ),
    Case(
        "an endpoint that is down",
        lambda world: world.register(s3_endpoint=world.nowhere),
        lambda world: world.registering(endpoint_url=world.nowhere),
        "No connection to http.*check s3Endpoint",
        BucketError,
    ),
    Case(
        "an endpoint that is no S3 server",
        lambda world: world.register(s3_endpoint=world.no_s3),
        lambda world: world.registering(endpoint_url=world.no_s3),
        "check (s3Endpoint|the endpoint)",
        BucketError,
    ),
    Case(
        "an endpoint that is no address",
        lambda world: world.register(s3_endpoint="s3.example.com:port"),
        lambda world: world.registering(endpoint_url="s3.example.com:port"),
        "s3Endpoint.*https://",
        InvalidInput,
    ),
    Case(
        "a folder outside the allowed roots",
        lambda world: world.client.create_cloud_storage_integration("Folder", "x", folder_path="/"),
        lambda _: ["integrations", "add", "--folder", "/"],
        "BUCKETLINK_FOLDER_ROOTS",
        NotAllowed,
    ),
    Case(
        "a folder that does not exist",
        lambda world: world.client.create_cloud_storage_integration(
            "Folder", "x", folder_path=str(world.folder / "gone")
        ),
        lambda world: ["integrations", "add", "--folder", str(world.folder / "gone")],
        "gone",
        BucketError,
    ),
    Case(
        "an integration of another organization",
        lambda world: world.client.add_cloud_storage_connection(world.project, world.foreign),
        lambda world: world.connecting(integration=world.foreign),
        "no cloud storage integration with id int",
        InvalidInput,
    ),
    Case(
        "an unknown integration",
        lambda world: world.client.add_cloud_storage_connection(world.project, "int999"),
        lambda world: world.connecting(integration="int999"),
        "no cloud storage integration with id int999",
        InvalidInput,
    ),
    Case(
        "an unknown project",
        lambda world: world.client.add_cloud_storage_connection("prj999", world.integration),
        lambda world: world.connecting(project="prj999"),
        "no such project.*check the project's id",
        NotFound,
    ),
    Case(
        "an unknown connection to synchronize",
        lambda world: world.client.synchronize_cloud_storage_connection("con999"),
        lambda _: ["sync", "con999"],
        "no cloud storage connection with id con999",
        InvalidInput,
    ),
    Case(
        "an unknown connection to compute",
        lambda world: world.client.compute_differences("con999"),
        lambda _: ["diff", "con999"],
        "no cloud storage connection with id con999",
        InvalidInput,
    ),
    Case(
        "an unknown connection's runs",
        lambda world: list(world.client.runs("con999")),
        lambda _: ["runs", "con999"],
        "no such connection.*check the connection's id",
        NotFound,
    ),
    Case(
        "an unknown run",
        lambda world: world.client.undo("run999"),
        lambda _: ["undo", "run999"],
        "no such run.*check the run's id",
        NotFound,
    ),
    Case(
        "a project where a connection belongs",
        lambda world: world.client.synchronize_cloud_storage_connection(world.project),
        lambda world: ["sync", world.project],
        "no cloud storage connection with id prj",
        InvalidInput,
    ),
    Case(
        "a connection where a run belongs",
        lambda world: world.client.undo(world.connection),
        lambda world: ["undo", world.connection],
        "kind connection, where run is wanted",
        NotFound,
    ),
    Case(
        "an integration where a project belongs",
        lambda world: world.client.add_cloud_storage_connection(world.integration, world.integration),
        lambda world: world.connecting(project=world.integration),
        "kind integration, where project is wanted",
        NotFound,
    ),
    Case(
        "a text that can be no id",
        lambda world: world.client.synchronize_cloud_storage_connection("'; DROP TABLE assets\x1b[2J\n"),
        lambda _: ["sync", "'; DROP TABLE assets\x1b[2J\n"],
        "no cloud storage connection with id .'; DROP",
        InvalidInput,
    ),
    Case(
        "a negative number of rows",
        lambda world: world.client.runs(world.connection, first=-1),
        lambda world: ["runs", world.connection, "--limit", "-1"],
        "-1",
        InvalidInput,
        2,
    ),
    Case(
        "an input type that there is not",
        lambda world: world.client.create_project("x", input_type="AUDIO"),
        lambda _: ["projects", "create", "x", "--input-type", "AUDIO"],
        "(?i)'IMAGE', 'VIDEO', 'PDF', 'TEXT'",
        InvalidInput,
        2,
    ),
    Case(
        "a platform that there is not",
        lambda world: world.client.create_cloud_storage_integration("Floppy", "x"),  # type: ignore[arg-type]
        lambda _: ["integrations", "add", "--platform", "Floppy"],
        "(?i)'AWS'.*'CustomS3'.*'Folder'",
        TypeError,
        2,
    ),
    Case(
        "a project without a title",
        lambda world: world.client.create_project(" ", input_type="IMAGE"),
        lambda _: ["projects", "create", " "],
        "title",
        InvalidInput,
    ),
    Case(
        "a key for nobody",
        lambda world: world.client.create_api_key("nobody"),
        lambda _: ["keys", "create", "--email", "nobody"],
        "e-?mail",
        InvalidInput,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_sdk_over_http_refuses_it_and_changes_nothing(served: World, case: Case) -> None:
    before = served.census()
    with pytest.raises(case.kind) as caught:
        case.sdk(served)
    in_one_line(str(caught.value), case.says)
    assert served.census() == before


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_command_line_refuses_it_and_changes_nothing(
    run: Inside, local: World, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in PRIVATE.items():
        monkeypatch.setenv(name, value)
    before = local.census()
    done = run(*case.words(local), "--data-dir", local.data_dir, status=case.status)
    in_one_line(done.stderr.removesuffix("\n"), in_options(case.says))
    assert local.census() == before


# What only the SDK can be asked


@pytest.mark.parametrize(
    "ask",
    [
        lambda client, _: client.cloud_storage_integrations(fields=["id", "nonsense"]),
        lambda client, world: client.cloud_storage_connections(world.connection, fields=["nonsense"]),
        lambda client, world: client.cloud_storage_connections(project_id=world.project, fields=["project.nonsense"]),
        lambda client, world: client.assets(world.project, fields=["nonsense"]),
        lambda client, _: client.projects(fields=["roles.nonsense"]),
        lambda client, world: client.create_cloud_storage_integration(
            "Folder", "x", fields=["nonsense"], folder_path=str(world.folder / "in")
        ),
    ],
    ids=["integrations", "connection", "connections", "assets", "projects", "a new integration"],
)
def test_an_unknown_field_is_named(served: World, ask: Callable[[Client, World], object]) -> None:
    before = served.census()
    with pytest.raises(InvalidInput) as caught:
        ask(served.client, served)
    in_one_line(str(caught.value), "nonsense")
    assert served.census() == before


@pytest.mark.parametrize(
    "ask",
    [
        lambda client, _: client.cloud_storage_integrations(first="10"),
        lambda client, _: client.cloud_storage_integrations(fields="id"),
        lambda client, _: client.cloud_storage_integrations(platform="Floppy"),
        lambda client, _: client.cloud_storage_connections(project_id=1),
        lambda client, world: client.add_cloud_storage_connection(world.project, world.integration, "bears"),
        lambda client, world: client.add_cloud_storage_connection(world.project, world.integration, ["a", 1]),
        lambda client, world: client.synchronize_cloud_storage_connection(world.connection, "yes"),
        lambda client, _: client.synchronize_cloud_storage_connection(1),
        lambda client, _: client.create_cloud_storage_integration("CustomS3", "x", s3_secret_key=SECRET.encode()),
    ],
)
def test_an_argument_of_a_wrong_type_is_named(served: World, ask: Callable[[Client, World], object]) -> None:
    before = served.census()
    with pytest.raises(TypeError) as caught:
        ask(served.client, served)
    in_one_line(str(caught.value), r"^\w+\(\) takes .* as \w+, not this \w+\.$")
    assert served.census() == before


@pytest.mark.parametrize("number", [{"first": -1}, {"skip": -1}])
def test_a_negative_number_is_refused_before_anything_is_sent(served: World, number: dict[str, Any]) -> None:
    client, name = served.client, next(iter(number))
    for ask in (
        lambda: client.cloud_storage_integrations(**number),
        lambda: client.cloud_storage_connections(served.connection, **number),
        lambda: client.cloud_storage_connections(project_id=served.project, as_generator=True, **number),
        lambda: client.projects(**number),
        lambda: client.assets(served.project, **number),
        lambda: client.runs(served.connection, **number),
    ):
        with pytest.raises(InvalidInput, match=f"{name} must be 0 or more"):
            ask()


def test_another_organizations_integration_is_neither_shown_nor_deleted(served: World) -> None:
    before = served.census()
    assert served.client.cloud_storage_integrations(served.foreign) == []
    assert served.client.count_cloud_storage_integrations(served.foreign) == 0
    assert served.foreign not in [row["id"] for row in served.client.cloud_storage_integrations()]
    with pytest.raises(NotFound, match="no such integration"):
        served.client.delete_cloud_storage_integration(served.foreign)
    assert served.census() == before


# An endpoint in the operator's own network


def test_a_private_endpoint_is_refused_while_the_setting_is_off(
    run: Inside, tmp_path: Path, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in PRIVATE:
        monkeypatch.delenv(name, raising=False)
    server = Server(tmp_path, dict.fromkeys(PRIVATE, "false"))
    server.start()
    try:
        with (
            Client(server.api_key, server.endpoint) as client,
            pytest.raises(BucketError) as caught,
        ):
            client.create_cloud_storage_integration(
                "CustomS3", "x", s3_bucket_name=bucket.name, s3_endpoint=bucket.endpoint
            )
        in_one_line(str(caught.value), "private address.*BUCKETLINK_ALLOW_PRIVATE_ENDPOINTS=true")
        words = ["integrations", "add", "--bucket", bucket.name, "--endpoint-url", bucket.endpoint]
        done = run(*words, "--data-dir", server.data_dir, status=1)
        in_one_line(done.stderr.removesuffix("\n"), "private address.*BUCKETLINK_ALLOW_PRIVATE_ENDPOINTS=true")
        assert run.json("integrations", "list", "--data-dir", server.data_dir) == []
    finally:
        server.stop()


# Keys and servers


def test_a_missing_key_is_said_before_anything_is_sent(
    run: Inside, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BUCKETLINK_API_KEY", raising=False)
    with pytest.raises(NotAuthenticated) as caught:
        Client(None, server.endpoint)
    in_one_line(str(caught.value), "BUCKETLINK_API_KEY.*bucketlink keys create")
    done = run("projects", "list", "--endpoint", server.endpoint, status=1)
    in_one_line(done.stderr.removesuffix("\n"), "BUCKETLINK_API_KEY.*bucketlink keys create")


@pytest.mark.parametrize("key", [SECRET, f"bl_{SECRET}", f"{SECRET}\u00fc", f"{SECRET} {SECRET}"])
def test_a_wrong_key_is_refused_and_not_repeated(run: Inside, served: World, server: Server, key: str) -> None:
    before = served.census()
    with pytest.raises(NotAuthenticated) as caught:
        Client(key, server.endpoint)
    in_one_line(str(caught.value), "API key")
    done = run("projects", "create", "x", "--endpoint", server.endpoint, "--api-key", key, status=1)
    in_one_line(done.stderr.removesuffix("\n"), "API key")
    assert served.census() == before


def test_a_server_that_is_down_is_named(served: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bucketlink.client.transport.time.sleep", lambda _: None)
    with pytest.raises(ServerError) as caught:
        Client("key", served.nowhere)
    in_one_line(str(caught.value), f"No answer from {served.nowhere}.*Is the server running")


def test_a_server_that_is_another_is_named(run: Inside, no_s3: str) -> None:
    with pytest.raises(ServerError) as caught:
        Client("key", no_s3)
    in_one_line(str(caught.value), "not Bucketlink's API; check the address")
    done = run("projects", "list", "--endpoint", no_s3, "--api-key", "key", status=1)
    in_one_line(done.stderr.removesuffix("\n"), "not Bucketlink's API; check the address")
