"""The march: a page of the listing and the assets of the same stretch of keys, side by side, both sorted by key.

It says what differs, as positions in the two, and does nothing about it. Nothing is kept from one page to the next.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import compress, count
from operator import ne
from typing import TypeVar, overload

from bucketlink.spans import Page
from bucketlink.sync.selection import everything

_T = TypeVar("_T")
_MOST, _FEW = 512, 8
"""Rows that are compared at once where keys are the same on both sides, and behind one that is not."""
_MANY = 64
"""Rows that are looked at one by one where only few keys in a row are the same."""


@dataclass(slots=True)
class AssetColumns:
    """Assets of a project and integration within a stretch of keys, in key order, as columns of one length.

    ``archived`` is None where no asset is.
    """

    keys: Sequence[str] = ()
    ids: Sequence[int] = ()
    owners: Sequence[int] = ()
    sizes: Sequence[int] = ()
    etags: Sequence[str] = ()
    archived: Sequence[str | None] | None = None

    def __len__(self) -> int:
        return len(self.keys)


@dataclass(slots=True)
class Step:
    """What one page shows: positions in the page (`added`, `learned`), the assets (`removed`, `adopted`), or in both.

    `learned` are assets of the same object, of which the listing tells something else than it did. `outside` counts
    removed assets whose object is there but no longer selected.
    """

    added: list[int] = field(default_factory=list)
    removed: list[int] = field(default_factory=list)
    adopted: list[int] = field(default_factory=list)
    changed: list[tuple[int, int]] = field(default_factory=list)
    learned: list[int] = field(default_factory=list)
    outside: int = 0


@dataclass(frozen=True, slots=True)
class Marcher:
    """Compares for one connection.

    Attributes:
        connection: the connection whose differences are wanted.
        connections: every connection of the project and integration; an asset of any other owner has no owner.
        selects: whether the connection wants an object of this key.
        clean: that none of the connection's assets is outside the selection, so that it need not be asked for them.

    """

    connection: int
    connections: AbstractSet[int]
    selects: Callable[[str], bool]
    clean: bool

    def compare(self, page: Page, assets: AssetColumns) -> Step:
        """What differs between a page and all assets from the page's stretch of keys."""
        step = Step()
        skips = self.clean and self.connections >= set(assets.owners)
        if skips and _are_alike(page, assets):
            return step
        keys, others = page.keys, assets.keys
        here, there, end, other_end = 0, 0, len(keys), len(others)
        run, singly = _MOST, 0
        while here < end and there < other_end:
            key, other = keys[here], others[there]
            if key < other:
                started, here = here, _reaching(keys, other, here)
                self._new(step, page, started, here)
            elif key > other:
                started, there = there, _reaching(others, key, there)
                self._gone(step, assets, started, there)
            elif skips and not singly:
                alike = _same_keys(keys[here : here + run], others[there : there + run])
                for position in _unlike(page, here, assets, there, alike):
                    self._both(step, page, here + position, assets, there + position)
                here, there = here + alike, there + alike
                run, singly = min(2 * alike + _FEW, _MOST), 0 if alike > _FEW else _MANY
            else:
                self._both(step, page, here, assets, there)
                here, there, singly = here + 1, there + 1, singly - 1
        self._new(step, page, here, end)
        self._gone(step, assets, there, other_end)
        return step

    def _wants(self, page: Page, position: int) -> bool:
        return not _is_directory_marker(page, position) and self.selects(page.keys[position])

    def _new(self, step: Step, page: Page, start: int, stop: int) -> None:
        if self.selects is everything and 0 not in page.sizes[start:stop]:
            step.added.extend(range(start, stop))
        else:
            step.added.extend(position for position in range(start, stop) if self._wants(page, position))

    def _gone(self, step: Step, assets: AssetColumns, start: int, stop: int) -> None:
        owners, mine = assets.owners, self.connection
        step.removed.extend(position for position in range(start, stop) if owners[position] == mine)

    def _both(self, step: Step, page: Page, here: int, assets: AssetColumns, there: int) -> None:
        owner = assets.owners[there]
        differs = _differ(page, here, assets, there)
        if owner == self.connection:
            if (differs or not self.clean) and not self._wants(page, here):
                step.removed.append(there)
                step.outside += 1
                return
        elif owner not in self.connections:
            if not self._wants(page, here):
                return
            step.adopted.append(there)
        elif not differs or not self._wants(page, here):
            if not differs and _tells_more(page, here, assets, there):
                step.learned.append(here)
            return
        if differs:
            step.changed.append((here, there))
        elif _tells_more(page, here, assets, there):
            step.learned.append(here)


def _are_alike(page: Page, assets: AssetColumns) -> bool:
    return (
        page.keys == assets.keys
        and page.etags == assets.etags
        and page.sizes == assets.sizes
        and page.archived == assets.archived
    )


def _reaching(keys: Sequence[str], key: str, position: int) -> int:
    """The first position behind this one whose key is not before another."""
    following = position + 1
    if following == len(keys) or keys[following] >= key:
        return following
    return bisect_left(keys, key, following)


def _same_keys(keys: Sequence[str], others: Sequence[str]) -> int:
    """How many keys are the same on both sides before one is not."""
    shorter = min(len(keys), len(others))
    return shorter if keys == others else next(compress(count(), map(ne, keys, others)), shorter)


def _unlike(page: Page, here: int, assets: AssetColumns, there: int, rows: int) -> list[int]:
    """Of so many rows with the same keys on both sides those of which anything else is not the same."""
    this, that = slice(here, here + rows), slice(there, there + rows)
    columns: list[tuple[Sequence[object], Sequence[object]]] = [
        (page.etags[this], assets.etags[that]),
        (page.sizes[this], assets.sizes[that]),
    ]
    if page.archived is not None or assets.archived is not None:
        unknown = [None] * rows
        columns.append(
            (
                unknown if page.archived is None else page.archived[this],
                unknown if assets.archived is None else assets.archived[that],
            )
        )
    found: set[int] = set()
    for ours, theirs in columns:
        if ours != theirs:
            found.update(compress(range(rows), map(ne, ours, theirs)))
    return sorted(found)


def _differ(page: Page, here: int, assets: AssetColumns, there: int) -> bool:
    etag, other_etag = page.etags[here], assets.etags[there]
    if etag != other_etag and etag and other_etag:
        return True
    size, other_size = page.sizes[here], assets.sizes[there]
    return size != other_size and size >= 0 and other_size >= 0


def _tells_more(page: Page, here: int, assets: AssetColumns, there: int) -> bool:
    """Whether an object that is the same is in another archive, or was not told of in full before."""
    if page.sizes[here] < 0:
        return False
    if assets.sizes[there] < 0 or (page.etags[here] and not assets.etags[there]):
        return True
    archived = None if page.archived is None else page.archived[here]
    return archived != (None if assets.archived is None else assets.archived[there])


def _is_directory_marker(page: Page, position: int) -> bool:
    return page.sizes[position] == 0 and page.keys[position].endswith("/")


@overload
def at(column: Sequence[_T], positions: Sequence[int]) -> Sequence[_T]: ...
@overload
def at(column: Sequence[_T] | None, positions: Sequence[int]) -> Sequence[_T] | None: ...
def at(column: Sequence[_T] | None, positions: Sequence[int]) -> Sequence[_T] | None:
    """What a column holds at ascending positions."""
    if column is None or len(positions) == len(column):
        return column
    return list(map(column.__getitem__, positions))
