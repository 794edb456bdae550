"""What a bucket shows of a range of keys, in key order, by the quickest way that there is."""

from collections.abc import Generator

from bucketlink.buckets import BucketReader, source_of
from bucketlink.buckets.landmarks import Landmarks
from bucketlink.buckets.listing import Scope, listing
from bucketlink.buckets.order import in_order, spooled
from bucketlink.buckets.packed import PackedPage, packed
from bucketlink.buckets.protocol import PageReader
from bucketlink.home import Home
from bucketlink.model import Credentials, Integration
from bucketlink.spans import Scan, Span
from bucketlink.store import landmarks
from bucketlink.store.ranges import RangeClaim
from bucketlink.sync.firsts import Firsts
from bucketlink.sync.selection import listed_after

SPACING = 0.48
"""How far apart landmarks are at first, in pages: two of them are a little less than a page."""
MOST_MARKS = 4096
MOST_CHARACTERS = 1 << 20
"""How many landmarks, and characters of them, are kept: beyond, every second one is dropped."""
FEWEST_PAGES = 8
"""Listings of fewer pages need no landmarks."""
ALIKE = 0.01
"""By how much of their number objects may differ from before without the landmarks being kept anew."""


def scope_of(span: Span, cursor: str | None = None) -> Scope:
    """What is listed of a span, behind a cursor."""
    return Scope(span.prefix, listed_after(span, cursor), span.scan is Scan.ROOT_FILES)


class Stream:
    """Lists a range of keys, and finds landmarks for the next time.

    Args:
        home: where landmarks are, and room for what has to be sorted.
        integration: whose bucket is read.
        credentials: of that, for helper processes.
        reader: reads the bucket.
        range_: which keys, and how far it is.
        firsts: first pages that were asked for ahead.

    """

    def __init__(
        self,
        home: Home,
        integration: Integration,
        credentials: Credentials,
        reader: BucketReader,
        range_: RangeClaim,
        firsts: Firsts | None = None,
    ) -> None:
        self._home = home
        self._integration = integration
        self._credentials = credentials
        self._reader = reader
        self._range = range_
        self._firsts = firsts
        self._before = Landmarks()
        self._found: _Finder | None = None

    def pages(self) -> Generator[PackedPage, None, None]:
        """Pages of the listing, in key order; those that are empty say that the bucket is slow.

        Raises:
            BucketError: the listing fails. Disorder where keys do not ascend and were not sorted.

        """
        scope = scope_of(self._range.span, self._range.cursor)
        reader = self._reader
        if self._range.spooled:
            whole = reader.pages(prefix=scope.prefix, root_files=scope.root_files)
            yield from map(packed, spooled(whole, self._home.scratch))
        elif not isinstance(reader, PageReader):
            found = reader.pages(prefix=scope.prefix, after=scope.after, root_files=scope.root_files)
            yield from map(packed, in_order(found, scope.after))
        else:
            yield from self._ahead(reader, scope)

    def landmarks(self) -> Landmarks | None:
        """Those that were found, if the whole range was listed and is other than before; else None."""
        if self._found is None:
            return None
        before = len(self._before.keys) * self._before.spacing
        found = self._found.landmarks(FEWEST_PAGES)
        differs = abs(len(found.keys) * found.spacing - before) > ALIKE * before
        return found if found.keys and differs else None

    def _ahead(self, reader: PageReader, scope: Scope) -> Generator[PackedPage, None, None]:
        if not scope.root_files:
            with self._home.database.read() as tx:
                self._before = landmarks.get(tx, self._integration.id, scope.prefix)
        found = None if scope.root_files or scope.after is not None else _Finder(int(SPACING * reader.page_keys))
        source = source_of(self._integration, self._credentials, self._home.settings)
        first = self._firsts.take(scope) if self._firsts is not None else None
        for page in listing(reader, scope, source=source, landmarks=self._before, first=first):
            if found is not None:
                found.see(page)
            yield page
        self._found = found


class _Finder:
    """Picks landmarks from pages as they go by."""

    def __init__(self, spacing: int) -> None:
        self._spacing = max(spacing, 1)
        self._keys: list[str] = []
        self._characters = 0
        self._next = self._spacing
        self._pages = 0

    def see(self, page: PackedPage) -> None:
        """Look at the next page."""
        self._pages += bool(page.count)
        if page.count < self._next:
            self._next -= page.count
            return
        picked = page.keys.split("\0")[self._next - 1 :: self._spacing]
        self._next += len(picked) * self._spacing - page.count
        self._keys += picked
        self._characters += sum(map(len, picked))
        while len(self._keys) > MOST_MARKS or self._characters > MOST_CHARACTERS:
            if len(self._keys) % 2 == 0:
                self._next += self._spacing
            self._keys = self._keys[1::2]
            self._spacing *= 2
            self._characters = sum(map(len, self._keys))

    def landmarks(self, fewest: int) -> Landmarks:
        """Those picked; none of a listing of fewer pages."""
        return Landmarks(self._keys, self._spacing) if self._pages >= fewest else Landmarks()
