"""What the benchmark must show: ratios of one run, each with the bound that it is held to.

A number that was not measured is NaN, and so is what is reckoned with it.
"""

from dataclasses import dataclass
from math import isnan, nan

from tests.bench.peers.environments import PEERS
from tests.bench.plan import BARE, LABEL_STUDIO, Scale
from tests.bench.results import OURS, Cell, Results

PAGE = 1000
"""Keys on a page of S3."""
PLATFORMS = {"s3": "S3", "gcs": "Google Cloud Storage", "azure": "Azure"}
TASKS = {
    "list": "list only",
    "first": "first sync",
    "unchanged": "list and compare, nothing changed",
    "changed": "list and compare, 1 % changed",
}


@dataclass(frozen=True, slots=True)
class Ratio:
    """A sentence and a bound: the lowest that ``value`` may be, or the highest."""

    sentence: str
    value: float
    at_least: float | None = None
    at_most: float | None = None

    @property
    def holds(self) -> bool | None:
        """Whether it is as it must be; None if it was not measured."""
        if isnan(self.value):
            return None
        return (self.at_least is None or self.value >= self.at_least) and (
            self.at_most is None or self.value <= self.at_most
        )

    @property
    def bound(self) -> str:
        """The bound in words."""
        return f"≤ {self.at_most:g}" if self.at_least is None else f"≥ {self.at_least:g}"

    @property
    def shown(self) -> str:
        """What was measured, in words."""
        if isnan(self.value):
            return "not measured"
        return f"{self.value:,.0f}" if self.value >= 100 else f"{self.value:.2f}"


def ratios(results: Results, scale: Scale) -> list[Ratio]:
    """Every ratio, in the order of what is asked for."""
    return [
        *_listing(results, scale),
        *_with_latency(results, scale),
        *_memory(results, scale),
        *_sync(results, scale),
        *_flat(results, scale),
        Ratio(
            f"Differences at {scale.large:,} objects, 1 % changed: 1 if all equal those of sort, comm and cut",
            results.value(Cell(OURS, "changed", scale.large), "is_right"),
            at_least=1,
        ),
    ]


def _listing(results: Results, scale: Scale) -> list[Ratio]:
    def cpu(who: str, task: str, size: int, platform: str = "s3") -> float:
        return results.each(Cell(who, task, size, platform), "cpu")

    size = scale.sizes[-1]
    found = [
        Ratio(
            f"List only, {PLATFORMS[platform]}: CPU time for an object, {peer.label} over ours",
            cpu(peer.name, "list", scale.peers, platform) / cpu(OURS, "list", size, platform),
            at_least=40 if peer.name == "boto3" else 1,
        )
        for platform in PLATFORMS
        for peer in PEERS
        if platform in peer.platforms and "list" in peer.tasks
    ]
    both = cpu("boto3", "diff", scale.peers) / cpu(OURS, "unchanged", size)
    sentence = "List and compare, nothing changed: CPU time for an object, boto3 and a Python set over ours"
    return [*found, Ratio(sentence, both, at_least=25)]


def _with_latency(results: Results, scale: Scale) -> list[Ratio]:
    size, quick, slow = scale.sizes[-1], scale.latencies[0], scale.latencies[-1]
    pages = -(-size // PAGE)
    unchanged = Cell(OURS, "unchanged", size, latency=slow)
    firsts = [Cell(OURS, "first", size, layout=layout, latency=slow) for layout in scale.layouts]
    stream = results.each(Cell(OURS, "stream", size, latency=slow), "seconds") * size / 1e6
    fast = results.value(Cell(OURS, "unchanged", size), "seconds")
    slower = results.value(Cell(OURS, "unchanged", size, latency=quick), "seconds")
    return [
        Ratio(
            f"{slow} ms, the project has its assets: seconds, one sequential stream over ours",
            stream / results.value(unchanged, "seconds"),
            at_least=25,
        ),
        Ratio(
            f"{slow} ms, the project has its assets: requests over pages",
            results.highest(unchanged, "requests") / pages,
            at_most=1.1,
        ),
        *(
            Ratio(
                f"{slow} ms, first sync, {cell.layout}: seconds, one sequential stream over ours to list and compare",
                stream / results.value(cell, "compute_seconds"),
                at_least=12,
            )
            for cell in firsts
        ),
        *(
            Ratio(
                f"{slow} ms, first sync, {cell.layout}: requests over pages",
                results.highest(cell, "requests") / pages,
                at_most=1.1,
            )
            for cell in firsts
        ),
        Ratio(
            f"{quick} ms, the project has its assets: objects a second, over those without latency",
            fast / slower,
            at_least=0.7,
        ),
    ]


def _memory(results: Results, scale: Scale) -> list[Ratio]:
    size, large = scale.sizes[-1], scale.large
    peaks = {task: results.highest(Cell(OURS, task, large), "pss") for task in TASKS}
    return [
        *(
            Ratio(
                f"Peak memory, {words}: {large:,} objects over {size:,}",
                peaks[task] / results.highest(Cell(OURS, task, size), "pss"),
                at_most=1.25,
            )
            for task, words in TASKS.items()
        ),
        *(
            Ratio(f"Peak memory, {words}, {large:,} objects, in MB", peaks[task] / 1e6, at_most=300)
            for task, words in TASKS.items()
        ),
    ]


def _sync(results: Results, scale: Scale) -> list[Ratio]:
    size = scale.sizes[-1]
    listing, unchanged, first = (Cell(OURS, task, size) for task in ("list", "unchanged", "first"))
    bare = Cell(BARE, "bare", size)
    saved, synced = Cell("datachain", "save", scale.peers), Cell(LABEL_STUDIO, "save", scale.label_studio)
    seconds = results.each(first, "seconds")
    return [
        Ratio(
            "A sync that finds nothing: CPU time beside that of the listing, over the listing's",
            results.each(unchanged, "cpu") / results.each(listing, "cpu") - 1,
            at_most=1,
        ),
        Ratio(
            "First sync, computing and applying: seconds, ours over those of SQLite alone writing the same rows",
            seconds / results.each(bare, "seconds"),
            at_most=3,
        ),
        Ratio(
            "First sync: objects a second, ours over DataChain's list-and-save",
            results.each(saved, "seconds") / seconds,
            at_least=3,
        ),
        Ratio(
            "First sync: objects a second, ours over Label Studio's sync",
            results.each(synced, "seconds") / seconds,
            at_least=300,
        ),
    ]


def _flat(results: Results, scale: Scale) -> list[Ratio]:
    """How much a cost for each object differs between sizes."""
    found = []
    for task, name, words in (
        *((task, "cpu", f"CPU time, {words}") for task, words in TASKS.items()),
        ("first", "database_bytes", "Bytes of the database"),
    ):
        each = [results.each(Cell(OURS, task, size), name) for size in (*scale.sizes, scale.large)]
        value = nan if any(map(isnan, each)) else max(each) / min(each)
        sentence = f"{words}, for an object: highest over lowest, {scale.sizes[0]:,} to {scale.large:,} objects"
        found.append(Ratio(sentence, value, at_most=1.2))
    return found
