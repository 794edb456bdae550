"""A data directory with two organizations, and the API over it, its work done in place."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from bucketlink import jobs, requests
from bucketlink.api.application import Application
from bucketlink.home import Home, open_home
from bucketlink.ids import Noun
from bucketlink.model import Caller, Role
from bucketlink.settings import Settings
from bucketlink.store import accounts, connections, runs
from tests.api.command_line import Inside
from tests.api.imported import Imported, opened
from tests.api.reached import WAYS
from tests.api.server import Json

OURS, THEIRS = "gull", "heron"
"""Names of the organizations, which no word of the schema holds."""


PATIENCE = 20.0


@dataclass(frozen=True, slots=True)
class InPlace:
    """Does queued work in the thread that queues it."""

    home: Home

    def deliver(self) -> None:
        while (claim := jobs.take(self.home)) is not None:
            jobs.perform(self.home, claim)

    def close(self) -> None:
        pass


@dataclass(frozen=True, slots=True)
class Api:
    """The API over a data directory, for any caller."""

    home: Home
    application: Application

    def ask(
        self, caller: Caller, query: str, variables: dict[str, Any] | None = None, call: str = ""
    ) -> dict[str, Any]:
        """The whole response to a request."""
        return self.application.execute({"query": query, "variables": variables or {}}, caller, call or None)

    def data(self, caller: Caller, query: str, variables: dict[str, Any] | None = None) -> Json:
        """The one root field ``data`` of a request that has to succeed."""
        response = self.ask(caller, query, variables)
        assert "errors" not in response, response["errors"]
        return response["data"]["data"]

    def rows(self) -> dict[str, list[tuple[Any, ...]]]:
        """Everything that is in the database, save replies kept for requests that are sent again."""
        with self.home.database.read() as tx:
            names = tx.scalars(text("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")).all()
            kept = [name for name in names if name != "replies" and not name.startswith("sqlite_")]
            return {name: sorted(map(tuple, tx.execute(text(f"SELECT * FROM {name}"))), key=repr) for name in kept}


def open_api(settings: Settings) -> Api:
    home = open_home(settings)
    return Api(home, Application(home, InPlace(home), patience=PATIENCE))


@dataclass(frozen=True, slots=True)
class Member:
    """An organization with one of everything, whose every text holds the organization's name."""

    name: str
    organization: str
    admin: Caller
    user: Caller
    key: str
    folder: Path
    ids: dict[str, str]


@dataclass(frozen=True, slots=True)
class World:
    """Two organizations that must not know of each other."""

    api: Api
    ours: Member
    theirs: Member


CREATE_PROJECT = "mutation ($data: CreateProjectData!) { data: createProject(data: $data) { id } }"
CREATE_INTEGRATION = "mutation ($data: DataIntegrationData!) { data: createDataIntegration(data: $data) { id } }"
ADD_CONNECTION = "mutation ($data: DataConnectionInput!) { data: addDataConnection(data: $data) { id } }"
COMPUTE = "mutation ($id: ID!) { data: computeDifferences(where: {id: $id}) { id } }"
APPLY = (
    "mutation ($id: ID!) { data: validateDataDifferences(where: {connectionId: $id, type: ADD}) { numberOfAssets } }"
)
RUNS = "query ($id: ID!) { data: runs(where: {connectionId: $id}, first: 10, skip: 0) { id kind } }"
ASSETS = "query ($id: ID!) { data: assets(where: {project: {id: $id}}, first: 1, skip: 0) { id } }"


def _member(api: Api, root: Path, name: str) -> Member:
    """Make an organization with assets, published differences, and a connection, a project and an integration more."""
    folder = root / name
    (folder / f"{name}-folder").mkdir(parents=True)
    (folder / f"{name}-folder" / "1.jpg").write_bytes(b"1")
    with api.home.database.write() as tx:
        number = accounts.add_organization(tx, f"{name} organization")
        callers, keys = {}, {}
        for role in Role:
            user = accounts.ensure_user(tx, number, f"{name}-{role.lower()}@example.com", role)
            keys[role], key = accounts.add_api_key(tx, user, name=f"{name} key", days=1)
            callers[role] = Caller(number, user.id, user.email, user.role, key.id)
    admin = callers[Role.ADMIN]
    ids = {"organization": f"org{number}", "user": f"usr{admin.user_id}", "api key": f"key{admin.api_key_id}"}
    for thing in ("project", "spare project"):
        data = {"title": f"{name} {thing}", "description": name, "inputType": "IMAGE"}
        ids[thing] = api.data(admin, CREATE_PROJECT, {"data": data})["id"]
    for thing in ("integration", "spare integration"):
        data = {"name": f"{name} {thing}", "platform": "Folder", "folderPath": str(folder)}
        ids[thing] = api.data(admin, CREATE_INTEGRATION, {"data": data})["id"]
    for thing in ("connection", "spare connection"):
        data = {"projectId": ids["project"], "integrationId": ids["integration"], "prefix": f"{name}-folder"}
        ids[thing] = api.data(admin, ADD_CONNECTION, {"data": data})["id"]
    api.data(admin, APPLY, {"id": ids["connection"]})
    history = {run["kind"]: run["id"] for run in api.data(admin, RUNS, {"id": ids["connection"]})}
    (folder / f"{name}-folder" / "2.jpg").write_bytes(b"2")
    api.data(admin, COMPUTE, {"id": ids["connection"]})
    ids["run"] = history["APPLY"]
    ids["unfinished run"] = _unfinished_run(api, admin, ids)
    ids["asset"] = api.data(admin, ASSETS, {"id": ids["project"]})[0]["id"]
    return Member(name, ids["organization"], admin, callers[Role.USER], keys[Role.ADMIN], folder, ids)


def _unfinished_run(api: Api, admin: Caller, ids: dict[str, str]) -> str:
    """A run on a connection of its own that another process is at, and so nobody here works on."""
    data = {"projectId": ids["spare project"], "integrationId": ids["integration"]}
    connection = Noun.CONNECTION.number(api.data(admin, ADD_CONNECTION, {"data": data})["id"])
    with api.home.database.write() as tx:
        number = requests.compute(tx, connections.get(tx, admin.organization_id, connection), admin)
        claimed = runs.claim(tx, most_computations=100)
    assert claimed is not None
    assert claimed.run.id == number
    return Noun.RUN.show(number)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, Member, Member]:
    """What `world` copies."""
    directory = tmp_path_factory.mktemp("world")
    settings = Settings(data_dir=directory / "data", folder_roots=(directory / "buckets",))
    api = open_api(settings)
    ours, theirs = (_member(api, directory / "buckets", name) for name in (OURS, THEIRS))
    api.home.close()
    return settings, ours, theirs


@pytest.fixture
def world(template: tuple[Settings, Member, Member], tmp_path: Path) -> Iterator[World]:
    """Two organizations in a data directory of the test's own."""
    settings, ours, theirs = template
    shutil.copytree(settings.data_dir, tmp_path / "data")
    api = open_api(settings.model_copy(update={"data_dir": tmp_path / "data"}))
    yield World(api, ours, theirs)
    api.home.close()


@pytest.fixture(params=WAYS, scope="module")
def lasting(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Imported]:
    """A project for many tests, by either way of the SDK."""
    for made in opened(request.param, tmp_path_factory.mktemp("lasting")):
        made.keep()
        yield made


@pytest.fixture
def project(lasting: Imported) -> Imported:
    """An empty project, by either way of the SDK."""
    lasting.restore()
    return lasting


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Imported]:
    """An empty project, embedded."""
    yield from opened("embedded", tmp_path)


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    """The API over an empty data directory."""
    api = open_api(Settings(data_dir=tmp_path / "data"))
    yield api
    api.home.close()


@pytest.fixture
def caller(api: Api) -> Caller:
    """The local administrator."""
    with api.home.database.write() as tx:
        return accounts.ensure_local_administrator(tx)


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Inside:
    """The command line on a new data directory; its buckets may be on this machine."""
    monkeypatch.setenv("BUCKETLINK_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("BUCKETLINK_ALLOW_PRIVATE_ENDPOINTS", "true")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return Inside(capsys)
