"""The first pages of the ranges that come next, asked for while the ones before are worked on.

Of a selection of many small folders each is one page: waiting for one answer after the other would be nearly all that
there is to do.
"""

import time
from collections.abc import Iterable
from concurrent.futures import Future
from itertools import count

from bucketlink.buckets.fetching import Order, Reply, Threads
from bucketlink.buckets.listing import Scope
from bucketlink.buckets.protocol import PageReader

MOST_AHEAD = 24
"""First pages that are asked for, or wait to be taken, at once."""
SMALL_SECONDS = 0.5
"""How long a range takes at most, for others like it to be expected behind it."""


class Firsts:
    """Asks for first pages ahead: for more of them each time that a range took little, for none behind a large one.

    Args:
        reader: reads the bucket, by many threads at once.
        scopes: what will be listed, in this order.

    """

    def __init__(self, reader: PageReader, scopes: Iterable[Scope]) -> None:
        self._scopes = list(scopes)
        self._places = {scope: place for place, scope in enumerate(self._scopes)}
        self._next = 0
        self._replies: dict[int, Future[Reply]] = {}
        self._asked: dict[Scope, Future[Reply]] = {}
        self._numbers = count()
        self._ahead = 0
        self._taken_at = time.monotonic()
        self._threads = Threads(reader, self._tell)

    def take(self, scope: Scope) -> "Future[Reply] | None":
        """The first page of what is listed now, if it was asked for; the next ones are then."""
        now = time.monotonic()
        if now - self._taken_at < SMALL_SECONDS:
            self._ahead = min(2 * self._ahead + 1, MOST_AHEAD)
        else:
            self._ahead = 0
            self._asked.clear()  # what came that long ago may not be so any more
        self._taken_at = now
        first = self._asked.pop(scope, None)
        self._next = max(self._next, self._places.get(scope, -1) + 1)
        while self._next < len(self._scopes) and len(self._asked) < self._ahead:
            self._ask(self._scopes[self._next])
            self._next += 1
        return first

    def close(self) -> None:
        """Ask for nothing more."""
        self._threads.close()

    def _ask(self, scope: Scope) -> None:
        number = next(self._numbers)
        self._asked[scope] = self._replies[number] = Future()
        self._threads.send(Order(number, scope.prefix, scope.root_files, scope.after, None))

    def _tell(self, reply: Reply) -> None:
        self._replies.pop(reply.number).set_result(reply)
