"""Packing pages and unpacking them, by the algebra of their rows."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bucketlink.buckets.columns import MAX_SIZE
from bucketlink.buckets.packed import NOTHING, PackedPage, joined, packed
from bucketlink.notices import Kind, LeftOut
from bucketlink.spans import Page

any_text = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=4)
LEFT_OUT = [LeftOut("a\0", Kind.HOLDS_NUL), LeftOut("\udcff", Kind.NOT_UTF8)]
any_keys = st.lists(any_text.filter(bool), max_size=8, unique=True).map(sorted)


@st.composite
def any_page(draw: st.DrawFn, *, keys: Sequence[str] | None = None) -> Page:
    """A page whose optional columns are there or not, with texts that are there, empty or None."""
    found = draw(any_keys) if keys is None else list(keys)

    def column(values: st.SearchStrategy[Any]) -> list[Any]:
        return draw(st.lists(values, min_size=len(found), max_size=len(found)))

    def perhaps(values: st.SearchStrategy[Any]) -> list[Any] | None:
        return column(values) if len(found) > 0 and draw(st.booleans()) else None

    return Page(
        found,
        column(st.integers(-1, MAX_SIZE)),
        column(any_text),
        perhaps(any_text),
        perhaps(st.none() | any_text.filter(bool)),
        perhaps(st.none() | any_text.filter(bool)),
        tuple(draw(st.lists(st.sampled_from(LEFT_OUT), max_size=2, unique=True))),
    )


@st.composite
def any_pages(draw: st.DrawFn) -> list[Page]:
    """Pages that follow one another."""
    keys = draw(any_keys)
    cuts = sorted(draw(st.lists(st.integers(0, len(keys)), max_size=3)))
    return [draw(any_page(keys=keys[start:end])) for start, end in zip([0, *cuts], [*cuts, len(keys)], strict=True)]


def rows(page: Page) -> list[tuple[object, ...]]:
    """What is told of each object, but for times."""
    empty = [None] * len(page)
    return list(
        zip(page.keys, page.sizes, page.etags, page.content_types or empty, page.archived or empty, strict=True)
    )


@given(any_page())
def test_a_page_survives_packing(page: Page) -> None:
    assert packed(page).page() == page


@given(any_page())
def test_a_packed_page_tells_its_count_and_its_ends(page: Page) -> None:
    found = packed(page)
    assert found.count == len(page)
    assert [found.first, found.last] == ([page.keys[0], page.keys[-1]] if page.keys else ["", ""])


@given(any_page().filter(len))
def test_a_packed_page_takes_room(page: Page) -> None:
    assert packed(page).size >= sum(map(len, page.keys)) + sum(map(len, page.etags))


@pytest.mark.parametrize("told", [[None], [None, None], ["x", None], [None, "x"], [None, "x", None]])
def test_what_is_not_told_stays_untold(told: list[str | None]) -> None:
    keys = [str(number) for number in range(len(told))]
    page = Page(keys, [0] * len(keys), [""] * len(keys), [""] * len(keys), told, told)
    assert packed(page).page() == page


@given(any_page(), any_text)
def test_through_a_key_are_the_rows_up_to_it(page: Page, key: str) -> None:
    found = packed(page).through(key).page()
    count = sum(one <= key for one in page.keys)
    assert rows(found) == rows(page)[:count]
    assert found.modified == (None if page.modified is None or not count else page.modified[:count])
    assert found.left_out == page.left_out


@given(any_page())
def test_through_one_of_its_keys_is_with_it(page: Page) -> None:
    for number, key in enumerate(page.keys):
        assert packed(page).through(key).page().keys == page.keys[: number + 1]


@given(any_pages())
def test_pages_joined_are_their_rows_one_after_the_other(pages: list[Page]) -> None:
    found = joined(list(map(packed, pages))).page()
    assert rows(found) == [row for page in pages for row in rows(page)]
    assert set(found.left_out) == {one for page in pages for one in page.left_out}
    assert len(found.left_out) == len(set(found.left_out))


@given(any_pages())
def test_times_are_told_of_joined_pages_where_all_tell_them(pages: list[Page]) -> None:
    filled = [page.modified for page in pages if page.keys]
    told = [modified for modified in filled if modified is not None]
    found = joined(list(map(packed, pages))).page()
    assert found.modified == ([one for modified in told for one in modified] if told and told == filled else None)


@given(any_pages())
def test_joining_pages_is_packing_them_joined(pages: list[Page]) -> None:
    whole = joined(list(map(packed, pages)))
    assert packed(whole.page()) == whole


def test_nothing_joined_is_nothing() -> None:
    assert joined([]) == joined([NOTHING]) == PackedPage()
