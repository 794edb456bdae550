"""What readers do alike to columns: numbers are read or refused, and only what was asked for stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bucketlink.buckets.columns import MAX_SIZE, numbers, within
from bucketlink.spans import Page


@given(st.lists(st.integers(0, MAX_SIZE), min_size=1))
def test_sizes_are_read_as_they_were_written(sizes: list[int]) -> None:
    assert numbers(list(map(str, sizes))) == sizes


@given(st.lists(st.text("0123456789,.-+e[] _\u0661", max_size=21), min_size=1, max_size=4))
def test_what_is_no_size_is_refused_whatever_stands_beside_it(sent: list[str]) -> None:
    is_size = [one.isascii() and one.isdigit() and int(one) <= MAX_SIZE and len(one) <= 19 for one in sent]
    assert numbers(sent) == (list(map(int, sent)) if all(is_size) else None)


@pytest.mark.parametrize("zeros", ["00", "007"])
def test_sizes_may_start_with_zeros(zeros: str) -> None:
    assert numbers(["1", zeros]) == [1, int(zeros)]


@pytest.mark.parametrize(
    "sent", ["9223372036854775808", "18446744073709551616", "9" * 400, "9" * 5000, "", "1e3", "1,2", "null"]
)
def test_what_cannot_be_a_size_is_refused(sent: str) -> None:
    assert numbers(["1", sent, "2"]) is None
    assert numbers([sent]) is None


@given(
    st.lists(st.text("ab/", max_size=4)),
    st.text("ab/", max_size=2),
    st.none() | st.text("ab/", max_size=3),
    st.booleans(),
)
def test_rows_that_were_not_asked_for_are_left_out(
    keys: list[str], prefix: str, after: str | None, root_files: bool
) -> None:
    page = Page(keys, list(range(len(keys))), keys)
    found = within(page, prefix=prefix, after=after, root_files=root_files)
    wanted = [
        place
        for place, key in enumerate(keys)
        if key.startswith(prefix) and (after is None or key > after) and not (root_files and "/" in key)
    ]
    assert list(found.sizes) == wanted
    assert list(found.keys) == [keys[place] for place in wanted]
