"""How far runs are: asked of the server, measured, and drawn as a bar."""

import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Never

from bucketlink.client.bars import Undrawn, progress_bar
from bucketlink.client.graphql.queries import RUNS
from bucketlink.client.graphql.wire import Wire
from bucketlink.client.types import Activity, DifferenceTypeName, Observer, Progress, RunKindName, RunRow

if TYPE_CHECKING:
    from tqdm.std import tqdm

STILL = 10.0
"""Seconds without anything done after which no rate is told any more."""
LATEST = 20
"""Runs of a connection that are looked at; of those under way there are few."""
UNFINISHED = frozenset({"QUEUED", "RUNNING"})

_WAITING = "{desc} …"
_UNKNOWN = "{desc}: {n:,}{unit} [{elapsed}, {rate_noinv_fmt}]"
_KNOWN = "{desc} |{bar}| {n:,}/{total:,}{unit} [{elapsed}<{remaining}, {rate_noinv_fmt}]"

ACTIVITIES: dict[RunKindName, Activity] = {
    "CHECK": "checking",
    "COMPUTE": "computing",
    "APPLY": "applying",
    "UNDO": "undoing",
    "REMOVE": "removing",
}


def newest_runs(wire: Wire, connection_id: str | None) -> list[RunRow]:
    """Answer the newest runs of a connection, newest first."""
    rows: list[RunRow] = wire.ask_runs(RUNS, where={"connectionId": connection_id}, first=LATEST, skip=0)
    return rows


def newest(rows: list[RunRow], kind: RunKindName, type_: DifferenceTypeName | None) -> RunRow | None:
    """Choose the newest of some runs that is of a kind and, for APPLY, of a type."""
    return next((row for row in rows if row["kind"] == kind and row["types"] == ([type_] if type_ else [])), None)


class Meter:
    """Makes `Progress` of one look at a run after the other.

    The rate is the server's. Where that knows none, as of a run that was interrupted, it is what the looks saw.
    """

    def __init__(self) -> None:
        self._run = ""
        self._last = 0
        self._moved = 0.0
        self._measured_from: tuple[float, int] | None = None

    def __call__(self, run: RunRow, rows: list[RunRow]) -> Progress:
        """Tell how far a run is; ``rows`` are the newest of its connection, among which there may be what it awaits."""
        counts = run["summary"]
        done = run["objects"] if run["kind"] == "COMPUTE" else counts["total"] + counts["changed"]
        rate = self._rate(run, done)
        if run["state"] == "QUEUED":
            before = next((row for row in rows if row["state"] == "RUNNING"), None)
            return Progress("waiting", 0, behind=before and before["id"])
        return Progress(ACTIVITIES[run["kind"]], done, run["expected"], run["share"], rate)

    def _rate(self, run: RunRow, done: int) -> float | None:
        moment = time.monotonic()
        if run["id"] != self._run or done < self._last:
            self._run, self._moved, self._measured_from = run["id"], moment, None
        elif done > self._last:
            self._moved = moment
            # Before it moved for the first time, it may have waited for somebody to take it up.
            self._measured_from = self._measured_from or (moment, done)
        self._last = done
        if moment - self._moved > STILL:
            return None
        since, first = self._measured_from or (moment, done)
        return run["rate"] or ((done - first) / (moment - since) if done > first else None)


@contextmanager
def bar(wire: Wire, *, shown: bool | Observer | None) -> Generator[Observer | None, None, None]:
    """Draw a progress bar on standard error; ``shown`` is None for as the client was told, or where somebody looks.

    Gives what to call with the progress, or None where there is no bar. Where ``shown`` is to be called itself, that is
    given, and nothing is drawn.
    """
    if callable(shown):
        yield shown
        return
    hidden = wire.hides_bars(None if shown is None else not shown)
    with progress_bar(disable=hidden, leave=False, bar_format=_WAITING, desc="Starting") as drawn:
        yield None if isinstance(drawn, Undrawn) else _Bar(drawn)


class _Bar:
    def __init__(self, drawn: "tqdm[Never]") -> None:
        self._drawn = drawn
        self._activity = ""

    def __call__(self, progress: Progress) -> None:
        drawn, title, total = self._drawn, progress.title, None
        if progress.expected and progress.share is not None and progress.done <= progress.expected:
            title, total = f"{title} {int(progress.share * 100)}%", progress.expected
        drawn.bar_format = _WAITING if progress.activity == "waiting" else _UNKNOWN if total is None else _KNOWN
        drawn.unit = " objects" if progress.activity == "computing" else " assets"
        drawn.total = total
        drawn.set_description_str(title, refresh=False)
        if progress.activity != self._activity or progress.done < drawn.n:
            # The bar's rate is of what is seen from here on.
            drawn.reset()
            drawn.initial = progress.done
            self._activity = progress.activity
        drawn.n = progress.done
        drawn.refresh()
