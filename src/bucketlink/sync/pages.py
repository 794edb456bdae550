"""Pages of a listing cut to what is wanted of them, and put together to what one step takes."""

import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator

from bucketlink.buckets.columns import cut
from bucketlink.buckets.packed import PackedPage, joined, packed
from bucketlink.spans import Span

STEP_SECONDS = 0.5
"""How long pages are gathered for one step."""


def bounded(pages: Iterator[PackedPage], span: Span, cursor: str | None) -> Iterator[PackedPage]:
    """Pages, in key order, cut to what of the span lies behind the cursor; ends where the span ends."""
    for page in pages:
        is_whole = page.first >= span.start and (cursor is None or page.first > cursor)
        if page.count and not (is_whole and (span.stop is None or page.last < span.stop)):
            columns = page.page()
            first = bisect_left(columns.keys, span.start)
            if cursor is not None:
                first = max(first, bisect_right(columns.keys, cursor))
            last = page.count if span.stop is None else bisect_left(columns.keys, span.stop)
            yield packed(cut(columns, first, max(first, last)))
            if last < page.count:
                return
        else:
            yield page


def gathered(pages: Iterator[PackedPage], most: Callable[[], int]) -> Iterator[PackedPage]:
    """Pages put together, so that one step takes thousands of keys where the bucket is quick.

    ``most`` is asked how many keys that are, unless a single page holds more. A page that holds nothing says
    that the bucket is slow: then what has come is taken as it is.
    """
    waiting: list[PackedPage] = []
    count, since = 0, time.monotonic()
    for page in pages:
        if waiting and count + page.count > most():
            yield joined(waiting)
            waiting, count, since = [], 0, time.monotonic()
        if page.count or page.left_out:
            waiting.append(page)
            count += page.count
        if not waiting:
            yield page
        elif count >= most() or not page.count or time.monotonic() - since > STEP_SECONDS:
            yield joined(waiting)
            waiting, count, since = [], 0, time.monotonic()
    if waiting:
        yield joined(waiting)
