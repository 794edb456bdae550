"""Waiting for a run to end."""

import math
import time

from bucketlink.client import synchronize
from bucketlink.client.checks import checked, shown
from bucketlink.client.progress import UNFINISHED, Meter, bar, newest_runs
from bucketlink.client.queries import RUN
from bucketlink.client.types import Observer, RunRow
from bucketlink.client.wire import Wire
from bucketlink.errors import InvalidInput, NotFound, RunFailed, StillRunning


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
            RunFailed: it failed, or was cancelled; `run` is how it ended.
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
            run = _wait(self._wire, run_id, observe, timeout)
        if run["state"] != "SUCCEEDED":
            raise RunFailed(run["error"] or f"Run {run['id']} was cancelled.", run)
        return run


def _wait(wire: Wire, run_id: str, observe: Observer | None, timeout: float | None) -> RunRow:
    """Look at a run, seldom in the end, until it has ended."""
    deadline = time.monotonic() + (math.inf if timeout is None else timeout)
    meter, pause = Meter(), synchronize.FIRST_WAIT
    while True:
        run: RunRow | None = wire.ask(RUN, where={"id": run_id})
        if run is None:
            raise NotFound(f"There is no run with id {shown(run_id)}.")
        if run["state"] not in UNFINISHED:
            return run
        if observe is not None:
            is_behind = run["state"] == "QUEUED" and run["connectionId"] is not None
            observe(meter(run, newest_runs(wire, run["connectionId"]) if is_behind else []))
        left = deadline - time.monotonic()
        if left <= 0:
            raise StillRunning(
                f"Run {run['id']} has not ended within {timeout:g} s. It goes on: wait({run['id']!r}) waits again, "
                f"cancel({run['id']!r}) ends it.",
                run,
            )
        time.sleep(min(pause, left))
        pause = min(pause * 1.5, synchronize.LAST_WAIT)
