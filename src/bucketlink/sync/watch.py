"""What a computation notices of a listing beside the objects: names left out, and what of the selection has no object.

It is counted exactly, however often a computation dies and is taken up again: a name counts in the transaction that
moves the cursor behind it, and what was sighted is kept with the range. Only a link above several ranges may count
twice, where the computation dies between two of them.
"""

from collections.abc import Iterable, Sequence

from bucketlink.buckets.packed import PackedPage
from bucketlink.notices import Kind, LeftOut, Notice, counted, of_left_out
from bucketlink.spans import Scan, Span
from bucketlink.store.ranges import RangeClaim, Sight
from bucketlink.sync.selection import Selector, matcher

MOST_WAITING = 10_000
"""Names that wait to be counted; where there are more, some may be counted again after a crash."""


class Watch:
    """Sees the pages of one computation, a range after the other."""

    def __init__(self, selector: Selector) -> None:
        self._unmatched = [_Pattern(number, text) for number, (_, text) in enumerate(selector.watched())]
        self._sight: Sight = None
        self._waiting: dict[bytes, LeftOut] = {}
        self._above: set[bytes] = set()

    def begin(self, range_: RangeClaim) -> None:
        """Go on with a range."""
        self._sight, self._waiting = range_.sight, {}

    def see(self, page: PackedPage, range_: RangeClaim) -> None:
        """Look at what the listing shows next of the range that was begun."""
        here = [one for one in page.left_out if _is_of(range_.span, one)]
        self._waiting.update((one.place, one) for one in here if self._is_new(range_, one))
        matched = [pattern for pattern in self._unmatched if page.count and pattern.is_in(page)]
        if matched or (self._sight is None and (page.count or here)):
            self._sight = [*(self._sight or []), *(pattern.number for pattern in matched)]
            self._unmatched = [pattern for pattern in self._unmatched if pattern not in matched]

    def _is_new(self, range_: RangeClaim, one: LeftOut) -> bool:
        """Whether a name was not counted before, by an earlier attempt or with another range."""
        place, span = one.place, range_.span
        is_counted = place in self._above or (range_.cursor is not None and place <= range_.cursor.encode())
        if place < span.start.encode():
            self._above.add(place)
        return not is_counted

    def take(self, through: str | None) -> tuple[Sight, list[Notice]]:
        """What to keep of the range, and what to tell, as its cursor comes to a key or, for None, to the end."""
        places = sorted(self._waiting)
        if through is not None and len(places) <= MOST_WAITING:
            end = through.encode()
            places = [place for place in places if place <= end]
        return self._sight, of_left_out([self._waiting.pop(place) for place in places])


def _is_of(span: Span, one: LeftOut) -> bool:
    """Whether a name would be listed in a span; or is that of a folder in which the whole span is."""
    if span.prefix.startswith(f"{one.name}/"):
        return True
    is_listed = "/" not in one.name if span.scan is Scan.ROOT_FILES else one.name.startswith(span.prefix)
    return is_listed and one.place >= span.start.encode() and (span.stop is None or one.place < span.stop.encode())


class _Pattern:
    def __init__(self, number: int, text: str) -> None:
        self.number = number
        self._parts = text.split("*")
        self._fits = matcher(text)

    def is_in(self, page: PackedPage) -> bool:
        """Whether a key of a page matches. Most pages without any are told by a few searches."""
        keys, start, end = page.keys, self._parts[0], self._parts[-1]
        if not (keys.startswith(start) or f"\0{start}" in keys):
            return False
        if len(self._parts) == 1:
            return True
        ends = keys.endswith(end) or f"{end}\0" in keys
        return ends and all(part in keys for part in self._parts) and any(map(self._fits, keys.split("\0")))


def unseen(selector: Selector, sights: Sequence[tuple[Span, Sight]]) -> list[Notice]:
    """What to tell of a selection, of which each listed range has shown so much."""
    seen = [(span, sight) for span, sight in sights if sight is not None]
    notices = selector.unseen(span.prefix for span, _ in seen if span.scan is Scan.OBJECTS)
    return [*notices, *_unmatched(selector, [sight for _, sight in seen])]


def _unmatched(selector: Selector, seen: Sequence[Sequence[int]]) -> Iterable[Notice]:
    if not seen:
        return  # That there is no object at all says enough.
    matched = {number for sight in seen for number in sight}
    left = [one for number, one in enumerate(selector.watched()) if number not in matched]
    for kind in (Kind.UNMATCHED_INCLUDE, Kind.UNMATCHED_EXCLUDE):
        yield from counted(kind, (pattern for of, pattern in left if of is kind))
