"""Which part of a bucket to ask for next, where many requests may be under way at once.

The key space ahead is cut into *stretches*, each listed page after page. Pages are handed on in key order: what comes
early waits, and what may wait is bounded. Where landmarks of an earlier listing are known, stretches begin at them.
Else they begin where `bucketlink.buckets.keyspace` reckons that a few pages' worth of keys ends, and each answer
corrects the reckoning: a stretch that turns out long is cut again, one that turns out empty was one request too many.

A stretch ends in the middle of a page as a rule, so each costs about half a request more than its keys need, and a
whole one where nothing lay behind its start. What is spent so is counted: where guesses are poor, stretches are made
longer, and none is begun that would spend more than a few percent of all requests.

Nothing here asks anybody: whoever drives a `Plan` takes requests from it, and brings the answers.
"""

from bisect import bisect_right
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from bucketlink.buckets.columns import Onward
from bucketlink.buckets.keyspace import KeySpace, shared
from bucketlink.buckets.landmarks import NO_LANDMARKS, Landmarks
from bucketlink.buckets.order import UNSORTED, Disorder
from bucketlink.buckets.packed import PackedPage

FILLED = 0.96
"""How much of its pages a stretch is meant to fill, so that a few new objects do not make it one page longer."""
LIKELY_KEY_SIZE = 150.0
"""Bytes that an object on a page takes, before one has been seen."""
MOST_PAGES = 10
"""Pages of a stretch; fewer where so many could not wait, more where each spends much."""
FEWEST_PAGES = 6
"""The fewest of a stretch whose end is a guess: the fewer, the more requests are spent on ends."""
LONG = 1.25
"""How many times as long as it was meant to be a stretch must be to be cut again."""
SHORT_PAGES = 6
"""How much a stretch must have before it to be cut when there is nothing else to do."""
WASTE, FIRST_WASTE = 0.08, 3.0
"""How many requests may be spent, of all, and at the start."""
MOST_SAMPLES = 100
"""Pages from which is learned what keys look like, once that has to be known."""
FEW = 4
"""Stretches after which what they spent is believed."""
TRUST = 3.0
"""How many guesses may be untried at once, when the last ones were good: where numbering turned, one at a time."""


class _Marks:
    """Some keys that were listed one after the other, and how many there were up to each."""

    def __init__(self) -> None:
        self._marks: deque[tuple[str, int]] = deque(maxlen=2 * MOST_PAGES)

    def __len__(self) -> int:
        return len(self._marks)

    def add(self, page: PackedPage) -> None:
        """Note the last key of the next page."""
        if page.count:
            if not self._marks:
                self._marks.append((page.first, 0))
            self._marks.append((page.last, self._marks[-1][1] + page.count))

    def sample(self, keys: int) -> tuple[str, str, int] | None:
        """Two keys, and how many lie between them: about so many, but rather fewer than from another folder."""
        if len(self._marks) < 2:
            return None
        last, total = self._marks[-1]
        found = [(key, total - index) for key, index in self._marks if 0 < total - index <= keys]
        found = found or [(self._marks[-2][0], total - self._marks[-2][1])]
        enough = found[0][1] / 4
        depth = max(_folders(key, last) for key, count in found if count >= enough)
        first, count = next(one for one in found if _folders(one[0], last) >= depth)
        return first, last, count


def _folders(first: str, second: str) -> int:
    """How many folders two keys are in together."""
    return first.count("/", 0, shared(first, second))


@dataclass(eq=False, slots=True)
class Stretch:
    """Keys behind ``after``, up to ``stop`` and with it; None is no bound.

    Attributes:
        after: where it starts.
        stop: where it ends.
        reached: the last key that came, at first ``after``.
        token: what asks for its next page; None for the first.
        came: keys that came so far.
        meant: keys that it should have in all; None where nobody knows.
        asked: whether a request is under way.
        done: whether nothing more comes.
        guess: how many characters of its start should be those of a key, where it was reckoned; 0 once that is known.
        waiting: pages that came and are not handed on yet.
        marks: keys that came, and how many there were up to each.
        onward: whether its tokens lead on.

    """

    after: str | None
    stop: str | None = None
    reached: str | None = None
    token: object = None
    came: int = 0
    meant: int | None = None
    asked: bool = False
    done: bool = False
    guess: int = 0
    waiting: deque[PackedPage] = field(default_factory=deque)
    marks: _Marks = field(default_factory=_Marks)
    onward: Onward = field(default_factory=Onward)

    @property
    def left(self) -> int:
        """Keys that should still come, as far as anybody knows."""
        return 0 if self.done or self.meant is None else max(self.meant - self.came, 0)

    @property
    def is_open(self) -> bool:
        """Whether there is no telling how long it goes on."""
        return not self.done and (self.meant is None or self.came >= LONG * self.meant)


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer.

    Attributes:
        page: what of it lies behind the key that was asked for, with ascending keys.
        token: what asks for the next page, opaque to all but the reader; None at the end of the listing.
        samples: a few of the page's keys, ascending.
        began_before: that the server has begun before the key that it was to begin behind.
        returned: that keys before that came later on.

    """

    page: PackedPage
    token: object = None
    samples: Sequence[str] = ()
    began_before: bool = False
    returned: bool = False


class Plan:
    """A listing from behind a key to its end.

    Args:
        budget: bytes of pages that may wait.
        page_keys: how many keys a page is likely to have.
        prefix: what every key starts with.
        after: only keys behind it.
        landmarks: of an earlier listing.

    """

    def __init__(
        self,
        *,
        budget: int,
        page_keys: int,
        prefix: str = "",
        after: str | None = None,
        landmarks: Landmarks = NO_LANDMARKS,
    ) -> None:
        self._budget = budget
        self._page_keys = page_keys
        self._landmarks = landmarks
        self._prefix = prefix
        self._may_cut = True
        self._stretches = [Stretch(after, reached=after)]
        self._marks = _Marks()
        self._space = KeySpace()
        self._samples: deque[Sequence[str]] = deque(maxlen=MOST_SAMPLES)
        self._width = 1
        self._answers = 0
        self._begun = 0
        self._full = 0
        self._wasted = 0.0
        self._trust = 1.0
        self._came, self._meant = 0, 0
        self._held = 0
        self._key_size = LIKELY_KEY_SIZE

    @property
    def is_done(self) -> bool:
        """Whether every page was handed on."""
        return not self._stretches

    @property
    def held(self) -> int:
        """Bytes of pages that came and are not handed on yet."""
        return self._held

    @property
    def under_way(self) -> int:
        """Requests that are under way."""
        return sum(stretch.asked for stretch in self._stretches)

    def next(self, width: int, *, begins: bool = True) -> Stretch | None:
        """The stretch whose next page is to be asked for, if fewer than ``width`` requests are under way.

        None where one has to wait for answers, or for pages to be taken; or where a new stretch would have to begin,
        and ``begins`` says that none is to.
        """
        self._width = width
        if self.under_way >= width:
            return None
        for stretch in self._stretches:
            if not stretch.asked and not stretch.done and self._may_wait(stretch):
                stretch.asked = True
                return stretch
        return self._cut() if begins and self._may_cut and self._stretches else None

    def _may_wait(self, stretch: Stretch) -> bool:
        """Whether there is room for another page of a stretch. The first needs none, once its pages are taken."""
        return not stretch.waiting if stretch is self._stretches[0] else self._held < self._budget

    def answer(self, stretch: Stretch, fetched: Fetched) -> None:
        """Take what the request for a stretch's next page brought."""
        stretch.asked = False
        if fetched.returned and stretch.came:
            raise Disorder(UNSORTED)
        if (fetched.began_before or fetched.returned) and stretch is not self._stretches[0]:
            self._take_back(stretch)
            return
        if fetched.page.count and stretch.reached is not None and fetched.page.first <= stretch.reached:
            raise Disorder(UNSORTED)
        page, whole = fetched.page, fetched.page.count
        stretch.token = fetched.token
        if stretch.stop is not None and page.count and page.last > stretch.stop:
            page = page.through(stretch.stop)
            stretch.done = True
        if page.count:
            before = (stretch.reached,) if stretch.came and stretch.reached is not None else ()
            self._samples.append((*before, page.first, *fetched.samples, page.last))
            stretch.marks.add(page)
            stretch.reached = page.last
            stretch.came += page.count
            self._key_size = page.size / page.count
        if page.count or page.left_out:
            stretch.waiting.append(page)
            self._held += page.size
        if fetched.token is None:
            stretch.done = True
            if whole == page.count:
                self._nothing_behind(stretch)
        elif stretch.stop is not None and stretch.reached == stretch.stop:
            stretch.done = True
        self._learn(stretch, page.count, whole, fetched)

    def pages(self) -> Iterator[PackedPage]:
        """The pages that can be handed on now, in key order."""
        while self._stretches:
            stretch = self._stretches[0]
            while stretch.waiting:
                page = stretch.waiting.popleft()
                self._held -= page.size
                self._marks.add(page)
                yield page
            if not stretch.done or stretch.asked:
                return
            del self._stretches[0]

    def _take_back(self, stretch: Stretch) -> None:
        """Give up a stretch that the bucket does not begin where it was told to, and every thought of others."""
        self._may_cut = False
        before = self._stretches[self._stretches.index(stretch) - 1]
        if before.done and not before.asked:
            # What it held behind its stop was cut off: it is asked again from where it is.
            before.done, before.token = False, None
        before.stop, before.meant = stretch.stop, None
        self._stretches.remove(stretch)

    def _learn(self, stretch: Stretch, kept: int, whole: int, fetched: Fetched) -> None:
        """Keep account of what answers bring, and of how good guesses are."""
        self._answers += 1
        if fetched.token is not None and whole > self._full:
            self._page_keys = self._full = whole
        self._wasted += max(0.0, 1 - kept / self._page_keys)
        if stretch.done and stretch.meant and self._landmarks.keys:
            self._came += stretch.came
            self._meant += stretch.meant
        if stretch.guess and stretch.after is not None:
            found = fetched.page.first or stretch.after
            is_good = kept > 0 and shared(stretch.after, found) >= stretch.guess
            self._trust = min(self._trust + 1, TRUST) if is_good else 1.0
            if found > stretch.after:
                self._space.missed(stretch.after, found)
            stretch.guess = 0

    def _nothing_behind(self, stretch: Stretch) -> None:
        """The bucket has said that its listing ends within this stretch."""
        for other in self._stretches[self._stretches.index(stretch) + 1 :]:
            other.done = True

    def _cut(self) -> Stretch | None:
        """Begin a new stretch: in the first whose end nobody can tell, else in the one of which most is left."""
        keys = self._stretch_keys
        if not self._may_spend() or self._likely_held(keys) >= self._budget:
            return None
        for stretch in self._stretches:
            if stretch.is_open and (new := self._cut_within(stretch, keys)):
                return new
        if self._landmarks.keys or self._stretches[-1].is_open:
            return None
        longest = max(self._stretches, key=lambda stretch: stretch.left)
        return self._cut_within(longest, longest.left // 2) if longest.left >= SHORT_PAGES * self._page_keys else None

    def _may_spend(self) -> bool:
        """Whether another stretch may be begun: each whose end is a guess is likely to spend as much as others did."""
        if self._landmarks.keys:
            return True
        untried = sum(stretch.guess > 0 for stretch in self._stretches)
        begun = sum(not stretch.done for stretch in self._stretches)
        ends, pages = begun * self._cost, begun * MOST_PAGES / 2
        return untried < self._trust and self._wasted + ends <= FIRST_WASTE + WASTE * (self._answers + pages)

    @property
    def _cost(self) -> float:
        """How many requests a stretch spends, as far as is known: half a page, and what is asked for in vain."""
        begun = sum(not stretch.done for stretch in self._stretches)
        return (self._wasted + (begun + FEW) / 2) / (self._begun + FEW)

    def _likely_held(self, keys: int) -> float:
        """Bytes that will wait when the first stretch has come as far as it is meant to, and all others meanwhile."""
        first = self._stretches[0]
        ahead = max(first.left, self._page_keys) if first.meant is not None and not first.is_open else keys
        return self._key_size * sum(
            stretch.came if stretch.done else min(max(keys, stretch.came), stretch.came + ahead)
            for stretch in self._stretches[1:]
        )

    @property
    def _stretch_keys(self) -> int:
        """Keys that a new stretch is to have: so many that all streams together can wait."""
        room = self._budget / (self._page_keys * self._key_size * self._width)
        pages = min(MOST_PAGES, int(room))
        known = len(self._landmarks.keys) * self._landmarks.spacing // self._page_keys
        if known and self._wasted <= FIRST_WASTE + WASTE * self._answers:
            pages = min(pages, known // (4 * self._width))
        if not known:
            pages = max(pages, min(int(self._cost / WASTE), int(room)))
        return int(FILLED * self._page_keys * max(pages, 2 if known else FEWEST_PAGES))

    def _cut_within(self, stretch: Stretch, keys: int) -> Stretch | None:
        """Let a stretch end about so many keys from where it is, and begin another there; None where it is short."""
        key, is_known = self._landmark(stretch.reached, keys), True
        if key is None:
            key, is_known = self._guess(stretch, keys), False
        if key is None or not self._is_fit(key) or (stretch.reached is not None and key <= stretch.reached):
            return None
        meant = stretch.came + keys
        if stretch.stop is not None and key >= stretch.stop:
            stretch.meant = meant
            return None
        left = None if stretch.meant is None or stretch.meant <= meant else stretch.meant - meant
        if is_known and key == self._landmarks.keys[-1]:
            left = self._landmarks.spacing
        guess = 0 if is_known else shared(key, stretch.reached or "") + 1
        new = Stretch(key, stretch.stop, key, meant=left, asked=True, guess=guess)
        self._begun += 1
        stretch.stop, stretch.meant = key, meant
        self._stretches.insert(self._stretches.index(stretch) + 1, new)
        return new

    def _is_fit(self, key: str) -> bool:
        """Whether a stretch may begin at a key, which all servers agree about: order by UTF-16 differs above."""
        return key.startswith(self._prefix) and max(key) < "\ud800"

    def _landmark(self, reached: str | None, keys: int) -> str | None:
        """The landmark about so many keys behind where a stretch is; None behind the last."""
        marks = self._landmarks.keys
        first = 0 if reached is None else bisect_right(marks, reached)
        grown = max(self._came, 1) / self._meant if self._meant > 2 * keys else 1.0
        place = first + max(int(keys / grown / self._landmarks.spacing), 1) - 1
        return marks[min(place, len(marks) - 1)] if first < len(marks) else None

    def _guess(self, stretch: Stretch, keys: int) -> str | None:
        """The key that lies about so many keys behind where a stretch is, by what was listed."""
        sample = (stretch.marks if len(stretch.marks) > 2 else self._marks).sample(keys)
        if sample is None or stretch.reached is None:
            return None
        first, last, count = sample
        while self._samples:
            self._space.see(self._samples.popleft())
        return self._space.beyond(stretch.reached, first, last, Fraction(keys, count), stop=stretch.stop)
