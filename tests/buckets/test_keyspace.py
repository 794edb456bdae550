"""Reckoning with keys: what lies so and so far behind a key."""

from collections.abc import Sequence
from datetime import date, timedelta
from fractions import Fraction
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bucketlink.buckets.keyspace import KeySpace, shared

any_keys = st.lists(
    st.text(st.sampled_from("019afzAF-_./é\U0001f600"), min_size=1, max_size=12), min_size=2, max_size=20, unique=True
).map(sorted)


def space_of(keys: Sequence[str]) -> KeySpace:
    space = KeySpace()
    space.see(keys)
    return space


def recordings(days: int) -> list[str]:
    """Two cameras a day, three frames of each."""
    return [
        f"{date(2023, 11, 1) + timedelta(day):%Y/%m/%d}/cam{camera}/frame_{frame:04d}.jpg"
        for day in range(days)
        for camera in range(2)
        for frame in range(3)
    ]


@pytest.mark.parametrize(
    ("first", "second", "count"), [("", "", 0), ("a", "ab", 1), ("ab", "ac", 1), ("é/1", "é/1", 3)]
)
def test_what_two_keys_start_with_is_shared(first: str, second: str, count: int) -> None:
    assert shared(first, second) == count


def test_numbers_go_on_in_the_same_steps() -> None:
    space = space_of(["img_000100.jpg", "img_000200.jpg"])
    guess = space.beyond("img_000200.jpg", "img_000100.jpg", "img_000200.jpg", Fraction(5))
    assert guess is not None
    assert guess.startswith("img_000700")


def test_frames_carry_to_the_next_camera_and_the_next_day() -> None:
    keys = recordings(3)
    space = space_of(keys)
    first, last = keys[0], keys[1]
    camera = space.beyond("2023/11/03/cam0/frame_0002.jpg", first, last, Fraction(1))
    day = space.beyond("2023/11/03/cam1/frame_0002.jpg", first, last, Fraction(1))
    assert camera is not None
    assert "2023/11/03/cam0/frame_0002.jpg" < camera <= "2023/11/03/cam1/frame_0000.jpg"
    assert day is not None
    assert "2023/11/03/cam1/frame_0002.jpg" < day <= "2023/11/04/cam0/frame_0000.jpg"


def test_days_carry_to_the_next_month_as_they_did_before() -> None:
    keys = recordings(75)
    ten = 10 * 6
    guess = space_of(keys).beyond("2024/01/28/cam0/frame_0000.jpg", keys[0], keys[ten], Fraction(1))
    assert guess is not None
    assert "2024/02/05" <= guess <= "2024/02/09"


def test_a_folder_is_not_spelled_further_where_its_name_never_varied() -> None:
    keys = [f"site-{site}/shift-{shift}/x.jpg" for site in range(3) for shift in range(4)]
    guess = space_of(keys).beyond("site-2/shift-3/x.jpg", keys[0], keys[1], Fraction(2))
    assert guess is not None
    assert guess.startswith("site-3")


def test_a_step_counts_the_same_in_a_folder_whose_name_is_shorter() -> None:
    keys = [f"bat-adult/bat-adult_{number:06d}.jpg" for number in range(0, 5000, 100)] + ["bat-cub/bat-cub_000000.jpg"]
    guess = space_of(keys).beyond("bat-cub/bat-cub_000300.jpg", keys[10], keys[30], Fraction(1))
    assert guess is not None
    assert guess.startswith("bat-cub/bat-cub_0023")


@pytest.mark.parametrize("upper", [False, True])
def test_hexadecimal_names_are_as_far_apart_as_their_numbers(*, upper: bool) -> None:
    keys = sorted(sha256(str(number).encode()).hexdigest()[:12] for number in range(4096))
    keys = [key.upper() for key in keys] if upper else keys
    guess = space_of(keys).beyond(keys[400], keys[0], keys[400], Fraction(4))
    assert guess is not None
    behind = sum(key <= guess for key in keys)
    assert 1900 < behind < 2100


def test_where_a_guess_found_nothing_numbering_turns() -> None:
    first, last = "2023/01/01/a.jpg", "2023/02/01/a.jpg"
    space = space_of([first, last])
    guess = space.beyond("2023/12/01/a.jpg", first, last, Fraction(1))
    assert guess is not None
    assert guess.startswith("2023/13")
    space.missed(guess, "2024/01/01/a.jpg")
    assert space.beyond("2024/12/01/a.jpg", first, last, Fraction(1)) == "2025"


def test_before_a_key_that_is_known_numbers_go_on_though_they_turned_elsewhere() -> None:
    keys = [*(f"test/{number:05d}.jpg" for number in range(100)), *(f"val/{number:05d}.jpg" for number in range(100))]
    space = space_of([*keys, "zoo/00000.jpg"])
    guess = space.beyond("train/00099.jpg", "train/00000.jpg", "train/00050.jpg", Fraction(1), stop="trains/00000.jpg")
    assert guess is not None
    assert guess.startswith("train/00149")


def test_behind_names_that_differ_in_nothing_there_is_no_place_to_go() -> None:
    assert space_of(["a", "b"]).beyond("b", "a", "a", Fraction(3)) is None
    assert KeySpace().beyond("", "", "", Fraction(1)) is None


@given(any_keys, st.integers(0, 99), st.integers(0, 99), st.integers(1, 50), st.booleans())
def test_a_guess_is_greater_than_the_key_whatever_was_seen(
    keys: list[str],
    one: int,
    other: int,
    times: int,
    bounded: bool,
) -> None:
    space = space_of(keys)
    key = keys[one % len(keys)]
    for _ in range(3):
        first, last = sorted((keys[one % len(keys)], keys[other % len(keys)]))
        guess = space.beyond(key, first, last, Fraction(times, 3), stop=keys[-1] if bounded else None)
        if guess is None:
            return
        assert guess > key
        assert len(guess) < 256
        if guess < keys[-1]:
            space.missed(guess, keys[-1])
        key = guess


@given(st.text(st.sampled_from("0189a/_"), min_size=150, max_size=1024))
def test_long_keys_are_reckoned_with_by_their_start(key: str) -> None:
    space = space_of([key, key + "1"])
    assert space.beyond(key, key, key + "1", Fraction(2)) is None or len(key) < 256
