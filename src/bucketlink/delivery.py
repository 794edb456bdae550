"""How queued runs come to be done. The queue itself is in the database; this only sees to it that somebody works."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Protocol

from bucketlink.home import lock_of
from bucketlink.logs import LOG_LEVEL, Logger
from bucketlink.settings import Settings

WATCH = 0.05
"""Seconds between two looks at the worker."""
FIRST_DELAY, LAST_DELAY = 0.2, 10.0
"""Seconds before a worker that failed is started again; doubled each time."""

log = Logger("bucketlink.delivery")


class Delivery(Protocol):
    """Sees to it that queued runs are done."""

    def deliver(self) -> None:
        """There may be new runs."""
        ...

    def close(self) -> None:
        """Stop delivering; what is queued stays queued."""
        ...


class Embedded:
    """One worker process for a data directory, started when there is work and nobody else runs the directory's jobs."""

    def __init__(
        self,
        settings: Settings,
        *,
        log_level: str = "WARNING",
        runs_at_once: int | None = None,
        on_change: Callable[[bool], None] | None = None,
    ) -> None:
        """Deliver for a data directory.

        Args:
            settings: which one.
            log_level: what the worker logs, unless the environment says otherwise.
            runs_at_once: how many runs it works on at once; None for as many as is usual.
            on_change: told, in a thread of its own, whether the worker is ours, first and whenever that changes.

        """
        self._settings = settings
        self._log_level = log_level
        self._arguments = [] if runs_at_once is None else [str(runs_at_once)]
        self._on_change = on_change
        self._told: bool | None = None
        self._lock = lock_of(settings)
        self._closed = threading.Event()
        self._guard = threading.Lock()
        self._thread: threading.Thread | None = None

    def deliver(self) -> None:
        """Watch over the directory from now on: where there is no worker, start one."""
        with self._guard:
            if self._thread is None and not self._closed.is_set():
                self._thread = threading.Thread(target=self._watch, name="bucketlink-worker", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """End our worker, if it is ours."""
        self._closed.set()
        # Who is closed by the garbage collector may be so in any thread.
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()

    def _watch(self) -> None:
        worker: subprocess.Popen[bytes] | None = None
        delay, started = FIRST_DELAY, 0.0
        while not self._closed.wait(WATCH):
            try:
                if worker is not None and worker.poll() is not None:
                    failed = worker.returncode != 0
                    _reap(worker)
                    worker = None
                    if failed:
                        if time.monotonic() - started > LAST_DELAY:
                            delay = FIRST_DELAY
                        log.warning("the worker ended unexpectedly; it is started again", seconds=delay)
                        self._closed.wait(delay)
                        delay = min(delay * 2, LAST_DELAY)
                if worker is None and not self._closed.is_set() and self._lock.is_free():
                    worker, started = self._start(), time.monotonic()
            except OSError as error:
                log.warning("no worker can be started for now", error=str(error), seconds=delay)
                self._closed.wait(delay)
                delay = min(delay * 2, LAST_DELAY)
            self._tell(is_ours=worker is not None)
        if worker is not None:
            worker.kill()
            _reap(worker)

    def _tell(self, *, is_ours: bool) -> None:
        if self._on_change is not None and self._told is not is_ours:
            self._told = is_ours
            try:
                self._on_change(is_ours)
            except Exception:
                # Whoever is told may fail; the jobs go on.
                log.exception("it cannot be told who does the jobs")

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", "bucketlink.worker", *self._arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            env={LOG_LEVEL: self._log_level, **self._settings.environment()},
            start_new_session=True,
        )


def _reap(worker: subprocess.Popen[bytes]) -> None:
    if worker.stdin is not None:
        worker.stdin.close()
    worker.wait()
