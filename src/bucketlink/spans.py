"""Stretches of the key space, and pages of a listing."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from bucketlink.notices import LeftOut


class Scan(StrEnum):
    """How a range of keys is read from the bucket."""

    OBJECTS = "OBJECTS"
    """Every object whose key starts with the range's prefix."""
    ROOT_FILES = "ROOT_FILES"
    """Only objects whose key holds no ``/``."""
    NOTHING = "NOTHING"
    """No request at all: nothing in the range is selected, only assets are looked at."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the key space, ``start <= key < stop`` (None: no bound), and how the bucket is read there."""

    start: str
    stop: str | None
    scan: Scan
    prefix: str = ""


@dataclass(slots=True)
class Page:
    """A page of a listing as columns of one length, in the order in which the bucket gave them.

    ``sizes`` are -1 and ``etags`` ``""`` where unknown, etags without quotes. ``modified`` are ISO 8601 or HTTP dates
    as the bucket sent them, or None for the whole page; likewise ``content_types``, which only some platforms tell.
    ``archived`` are the storage classes of objects that must be restored before they can be read, None for each that
    can be read at once, or for the whole page. ``left_out`` is what was skipped; a part of a page may carry all of it.
    """

    keys: Sequence[str]
    sizes: Sequence[int]
    etags: Sequence[str]
    modified: Sequence[str] | None = None
    content_types: Sequence[str | None] | None = None
    archived: Sequence[str | None] | None = None
    left_out: tuple[LeftOut, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.keys)
