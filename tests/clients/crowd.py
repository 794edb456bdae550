"""A server that holds several hundred of everything."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection as Transaction

from bucketlink.home import open_home
from bucketlink.ids import Noun
from bucketlink.model import (
    Access,
    BucketAddress,
    Credentials,
    InputType,
    Integration,
    Platform,
    Project,
    Restriction,
    Selection,
    Status,
)
from bucketlink.sealing import Sealer
from bucketlink.settings import Settings
from bucketlink.store import connections, integrations, projects
from tests.api.server import Server, wait_until

MANY = 230
KEYS = [f"batch {number // 100}/{number:03d}.jpg" for number in range(350)]
TITLE = "one of many"

NEW_CONNECTION = """mutation ($project: ID!, $integration: ID!, $folders: [String!]) {
  data: addDataConnection(data: {projectId: $project, integrationId: $integration, selectedFolders: $folders}) { id }
}"""
APPLY = """mutation ($id: ID!) {
  data: validateDataDifferences(where: {connectionId: $id, type: ADD}) { id }
}"""
STATE = "query ($id: ID!) { data: dataConnection(where: {id: $id}) { isApplyingDataDifferences } }"


@dataclass(frozen=True, slots=True)
class Crowd:
    """What is there, in the order in which it was made; nobody changes it any more.

    Attributes:
        projects: by how many connections they have: none, one, several, hundreds.
        connections: of each of those; all but that of ``one`` use the first integration.
        assets: a project with an asset for each of `KEYS`, from the last integration.

    """

    server: Server
    integrations: list[str]
    projects: dict[str, str]
    connections: dict[str, list[str]]
    assets: str


def gather(directory: Path) -> Crowd:
    """Fill a data directory and serve it; whoever asks stops the server."""
    server = Server(directory)
    home = open_home(Settings(data_dir=server.data_dir))
    with home.database.write() as tx:
        made = [_integration(tx, home.sealer, server.root, number) for number in range(MANY)]
        holders = {name: _project(tx, f"holder of {name}") for name in ("none", "one", "several", "hundreds")}
        for number in range(MANY):
            _project(tx, f"{TITLE}: {number}")
        assets = _project(tx, "assets")
        hundreds = [
            connections.add(tx, holders["hundreds"], made[0], Selection(), json_processing=False) for _ in range(MANY)
        ]
    home.close()
    server.start()
    ids = [Noun.INTEGRATION.show(one.id) for one in made]
    named = {name: Noun.PROJECT.show(project.id) for name, project in holders.items()}
    connected = {
        "none": [],
        "one": [_connect(server, named["one"], ids[1], None)],
        "several": [_connect(server, named["several"], ids[0], folders) for folders in (None, ["folder 0"], [])],
        "hundreds": [Noun.CONNECTION.show(number) for number in hundreds],
    }
    source = server.create_folder_integration("many files", KEYS)
    _import(server, _connect(server, Noun.PROJECT.show(assets.id), source, None))
    return Crowd(server, [*ids, source], named, connected, Noun.PROJECT.show(assets.id))


def _integration(tx: Transaction, sealer: Sealer, root: Path, number: int) -> Integration:
    folder = root / f"number {number}"
    for key in ("folder 0/1.jpg", "folder 1/2.jpg", "3.jpg") if number < 2 else ():
        (folder / key).parent.mkdir(parents=True, exist_ok=True)
        (folder / key).write_bytes(b"a picture")
    made = integrations.add(
        tx,
        sealer,
        1,
        name=folder.name,
        address=BucketAddress(Platform.FOLDER, str(folder)),
        access=Access(),
        restriction=Restriction(),
        allowed_projects=None,
        credentials=Credentials(),
    )
    integrations.set_status(tx, made.id, made.revision, Status.CONNECTED, None)
    return made


def _project(tx: Transaction, title: str) -> Project:
    return projects.add(tx, 1, title=title, description="", input_type=InputType.IMAGE, json_interface="{}")


def _connect(server: Server, project: str, integration: str, folders: list[str] | None) -> str:
    given = {"project": project, "integration": integration, "folders": folders}
    return str(server.data(NEW_CONNECTION, given)["id"])


def _import(server: Server, connection: str) -> None:
    server.data(APPLY, {"id": connection})
    wait_until(lambda: not server.data(STATE, {"id": connection})["isApplyingDataDifferences"])
