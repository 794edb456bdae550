"""Helper processes, seen from who has started them."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection

from bucketlink.buckets.fetching import Order, Reply
from bucketlink.buckets.permits import Permitted
from bucketlink.model import Access, BucketAddress, Credentials

MOST_HELPERS = 3
"""Helpers of one listing: what they bring, one process has to take."""
ALLOCATION = {"MALLOC_MMAP_THRESHOLD_": str(32 << 20), "MALLOC_TRIM_THRESHOLD_": str(128 << 20)}
"""Lets glibc keep the room of one page for the next, which else costs as much as a tenth of decoding it."""


@dataclass(frozen=True, slots=True)
class Source:
    """A bucket, and all that it takes to read it; what `bucketlink.buckets.open_bucket` takes."""

    address: BucketAddress
    access: Access
    credentials: Credentials
    permitted: Permitted
    found_region: str | None = None


READY = True
"""What a helper says when it has opened the bucket."""


class HelperEnded(Exception):
    """A helper process has ended, and will not answer what it was asked."""


class Helper:
    """One helper process; takes orders as `bucketlink.buckets.fetching.Threads` does.

    Where it ends, orders that it did not answer are answered with `HelperEnded`.

    Raises:
        OSError: no process can be started.

    """

    def __init__(self, source: Source, tell: Callable[[Reply], object]) -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-m", "bucketlink.buckets.helper", str(theirs.fileno())],
                env={**ALLOCATION, **_environment()},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
            self._socket = Connection(ours.detach())
        self._tell = tell
        self._lock = threading.Lock()
        self._unanswered: dict[int, Order] = {}
        self._is_ready = False
        self._ended = False
        self._send(source)
        threading.Thread(target=self._listen, name="listing-helper", daemon=True).start()

    @property
    def is_there(self) -> bool:
        """Whether it has started, and still takes orders."""
        return self._is_ready and not self._ended

    @property
    def under_way(self) -> int:
        """Orders that it has not answered."""
        return len(self._unanswered)

    def send(self, order: Order) -> None:
        """Have a page asked for."""
        with self._lock:
            ended = self._ended
            if not ended:
                self._unanswered[order.number] = order
                self._send(order)
        if ended:
            self._tell(Reply(order.number, None, HelperEnded()))

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()

    def _send(self, thing: Source | Order) -> None:
        try:
            self._socket.send(thing)
        except OSError:
            self._process.kill()  # who listens learns of it

    def _listen(self) -> None:
        try:
            self._is_ready = self._socket.recv() is READY
            while True:
                reply: Reply = self._socket.recv()
                with self._lock:
                    del self._unanswered[reply.number]
                self._tell(reply)
        except (EOFError, OSError):
            with self._lock:
                self._ended = True
                unanswered, self._unanswered = self._unanswered, {}
                self._socket.close()
            for number in unanswered:
                self._tell(Reply(number, None, HelperEnded()))


def most_helpers() -> int:
    """How many helpers this machine has cores for, one core left for who takes what they bring."""
    return min(len(os.sched_getaffinity(0)) - 1, MOST_HELPERS)


def _environment() -> dict[str, str]:
    """What a helper needs of the environment: ours may hold secrets, and it is told all that it has to know."""
    return {name: value for name, value in os.environ.items() if not name.startswith("BUCKETLINK_")}
