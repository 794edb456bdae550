"""Connections that overlap, synchronized at once by plain requests: what the project ends up with is exact."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from tests.api.server import Server
from tests.clients.together import FILES, NOTHING, Connection, Desk, keys_of

ROUNDS = 12


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
