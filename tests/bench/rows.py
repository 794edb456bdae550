"""A bucket's rows as a platform sends them, rendered once: all in one buffer, from which pages are cut."""

import mmap
import os
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import overload

Chunk = tuple[list[str], list[int]]
"""Keys and their seeds."""


@dataclass(frozen=True, slots=True)
class Format:
    """How a row looks: ``template`` is filled with what ``values`` gives, the key first, right behind ``before``."""

    template: str
    values: Callable[[str, int], tuple[str | int, ...]]
    before: bytes
    after: bytes
    """What ends the key."""


class Rows(Sequence[bytes]):
    """The rows of a bucket in the order of their keys; as a sequence, the keys themselves.

    The buffer is a file in memory that is never copied: a slice of it is what is sent.
    """

    def __init__(self, format_: Format, chunks: Iterable[Chunk]) -> None:
        self._offsets = array("Q", [0])
        self._before, self._after = len(format_.before), format_.after
        descriptor = os.memfd_create("rows")
        with os.fdopen(descriptor, "wb") as file:
            for keys, seeds in chunks:
                rows = [format_.template % values for values in map(format_.values, keys, seeds)]
                self._offsets.extend(accumulate(map(len, rows), initial=self._offsets.pop()))
                file.write("".join(rows).encode("ascii"))
            file.flush()
            self._map = mmap.mmap(descriptor, max(1, self._offsets[-1]), prot=mmap.PROT_READ | mmap.PROT_WRITE)
        self._view = memoryview(self._map)

    def cut(self, start: int, stop: int) -> memoryview:
        """The rows from a place to another (excluded)."""
        return self._view[self._offsets[start] : self._offsets[stop]]

    def find(self, key: bytes, first: int = 0) -> int:
        """The first place whose key is this one or comes behind it."""
        return bisect_left(self, key, first)

    def __len__(self) -> int:
        return len(self._offsets) - 1

    @overload
    def __getitem__(self, place: int) -> bytes: ...
    @overload
    def __getitem__(self, place: slice) -> list[bytes]: ...
    def __getitem__(self, place: int | slice) -> bytes | list[bytes]:
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(len(self)))]
        if not 0 <= place < len(self):
            raise IndexError(place)
        start = self._offsets[place] + self._before
        return self._map[start : self._map.find(self._after, start)]
