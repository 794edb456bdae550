"""Single requests of a listing, made side by side: by threads here, or by those of a helper process."""

import queue
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from bucketlink.buckets.order import UNSORTED, Disorder, ascends
from bucketlink.buckets.packed import packed
from bucketlink.buckets.plan import Fetched
from bucketlink.buckets.protocol import PageReader

SAMPLES = 3
"""How many keys of a page are told apart, to learn from."""


@dataclass(frozen=True, slots=True)
class Order:
    """One page that is wanted; ``number`` tells its reply from others."""

    number: int
    prefix: str
    root_files: bool
    after: str | None
    token: Hashable


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of an order: a page, or the error that asking ended with.

    ``seconds`` it took on the clock, ``busy`` of them computing.
    """

    number: int
    fetched: Fetched | None
    error: Exception | None = None
    seconds: float = 0.0
    busy: float = 0.0


def fetch(reader: PageReader, order: Order) -> Reply:
    """Ask for one page."""
    began, busy = time.monotonic(), time.thread_time()
    fetched, failure = None, None
    try:
        listed = reader.listed(prefix=order.prefix, after=order.after, root_files=order.root_files, token=order.token)
        keys = listed.page.keys
        if not ascends(keys, order.after):
            raise Disorder(UNSORTED)  # noqa: TRY301 - as any other failure of this page
        every = max(len(keys) // SAMPLES, 1)
        fetched = Fetched(
            packed(listed.page), listed.token, tuple(keys[every::every]), listed.began_before, listed.returned
        )
    except Exception as error:  # noqa: BLE001 - raised where the page is waited for
        failure = error
    return Reply(order.number, fetched, failure, time.monotonic() - began, time.thread_time() - busy)


class Threads:
    """Takes orders, and hands every reply to ``tell``, from as many threads as there are orders under way."""

    def __init__(self, reader: PageReader, tell: Callable[[Reply], object]) -> None:
        self._reader = reader
        self._tell = tell
        self._orders: queue.SimpleQueue[Order | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._idle = 0
        self._count = 0

    def send(self, order: Order) -> None:
        """Have a page asked for."""
        with self._lock:
            if self._idle:
                self._idle -= 1
            else:
                self._count += 1
                threading.Thread(target=self._run, name=f"listing-{self._count}", daemon=True).start()
        self._orders.put(order)

    def close(self) -> None:
        """Let the threads end when they have nothing more to do; nobody waits for them."""
        for _ in range(self._count):
            self._orders.put(None)

    def _run(self) -> None:
        while (order := self._orders.get()) is not None:
            reply = fetch(self._reader, order)
            with self._lock:
                self._idle += 1
            self._tell(reply)
