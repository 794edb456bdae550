"""Who holds the locks of the operating system on a file, told without taking one wherever the system tells."""

import fcntl
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LOCKS = Path("/proc/locks")
SHARED_BYTES = 0x40000002
"""Where in a database file SQLite has its readers lock; who locks it for writing keeps all others out."""
UNSEEN = 0
"""The process that holds a lock, where it is known only that one does."""
WRITER_BYTE = 120
"""Where in its shared memory (``-shm``) SQLite has the one writer lock."""
LONG_WRITE = 3.0
"""Seconds for which nobody of ours writes without a gap."""
GAP_LOOK = 0.001
"""Seconds between two looks for such a gap, which is a few milliseconds long."""
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

    def covers(self, byte: int) -> bool:
        """Whether a byte of the file is among those that are locked."""
        return self.first <= byte and (self.last is None or self.last >= byte)


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


def writer(database: Path) -> int | None:
    """The process that keeps all others from writing to a database, for longer than ours do; None if nobody does."""
    shared = database.with_name(f"{database.name}-shm")
    deadline = time.monotonic() + LONG_WRITE
    while shared.exists():
        found = next((lock.process for lock in _locks(shared) if lock.is_exclusive and lock.covers(WRITER_BYTE)), None)
        if found is None or time.monotonic() > deadline:
            return found
        time.sleep(GAP_LOOK)
    return None


def is_stopped(process: int) -> bool:
    """Whether a process was told to stop, and not yet to go on."""
    status = Path(f"/proc/{process}/stat")
    return status.is_file() and status.read_text("utf-8", errors="replace").rpartition(")")[2].split()[0] in {"T", "t"}


def _keeps(lock: Lock) -> bool:
    return lock.kind == "POSIX" and lock.is_exclusive and lock.covers(SHARED_BYTES)


def _locks(file: Path) -> Iterator[Lock]:
    """Locks on a file that processes hold, as far as this system lists them."""
    if not LOCKS.is_file():
        return
    name = _name(file)
    for line in LOCKS.read_text("ascii").splitlines():
        _, kind, *rest = line.split()
        if kind == "->":  # whoever only waits for a lock
            continue
        _, mode, process, place, first, last = rest
        if place == name:
            yield Lock(kind, mode == "WRITE", int(process), int(first), None if last == "EOF" else int(last))


def _name(file: Path) -> str:
    """How the system lists a file: its disk, and its number there."""
    # Opened as a path only: closing a file for good lets go of the locks that SQLite holds on it in this process.
    opened = os.open(file, os.O_PATH | os.O_CLOEXEC)
    try:
        status = os.fstat(opened)
        described = Path(f"/proc/self/fdinfo/{opened}").read_text("ascii")
    finally:
        os.close(opened)
    mount = described.partition("mnt_id:")[2].split()[0]
    # Some file systems (btrfs) show another device in a file's status than the one they are mounted as.
    mounts = (line.split(" ", 3) for line in Path("/proc/self/mountinfo").read_text("utf-8", "replace").splitlines())
    shown = f"{os.major(status.st_dev)}:{os.minor(status.st_dev)}"
    major, minor = next((device for id_, _, device, _ in mounts if id_ == mount), shown).split(":")
    return f"{int(major):02x}:{int(minor):02x}:{status.st_ino}"
