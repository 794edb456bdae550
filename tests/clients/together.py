"""A project that several synchronize at once, clients that do so together, and what came of them.

`Desk` asks by plain requests, and knows what the project has to hold; `Stage` runs clients of two generations.

A client waits, for up to five minutes, until the project's count has moved by exactly what it has read. Where another
client changes the count meanwhile it may wait in vain, which is its own limitation: it is ended here as soon as the
server rests and the count is not what it waits for.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.api.server import Json, Server, wait_until
from tests.clients.conftest import Client, Scenario
from tests.clients.environments import NEWEST, REFERENCE
from tests.servers.dropping import DroppingProxy

TOGETHER = (REFERENCE, NEWEST)
SECONDS = 90.0
FILES = [f"{folder}/{number}.jpg" for folder in ("a", "b") for number in range(5)]

PROJECT = "mutation ($title: String!) { data: createProject(data: {title: $title, inputType: IMAGE}) { id } }"
CONNECT = "mutation ($data: DataConnectionInput!) { data: addDataConnection(data: $data) { id } }"
COMPUTE = "mutation ($id: ID!) { data: computeDifferences(where: {id: $id}) { id } }"
APPLY = """mutation ($id: ID!, $type: DataDifferenceType!) {
    data: validateDataDifferences(where: {connectionId: $id, type: $type}) { id }
}"""
CONNECTION = """query ($id: ID!) {
    data: dataConnection(where: {id: $id}) {
        isChecking isApplyingDataDifferences numberOfAssets error dataDifferencesSummary { added removed total }
    }
}"""
ASSETS = """query ($project: ID!, $skip: Int!) {
    data: assets(where: {project: {id: $project}}, first: 500, skip: $skip) { externalId dataIntegrationId }
}"""
COUNT = "query ($project: ID!) { data: countAssets(where: {project: {id: $project}}) }"
RUNS = """query ($id: ID!) {
    data: runs(where: {connectionId: $id}, first: 500, skip: 0) { id kind state types summary { added removed } }
}"""
NOTHING = {"added": 0, "removed": 0, "total": 0}


@dataclass(frozen=True, slots=True)
class Connection:
    """One of the project's, and the part of the folder that it selects."""

    id: str
    integration: str
    start: str


@dataclass(slots=True)
class Desk:
    """A project and its connections, asked by plain requests."""

    server: Server
    name: str
    folders: dict[str, Path] = field(default_factory=dict)
    connections: list[Connection] = field(default_factory=list)
    project: str = ""

    def __post_init__(self) -> None:
        self.project = self.server.data(PROJECT, {"title": self.name})["id"]

    def integrate(self, files: Sequence[str] = (), *, folder: Path | None = None) -> str:
        """Make an integration of a folder of its own, or of one that is there."""
        name = f"{self.name} {len(self.folders)}"
        if folder is None:
            made = self.server.create_folder_integration(name, list(files))
        else:
            made = self.server.create_integration({"name": name, "platform": "Folder", "folderPath": str(folder)})
        self.folders[made] = folder or self.server.root / name
        return made

    def connect(self, integration: str, *selected: str) -> Connection:
        """Connect all of an integration, or one folder of it."""
        data = {"projectId": self.project, "integrationId": integration, "selectedFolders": list(selected) or None}
        made = self.server.data(CONNECT, {"data": data})["id"]
        connection = Connection(made, integration, f"{selected[0]}/" if selected else "")
        self.connections.append(connection)
        self.rest()
        return connection

    def state(self, connection: Connection) -> Json:
        return self.server.data(CONNECTION, {"id": connection.id})

    def is_at_rest(self) -> bool:
        states = [self.state(one) for one in self.connections]
        return not any(state["isChecking"] or state["isApplyingDataDifferences"] for state in states)

    def rest(self) -> None:
        wait_until(self.is_at_rest)

    def count(self) -> int:
        return int(self.server.data(COUNT, {"project": self.project}))

    def compute(self, connection: Connection) -> dict[str, int]:
        """Compute differences; answers the summary, when there is one."""
        self.server.data(COMPUTE, {"id": connection.id})
        wait_until(lambda: not self.state(connection)["isChecking"])
        return dict(self.state(connection)["dataDifferencesSummary"])

    def apply(self, connection: Connection, type_: str) -> None:
        """Apply differences of a type, and wait until that is done."""
        self.server.data(APPLY, {"id": connection.id, "type": type_})
        wait_until(lambda: not self.state(connection)["isApplyingDataDifferences"])

    def done(self, connection: Connection, type_: str) -> list[int]:
        """How many assets each application of one type has added or removed, oldest first."""
        counter = {"ADD": "added", "REMOVE": "removed"}[type_]
        runs = [run for run in self.server.data(RUNS, {"id": connection.id}) if run["types"] == [type_]]
        assert {run["state"] for run in runs} <= {"SUCCEEDED"}
        return [run["summary"][counter] for run in reversed(runs)]

    def assets(self) -> Counter[tuple[str, str]]:
        """Integration and key of every asset."""
        rows: list[Json] = []
        while page := self.server.data(ASSETS, {"project": self.project, "skip": len(rows)}):
            rows += page
        return Counter((row["dataIntegrationId"], row["externalId"]) for row in rows)

    def expected(self) -> Counter[tuple[str, str]]:
        """Each file of the folder that any connection of its integration selects, once."""
        return Counter(
            {
                (one.integration, key): 1
                for one in self.connections
                for key in keys_of(self.folders[one.integration])
                if key.startswith(one.start)
            }
        )

    def synchronize_alone(self) -> None:
        """Synchronize one connection after the other: each does exactly what it says before."""
        for connection in self.connections:
            summary = self.compute(connection)
            for type_, counter in (("REMOVE", "removed"), ("ADD", "added")):
                if summary[counter]:
                    self.apply(connection, type_)
                    assert self.done(connection, type_)[-1] == summary[counter]

    def check(self) -> None:
        """The project holds what its connections select, each thing once, and nothing is left to do."""
        assert self.assets() == self.expected()
        assert self.count() == sum(self.state(one)["numberOfAssets"] for one in self.connections)
        assert self.count() == self.expected().total()
        for one in self.connections:
            assert self.compute(one) == NOTHING
            assert self.state(one)["error"] is None


def keys_of(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*.jpg")}


@dataclass(frozen=True, slots=True)
class Job:
    """A client that synchronizes a connection."""

    connection: Connection
    scenario: Scenario
    proxy: DroppingProxy

    def has_ended(self) -> bool:
        return self.scenario.process.poll() is not None

    def waits_in_vain(self, now: int) -> bool:
        """Whether it waits for the project's count to become what it is not, although all it asked for is done."""
        seen = list(self.proxy.seen)
        asked = [place for place, one in enumerate(seen) if one.operation.startswith("validateDataDifferences")]
        if not asked or any(one.operation != "countAssets" for one in seen[asked[-1] + 1 :]):
            return False
        before = next(one for one in reversed(seen[: asked[-1]]) if one.operation == "countAssets")
        return abs(now - int(before.answer)) != self.promises()[-1][1]

    def promises(self) -> list[tuple[str, int]]:
        """The types that it had applied, and how many it had read before that there would be."""
        read: Json = None
        found = []
        for one in list(self.proxy.seen):
            if one.operation == "dataConnection" and one.answer and "dataDifferencesSummary" in one.answer:
                read = one.answer["dataDifferencesSummary"]
            elif one.operation == "validateDataDifferences ADD":
                found.append(("ADD", int(read["added"])))
            elif one.operation == "validateDataDifferences REMOVE":
                found.append(("REMOVE", int(read["removed"])))
        return found


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of clients that ran together."""

    desk: Desk
    said: list[Json]
    """None where a client waited in vain."""
    promises: list[list[tuple[str, int]]]

    def promised(self, number: int, type_: str) -> int:
        """What one client had read at most of one type."""
        return max((read for of, read in self.promises[number] if of == type_), default=0)


class Stage:
    """Runs clients together."""

    def __init__(self, server: Server, directory: Path) -> None:
        self.server = server
        self.directory = directory

    def run(
        self,
        desk: Desk,
        connections: Sequence[Connection],
        *,
        delete: bool = False,
        meanwhile: Callable[[list[Job]], None] = lambda _: None,
    ) -> Outcome:
        """Synchronize each connection by a client of another generation, all at once."""
        with ExitStack() as stack:
            directory = self.directory / desk.name.replace(" ", "-")
            jobs = []
            for number, connection in enumerate(connections):
                home = directory / str(number)
                home.mkdir(parents=True)
                proxy = stack.enter_context(DroppingProxy(self.server.port))
                client = Client(TOGETHER[number], replace(self.server, port=proxy.port), home)
                given = {"connection": connection.id, "delete": delete, "go": str(directory / "go")}
                scenario = client.start("fault_together", ready=str(home / "ready"), **given)
                stack.callback(scenario.stop)
                jobs.append(Job(connection, scenario, proxy))
            wait_until(
                lambda: len(list(directory.glob("*/ready"))) == len(jobs) or any(map(Job.has_ended, jobs)), SECONDS
            )
            (directory / "go").touch()
            meanwhile(jobs)
            wait_until(lambda: self._is_over(desk, jobs), SECONDS)
            said = [job.scenario.result() if job.has_ended() else None for job in jobs]
        return Outcome(desk, said, [job.promises() for job in jobs])

    @staticmethod
    def _is_over(desk: Desk, jobs: list[Job]) -> bool:
        ended = [job.has_ended() for job in jobs]
        if all(ended):
            return True
        waiting = [job for job, has_ended in zip(jobs, ended, strict=True) if not has_ended]
        seen = [len(job.proxy.seen) for job in waiting]
        if not desk.is_at_rest() or any(job.proxy.under_way.total() for job in waiting):
            return False
        now = desk.count()
        in_vain = all(job.waits_in_vain(now) for job in waiting)
        return in_vain and seen == [len(job.proxy.seen) for job in waiting]
