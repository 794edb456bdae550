"""What the benchmark measures, group after group, one thing at a time."""

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.bench.independent import agrees
from tests.bench.layouts import LAYOUTS
from tests.bench.measure import Failed, measured
from tests.bench.peers.environments import PEERS, Peer
from tests.bench.results import OURS, Cell, Results
from tests.bench.server import ROOT, BenchServer

BARE = "sqlite"
"""Who writes rows without any of ours."""
FORMATS = {"s3": ["s3"], "gcs": ["gcs", "gcs-compact"], "azure": ["azure"]}
PEER_FORMATS = {"s3": ["s3"], "gcs": ["gcs-compact", "gcs-full", "s3"], "azure": ["azure"]}
LABEL_STUDIO = "label_studio"


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured: the whole of it, or what can be in a few minutes."""

    sizes: tuple[int, ...] = (100_000, 1_000_000)
    large: int = 10_000_000
    peers: int = 200_000
    label_studio: int = 20_000
    stream_pages: int = 100
    rounds: int = 3
    layouts: tuple[str, ...] = tuple(LAYOUTS)
    latencies: tuple[int, ...] = (20, 100)


WHOLE = Scale()
QUICK = Scale(
    sizes=(100_000,),
    large=200_000,
    peers=50_000,
    label_studio=2_000,
    stream_pages=20,
    rounds=1,
    layouts=("dates", "hashes"),
)


class Bench:
    """Measures cells against one server, and keeps what it finds as soon as it has found it."""

    def __init__(self, server: BenchServer, results: Results, path: Path, scale: Scale) -> None:
        self._server = server
        self._results = results
        self._path = path
        self._scale = scale
        self._started = time.monotonic()
        self.failures: list[str] = []
        """What peers could not do; ours have to."""

    def measure(self, group: str) -> None:
        """Measure what belongs to a group."""
        GROUPS[group](self)
        self._results.groups = sorted({*self._results.groups, group})
        self._results.save(self._path)

    def list_only(self) -> None:
        """Ours, on every platform."""
        for size in self._scale.sizes:
            for platform in FORMATS:
                cell = Cell(OURS, "list", size, platform)
                self._ours(cell, self._scale.rounds, platform=platform, endpoint=self._server.endpoint)

    def peers(self) -> None:
        """Every peer but Label Studio, at each task that it can do."""
        for peer in PEERS:
            if peer.name != LABEL_STUDIO:
                self._peer(peer, self._scale.peers)

    def label_studio(self) -> None:
        """Label Studio alone, which takes long to install, and long for each object."""
        (peer,) = (peer for peer in PEERS if peer.name == LABEL_STUDIO)
        self._peer(peer, self._scale.label_studio)

    def sync(self) -> None:
        """Ours, from the first sync on, at every size; with latency at the largest."""
        for size in self._scale.sizes:
            bare, first = Cell(BARE, "bare", size), Cell(OURS, "first", size)
            for number in range(self._scale.rounds):
                is_again, is_last = number > 0, number == self._scale.rounds - 1
                with _scratch() as directory:
                    told = {"directory": str(directory), "layout": bare.layout, "count": size}
                    self._ours(bare, 1, again=is_again, **told)
                with _scratch() as directory:
                    self._first(first, directory, again=is_again)
                    if is_last:
                        self._unchanged(first, directory, with_latency=size == self._scale.sizes[-1])
                        self._changed(first, directory)

    def streams(self) -> None:
        """One request after the other, at each latency: what everything with latency is compared with."""
        pages = self._scale.stream_pages
        for latency in self._scale.latencies:
            cell = Cell(OURS, "stream", self._scale.sizes[-1], latency=latency)
            self._ours(cell, self._scale.rounds, platform="s3", endpoint=self._server.endpoint, pages=pages)

    def layouts(self) -> None:
        """First syncs at the highest latency, on every layout; and at the others, on one."""
        *others, highest = self._scale.latencies
        size = self._scale.sizes[-1]
        cells = [Cell(OURS, "first", size, latency=latency) for latency in others]
        cells += [Cell(OURS, "first", size, layout=layout, latency=highest) for layout in self._scale.layouts]
        for cell in cells:
            for number in range(self._scale.rounds):
                with _scratch() as directory:
                    self._first(cell, directory, again=number > 0)

    def large(self) -> None:
        """Ours at the largest size, and whether the differences found there are right."""
        cell = Cell(OURS, "list", self._scale.large)
        self._ours(cell, 1, platform="s3", endpoint=self._server.endpoint)
        with _scratch() as directory:
            first = replace(cell, task="first")
            self._first(first, directory)
            self._ours(replace(cell, task="unchanged"), 1, directory=str(directory))
            found = directory / "differences"
            changed = self._changed(first, directory, found=str(found))
            for name in directory.glob("bucketlink.db*"):
                name.unlink()
            is_right = agrees(found, cell.layout, cell.objects, directory)
            self._note(changed, [{**changed_round, "is_right": is_right} for changed_round in self._rounds(changed)])

    def _first(self, cell: Cell, directory: Path, *, again: bool = False) -> None:
        self._ours(cell, 1, again=again, endpoint=self._server.endpoint, directory=str(directory))

    def _unchanged(self, first: Cell, directory: Path, *, with_latency: bool) -> None:
        cell = replace(first, task="unchanged")
        for latency in (0, *self._scale.latencies) if with_latency else (0,):
            self._ours(replace(cell, latency=latency), self._scale.rounds, directory=str(directory))

    def _changed(self, first: Cell, directory: Path, *, found: str = "") -> Cell:
        cell = replace(first, task="changed")
        self._ours(cell, 1, directory=str(directory), count=cell.objects, found=found)
        return cell

    def _ours(self, cell: Cell, rounds: int, *, again: bool = False, **options: object) -> None:
        """Measure a cell of ours; ``again`` adds to the rounds that there are."""
        self._set(cell, FORMATS[cell.platform])
        task = [sys.executable, "-m", "tests.bench.ours", cell.task, json.dumps(options)]
        self._measure(cell, task, rounds, earlier=self._rounds(cell) if again else [])

    def _peer(self, peer: Peer, count: int) -> None:
        peer.home.build()
        for platform in peer.platforms:
            endpoint = f"{self._server.endpoint}/account" if platform == "azure" else self._server.endpoint
            for task in peer.tasks:
                cell = Cell(peer.name, task, count, platform)
                self._set(cell, PEER_FORMATS[platform])
                command = peer.command(task, platform, endpoint, "bench", count, cell.layout)
                with _scratch() as directory:
                    try:
                        self._measure(cell, command, 1, variables=peer.environment(directory))
                    except Failed as failure:
                        self.failures.append(f"{cell.name} failed: {failure}")

    def _set(self, cell: Cell, formats: list[str]) -> None:
        self._server.set(
            layout=cell.layout,
            count=cell.objects,
            changed=cell.task == "changed",
            latency=cell.latency,
            formats=formats if cell.task != "bare" else [],
        )

    def _measure(
        self,
        cell: Cell,
        command: list[str],
        rounds: int,
        *,
        variables: dict[str, str] | None = None,
        earlier: list[dict[str, Any]] | None = None,
    ) -> None:
        found = list(earlier or [])
        for _ in range(rounds):
            self._server.set()
            outcome = measured(command, cwd=ROOT, variables=variables)
            told = {"cpu": outcome.process_cpu, "pss": outcome.pss, "requests": self._server.stats().listings}
            found.append({**told, **outcome.printed})
        self._note(cell, found)
        number = found[-1]["objects"]
        print(  # noqa: T201 - progress, for whoever waits
            f"{time.monotonic() - self._started:5.0f} s  {cell.name}: {number / found[-1]['seconds']:,.0f} objects/s, "
            f"{found[-1]['cpu'] / number * 1e6:.2f} us of CPU each, {found[-1]['pss'] / 1e6:.0f} MB",
            flush=True,
        )

    def _rounds(self, cell: Cell) -> list[dict[str, Any]]:
        return list(self._results.cells[cell.name]["rounds"])

    def _note(self, cell: Cell, rounds: list[dict[str, Any]]) -> None:
        self._results.put(cell, rounds)
        self._results.save(self._path)


@contextmanager
def _scratch() -> Iterator[Path]:
    """A directory that is there for a while."""
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        yield Path(directory)


GROUPS: dict[str, Callable[[Bench], None]] = {
    "list": Bench.list_only,
    "sync": Bench.sync,
    "streams": Bench.streams,
    "layouts": Bench.layouts,
    "large": Bench.large,
    "peers": Bench.peers,
    "label-studio": Bench.label_studio,
}
USUAL = tuple(name for name in GROUPS if name != "label-studio")
