"""What is told beside differences: counted, named, kept and read again."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bucketlink.notices import (
    LONGEST_KEPT,
    MOST_NOTICES,
    Kind,
    LeftOut,
    Notice,
    counted,
    merged,
    of_left_out,
    said,
    stored,
)

KINDS = sorted(set(Kind) - {Kind.TEXT})


@pytest.mark.parametrize("kind", KINDS)
def test_a_notice_says_of_how_many_and_names_one(kind: Kind) -> None:
    one, more = Notice(kind, 1, "a b/c").text, Notice(kind, 1200, "a b/c").text
    assert one.endswith(".")
    assert more.endswith(".")
    if kind not in {Kind.EMPTY_BUCKET, Kind.EMPTY_PREFIX}:
        assert "a b/c" in one
        assert "1,200" in more
        assert "such as a b/c" in more


def test_what_the_wire_knows_is_said_letter_by_letter() -> None:
    known = [Notice(kind, 3, "a").on_the_wire for kind in (Kind.NO_CONTENT_TYPE, Kind.OTHER_CONTENT_TYPE)]
    assert known == [
        "Objects with missing content-type were ignored",
        "Objects with unsupported content-type for this type of project were ignored",
    ]
    assert said("Something else").on_the_wire == "Something else"
    assert said("Something else").text == "Something else."
    assert Notice(Kind.EMPTY_FOLDER, 1, "a/").on_the_wire == "The folder a/ holds no object in the bucket."


def test_an_example_steers_nothing_and_is_not_long() -> None:
    assert r"$'a\nb/'" in Notice(Kind.EMPTY_FOLDER, 1, "a\nb/").text
    assert len(Notice(Kind.TOO_LONG, 1, "k" * 5000).text) < 300


any_name = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@given(st.sampled_from(KINDS), st.integers(1), any_name)
def test_what_is_kept_is_what_was_told(kind: Kind, count: int, example: str) -> None:
    notice = Notice(kind, count, example[:LONGEST_KEPT])
    assert stored(json.loads(json.dumps(notice.row()))) == notice


@pytest.mark.parametrize("name", ["nul\0", "\udcff.jpg", "k" * 5000])
def test_names_that_cannot_be_text_are_kept_as_nearly_as_can_be(name: str) -> None:
    kept = stored(Notice(Kind.NOT_UTF8, 1, name).row())
    assert kept.example.isprintable()
    assert kept.example.encode()
    assert len(kept.example) <= LONGEST_KEPT + 1


def test_what_earlier_releases_kept_is_read() -> None:
    assert stored("Objects were left out").text == "Objects were left out."


def test_notices_of_a_kind_are_counted_together_and_texts_come_once() -> None:
    notices = [Notice(Kind.TOO_LONG, 2, "b"), said("x"), Notice(Kind.TOO_LONG, 3, "a"), said("y"), said("x")]
    assert merged(notices) == [Notice(Kind.TOO_LONG, 5, "b"), said("x"), said("y")]
    assert len(merged(said(str(number)) for number in range(2 * MOST_NOTICES))) == MOST_NOTICES


def test_names_left_out_are_counted_by_reason() -> None:
    names = [LeftOut("b", Kind.LINK_BACK), LeftOut("a", Kind.TOO_LONG), LeftOut("c", Kind.LINK_BACK)]
    assert of_left_out(names) == [Notice(Kind.LINK_BACK, 2, "b"), Notice(Kind.TOO_LONG, 1, "a")]
    assert counted(Kind.TOO_LONG, []) == []
