"""Waiting for a run to end."""

import math
import time
from collections.abc import Generator

from bucketlink.client.checks import checked
from bucketlink.client.connections import synchronize
from bucketlink.client.connections.failing import failure
from bucketlink.client.connections.progress import UNFINISHED, Meter, bar, newest_runs
from bucketlink.client.graphql.queries import RUN
from bucketlink.client.graphql.wire import Wire
from bucketlink.client.types import Observer, RunRow
from bucketlink.errors import InvalidInput, StillRunning
from bucketlink.ids import Noun


class Waiting:
    """The method that waits."""

    _wire: Wire

    @checked
    def wait(self, run_id: str, *, progress: bool | Observer | None = None, timeout: float | None = None) -> RunRow:
        """Wait until a run has ended, and answer it as it then stands.

        Args:
            run_id: the run, of any kind; one that has ended long ago is answered at once.
            progress: True for a progress bar, False for none, None for one on terminals and in notebooks only; or
                what to call with a `bucketlink.client.types.Progress`, about once a second.
            timeout: seconds to wait at most; None for as long as it takes.

        Raises:
            BucketError, Conflict: it failed so, or of another kind of error; ``run`` is how it ended.
            RunFailed: it was cancelled, or failed as nobody expected; ``run`` is how it ended.
            StillRunning: it has not ended in time. It goes on, and can be waited for again.
            NotFound: there is no such run.
            InvalidInput: a negative timeout.
            TypeError: an argument of another type.

        Example:
            >>> client.wait(client.undo("run7", wait=False)["id"], timeout=600)["left"]  # doctest: +SKIP
            0

        """
        if timeout is not None and not timeout >= 0:
            raise InvalidInput(f"timeout must be 0 or more seconds, or None; it is {timeout}.")
        with bar(self._wire, shown=progress) as observe:
            return ended(self._wire, run_id, observe, timeout)


def ended(wire: Wire, run_id: str, observe: Observer | None, timeout: float | None = None) -> RunRow:
    """Wait until a run has ended well, as `Waiting.wait`; ``observe`` is told of every look, the last one included."""
    meter = Meter()
    for run in looks(wire, run_id, timeout):
        if observe is not None:
            is_behind = run["state"] == "QUEUED" and run["connectionId"] is not None
            observe(meter(run, newest_runs(wire, run["connectionId"]) if is_behind else []))
    if run["state"] != "SUCCEEDED":
        raise failure(run)
    return run


def looks(wire: Wire, run_id: str, timeout: float | None = None) -> Generator[RunRow, None, None]:
    """Look at a run until it has ended, once a second in the end; raises StillRunning after ``timeout`` seconds."""
    deadline = time.monotonic() + (math.inf if timeout is None else timeout)
    pause = synchronize.FIRST_WAIT
    while True:
        run = look(wire, run_id)
        yield run
        if run["state"] not in UNFINISHED:
            return
        left = deadline - time.monotonic()
        if left <= 0:
            raise StillRunning(
                f"Run {run['id']} has not ended within {timeout:g} s. It goes on: wait({run['id']!r}) waits again, "
                f"cancel({run['id']!r}) ends it.",
                run,
            )
        time.sleep(min(pause, left))
        pause = min(pause * 1.5, synchronize.LAST_WAIT)


def look(wire: Wire, run_id: str) -> RunRow:
    """Answer one run as it stands; raises NotFound."""
    found: RunRow | None = wire.ask_runs(RUN, where={"id": run_id})
    if found is None:
        raise Noun.RUN.absent(run_id)
    return found
