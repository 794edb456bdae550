"""Who holds the locks of the operating system on a file, told without taking one wherever the system tells."""

import fcntl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LOCKS = Path("/proc/locks")
SHARED_BYTES = 0x40000002
"""Where in a database file SQLite has its readers lock; who locks it for writing keeps all others out."""
UNSEEN = 0
"""The process that holds a lock, where it is known only that one does."""
MOMENT = 1.0
"""Seconds for which SQLite may keep others out for reasons of its own, with room to spare."""


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock of a kind (``FLOCK``, ``POSIX``) on the bytes of a file from ``first`` to ``last``; None is its end."""

    kind: str
    is_exclusive: bool
    process: int
    first: int
    last: int | None


def holder(file: Path) -> int | None:
    """The process that holds the lock on a whole file, or `UNSEEN`; None if nobody does."""
    if not file.exists():
        return None
    seen = next((lock.process for lock in _locks(file) if lock.kind == "FLOCK"), None)
    if seen is not None:
        return seen
    with file.open("rb") as opened:
        try:
            # For a moment only: who finds it taken just then looks again.
            fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return UNSEEN
    return None


def keeper(database: Path) -> int | None:
    """The process that keeps all others from reading a database, for longer than a moment; None if nobody does."""
    deadline = time.monotonic() + MOMENT
    while True:
        found = next((lock.process for lock in _locks(database) if _keeps(lock)), None)
        if found is None or time.monotonic() > deadline:
            return found
        time.sleep(0.05)


def is_stopped(process: int) -> bool:
    """Whether a process was told to stop, and not yet to go on."""
    status = Path(f"/proc/{process}/stat")
    return status.is_file() and status.read_text("utf-8", errors="replace").rpartition(")")[2].split()[0] in {"T", "t"}


def _keeps(lock: Lock) -> bool:
    covers = lock.first <= SHARED_BYTES and (lock.last is None or lock.last >= SHARED_BYTES)
    return lock.kind == "POSIX" and lock.is_exclusive and covers


def _locks(file: Path) -> Iterator[Lock]:
    """Locks on a file, as far as this system lists them; it names files by their number alone."""
    number = str(file.stat().st_ino)
    for line in LOCKS.read_text("ascii").splitlines() if LOCKS.is_file() else []:
        _, kind, *rest = line.split()
        if rest[0] == "->":  # whoever only waits for a lock
            continue
        _, mode, process, place, first, last = rest
        if place.rpartition(":")[2] == number:
            yield Lock(kind, mode == "WRITE", int(process), int(first), None if last == "EOF" else int(last))
