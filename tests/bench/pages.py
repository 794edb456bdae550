"""Pages of a listing, cut out of rows, in no platform's words.

A place to go on from is the least key that may come next; a token is that, encoded.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field

from tests.bench.rows import Rows

SLASH = b"/"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a listing asks for: keys with a prefix, from ``start`` on, before ``end`` (if there is one)."""

    most: int
    prefix: bytes = b""
    start: bytes = b""
    end: bytes = b""
    by_folder: bool = False


@dataclass(slots=True)
class Part:
    """What is on a page: stretches of the rows, folders, their number, and where the listing goes on, if it does."""

    rows: list[tuple[int, int]] = field(default_factory=list)
    folders: list[bytes] = field(default_factory=list)
    next_start: bytes | None = None
    count: int = 0

    def pieces(self, rows: Rows) -> list[memoryview]:
        """What is sent of the rows."""
        return [rows.cut(start, stop) for start, stop in self.rows]


def part(rows: Rows, asked: Asked) -> Part:
    """The page that is asked for."""
    first = rows.find(max(asked.start, asked.prefix))
    last = len(rows)
    if asked.prefix:
        last = rows.find(beyond(asked.prefix), first)
    if asked.end:
        last = min(last, max(first, rows.find(asked.end, first)))
    if asked.by_folder:
        return _by_folder(rows, asked, first, last)
    stop = min(first + asked.most, last)
    next_start = rows[stop - 1] + b"\0" if first < stop < last else None
    return Part([(first, stop)], next_start=next_start, count=stop - first)


def _by_folder(rows: Rows, asked: Asked, first: int, last: int) -> Part:
    found = Part()
    place = first
    start = b""
    while place < last:
        if found.count == asked.most:
            found.next_start = start
            break
        key = rows[place]
        slash = key.find(SLASH, len(asked.prefix))
        if slash < 0:
            if found.rows and found.rows[-1][1] == place:
                found.rows[-1] = (found.rows[-1][0], place + 1)
            else:
                found.rows.append((place, place + 1))
            start = key + b"\0"
            place += 1
        else:
            folder = key[: slash + 1]
            found.folders.append(folder)
            start = beyond(folder)
            place = rows.find(start, place)
        found.count += 1
    return found


def beyond(start: bytes) -> bytes:
    """The least key after all that begin so."""
    return start[:-1] + bytes([start[-1] + 1])


def token(start: bytes) -> str:
    """A place to go on from, as it is sent."""
    return urlsafe_b64encode(b"1!" + start).decode()


def place(token: str) -> bytes:
    """The place that a token names."""
    return urlsafe_b64decode(token)[2:]
