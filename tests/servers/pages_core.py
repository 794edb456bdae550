"""What the page server holds, what goes wrong there, and how it lists, in no platform's words.

A dialect orders the keys. What it orders them by are texts, of which one that follows another immediately is that one
and a NUL; so a place in a listing is such a text, and stays one while objects come and go.
"""

import base64
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, overload

ALIVE = -1
"""Of a number of requests: for ever."""
MODIFIED = "2024-01-01T00:00:00.000Z"
MODIFIED_HTTP = "Mon, 01 Jan 2024 00:00:00 GMT"
CANARY = "do not tell: hunter2"
"""A part of the body of every refusal."""


@dataclass(frozen=True, slots=True)
class Faults:
    """What goes wrong. Listings are numbered as they come; a page is the last one if it would end the listing."""

    throttle: int = 0
    """So many listings are answered with 503 first (`ALIVE`: all)."""
    drop: int = 0
    """At so many listings the connection is closed without an answer first (`ALIVE`: all)."""
    cut: int = 0
    """Of so many listings the connection is closed in the middle of the answer first (`ALIVE`: all)."""
    cut_reads: int = 0
    """The same of objects' bytes."""
    status: int = 0
    """Every request is answered with this status ..."""
    code: str = ""
    """... and this code, in the platform's words, if there is one."""
    missing: bool = False
    """There is no such bucket."""
    region: str = ""
    """The bucket's region, told in every answer (S3)."""
    date: str = ""
    """What the server says the time is, told in every answer."""
    last_status: int = 0
    """The last page is answered with this status."""
    truncate_last: bool = False
    """Of the last page's body, half is sent as if it were all."""
    no_token: bool = False
    """Pages with more to follow do not say where (S3, Azure; elsewhere that is how a last page looks)."""
    same_token: bool = False
    """Every page but the first carries the token by which it was asked for."""
    circle: bool = False
    """The second page's token leads back to the first page, and so on for ever."""
    miscount: int = 0
    """Added to the number of keys that a page announces (S3)."""
    page_keys: int = 0
    """No page holds more keys, however many were asked for."""
    empty_every: int = 0
    """Each so-manieth listing is answered with no key and a token."""
    ignore: tuple[str, ...] = ()
    """What of an `Asked` is not looked at: ``prefix``, ``start``, ``delimiter``, ``encoding``."""
    old: bool = False
    """ListObjects is all that the server knows: it does not look at what ListObjectsV2 has more (S3)."""
    unordered: bool = False
    """Keys come in the order in which they were given, with those given twice."""
    latency: float = 0.0
    """Seconds before each answer to a listing."""
    body: str = ""
    """The body of every listing, instead of a page."""


NONE = Faults()
"""Nothing goes wrong."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What the server holds of an object besides its key.

    ``storage_class`` is the platform's name of it, None for the usual one. Without ``body`` the object holds as many
    NULs as it is large.
    """

    size: int = 7
    etag: str = "d41d8cd98f00b204e9800998ecf8427e"
    content_type: str | None = None
    storage_class: str | None = None
    body: bytes | None = None


COMMON = Stored()
"""What is held of objects of which nothing was said."""


class Formula(Sequence[str]):
    """Ascending keys that take no memory: ``folder-00012/image-00012345.jpg``, a thousand to a folder."""

    def __init__(self, count: int) -> None:
        self._count = count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(self._count))]
        if not 0 <= index < self._count:
            raise IndexError(index)
        return f"folder-{index // 1000:05d}/image-{index:08d}.jpg"


@dataclass(frozen=True, slots=True)
class Sent:
    """A request: its path without the query, percent-encoded as it came."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Asked:
    """A listing that is asked for: keys with a prefix, from a start on (itself included), or from a token's place."""

    most: int
    prefix: str = ""
    start: str = ""
    delimiter: str = ""
    token: str = ""
    encoding: str = ""
    old: bool = False
    """By the first version of S3's listing."""


@dataclass(frozen=True, slots=True)
class Part:
    """What is on a page, in order. ``token`` says where the listing goes on, unless it is a fault that it does not."""

    keys: list[str]
    folders: list[str]
    is_last: bool
    token: str = ""


class Dialect(Protocol):
    """How one platform asks and answers."""

    errors: Mapping[int, str]
    """The codes of statuses that faults bring about: 403, 404 (of a bucket), 500 and 503."""
    gone: str
    """The code of 404 of an object."""
    unreadable: Mapping[str | None, tuple[int, str]] = {}
    """Storage classes whose objects must be restored before they are read, and how reading is answered meanwhile."""

    def knows(self, sent: Sent) -> bool:
        """Whether a request speaks so."""
        ...

    def key(self, sent: Sent) -> str | None:
        """The key of the object that a request is about; None where it asks for a listing."""
        ...

    def asked(self, sent: Sent, *, old: bool) -> Asked:
        """The listing that a request asks for."""
        ...

    def page(self, asked: Asked, part: Part, stored: Mapping[str, Stored], *, miscount: int) -> str:
        """The body of a page; of objects that nothing is stored of, `COMMON` is."""
        ...

    def error(self, status: int, code: str) -> tuple[Mapping[str, str], str]:
        """Headers and body of a refusal."""
        ...

    def described(self, stored: Stored) -> Mapping[str, str]:
        """What the headers of an object's answer say, besides its length and media type."""
        ...

    def resource(self, sent: Sent, key: str, stored: Stored) -> str | None:  # noqa: ARG002
        """The document that a request asks for instead of an object's bytes."""
        return None

    def order(self, key: str) -> str:
        """What keys are ordered by."""
        return key

    def sorted(self, keys: Iterable[str]) -> Sequence[str]:
        """All that is listed, in order."""
        return sorted(keys, key=self.order)


def listed(keys: Sequence[str], asked: Asked, order: Callable[[str], str], faults: Faults, number: int) -> Part:
    """The page that is asked for by the so-manieth request, of keys in an order."""
    asked = _heard(asked, faults.ignore)
    most = min(asked.most, faults.page_keys or asked.most)
    if faults.empty_every and number % faults.empty_every == 0:
        most = 0
    place = _decoded(asked.token) if asked.token else None
    if faults.unordered:
        found, folders, next_place = _as_given(keys, asked, order, most, int(place or 0))
    else:
        start = max(order(asked.prefix), order(asked.start)) if place is None else place
        found, folders, next_place = _ordered(keys, asked, order, most, start)
    token = "" if next_place is None or faults.no_token else _encoded(next_place, number)
    if faults.same_token and asked.token:
        token = asked.token
    if faults.circle:
        token = _encoded("" if asked.token and place else next_place or "", 0)
    return Part(found, folders, is_last=next_place is None, token=token)


def _heard(asked: Asked, ignore: Sequence[str]) -> Asked:
    """What of a listing that is asked for is looked at."""
    for name in ignore:
        asked = replace(asked, **{name: ""})  # type: ignore[arg-type]
    return asked


def beyond(start: str) -> str:
    """The least text after all that begin so."""
    return start[:-1] + chr(ord(start[-1]) + 1)


Found = tuple[list[str], list[str], str | None]
"""Keys, folders, and the place where the listing goes on."""


def _ordered(keys: Sequence[str], asked: Asked, order: Callable[[str], str], most: int, place: str) -> Found:
    found: list[str] = []
    folders: list[str] = []
    index = bisect_left(keys, place, key=order)
    while index < len(keys) and (key := keys[index]).startswith(asked.prefix):
        if len(found) + len(folders) >= most:
            return found, folders, place
        if folder := _folder(key, asked):
            folders.append(folder)
            place = beyond(order(folder))
            index = bisect_left(keys, place, index, key=order)
        else:
            found.append(key)
            place = f"{order(key)}\0"
            index += 1
    return found, folders, None


def _as_given(keys: Sequence[str], asked: Asked, order: Callable[[str], str], most: int, first: int) -> Found:
    found: list[str] = []
    folders: dict[str, None] = {}
    for index in range(first, len(keys)):
        key = keys[index]
        if not key.startswith(asked.prefix) or order(key) < order(asked.start):
            continue
        if len(found) + len(folders) >= most:
            return found, list(folders), str(index)
        if folder := _folder(key, asked):
            folders[folder] = None
        else:
            found.append(key)
    return found, list(folders), None


def _folder(key: str, asked: Asked) -> str:
    """The folder that stands for a key in a listing; none if the key stands there itself."""
    if not asked.delimiter:
        return ""
    start, slash, _ = key[len(asked.prefix) :].partition(asked.delimiter)
    return f"{asked.prefix}{start}{slash}" if slash else ""


def _encoded(place: str, number: int) -> str:
    return base64.urlsafe_b64encode(f"{number} {place}".encode()).decode()


def _decoded(token: str) -> str:
    return base64.urlsafe_b64decode(token).decode().partition(" ")[2]
