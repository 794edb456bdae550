"""What readers of every platform do to a page's columns."""

from collections.abc import Iterable, Sequence
from itertools import compress
from typing import TypeVar

from bucketlink.model import MAX_KEY_BYTES, Page

PAGE_KEYS = 1000
"""Keys on a page, of the platforms that let us choose and those that answer no more."""
SHORT_KEY = MAX_KEY_BYTES // 4
"""Keys of no more characters than this are short enough, whatever the characters are."""

T = TypeVar("T")


def kept(page: Page, flags: Sequence[bool]) -> Page:
    """The rows of a page whose flag is set, with all columns and warnings."""

    def column(values: Iterable[T]) -> list[T]:
        return list(compress(values, flags))

    return Page(
        keys=column(page.keys),
        sizes=column(page.sizes),
        etags=column(page.etags),
        modified=None if page.modified is None else column(page.modified),
        content_types=None if page.content_types is None else column(page.content_types),
        warnings=page.warnings,
    )


def within(page: Page, *, prefix: str, after: str | None, root_files: bool) -> Page:
    """The rows that were asked for. Most pages hold no others, and finding that out costs two comparisons a key."""
    if not page.keys:
        return page
    lowest, highest = min(page.keys), max(page.keys)
    in_order = (after is None or lowest > after) and lowest.startswith(prefix) and highest.startswith(prefix)
    if in_order and not (root_files and any("/" in key for key in page.keys)):
        return page
    flags = [
        key.startswith(prefix) and (after is None or key > after) and not (root_files and "/" in key)
        for key in page.keys
    ]
    return kept(page, flags)
