"""The march: a page of the listing and the assets of the same stretch of keys, side by side, both sorted by key.

It says what differs, as positions in the two, and does nothing about it. Nothing is kept from one page to the next.
"""

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from bucketlink.model import Page


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
        if (
            self.clean
            and page.keys == assets.keys
            and page.etags == assets.etags
            and page.sizes == assets.sizes
            and page.archived == assets.archived
            and self.connections >= set(assets.owners)
        ):
            return Step()
        step = Step()
        keys, others = page.keys, assets.keys
        here, there, end, other_end = 0, 0, len(keys), len(others)
        while here < end and there < other_end:
            key, other = keys[here], others[there]
            if key == other:
                self._both(step, page, here, assets, there)
                here += 1
                there += 1
            elif key < other:
                if self._wants(page, here):
                    step.added.append(here)
                here += 1
            else:
                self._gone(step, assets, there)
                there += 1
        step.added.extend(position for position in range(here, end) if self._wants(page, position))
        for position in range(there, other_end):
            self._gone(step, assets, position)
        return step

    def _wants(self, page: Page, position: int) -> bool:
        return not _is_directory_marker(page, position) and self.selects(page.keys[position])

    def _gone(self, step: Step, assets: AssetColumns, position: int) -> None:
        if assets.owners[position] == self.connection:
            step.removed.append(position)

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
