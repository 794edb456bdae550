"""Pages of a listing as a few long texts: cheap to compare, to keep and to hand from one process to another."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

import orjson

from bucketlink.buckets.columns import cut
from bucketlink.notices import LeftOut
from bucketlink.spans import Page


@dataclass(frozen=True, slots=True)
class PackedPage:
    """A page whose keys ascend; each column is one text, its values with NUL between, sizes with a comma.

    ``content_types`` and ``archived`` have nothing where a `Page` has None. No value holds NUL itself.

    Attributes:
        count: objects on the page.
        first: their first key.
        last: their last key.

    """

    count: int = 0
    first: str = ""
    last: str = ""
    keys: str = ""
    sizes: str = ""
    etags: str = ""
    modified: str | None = None
    content_types: str | None = None
    archived: str | None = None
    left_out: tuple[LeftOut, ...] = ()

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        columns = (self.keys, self.sizes, self.etags, self.modified, self.content_types, self.archived)
        names = sum(len(one.name) for one in self.left_out)
        return 500 + names + sum(len(column) for column in columns if column)

    def page(self) -> Page:
        """The page as columns."""
        if not self.count:
            return Page([], [], [], left_out=self.left_out)
        return Page(
            self.keys.split("\0"),
            orjson.loads(f"[{self.sizes}]"),
            self.etags.split("\0"),
            None if self.modified is None else self.modified.split("\0"),
            _told(self.content_types),
            _told(self.archived),
            self.left_out,
        )

    def through(self, key: str) -> "PackedPage":
        """The rows up to a key, and with it."""
        page = self.page()
        return packed(cut(page, 0, bisect_right(page.keys, key)))


NOTHING = PackedPage()


def packed(page: Page) -> PackedPage:
    """A page whose keys ascend, packed."""
    if not page.keys:
        return PackedPage(left_out=page.left_out)
    return PackedPage(
        len(page.keys),
        page.keys[0],
        page.keys[-1],
        "\0".join(page.keys),
        orjson.dumps(page.sizes)[1:-1].decode(),
        "\0".join(page.etags),
        None if page.modified is None else "\0".join(page.modified),
        _joined(page.content_types),
        _joined(page.archived),
        page.left_out,
    )


def joined(pages: Sequence[PackedPage]) -> PackedPage:
    """Pages that follow one another, as one."""
    filled = [page for page in pages if page.count]
    left_out = tuple(dict.fromkeys(one for page in pages for one in page.left_out))
    if len(filled) < 2:
        return replace(filled[0] if filled else NOTHING, left_out=left_out)
    modified = [page.modified for page in filled if page.modified is not None]
    return PackedPage(
        sum(page.count for page in filled),
        filled[0].first,
        filled[-1].last,
        "\0".join(page.keys for page in filled),
        ",".join(page.sizes for page in filled),
        "\0".join(page.etags for page in filled),
        "\0".join(modified) if len(modified) == len(filled) else None,
        _all_told([page.content_types for page in filled], filled),
        _all_told([page.archived for page in filled], filled),
        left_out,
    )


def _all_told(columns: Sequence[str | None], pages: Sequence[PackedPage]) -> str | None:
    """A column of pages put together, in which those that do not tell it count as None; None where none does."""
    if all(column is None for column in columns):
        return None
    pairs = zip(columns, pages, strict=True)
    return "\0".join("\0" * (page.count - 1) if column is None else column for column, page in pairs)


def _joined(column: Sequence[str | None] | None) -> str | None:
    return None if column is None else "\0".join([one or "" for one in column])


def _told(column: str | None) -> list[str | None] | None:
    return None if column is None else [one or None for one in column.split("\0")]
