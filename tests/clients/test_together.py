"""Two clients at once, of two generations, in processes of their own: what the project ends up with is exact.

A client waits, for up to five minutes, until the project's count has moved by exactly what it has read. Where another
client changes the count meanwhile it may wait in vain, which is its own limitation: it is ended here as soon as the
server rests and the count is not what it waits for, and what is looked at is the server. The newest generation also
refuses to synchronize a connection that another is computing.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

import pytest

from tests.api.server import Json, Server, wait_until
from tests.clients.conftest import Client, Scenario
from tests.clients.environments import NEWEST, REFERENCE
from tests.servers.dropping import DroppingProxy

TOGETHER = (REFERENCE, NEWEST)
AT_ONCE = 3
SECONDS = 90.0
REFUSED = "already currently checking"
FILES = [f"{folder}/{number}.jpg" for folder in ("a", "b") for number in range(5)]
MANY = 3_000
ROUNDS = 12

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


@pytest.fixture(scope="module")
def outcomes(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Future[Outcome]]]:
    """What comes of clients that run together, by what they do; some at a time."""
    for environment in TOGETHER:
        environment.build()
    stage = Stage(server, tmp_path_factory.mktemp("together"))
    pool = ThreadPoolExecutor(AT_ONCE)
    yield {play.__name__: pool.submit(play, stage) for play in PLAYS}
    pool.shutdown(cancel_futures=True)


def same_connection(stage: Stage) -> Outcome:
    desk = Desk(stage.server, "same connection")
    connection = desk.connect(desk.integrate(FILES))
    return stage.run(desk, [connection, connection])


def same_connection_with_deletion(stage: Stage) -> Outcome:
    desk = Desk(stage.server, "same connection with deletion")
    connection = desk.connect(desk.integrate(FILES))
    desk.synchronize_alone()
    change(desk, connection.integration)
    return stage.run(desk, [connection, connection], delete=True)


def overlapping(stage: Stage) -> Outcome:
    desk = Desk(stage.server, "overlapping")
    integration = desk.integrate(FILES)
    return stage.run(desk, [desk.connect(integration, "a"), desk.connect(integration)])


def overlapping_with_deletion(stage: Stage) -> Outcome:
    desk = Desk(stage.server, "overlapping with deletion")
    integration = desk.integrate(FILES)
    connections = [desk.connect(integration, "a"), desk.connect(integration)]
    desk.synchronize_alone()
    change(desk, integration)
    return stage.run(desk, connections, delete=True)


def two_integrations(stage: Stage) -> Outcome:
    desk = Desk(stage.server, "two integrations")
    first = desk.integrate(FILES)
    second = desk.integrate(folder=desk.folders[first])
    return stage.run(desk, [desk.connect(first), desk.connect(second)])


def while_others_arrive(stage: Stage) -> Outcome:
    desk = Desk(stage.server, "while others arrive")
    many = desk.connect(desk.integrate([f"many/{number:05}.jpg" for number in range(MANY)]))
    few = desk.connect(desk.integrate(FILES))

    def others_arrive(jobs: list[Job]) -> None:
        wait_until(lambda: any(one.operation == "computeDifferences" for one in jobs[0].proxy.seen), SECONDS)
        desk.server.data(APPLY, {"id": many.id, "type": "ADD"})

    return stage.run(desk, [few], meanwhile=others_arrive)


PLAYS = (
    same_connection,
    same_connection_with_deletion,
    overlapping,
    overlapping_with_deletion,
    two_integrations,
    while_others_arrive,
)


def change(desk: Desk, integration: str) -> None:
    """Take one file out of each folder, and put two into each."""
    for start in ("a", "b"):
        folder = desk.folders[integration] / start
        (folder / "0.jpg").unlink()
        for name in ("new.jpg", "newer.jpg"):
            (folder / name).write_bytes(b"new")


def check_said(outcome: Outcome) -> None:
    """At least one client had something done, and none was told of an error but that another was computing."""
    assert any(promises for promises in outcome.promises)
    for said in outcome.said:
        if said is not None and said["error"] is not None:
            assert REFUSED in said["error"]


@pytest.mark.parametrize("play", [same_connection, same_connection_with_deletion], ids=lambda play: play.__name__)
def test_two_clients_synchronize_one_connection(
    outcomes: Mapping[str, Future[Outcome]], play: Callable[[Stage], Outcome]
) -> None:
    outcome = outcomes[play.__name__].result()
    desk = outcome.desk
    (connection,) = desk.connections
    deletes = play is same_connection_with_deletion
    present = desk.assets()

    check_said(outcome)
    assert set(present.values()) == {1}
    for type_, right, before in (("ADD", 4 if deletes else len(FILES), int(deletes)), ("REMOVE", 2 * deletes, 0)):
        read = max(outcome.promised(number, type_) for number in range(len(TOGETHER)))
        assert read in (0, right)
        assert sum(desk.done(connection, type_)[before:]) == read
    assert desk.count() == desk.state(connection)["numberOfAssets"]
    desk.synchronize_alone()
    desk.check()


@pytest.mark.parametrize("play", [overlapping, overlapping_with_deletion], ids=lambda play: play.__name__)
def test_two_clients_synchronize_connections_that_overlap(
    outcomes: Mapping[str, Future[Outcome]], play: Callable[[Stage], Outcome]
) -> None:
    outcome = outcomes[play.__name__].result()
    desk = outcome.desk
    deletes = play is overlapping_with_deletion
    present = desk.assets()

    check_said(outcome)
    assert set(present.values()) == {1}
    added = [sum(desk.done(one, "ADD")[int(deletes) :]) for one in desk.connections]
    removed = [sum(desk.done(one, "REMOVE")) for one in desk.connections]
    assert sum(added) == (4 if deletes else len(FILES))
    for number, other in ((0, 1), (1, 0)):
        settled = outcome.promised(number, "ADD") - added[number]
        assert 0 <= settled <= added[other]
        assert removed[number] == outcome.promised(number, "REMOVE") <= deletes
    assert present.total() == len(FILES) + 4 * deletes - sum(removed)
    desk.synchronize_alone()
    desk.check()


def test_two_clients_synchronize_two_integrations_of_one_folder(outcomes: Mapping[str, Future[Outcome]]) -> None:
    outcome = outcomes[two_integrations.__name__].result()
    desk = outcome.desk

    check_said(outcome)
    for number, connection in enumerate(desk.connections):
        assert desk.done(connection, "ADD") == [outcome.promised(number, "ADD")] == [len(FILES)]
    desk.check()


def test_a_client_synchronizes_while_assets_of_another_connection_arrive(
    outcomes: Mapping[str, Future[Outcome]],
) -> None:
    outcome = outcomes[while_others_arrive.__name__].result()
    desk = outcome.desk
    many, few = desk.connections

    check_said(outcome)
    assert desk.done(few, "ADD") == [outcome.promised(0, "ADD")] == [len(FILES)]
    assert desk.done(many, "ADD") == [MANY]
    desk.check()


def test_many_interleavings_of_four_connections_and_a_changing_folder_end_exactly(server: Server) -> None:
    """Asked by plain requests: each round, every connection is synchronized, in any order, by one thread or two."""
    chance = random.Random(20)
    desk = Desk(server, "interleavings")
    first = desk.integrate(FILES)
    folder = desk.folders[first]
    second = desk.integrate(folder=folder)
    for integration, *selected in ((first,), (first, "a"), (first, "b"), (second,)):
        desk.connect(integration, *selected)
    names = count(len(FILES))
    done = [sums(desk, one) for one in desk.connections]
    for number in range(ROUNDS):
        is_crowded, changes_meanwhile = number % 3 == 2, number % 2 == 1
        shuffle_folder(chance, folder, names)
        turns = [Turn(desk, one, chance.sample(("ADD", "REMOVE"), 2)) for one in desk.connections * (1 + is_crowded)]
        before, done_before = desk.assets(), done
        chance.shuffle(turns)
        with ThreadPoolExecutor(len(turns)) as pool:
            running = [pool.submit(turn.take) for turn in turns]
            if changes_meanwhile:
                shuffle_folder(chance, folder, names)
            for turn in running:
                turn.result()
        desk.rest()
        after, done = desk.assets(), [sums(desk, one) for one in desk.connections]

        did = [now - earlier for now, earlier in zip(done, done_before, strict=True)]
        assert set(after.values()) <= {1}
        assert after.total() - before.total() == sum(one["ADD"] - one["REMOVE"] for one in did)
        assert after.total() == desk.count() == sum(desk.state(one)["numberOfAssets"] for one in desk.connections)
        if not is_crowded:
            check_promises(desk, turns, did)
        if changes_meanwhile:
            desk.synchronize_alone()
            done = [sums(desk, one) for one in desk.connections]
        assert desk.assets() == desk.expected()
        assert [desk.state(one)["dataDifferencesSummary"] for one in desk.connections] == [NOTHING] * 4
    desk.check()


@dataclass(frozen=True, slots=True)
class Turn:
    """One synchronization of a connection, and what was read before each of its applications."""

    desk: Desk
    connection: Connection
    types: Sequence[str]
    read: dict[str, int] = field(default_factory=dict)

    def take(self) -> None:
        self.desk.compute(self.connection)
        for type_ in self.types:
            summary = self.desk.state(self.connection)["dataDifferencesSummary"]
            self.read[type_] = summary[{"ADD": "added", "REMOVE": "removed"}[type_]]
            self.desk.apply(self.connection, type_)


def check_promises(desk: Desk, turns: Sequence[Turn], done: Sequence[Counter[str]]) -> None:
    """An application did what was read before, but for what another of the same integration did between the two."""
    for turn in turns:
        mine = desk.connections.index(turn.connection)
        for type_, read in turn.read.items():
            others = sum(
                one[type_]
                for place, one in enumerate(done)
                if place != mine and desk.connections[place].integration == turn.connection.integration
            )
            assert 0 <= read - done[mine][type_] <= others


def sums(desk: Desk, connection: Connection) -> Counter[str]:
    """How many assets a connection's applications have added and removed so far."""
    return Counter({type_: sum(desk.done(connection, type_)) for type_ in ("ADD", "REMOVE")})


def shuffle_folder(chance: random.Random, folder: Path, names: Iterator[int]) -> None:
    """Remove up to three files, and add up to three."""
    present = sorted(keys_of(folder))
    for key in chance.sample(present, min(len(present), chance.randrange(4))):
        (folder / key).unlink()
    for _ in range(chance.randrange(4)):
        (folder / chance.choice("ab") / f"{next(names)}.jpg").write_bytes(b"new")
