"""Where scripts are run whose replies get lost, and how to look at what was done there and what passed."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import mkdtemp

from tests.api.server import PRIVATE, Json, Server, wait_until
from tests.clients.conftest import Client
from tests.clients.environments import Environment
from tests.faults.processes import descendants, kill_all
from tests.servers.dropping import DroppingProxy, Exchange, Loss
from tests.servers.pages import Faults, Formula, PageServer

KEYS = [*(f"{folder}/{number}.jpg" for folder in ("bears", "cats") for number in range(3)), "cover.jpg"]
REMOVED = "bears/1.jpg"

LOSSES = [loss for loss in Loss if loss is not Loss.EARLY]

PROJECTS = (
    "query ($title: String!) "
    "{ data: projects(where: {searchQuery: $title}, first: 10, skip: 0) { id title description archived } }"
)
CONNECTIONS = """query ($project: ID!) {
    data: dataConnections(where: {projectId: $project}, first: 10, skip: 0) {
        id numberOfAssets isChecking isApplyingDataDifferences dataDifferencesSummary { added removed total }
    }
}"""
INTEGRATIONS = "query ($name: String!) { data: dataIntegrations(where: {name: $name}, first: 10, skip: 0) { id } }"
CREATE_PROJECT = "mutation ($data: CreateProjectData!) { data: createProject(data: $data) { id } }"


class GatedServer(PageServer):
    """A bucket that answers nothing while its gate is shut."""

    def __init__(self, faults: Faults | None = None) -> None:
        super().__init__(Formula(3), faults=faults or Faults())
        self.gate = threading.Event()
        self.gate.set()

    def count(self, kind: str) -> int:
        self.gate.wait()
        return super().count(kind)


@dataclass(frozen=True, slots=True)
class Tried:
    """What a script said, and what passed between it and the server."""

    name: str
    said: Json
    proxy: DroppingProxy


@dataclass(frozen=True, slots=True)
class Place:
    """Where scripts are run."""

    environment: Environment
    server: Server
    bucket: PageServer
    directory: Path

    def client(self, proxy: DroppingProxy) -> Client:
        """A client that asks through the proxy, with a home directory of its own."""
        self.directory.mkdir(parents=True, exist_ok=True)
        home = Path(mkdtemp(dir=self.directory))
        return Client(self.environment, replace(self.server, port=proxy.port), home)

    def do_everything(self, what: str, proxy: DroppingProxy) -> Tried:
        """Run the script that does all that changes something."""
        name = f"{self.environment.version} {what}"
        with proxy:
            said = self.client(proxy).run(
                "fault_careful",
                name=name,
                integration=self.server.create_folder_integration(name, KEYS),
                folder=str(self.server.root / name),
                removed=REMOVED,
                endpoint=self.bucket.endpoint,
            )
        return Tried(name, said, proxy)


@contextmanager
def own_server(directory: Path) -> Iterator[Server]:
    """A server that may be killed."""
    with Server(directory / "server", PRIVATE) as server:
        yield server


def kill_and_start(server: Server) -> None:
    """Kill the server with all that it started, and start it again where it was."""
    kill_all([server.pid, *descendants(server.pid)])
    server.wait()
    server.start()


def bucket_of(pages: PageServer) -> dict[str, str]:
    return {"platform": "CustomS3", "s3BucketName": "bucket", "s3Endpoint": pages.endpoint}


def integration_of(server: Server, pages: PageServer) -> str:
    return server.create_integration({**bucket_of(pages), "name": "pages"})


def connections_at_rest(server: Server, project: str) -> list[Json]:
    """A project's connections, when nothing is done for them any more."""
    busy = ("isChecking", "isApplyingDataDifferences")
    found: list[Json] = []

    def rest() -> bool:
        found[:] = server.data(CONNECTIONS, {"project": project})
        return not any(one[field] for one in found for field in busy)

    wait_until(rest)
    return [{name: value for name, value in one.items() if name not in busy} for one in found]


def counts(added: int, removed: int) -> dict[str, int]:
    return {"added": added, "removed": removed, "total": added + removed}


def identity(one: Exchange) -> tuple[str, str, str]:
    """What a request shares with the same one sent again."""
    return one.operation, one.call or "", json.dumps(one.variables, sort_keys=True)


def calls(proxy: DroppingProxy, operation: str) -> set[tuple[str, str, str]]:
    """Mutations of one kind, each once."""
    return {identity(one) for one in proxy.mutations() if one.operation == operation}
