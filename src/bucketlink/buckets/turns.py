"""Work on answers one at a time, however many are waited for side by side.

Threads that compute side by side gain nothing, since the interpreter lets one run at a time; what they lose is the time
in which it goes from one to the other, several times for each answer, with a sleeping thread to wake at each.
"""

import fcntl
import select
import socket
import struct
import termios
import threading
from collections.abc import Iterator
from contextlib import contextmanager

TAIL_BYTES = 32 << 10
"""How much of an answer's body may have been read together with its headers, or be still to come."""
PATIENCE_MS = 50
"""How long to wait for a body as a whole. One that takes longer is read as it comes."""


class Turns:
    """Hands out the one turn of those who work on answers. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._here = threading.local()

    @contextmanager
    def offered(self) -> Iterator[None]:
        """Let this thread `take` the turn in this block, which gives it back."""
        self._here.is_offered = True
        try:
            yield
        finally:
            self._here.is_offered = False
            self.give_back()

    @property
    def is_offered(self) -> bool:
        """Whether this thread is where turns are taken."""
        return getattr(self._here, "is_offered", False)

    def take(self) -> None:
        """Wait for the turn; at once where this thread has it, or none is offered to it."""
        if self.is_offered and not getattr(self._here, "has_it", False):
            self._lock.acquire()
            self._here.has_it = True

    def give_back(self) -> None:
        """Let another have the turn, if this thread has it."""
        if getattr(self._here, "has_it", False):
            self._here.has_it = False
            self._lock.release()


def has_come(connection: socket.socket, size: int) -> bool:
    """Wait, for `PATIENCE_MS` at most, until a body of so many bytes lies ready but for `TAIL_BYTES`; whether it does.

    The system wakes this thread once for all of it, and not for every part.
    """
    if size <= TAIL_BYTES:
        return False
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, size - TAIL_BYTES)
    try:
        waiting = select.poll()
        waiting.register(connection, select.POLLIN)
        # It is woken earlier where the system has no room for all of it, and by the end of what comes.
        return bool(waiting.poll(PATIENCE_MS)) and _lying_ready(connection) >= size - TAIL_BYTES
    finally:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)


def _lying_ready(connection: socket.socket) -> int:
    (count,) = struct.unpack("i", fcntl.ioctl(connection, termios.FIONREAD, b"\0" * struct.calcsize("i")))
    return int(count)
