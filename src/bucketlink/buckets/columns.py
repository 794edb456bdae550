"""What readers of every platform do alike: to a page's columns, to names and to the tokens between pages."""

import re
from collections.abc import Hashable, Iterable, Sequence
from itertools import compress
from typing import TypeVar

import orjson

from bucketlink.errors import BucketMisbehaved
from bucketlink.model import MAX_KEY_BYTES
from bucketlink.notices import Kind, LeftOut
from bucketlink.spans import Page

PAGE_KEYS = 1000
"""Keys on a page, of the platforms that let us choose and those that answer no more."""
SHORT_KEY = MAX_KEY_BYTES // 4
"""Keys of no more characters than this are short enough, whatever the characters are."""

MAX_SIZE = (1 << 63) - 1
"""The largest size of an object that is believed."""

_MEDIA_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,127}/[a-z0-9!#$&^_.+-]{1,127}")
_ENCODINGS = frozenset({"gzip", "br", "deflate", "zstd"})

T = TypeVar("T")


def kept(page: Page, flags: Sequence[bool]) -> Page:
    """The rows of a page whose flag is set, with all columns, and what was left out."""

    def column(values: Iterable[T]) -> list[T]:
        return list(compress(values, flags))

    return Page(
        keys=column(page.keys),
        sizes=column(page.sizes),
        etags=column(page.etags),
        modified=None if page.modified is None else column(page.modified),
        content_types=None if page.content_types is None else column(page.content_types),
        archived=None if page.archived is None else column(page.archived),
        left_out=page.left_out,
    )


def left_out(names: Iterable[str | bytes]) -> tuple[LeftOut, ...]:
    """Of what a bucket calls its objects that which can be no key here, as bytes where it is no text."""
    texts = (name if isinstance(name, str) else name.decode("utf-8", "surrogateescape") for name in names)
    return tuple(LeftOut(name, why) for name in texts if (why := _why_not(name)))


def _why_not(name: str) -> Kind | None:
    if not name.isascii() and any("\udc80" <= character <= "\udcff" for character in name):
        return Kind.NOT_UTF8
    if "\0" in name:
        return Kind.HOLDS_NUL
    return Kind.TOO_LONG if len(name) > SHORT_KEY and len(name.encode()) > MAX_KEY_BYTES else None


def cut(page: Page, first: int, last: int) -> Page:
    """Rows of a page from one position to before another."""
    within = slice(first, last)
    return Page(
        page.keys[within],
        page.sizes[within],
        page.etags[within],
        None if page.modified is None else page.modified[within],
        None if page.content_types is None else page.content_types[within],
        None if page.archived is None else page.archived[within],
        page.left_out,
    )


def numbers(sent: Sequence[str]) -> list[int] | None:
    """Sizes of objects, written in digits alone; None if one of them is not, or cannot be a size."""
    joined = ",".join(sent).encode()
    if not joined.translate(None, b",").isdigit():
        return None
    try:
        # The quickest way to read many numbers. Those of more than 64 bits become floats, larger than any size.
        sizes: list[int] = orjson.loads(b"[%b]" % joined)
    except orjson.JSONDecodeError:
        return _padded(sent)
    return sizes if len(sizes) == len(sent) and max(sizes) <= MAX_SIZE else None


def _padded(sent: Sequence[str]) -> list[int] | None:
    """The same of sizes some of which start with zeros, or are empty or too long."""
    if not all(map(str.isdigit, sent)) or max(map(len, sent)) > len(str(MAX_SIZE)):
        return None
    sizes = list(map(int, sent))
    return sizes if max(sizes) <= MAX_SIZE else None


def within(page: Page, *, prefix: str, after: str | None, root_files: bool) -> Page:
    """The rows that were asked for. Most pages hold no others, and finding that out costs little where keys ascend."""
    if not page.keys:
        return page
    ordered = sorted(page.keys)
    lowest, highest = ordered[0], ordered[-1]
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

    def check(self, token: Hashable, address_field: str) -> None:
        """Raise BucketMisbehaved where this token, by which the next page is asked for, has been there before."""
        if self._count and token == self._mark:
            raise BucketMisbehaved(f"The bucket's listing does not move on; check {address_field}.")
        self._count += 1
        if self._count & (self._count - 1) == 0:
            self._mark = token
