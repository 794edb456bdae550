"""Which objects a selection takes, and that nothing it takes lies outside of what is listed."""

import re
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bucketlink.errors import InvalidInput
from bucketlink.model import InputType, Restriction, Selection
from bucketlink.notices import Kind, Notice
from bucketlink.spans import Scan
from bucketlink.sync import media
from bucketlink.sync.selection import Selector, after_prefix, folder_prefix, listed_after

LETTERS = "ab/*.é😀\ud7ff\ue000\U0010ffff~"
TEXT = st.text(LETTERS.replace("*", ""), max_size=6)
KEY = st.text(LETTERS, min_size=1, max_size=8)
FOLDERS = st.none() | st.lists(TEXT, max_size=3).map(tuple)
PATTERNS = st.lists(st.text(LETTERS, min_size=1, max_size=5), max_size=2).map(tuple)
SELECTIONS = st.builds(Selection, FOLDERS, st.none() | TEXT, PATTERNS, PATTERNS)
RESTRICTIONS = st.builds(Restriction, FOLDERS, st.booleans())


def takes(key: str, selection: Selection | None = None, restriction: Restriction | None = None) -> bool:
    return Selector(selection or Selection(), restriction or Restriction()).takes(key)


@pytest.mark.parametrize("folder", ["bears", "bears/"])
def test_a_folder_takes_whole_segments(folder: str) -> None:
    assert takes("bears/1.jpg", Selection((folder,)))
    assert takes("bears/cubs/1.jpg", Selection((folder,)))
    assert not takes("bears2/1.jpg", Selection((folder,)))
    assert not takes("bears", Selection((folder,)))
    assert not takes("x/bears/1.jpg", Selection((folder,)))


def test_folders_not_given_take_everything_and_none_of_them_takes_nothing() -> None:
    assert takes("a/b.jpg")
    assert takes("b.jpg")
    assert not takes("a/b.jpg", Selection(()))
    assert not takes("b.jpg", Selection(()), Restriction(None, include_root_files=True))


def test_root_files_count_only_if_they_are_included_where_anything_restricts() -> None:
    folder = Selection(("a",))
    assert not takes("root.jpg", folder)
    assert takes("root.jpg", folder, Restriction(None, include_root_files=True))
    assert not takes("root.jpg", restriction=Restriction(("a",)))
    assert takes("root.jpg", restriction=Restriction(("a",), include_root_files=True))
    assert takes("root.jpg", restriction=Restriction(None))
    assert not takes("root.jpg", restriction=Restriction((), include_root_files=True))


def test_a_prefix_replaces_the_folders() -> None:
    assert takes("ab/1.jpg", Selection(("z",), "a"))
    assert not takes("z/1.jpg", Selection(("z",), "a"))
    assert takes("z/1.jpg", Selection(("z",), ""))


def test_allowed_paths_come_first() -> None:
    assert takes("a/x/1.jpg", Selection(("a",)), Restriction(("a/x",)))
    assert not takes("a/y/1.jpg", Selection(("a",)), Restriction(("a/x",)))


def test_exact_keys_are_told_apart() -> None:
    assert takes("/a/1", Selection(("/a",)))
    assert not takes("a/1", Selection(("/a",)))
    assert takes("a//1", Selection(("a/",)))
    assert not takes("a/1", Selection(("a//",)))
    assert not takes("e\u0301/1", Selection(("\u00e9",)))


def test_patterns_start_a_key_or_match_it_whole() -> None:
    assert takes("a/1.jpg", Selection(include=("a/",)))
    assert not takes("b/a/1.jpg", Selection(include=("a/",)))
    assert takes("a/b/1.jpg", Selection(include=("*.jpg",)))
    assert not takes(".jpg", Selection(include=("*.jpg",)))
    assert not takes("a/1.jpg.bak", Selection(include=("*.jpg",)))
    assert takes("a\n/1.jpg", Selection(include=("a*.jpg",)))
    assert not takes("a/1.jpg", Selection(exclude=("*.jpg",)))
    assert not takes("a/1.jpg", Selection(include=("*.jpg",), exclude=("a",)))


def test_patterns_that_cannot_be_used_are_refused() -> None:
    with pytest.raises(InvalidInput, match="too many"):
        Selector(Selection(include=("a",) * 1001), Restriction())
    with pytest.raises(InvalidInput, match="longer than a key"):
        Selector(Selection(include=("a" * 1025,)), Restriction())


@given(pattern=st.text("ab*", max_size=8), key=st.text("ab", max_size=10))
def test_patterns_match_as_an_expression_of_their_meaning_does(pattern: str, key: str) -> None:
    if not pattern:
        return
    if "*" in pattern:
        expression = ".+".join(map(re.escape, pattern.split("*")))
        expected = re.fullmatch(expression, key, re.DOTALL) is not None
    else:
        expected = key.startswith(pattern)
    assert takes(key, Selection(include=(pattern,))) == expected


def test_a_pattern_made_to_backtrack_takes_no_more_steps_than_it_has_parts() -> None:
    class Counting(str):
        __slots__ = ()
        finds = 0

        def find(self, *arguments: object) -> int:
            Counting.finds += 1
            return super().find(*arguments)  # type: ignore[arg-type]

    pattern = "*a" * 200 + "*b"
    assert not takes(Counting("a" * 300 + "b"), Selection(include=(pattern,)))
    assert 0 < Counting.finds <= 201


@given(SELECTIONS, RESTRICTIONS, KEY)
@settings(max_examples=1000)
@example(Selection(("\U0010ffff",)), Restriction(), "\U0010ffff/a")
def test_whatever_is_taken_is_listed(selection: Selection, restriction: Restriction, key: str) -> None:
    selector = Selector(selection, restriction)
    spans = selector.spans()
    assert spans[0].start == ""
    assert spans[-1].stop is None
    assert all(one.stop == other.start for one, other in pairwise(spans))
    span = next(one for one in spans if one.start <= key and (one.stop is None or key < one.stop))
    if not selector.takes(key):
        return
    assert span.scan is not Scan.NOTHING
    assert key.startswith(span.prefix)
    after = listed_after(span, None)
    if span.scan is Scan.ROOT_FILES:
        assert "/" not in key
    assert after is None or key > after


@given(SELECTIONS, RESTRICTIONS)
def test_equal_selections_have_equal_digests_whatever_the_order(selection: Selection, restriction: Restriction) -> None:
    turned = Selection(
        None if selection.selected_folders is None else selection.selected_folders[::-1],
        selection.prefix,
        selection.include[::-1],
        selection.exclude[::-1],
    )
    assert Selector(selection, restriction).digest() == Selector(turned, restriction).digest()


def test_selections_that_take_other_objects_have_other_digests() -> None:
    selections = [Selection(), Selection(()), Selection(("a",)), Selection(None, "a"), Selection(include=("a",))]
    restrictions = [Restriction(), Restriction(()), Restriction(("a",)), Restriction(("a",), include_root_files=True)]
    digests = {Selector(one, other).digest(of) for one in selections for other in restrictions for of in InputType}
    assert len(digests) == len(selections) * len(restrictions) * len(InputType)


@given(TEXT, KEY)
def test_what_comes_after_a_prefix_is_what_does_not_start_with_it(prefix: str, key: str) -> None:
    end = after_prefix(prefix)
    if key >= prefix:
        assert key.startswith(prefix) == (end is None or key < end)


@given(
    st.lists(st.text(LETTERS, min_size=1, max_size=3), min_size=17, max_size=20).map(tuple), st.lists(KEY, max_size=5)
)
def test_many_patterns_are_asked_for_beforehand_with_the_same_answers(
    patterns: tuple[str, ...], keys: list[str]
) -> None:
    selector = Selector(Selection(include=patterns), Restriction())
    asked = selector.asked_of(keys)
    assert [asked(key) for key in keys] == [selector.takes(key) for key in keys]


def test_folders_beyond_counting_are_refused() -> None:
    with pytest.raises(InvalidInput, match="too many"):
        Selector(Selection(tuple(map(str, range(10_001)))), Restriction())


def test_a_scope_outside_of_what_is_allowed_is_told() -> None:
    allowed = Restriction(("a", "b/c"))
    assert Selector(Selection(("a/x", "b", "z")), allowed).notices() == [Notice(Kind.NOT_ALLOWED, 1, "z/")]
    assert Selector(Selection(("b/c2", "z", "a")), allowed).notices() == [Notice(Kind.NOT_ALLOWED, 2, "b/c2/")]
    assert Selector(Selection(None, "z"), allowed).notices() == [Notice(Kind.NOT_ALLOWED, 1, "z")]
    assert Selector(Selection(None, "b/"), allowed).notices() == []
    assert Selector(Selection(), allowed).notices() == []


@pytest.mark.parametrize(
    ("selection", "restriction", "seen", "expected"),
    [
        (Selection(("a", "b/c", "d")), Restriction(), ["b/c/"], [Notice(Kind.EMPTY_FOLDER, 2, "a/")]),
        (Selection(("a", "b")), Restriction(), ["a/", "b/"], []),
        (Selection(("a", "a/b")), Restriction(), ["a/"], []),
        (Selection(("a",)), Restriction(("a/b", "a/c")), ["a/c/"], []),
        (Selection(("a",)), Restriction(("a/b", "a/c")), [], [Notice(Kind.EMPTY_FOLDER, 1, "a/")]),
        (Selection(("a/b", "x")), Restriction(("a",)), [], [Notice(Kind.EMPTY_FOLDER, 1, "a/b/")]),
        (Selection(prefix="2026/s"), Restriction(), [], [Notice(Kind.EMPTY_PREFIX, 1, "2026/s")]),
        (Selection(), Restriction(("a", "b")), ["b/"], [Notice(Kind.EMPTY_ALLOWED_PATH, 1, "a/")]),
        (Selection(), Restriction(), [], [Notice(Kind.EMPTY_BUCKET, 1, "")]),
        (Selection(), Restriction(), [""], []),
        (Selection(()), Restriction(), [], []),
        (Selection(("",)), Restriction(), [], [Notice(Kind.EMPTY_BUCKET, 1, "")]),
    ],
)
def test_what_is_selected_and_holds_no_object_is_told(
    selection: Selection, restriction: Restriction, seen: list[str], expected: list[Notice]
) -> None:
    selector = Selector(selection, restriction)
    assert set(seen) <= {span.prefix for span in selector.spans()}
    assert selector.unseen(seen) == expected


@given(st.lists(KEY, min_size=2, max_size=5))
def test_the_order_of_text_is_that_of_its_bytes(keys: list[str]) -> None:
    assert sorted(keys) == sorted(keys, key=str.encode)


def test_a_folder_ends_with_one_slash_more_only_if_it_has_none() -> None:
    assert [folder_prefix(one) for one in ("", "/", "a", "a/", "a//")] == ["", "/", "a/", "a/", "a//"]


def test_extensions_tell_media_types_in_letters_of_either_case() -> None:
    assert media.of_extension("a/b.JPeG") == "image/jpeg"
    assert media.of_extension("a/b.unknown") is None
    assert media.of_extension("a.jpg/b") is None
    assert media.of_extension("a/.jpg") is None
    assert media.of_extension("jpg") is None


@pytest.mark.parametrize(
    ("told", "key", "media_type"),
    [
        ("text/plain", "a.jpg", "text/plain"),
        (None, "a.jpg", "image/jpeg"),
        ("application/octet-stream", "a.jpg", "image/jpeg"),
        ("binary/octet-stream", "a.jpg", "image/jpeg"),
        ("application/octet-stream", "a", "application/octet-stream"),
        (None, "a", None),
    ],
)
def test_what_is_told_counts_unless_it_tells_nothing(told: str | None, key: str, media_type: str | None) -> None:
    assert media.of_object(told, key) == media_type


@pytest.mark.parametrize(
    ("input_type", "taken", "refused"),
    [
        (InputType.IMAGE, "image/png", "video/mp4"),
        (InputType.VIDEO, "Video/MP4", "image/png"),
        (InputType.PDF, "application/pdf; version=1.7", "application/json"),
        (InputType.TEXT, "text/csv", "text/css"),
    ],
)
def test_a_project_takes_the_media_of_its_input_type(input_type: InputType, taken: str, refused: str) -> None:
    assert media.accepts(input_type, taken)
    assert not media.accepts(input_type, refused)
