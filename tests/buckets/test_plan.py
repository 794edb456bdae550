"""Where a listing is cut into stretches, and that it is the same listing whatever is guessed."""

import heapq
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bucketlink.buckets.landmarks import NO_LANDMARKS, Landmarks
from bucketlink.buckets.order import Disorder
from bucketlink.buckets.packed import PackedPage, packed
from bucketlink.buckets.plan import Fetched, Plan, Stretch
from bucketlink.spans import Page

PAGE_KEYS = 100
WIDTH = 16
BUDGET = 64 << 20

any_key = st.text(st.sampled_from("019afzAF-_./é\ud7ff\uffff\U0001f600"), min_size=1, max_size=8)
numbered = st.tuples(st.integers(0, 4), st.integers(0, 30)).map(lambda part: f"day-{part[0]}/frame-{part[1]:03d}")
any_keys = st.lists(any_key | numbered, max_size=60, unique=True).map(sorted)


def page_of(keys: Sequence[str]) -> PackedPage:
    return packed(Page(list(keys), [1] * len(keys), [""] * len(keys)))


@dataclass
class Bucket:
    """Answers requests; one that does not begin where it is told to begins at its first key."""

    keys: Sequence[str]
    page_keys: int = PAGE_KEYS
    begins_anywhere: bool = True

    def answer(self, stretch: Stretch) -> Fetched:
        if not self.begins_anywhere and stretch.token is None and stretch.after is not None:
            return Fetched(page_of([]), "next", began_before=True)
        start = 0 if stretch.reached is None else bisect_right(self.keys, stretch.reached)
        end = start + self.page_keys
        keys = self.keys[start:end]
        return Fetched(page_of(keys), "next" if end < len(self.keys) else None, keys[:: max(len(keys) // 8, 1)])


@dataclass
class Listing:
    """What came of a plan: keys as they were handed on, requests, and the rounds that these took side by side."""

    keys: list[str]
    requests: int
    rounds: float
    held: int


def listed(
    bucket: Bucket, *, width: int = WIDTH, budget: int = BUDGET, landmarks: Landmarks = NO_LANDMARKS, seed: int = 0
) -> Listing:
    """Drive a plan, with requests that take from 1 to 1.1 rounds."""
    plan = Plan(budget=budget, page_keys=bucket.page_keys, landmarks=landmarks)
    chance, now, got = Random(seed), 0.0, Listing([], 0, 0, 0)
    under_way: list[tuple[float, int, Stretch, Fetched]] = []
    while not plan.is_done:
        while (stretch := plan.next(width)) is not None:
            got.requests += 1
            heapq.heappush(under_way, (now + 1 + chance.random() / 10, got.requests, stretch, bucket.answer(stretch)))
        assert plan.under_way == len(under_way) <= width
        assert under_way
        now, _, stretch, fetched = heapq.heappop(under_way)
        plan.answer(stretch, fetched)
        waiting = sum(page.size for other in plan._stretches[1:] for page in other.waiting)
        got.held = max(got.held, waiting)
        for page in plan.pages():
            got.keys += page.page().keys
    assert not under_way
    got.rounds = now
    return got


@given(
    any_keys,
    st.lists(any_key | numbered, max_size=10, unique=True).map(sorted),
    st.integers(1, 9),
    st.integers(1, 8),
    st.booleans(),
    st.integers(0, 3),
)
def test_every_key_comes_once_and_in_order(
    keys: list[str], marks: list[str], page_keys: int, width: int, begins_anywhere: bool, seed: int
) -> None:
    bucket = Bucket(keys, page_keys, begins_anywhere)
    for landmarks in (NO_LANDMARKS, Landmarks(keys[4::5], 5), Landmarks(marks, 3)):
        assert listed(bucket, width=width, landmarks=landmarks, seed=seed).keys == keys


@given(st.integers(1, 400), st.integers(1, 20), st.integers(1, 12), st.integers(0, 9))
def test_numbered_keys_come_once_and_in_order(count: int, page_keys: int, width: int, seed: int) -> None:
    keys = [f"{number // 97}/{number % 97:02d}.jpg" for number in range(count)]
    assert listed(Bucket(sorted(keys), page_keys), width=width, seed=seed).keys == sorted(keys)


@pytest.mark.parametrize("budget", [1, 40_000, 200_000])
def test_no_more_waits_than_may_wait_and_what_was_under_way(budget: int) -> None:
    bucket = Bucket([f"img_{number:06d}.jpg" for number in range(20_000)])
    got = listed(bucket, budget=budget)
    assert got.keys == bucket.keys
    assert got.held <= budget + WIDTH * page_of(bucket.keys[:PAGE_KEYS]).size


def test_where_no_stretch_is_to_begin_those_that_are_begun_go_on_to_their_ends() -> None:
    bucket = Bucket([f"img_{number:06d}.jpg" for number in range(20_000)])
    plan = Plan(budget=BUDGET, page_keys=PAGE_KEYS, landmarks=Landmarks(bucket.keys[47::48], 48))
    begun = list(iter(lambda: plan.next(WIDTH), None))
    asked = begun
    for _ in range(30):
        for stretch in asked:
            plan.answer(stretch, bucket.answer(stretch))
        list(plan.pages())
        asked = list(iter(lambda: plan.next(WIDTH, begins=False), None))
        assert all(stretch in begun for stretch in asked)
    assert len(begun) == WIDTH
    assert all(stretch.done for stretch in begun[:-1])
    assert plan.next(WIDTH) not in begun


def test_one_request_at_a_time_is_one_stream() -> None:
    bucket = Bucket([f"img_{number:06d}.jpg" for number in range(2_000)])
    got = listed(bucket, width=1)
    assert got.keys == bucket.keys
    assert got.requests <= 22


def test_a_bucket_that_begins_before_is_listed_in_one_stream() -> None:
    bucket = Bucket([f"img_{number:06d}.jpg" for number in range(10_000)], begins_anywhere=False)
    got = listed(bucket)
    assert got.keys == bucket.keys
    assert got.requests <= 100 + WIDTH + 5


def test_keys_that_do_not_ascend_are_refused() -> None:
    plan = Plan(budget=BUDGET, page_keys=2, after="m")
    stretch = plan.next(1)
    assert stretch is not None
    with pytest.raises(Disorder):
        plan.answer(stretch, Fetched(page_of(["a", "b"])))


@pytest.mark.parametrize("prefix", ["images/", ""])
def test_stretches_begin_with_the_prefix_and_where_all_orders_agree(prefix: str) -> None:
    keys = sorted([f"images/{chr(0xD7F0 + number % 16)}{number:05d}" for number in range(5_000)])
    plan, bucket = Plan(budget=BUDGET, page_keys=50, prefix=prefix), Bucket(keys, 50)
    begun = []
    while not plan.is_done:
        asked = []
        while (stretch := plan.next(WIDTH)) is not None:
            asked.append(stretch)
        begun += [stretch.after for stretch in asked if stretch.after is not None]
        for stretch in asked:
            plan.answer(stretch, bucket.answer(stretch))
        list(plan.pages())
    assert begun
    assert all(after.startswith(prefix) and max(after) < "\ud800" for after in begun)


def dates() -> list[str]:
    first = date(2022, 11, 20)
    return [
        f"recordings/{first + timedelta(day):%Y/%m/%d}/cam{camera}/frame_{frame:05d}.jpg"
        for day in range(100)
        for camera in range(4)
        for frame in range(50)
    ]


def species() -> list[str]:
    sizes = {"bat": 6_000, "deer": 1_500, "fox": 3_000, "lynx": 500, "owl": 5_000, "wolf": 4_000}
    return [f"traps/{name}/{name}_{number:06d}.jpg" for name, size in sizes.items() for number in range(size)]


def nested() -> list[str]:
    names = [""]
    for level in ("region", "site", "hall", "line", "shift"):
        names = [f"{name}{level}-{child}/" for name in names for child in range(4)]
    return [f"{name}{number:04d}.jpg" for name in names for number in range(20)]


LAYOUTS = {
    "flat": ([f"img_{number:07d}.jpg" for number in range(20_000)], 1.08, 1 / 6),
    "hashes": (sorted(sha256(b"%d" % number).hexdigest() + ".jpg" for number in range(20_000)), 1.10, 1 / 5),
    "dates": (dates(), 1.12, 1 / 5),
    "nested": (nested(), 1.12, 1 / 4),
    "species": (species(), 1.12, 1 / 4),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_200_pages_take_a_fraction_of_the_rounds_and_hardly_more_requests(layout: str) -> None:
    keys, requests, rounds = LAYOUTS[layout]
    got = listed(Bucket(keys))
    pages = len(keys) / PAGE_KEYS
    assert got.keys == keys
    assert got.requests <= requests * pages
    assert got.rounds <= rounds * 1.05 * pages


@pytest.mark.parametrize("layout", LAYOUTS)
def test_landmarks_of_an_earlier_listing_do_as_well_from_the_start(layout: str) -> None:
    keys = LAYOUTS[layout][0]
    spacing = PAGE_KEYS * 48 // 50
    got = listed(Bucket(keys[::2] + keys[-1:]), landmarks=Landmarks(keys[spacing - 1 :: spacing], spacing))
    assert got.keys == keys[::2] + keys[-1:]
    again = listed(Bucket(keys), landmarks=Landmarks(keys[spacing - 1 :: spacing], spacing))
    assert again.keys == keys
    assert again.requests <= 1.12 * len(keys) / PAGE_KEYS
    assert again.rounds <= len(keys) / PAGE_KEYS / 8


def test_landmarks_of_a_bucket_that_was_emptied_since_do_no_harm() -> None:
    keys = ["0", "00", "000", "1", "9"]
    assert listed(Bucket(keys, 1), width=2, landmarks=Landmarks(keys[4::5], 5)).keys == keys
    marks = [f"b{number:05d}" for number in range(1_000)]
    assert listed(Bucket(["a", "z"], 1), landmarks=Landmarks(marks, 1)).keys == ["a", "z"]
