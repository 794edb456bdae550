"""Pages of a listing cut and put together, column by column."""

import time
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

from bucketlink.buckets.columns import cut
from bucketlink.model import Page, Span

STEP_KEYS = 5000
"""Assets that one transaction takes at most, and keys of the listing, unless a single page holds more."""
STEP_SECONDS = 0.5
"""How long pages are gathered for one transaction."""


def bounded(pages: Iterator[Page], span: Span, cursor: str | None) -> Iterator[Page]:
    """Pages, in key order, cut to what of the span lies behind the cursor; ends where the span ends."""
    for page in pages:
        keys = page.keys
        first = bisect_left(keys, span.start)
        if cursor is not None:
            first = max(first, bisect_right(keys, cursor))
        last = len(keys) if span.stop is None else bisect_left(keys, span.stop)
        yield page if first == 0 and last == len(keys) else cut(page, first, max(first, last))
        if last < len(keys):
            return


def gathered(pages: Iterator[Page]) -> Iterator[Page]:
    """Pages put together, so that one transaction takes thousands of keys where the bucket is quick."""
    gathered: list[Page] = []
    count, since = 0, time.monotonic()
    for page in pages:
        if gathered and count + len(page) > STEP_KEYS:
            yield _joined(gathered)
            gathered, count, since = [], 0, time.monotonic()
        gathered.append(page)
        count += len(page)
        if time.monotonic() - since > STEP_SECONDS:
            yield _joined(gathered)
            gathered, count, since = [], 0, time.monotonic()
    if gathered:
        yield _joined(gathered)


def _joined(pages: list[Page]) -> Page:
    if len(pages) == 1:
        return pages[0]
    filled = [page for page in pages if page.keys]
    warnings = tuple(dict.fromkeys(warning for page in pages for warning in page.warnings))
    modified = [page.modified for page in filled]
    return Page(
        [key for page in filled for key in page.keys],
        [size for page in filled for size in page.sizes],
        [etag for page in filled for etag in page.etags],
        None if None in modified else [one for column in modified if column is not None for one in column],
        _told([page.content_types for page in filled], filled),
        _told([page.archived for page in filled], filled),
        warnings,
    )


def _told(columns: list[Sequence[str | None] | None], pages: list[Page]) -> list[str | None] | None:
    """A column of pages put together, in which those that do not tell it count as None; None where none does."""
    if all(column is None for column in columns):
        return None
    pairs = zip(columns, pages, strict=True)
    return [one for column, page in pairs for one in ([None] * len(page) if column is None else column)]
