"""The process that runs the jobs of a data directory: ``python -m bucketlink.worker [RUNS_AT_ONCE]``.

It takes the directory's lock, or ends at once if another holds it. It ends with whoever started it: when its standard
input closes. It may be killed at any instant; what it was at is taken up again, from its cursors, by the next one.
"""

import os
import shutil
import sys
import threading
import time
from collections.abc import Sequence

from sqlalchemy.exc import SQLAlchemyError

from bucketlink import jobs
from bucketlink.buckets.order import SPOOL_PREFIX
from bucketlink.errors import BucketlinkError
from bucketlink.home import Home, lock_of, make_directories, open_home, scratch_of
from bucketlink.logs import Logger, log_to_stderr
from bucketlink.settings import read_settings
from bucketlink.store import runs
from bucketlink.store.database import explain
from bucketlink.store.runs import Claim

RUNS_AT_ONCE = 4
LOOK = 0.02
"""Seconds between two looks at whether the database has changed."""
LOOK_ANYWAY = 2.0
"""Seconds after which the queue is looked at even so."""
TIDY_EVERY = 1.0
TRY_AGAIN = 1.0
"""Seconds between two attempts at a database that takes nothing."""

log = Logger("bucketlink.worker")


class Worker:
    """Takes queued runs, a few at a time, each in a thread of its own.

    Computations leave room for one run of another kind, so that slow buckets hold up no checks and applications.
    """

    def __init__(self, home: Home, runs_at_once: int = RUNS_AT_ONCE) -> None:
        self._home = home
        self._room = threading.Semaphore(runs_at_once)
        self._computations = max(1, runs_at_once - 1)
        self._ended = threading.Event()

    def run(self) -> None:
        """Go on for ever."""
        with self._home.database.write() as tx:
            runs.requeue(tx)
        changes = _Changes(self._home)
        tidied = 0.0
        while True:
            try:
                if self._start_next():
                    continue
                if time.monotonic() - tidied > TIDY_EVERY and not jobs.tidy(self._home):
                    tidied = time.monotonic()
            except SQLAlchemyError as error:
                log.warning("the database is out of reach for now", error=explain(error))
                time.sleep(TRY_AGAIN)
            changes.wait(self._ended)

    def _start_next(self) -> bool:
        if not self._room.acquire(blocking=False):
            return False
        claim = None
        try:
            claim = jobs.take(self._home, self._computations)
        finally:
            if claim is None:
                self._room.release()
        if claim is None:
            return False
        threading.Thread(target=self._perform, args=(claim,), name=f"run-{claim.run.id}", daemon=True).start()
        return True

    def _perform(self, claim: Claim) -> None:
        while True:
            try:
                jobs.perform(self._home, claim)
            except SQLAlchemyError as error:
                # Not even that the run failed could be written down. The claim is still ours: go on with it.
                log.warning("a run waits for the database", run=claim.run.id, error=explain(error))
                time.sleep(TRY_AGAIN)
            except BaseException:
                log.exception("the worker ends, for its runs to be taken up by another", run=claim.run.id)
                os._exit(1)
            else:
                break
        self._room.release()
        self._ended.set()


class _Changes:
    """Waits until another connection has written to the database, a run here has ended, or some time has passed."""

    def __init__(self, home: Home) -> None:
        self._connection = home.database.engine.raw_connection()
        self._seen = self._version()

    def _version(self) -> int:
        cursor = self._connection.cursor()
        try:
            return int(cursor.execute("PRAGMA data_version").fetchone()[0])
        finally:
            cursor.close()

    def wait(self, ended: threading.Event) -> None:
        deadline = time.monotonic() + LOOK_ANYWAY
        while time.monotonic() < deadline:
            if ended.wait(LOOK):
                ended.clear()
                return
            version = self._version()
            if version != self._seen:
                self._seen = version
                return


def _end_with_parent() -> None:
    def watch() -> None:
        # Not through sys.stdin, whose lock a thread that waits in it would hold when the interpreter ends.
        while os.read(0, 1):
            pass
        os._exit(0)

    threading.Thread(target=watch, name="parent", daemon=True).start()


def main(arguments: Sequence[str] = ()) -> int:
    """Run jobs until the standard input closes; returns 0 at once if another process runs them."""
    log_to_stderr()
    try:
        settings = read_settings()
        make_directories(settings)
        lock = lock_of(settings)
        if not lock.acquire():
            return 0
        _end_with_parent()
        for left_behind in scratch_of(settings).glob(f"{SPOOL_PREFIX}*"):
            shutil.rmtree(left_behind, ignore_errors=True)
        Worker(open_home(settings, durable=False, lock=lock), *map(int, arguments)).run()
    except BucketlinkError as error:
        log.error("worker cannot start", error=str(error))  # noqa: TRY400 - the sentence says all
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
