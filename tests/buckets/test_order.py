"""Whether keys ascend, and sorting them where they do not."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bucketlink.buckets.order import Disorder, in_order, spooled
from bucketlink.errors import BucketUnavailable
from bucketlink.notices import Kind, LeftOut
from bucketlink.spans import Page
from tests.buckets.holders import keys_of

LONG, BROKEN = LeftOut("k" * 1025, Kind.TOO_LONG), LeftOut("\udcff", Kind.NOT_UTF8)

any_key = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=6)


def pages(*groups: list[str]) -> Iterator[Page]:
    for group in groups:
        yield Page(group, [len(key) for key in group], [f"etag-{key}" for key in group])


@pytest.mark.parametrize(
    ("groups", "after"),
    [
        ([[]], None),
        ([["a", "b"], [], ["c"]], None),
        ([["a-b", "a/b", "a0", "é", "\uffff", "\U0001f600"]], None),
        ([["b"], ["c"]], "a"),
    ],
)
def test_keys_that_ascend_are_passed_on(groups: list[list[str]], after: str | None) -> None:
    assert keys_of(in_order(pages(*groups), after)) == [key for group in groups for key in group]


@pytest.mark.parametrize(
    ("groups", "after"),
    [
        ([["b", "a"]], None),
        ([["a", "a"]], None),
        ([["a", "b"], ["b"]], None),
        ([["a", "b"], [], ["a"]], None),
        ([["\U0001f600", "\uffff"]], None),
        ([["a"]], "a"),
        ([["a"]], "b"),
    ],
)
def test_keys_that_do_not_are_noticed(groups: list[list[str]], after: str | None) -> None:
    with pytest.raises(Disorder):
        keys_of(in_order(pages(*groups), after))


@given(st.lists(st.lists(any_key, max_size=8), max_size=5))
def test_disorder_is_noticed_exactly_where_there_is_some(groups: list[list[str]]) -> None:
    keys = [key for group in groups for key in group]
    try:
        keys_of(in_order(pages(*groups)))
        ordered = True
    except Disorder:
        ordered = False
    assert ordered == (keys == sorted(set(keys)))


def test_sorting_keeps_every_column_and_the_last_row_of_a_key(tmp_path: Path) -> None:
    given_pages = iter(
        [
            Page(["b", "a"], [2, 1], ["eb", "ea"], ["mb", "ma"], ["image/png", None], left_out=(BROKEN,)),
            Page([], [], [], left_out=(LONG, BROKEN)),
            Page(["é\n", "b"], [3, 1 << 40], ["ec", "eb2"], ["mc", "mb2"], [None, "image/jpeg"], ["GLACIER", None]),
        ]
    )
    assert list(spooled(given_pages, tmp_path)) == [
        Page([], [], [], left_out=(LONG, BROKEN)),
        Page(
            ["a", "b", "é\n"],
            [1, 1 << 40, 3],
            ["ea", "eb2", "ec"],
            ["ma", "mb2", "mc"],
            [None, "image/jpeg", None],
            [None, None, "GLACIER"],
        ),
    ]
    assert list(tmp_path.iterdir()) == []


def test_columns_that_nobody_told_stay_untold(tmp_path: Path) -> None:
    assert list(spooled(pages(["b"], ["a"]), tmp_path)) == [Page(["a", "b"], [1, 1], ["etag-a", "etag-b"])]


def test_sorting_gives_pages_of_a_thousand_and_removes_its_file(tmp_path: Path) -> None:
    keys = [f"{number * 7919 % 2500:05d}" for number in range(2500)]
    found = spooled(pages(keys[:1300], keys[1300:]), tmp_path)
    first = next(found)
    assert len(list(tmp_path.iterdir())) == 1
    rest = list(found)
    assert [len(page) for page in (first, *rest)] == [1000, 1000, 500]
    assert keys_of([first, *rest]) == sorted(keys)
    assert list(tmp_path.iterdir()) == []


def test_sorting_left_half_way_removes_its_file(tmp_path: Path) -> None:
    found = spooled(pages([f"{number}" for number in range(2000)]), tmp_path)
    next(found)
    found.close()  # type: ignore[attr-defined]
    assert list(tmp_path.iterdir()) == []


def test_a_listing_that_fails_gives_nothing_sorted(tmp_path: Path) -> None:
    def failing() -> Iterator[Page]:
        yield from pages(["b", "a"])
        raise BucketUnavailable("gone")

    with pytest.raises(BucketUnavailable):
        next(spooled(failing(), tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_what_is_left_out_is_told_though_nothing_is_listed(tmp_path: Path) -> None:
    skipped = Page([], [], [], left_out=(BROKEN,))
    assert list(spooled(iter([skipped]), tmp_path)) == [skipped]
    assert list(spooled(iter([]), tmp_path)) == []
