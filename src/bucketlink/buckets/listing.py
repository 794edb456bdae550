"""Listing a bucket as fast as it answers: in key order, many requests side by side where that is quicker.

How many are under way follows from what an answer costs: so many that this machine has always one to work on. Where
the bucket answers at once that is one, and nothing is spent. Where there is much to do, helper processes share it.
"""

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import count

from bucketlink.buckets.columns import Onward
from bucketlink.buckets.fetching import Order, Reply, Threads
from bucketlink.buckets.helpers import Helper, HelperEnded, Source, most_helpers
from bucketlink.buckets.landmarks import NO_LANDMARKS, Landmarks
from bucketlink.buckets.packed import NOTHING, PackedPage
from bucketlink.buckets.plan import Plan, Stretch
from bucketlink.buckets.protocol import PageReader

BUDGET = 64 << 20
"""Bytes of pages that may wait for those before them."""
SLOW_BUDGET = 28 << 20
"""How many of them, where they are taken more slowly than a bucket gives them that is waited for: beyond, no stretch is
begun."""
AHEAD = 4 << 20
"""Bytes of pages that may wait to be taken."""
MOST_REQUESTS = 48
MUCH_KEYS = 300_000
"""From how many keys on helper processes are worth their start."""
WAITED = 3.0
"""How many times as long as computing takes a bucket must be waited for to count as one that is."""
TAKEN_SLOWLY = 0.25
"""Share of the time in which there is no room for pages, from which on who takes them is the slower one."""
QUIET_SECONDS = 0.25
"""After how long without a page that is said."""
FEW, RECENT = 4, 16
"""Answers by which is judged how long the bucket takes, at least and at most."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What of a bucket is listed, as `bucketlink.buckets.protocol.BucketReader.pages` takes it."""

    prefix: str = ""
    after: str | None = None
    root_files: bool = False


def listing(
    reader: PageReader,
    scope: Scope,
    *,
    source: Source | None = None,
    landmarks: Landmarks = NO_LANDMARKS,
    first: Future[Reply] | None = None,
) -> Iterator[PackedPage]:
    """Pages of a listing, in key order; one without keys or what was left out says that the bucket is slow.

    Args:
        reader: reads the bucket, by many threads at once.
        scope: what is listed.
        source: the same bucket for helper processes; None to have none.
        landmarks: of an earlier listing of the same.
        first: the answer for the first page, where that was asked for already.

    Raises:
        BucketError: as the reader does. Disorder where keys do not ascend.

    """
    run = _Run(reader, scope, source, landmarks, first)
    try:
        yield from run.pages()
    finally:
        run.close()


class _Run:
    """One listing. A thread of its own drives it, so that requests go on while pages are worked on."""

    def __init__(
        self,
        reader: PageReader,
        scope: Scope,
        source: Source | None,
        landmarks: Landmarks,
        first: Future[Reply] | None,
    ) -> None:
        self._reader = reader
        self._scope = scope
        self._source = source if most_helpers() else None
        self._first = first
        self._plan = Plan(
            budget=BUDGET,
            page_keys=reader.page_keys,
            prefix=scope.prefix,
            after=scope.after,
            landmarks=landmarks,
        )
        self._expected = len(landmarks.keys) * landmarks.spacing
        self._seen = 0
        self._began, self._waited = time.monotonic(), 0.0
        self._begins_anywhere = False if scope.root_files else None
        self._replies: queue.SimpleQueue[Reply | None] = queue.SimpleQueue()
        self._numbers = count()
        self._asked: dict[int, tuple[Stretch, Order]] = {}
        self._recent: deque[Reply] = deque(maxlen=RECENT)
        self._threads = Threads(reader, self._replies.put)
        self._helpers: list[Helper] = []
        self._out = _Pages(lambda: self._replies.put(None))

    def pages(self) -> Iterator[PackedPage]:
        threading.Thread(target=self._drive, name="listing", daemon=True).start()
        return self._out.taken()

    def close(self) -> None:
        self._out.close()
        self._replies.put(None)

    def _drive(self) -> None:
        failure: BaseException | None = None
        try:
            while not self._plan.is_done and not self._out.is_closed:
                self._hand_on()
                self._ask()
                if self._asked or not self._out.has_room:
                    self._take()
        except BaseException as error:  # noqa: BLE001 - raised where the pages are taken
            failure = error
        self._out.end(failure)
        self._threads.close()
        for helper in self._helpers:
            helper.close()

    def _hand_on(self) -> None:
        """Leave as many pages as there is room for; the plan keeps the others."""
        pages = self._plan.pages()
        while self._out.has_room and (page := next(pages, None)) is not None:
            self._out.put(page)

    def _ask(self) -> None:
        """Ask for as many pages as are worth asking for."""
        if not (self._out.has_room or self._is_waited_for()):
            return  # what answers at once is asked when there is room for the answer
        # Stretches that are begun go on, so that who takes pages finds whole ones when those that wait are used up.
        begins = self._out.has_room or self._plan.held < SLOW_BUDGET
        while (stretch := self._plan.next(self._width(), begins=begins)) is not None:
            if stretch.token is None:
                stretch.onward = Onward()  # asked from a key again, its tokens may be those from before
            # A page that goes on is not cut to what comes after the last key: whether it does is looked at.
            after = stretch.reached if stretch.token is None else stretch.after
            order = Order(next(self._numbers), self._scope.prefix, self._scope.root_files, after, stretch.token)
            self._asked[order.number] = (stretch, order)
            self._send(order)

    def _send(self, order: Order) -> None:
        if self._first is not None and order.token is None and order.after == self._scope.after:
            first, self._first = self._first, None
            first.add_done_callback(lambda done: self._replies.put(replace(done.result(), number=order.number)))
            return
        helpers = [helper for helper in self._helpers if helper.is_there]
        if helpers:
            min(helpers, key=lambda helper: helper.under_way).send(order)
        else:
            self._threads.send(order)

    def _take(self) -> None:
        """Wait for a reply, and take it; or until there is room for pages again."""
        waits_for_room, began = not self._asked, time.monotonic()
        reply = self._replies.get()
        if waits_for_room:
            self._waited += time.monotonic() - began
        if reply is None:
            return
        stretch, order = self._asked.pop(reply.number)
        if isinstance(reply.error, HelperEnded):
            self._asked[order.number] = (stretch, order)
            self._send(order)
            return
        if reply.fetched is None:
            raise reply.error or HelperEnded
        if reply.fetched.token is not None:
            stretch.onward.check(reply.fetched.token, self._reader.address_field)
        if reply.fetched.began_before or reply.fetched.returned:
            # There is one stream then, and the reader here knows that what comes before is to be passed over.
            self._begins_anywhere, self._source = False, None
        self._recent.append(reply)
        self._plan.answer(stretch, reply.fetched)
        self._seen += reply.fetched.page.count
        if self._source is not None and self._is_much():
            self._start_helpers(self._source)
            self._source = None

    def _start_helpers(self, source: Source) -> None:
        with suppress(OSError):  # a machine that has no room for another process lists without
            for _ in range(most_helpers()):
                self._helpers.append(Helper(source, self._replies.put))

    def _is_much(self) -> bool:
        """Whether one process is the limit, and not the bucket, for so long that more of them pay."""
        idle = self._idle_share()
        if len(self._recent) < FEW and idle < FEW:
            return False
        # A quick bucket is listed as fast by this process, unless that has more to do with its pages than to list them.
        if idle >= 2 * MOST_REQUESTS or not (self._is_waited_for() or self._is_taken_slowly()):
            return False
        # A bucket of which nothing was known is taken to have as many keys again as it has shown.
        return max(self._expected - self._seen, self._seen) >= MUCH_KEYS / 2

    def _is_waited_for(self) -> bool:
        """Whether the bucket takes so long to answer that it has to be asked early."""
        return not self._recent or self._idle_share() >= WAITED

    def _is_taken_slowly(self) -> bool:
        """Whether it is who takes the pages that is waited for."""
        return self._waited > TAKEN_SLOWLY * (time.monotonic() - self._began)

    def _idle_share(self) -> float:
        """How many times as long as computing took a request waits for the bucket."""
        busy = sum(reply.busy for reply in self._recent) / len(self._recent)
        return min(reply.seconds - reply.busy for reply in self._recent) / max(busy, 1e-5)

    def _width(self) -> int:
        """How many requests to have under way: so many that there is always an answer to work on."""
        if not self._recent or self._begins_anywhere is False:
            return 1
        helpers = sum(helper.is_there for helper in self._helpers)
        width = int(max(helpers, 1) * (1 + self._idle_share()) + 0.5) + helpers
        if width > 1 and self._begins_anywhere is None:
            self._begins_anywhere = self._reader.begins_anywhere(prefix=self._scope.prefix)
            return self._width()
        return min(width, MOST_REQUESTS)


class _Pages:
    """Pages on their way to who takes them; ``tell`` is called when there is room for more again."""

    def __init__(self, tell: Callable[[], object]) -> None:
        self._tell = tell
        self._pages: deque[PackedPage] = deque()
        self._changed = threading.Condition()
        self._held = 0
        self._ended = False
        self._failure: BaseException | None = None
        self.is_closed = False

    @property
    def has_room(self) -> bool:
        """Whether another page may be left."""
        return self._held < AHEAD

    def put(self, page: PackedPage) -> None:
        """Leave a page."""
        with self._changed:
            self._pages.append(page)
            self._held += page.size
            self._changed.notify_all()

    def end(self, failure: BaseException | None) -> None:
        """There will be no more pages, for a reason that is raised where they are taken."""
        with self._changed:
            self._ended, self._failure = True, failure
            self._changed.notify_all()

    def close(self) -> None:
        """Nobody takes any more pages."""
        with self._changed:
            self.is_closed = True
            self._changed.notify_all()

    def taken(self) -> Iterator[PackedPage]:
        """The pages, in order, with `NOTHING` between where none comes for a while."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._pages or self._ended, QUIET_SECONDS)
                page = self._pages.popleft() if self._pages else None
                if page is None and self._ended:
                    break
                had_room = self.has_room
                self._held -= 0 if page is None else page.size
            if self.has_room and not had_room:
                self._tell()
            yield page or NOTHING
        if self._failure is not None:
            raise self._failure
