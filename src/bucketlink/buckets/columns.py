"""What readers of every platform do alike: to a page's columns, to names and to the tokens between pages."""

import re
from collections.abc import Hashable, Iterable, Sequence
from itertools import compress
from typing import TypeVar

from bucketlink.model import MAX_KEY_BYTES, Page

PAGE_KEYS = 1000
"""Keys on a page, of the platforms that let us choose and those that answer no more."""
SHORT_KEY = MAX_KEY_BYTES // 4
"""Keys of no more characters than this are short enough, whatever the characters are."""

MAX_SIZE = (1 << 63) - 1
"""The largest size of an object that is believed."""

LEFT_OUT = "Objects were left out whose names are longer than 1,024 bytes, hold a NUL character or are not UTF-8."

_MEDIA_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,127}/[a-z0-9!#$&^_.+-]{1,127}")
_ENCODINGS = frozenset({"gzip", "br", "deflate", "zstd"})

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
        archived=None if page.archived is None else column(page.archived),
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


def media_type(told: object) -> str | None:
    """A content type in small letters and without parameters; None where that leaves none."""
    bare = told.partition(";")[0].strip().lower() if isinstance(told, str) else ""
    return bare if _MEDIA_TYPE.fullmatch(bare) else None


def content_encoding(told: str | None) -> str | None:
    """How an object's bytes are compressed, as browsers understand it; None where they are not."""
    name = (told or "").strip().lower()
    return name if name in _ENCODINGS else None


def is_kept_by_browsers(key: str) -> bool:
    """Whether a URL's path can hold the key: ``.`` and ``..`` between slashes are resolved before it is sent."""
    return {".", ".."}.isdisjoint(key.split("/"))


class Onward:
    """Whether a listing's tokens lead on. One token is kept, for longer and longer: a circle comes back to it."""

    def __init__(self) -> None:
        self._mark: Hashable = None
        self._count = 0

    def leads_on(self, token: Hashable) -> bool:
        """Whether this token, by which the next page is asked for, is another than the one that is kept."""
        if self._count and token == self._mark:
            return False
        self._count += 1
        if self._count & (self._count - 1) == 0:
            self._mark = token
        return True
