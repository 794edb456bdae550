"""The report of a benchmark: a page of Markdown and a chart beside it, of measured numbers alone."""

from collections.abc import Iterable, Sequence
from math import isnan
from pathlib import Path

from tests.bench.chart import Bar, Panel, svg
from tests.bench.peers.environments import PEERS
from tests.bench.plan import BARE, Scale
from tests.bench.ratios import PLATFORMS, TASKS, Ratio, ratios
from tests.bench.results import OURS, Cell, Results

LABELS = {OURS: "Bucketlink", BARE: "SQLite alone", **{peer.name: peer.label for peer in PEERS}}
WORDS = {
    **TASKS,
    "diff": "list and compare, nothing changed",
    "save": "list and save",
    "stream": "one sequential stream",
    "bare": "the same rows, written by SQLite alone",
}
VERDICTS = {True: "yes", False: "**no**", None: ""}

PAGE = """\
# Benchmarks

Written by `make bench`; no number in it is by hand. To run it again: `make bench` (about 40 minutes, 8 GB);
`make bench-quick` (5 minutes, less of everything, and a report of its own in `.cache/bench`); and
`make bench-label-studio`, which installs Label Studio and adds it to the last report.

Measured on one machine, one thing after the other: {machine}.

![CPU time and time on the clock, side by side]({chart})

## What it must show

{ratios}

## Listing, and what peers do

No latency. CPU time is of all processes of the task, without start-up; memory is the peak of the proportional set size
of all of them. Peers are measured on fewer objects, and told for each.

{listings}

## Synchronizing, by size

S3, no latency. A first sync computes differences and applies them; the database's size is that after it.

{syncs}

## With latency

S3; every answer comes so many milliseconds after its request, however many are under way. What one sequential stream
takes is measured on {stream_pages} pages. Of first syncs, the comparison is without applying.

{latencies}

## How it is measured

- The bucket is `tests/bench/server.py`: one thread that cuts pages out of rows rendered before, so that any page costs
  the same. It speaks the listings of S3, Google Cloud Storage and Azure, with rows as the platforms send them: 1,000,
  5,000 and 5,000 to a page, and 1,000 of Google's where all fields are asked for.
- Keys have about 60 characters. Where no layout is named it is `dates`; `tests/bench/layouts.py` has all of them.
- Client and server share the machine's cores, so ratios are of CPU time where there is no latency.
- Each number is of a process of its own. CPU time is what the task itself takes, with every process that it starts;
  imports and opening are left out, for peers too. Memory is looked at ten times a second, from outside.
- Peers are asked for what they do best, and for no more: DataChain not for versions, Label Studio without its crash
  reporting, rclone with `--fast-list`; `tests/bench/peers` has each, with its versions pinned.
- Up to a million objects ours are the medians of {rounds} rounds, but for 1 % changed; all else is measured once.
- What SQLite alone writes are the same differences and assets, with their index: rows prepared beforehand,
  `executemany`, the same settings, transactions of 20,000 rows.
- Found differences are checked in every round by their number, and at the largest size, one by one, against `sort`,
  `comm` and `cut` on lists of keys and etags.
"""


def write(results: Results, scale: Scale, path: Path) -> None:
    """Write the report, and its chart under the same name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page(results, scale, f"{path.stem}.svg"), "utf-8")
    path.with_suffix(".svg").write_text(svg(panels(results, scale)), "utf-8")


def page(results: Results, scale: Scale, chart: str) -> str:
    """The report as Markdown."""
    return PAGE.format(
        machine=", ".join(f"{name} {value}" for name, value in results.machine.items()),
        chart=chart,
        ratios=_ratios(ratios(results, scale)),
        listings=_table(results, [cell for cell in results if cell.latency == 0 and _is_listing(cell)]),
        syncs=_table(results, [cell for cell in results if cell.latency == 0 and _is_sync(cell)]),
        stream_pages=f"{scale.stream_pages:,}",
        latencies=_latency_table(results),
        rounds=scale.rounds,
    )


def panels(results: Results, scale: Scale) -> list[Panel]:
    """What the chart shows."""
    listings = [
        Panel(
            f"{name}: CPU time to list, microseconds for an object",
            sorted((_cpu_bar(results, cell) for cell in _shown(results, platform, scale)), key=lambda bar: bar.value),
        )
        for platform, name in PLATFORMS.items()
    ]
    size = scale.sizes[-1]
    slow = scale.latencies[-1]
    timed = [cell for cell in results.find(who=OURS, objects=size, latency=slow) if cell.task != "list"]
    bars = [_seconds_bar(results, cell, size) for cell in timed]
    return [*listings, Panel(f"Seconds to list and compare {size:,} objects, {slow} ms of latency a page", bars)]


def _shown(results: Results, platform: str, scale: Scale) -> list[Cell]:
    """Who lists on a platform: of ours, at one size."""
    cells = results.find(task="list", platform=platform, latency=0)
    return [cell for cell in cells if cell.who != OURS or cell.objects == scale.sizes[-1]]


def _cpu_bar(results: Results, cell: Cell) -> Bar:
    value = results.each(cell, "cpu")
    return Bar(LABELS[cell.who], value, _number(value), is_ours=cell.who == OURS)


def _seconds_bar(results: Results, cell: Cell, size: int) -> Bar:
    if cell.task == "stream":
        seconds = results.each(cell, "seconds") * size / 1e6
    else:
        seconds = results.value(cell, "compute_seconds" if cell.task == "first" else "seconds")
    label = (
        f"first sync, {cell.layout}" if cell.task == "first" else WORDS[cell.task].removeprefix("list and compare, ")
    )
    return Bar(label, seconds, f"{_number(seconds)} s", is_ours=cell.task != "stream")


def _is_listing(cell: Cell) -> bool:
    return cell.task == "list" or cell.who not in {OURS, BARE}


def _is_sync(cell: Cell) -> bool:
    return cell.who in {OURS, BARE} and cell.task not in {"list", "stream"}


def _ratios(all_: Sequence[Ratio]) -> str:
    rows = [(ratio.sentence, ratio.bound, ratio.shown, VERDICTS[ratio.holds]) for ratio in all_]
    return _rows(("what", "wanted", "measured", "holds"), rows)


def _table(results: Results, cells: Iterable[Cell]) -> str:
    rows = []
    for cell in sorted(cells, key=lambda cell: (list(PLATFORMS).index(cell.platform), list(WORDS).index(cell.task))):
        version = results.version(cell.who)
        rows.append(
            (
                f"{LABELS[cell.who]} {version}".rstrip(),
                PLATFORMS[cell.platform],
                WORDS[cell.task],
                f"{cell.objects:,}",
                _number(1e6 / results.each(cell, "seconds")),
                _number(results.each(cell, "cpu")),
                f"{results.highest(cell, 'pss') / 1e6:,.0f}",
                _optional(results, cell, "database_bytes"),
            )
        )
    head = ("who", "platform", "task", "objects", "objects/s", "CPU µs each", "peak MB", "database bytes each")
    return _rows(head, rows)


def _latency_table(results: Results) -> str:
    rows = []
    for cell in results:
        if cell.latency and cell.who == OURS:
            compared = "compute_seconds" if cell.task == "first" else "seconds"
            rows.append(
                (
                    WORDS[cell.task],
                    cell.layout,
                    str(cell.latency),
                    _number(1e6 / results.each(cell, compared)),
                    _number(results.value(cell, compared)),
                    _number(results.value(cell, "seconds")),
                    f"{results.highest(cell, 'requests'):,.0f}",
                    f"{results.highest(cell, 'pss') / 1e6:,.0f}",
                )
            )
    head = ("task", "layout", "ms", "objects/s to compare", "s to compare", "s in all", "requests", "peak MB")
    return _rows(head, rows)


def _optional(results: Results, cell: Cell, name: str) -> str:
    """A number for each object, if it was measured of this task."""
    value = results.each(cell, name) / 1e6
    return "" if isnan(value) else f"{value:,.0f}"


def _rows(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
