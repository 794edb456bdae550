"""What a computation tells beside differences: selected and not there, or left out; exactly, whoever dies when."""

from pathlib import Path

import pytest

from bucketlink import jobs
from bucketlink.buckets.packed import packed
from bucketlink.model import BucketAddress, Credentials, Platform, Restriction, Selection
from bucketlink.notices import Kind, LeftOut, Notice
from bucketlink.spans import Page, Scan, Span
from bucketlink.store.ranges import RangeClaim
from bucketlink.sync.selection import Selector
from bucketlink.sync.watch import Watch, unseen
from tests.servers.pages import PageServer
from tests.sync.desk import Desk
from tests.sync.test_dying import copied, work_and_die


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Transactions and pages of a few rows, so that there are many."""
    for name in ("FEWEST", "MOST", "FIRST"):
        monkeypatch.setattr(f"bucketlink.sync.pacing.{name}", 3)
    monkeypatch.setattr("bucketlink.sync.engine.SAME_KEYS", 7)
    monkeypatch.setattr("bucketlink.buckets.folder.PAGE_KEYS", 3)


def told(desk: Desk, selection: Selection) -> list[Notice]:
    connection = desk.connect(selection)
    desk.compute(connection)
    return list(desk.connection(connection).notices)


def test_a_mistyped_folder_is_told_and_goes_when_it_is_there(desk: Desk) -> None:
    desk.put("2026/spring/a.jpg", "2026/summer/a.jpg")
    connection = desk.connect(Selection(("2026/sprng", "2026/summer", "2026/wintr")))
    desk.compute(connection)
    assert desk.connection(connection).notices == (Notice(Kind.EMPTY_FOLDER, 2, "2026/sprng/"),)
    desk.put("2026/sprng/a.jpg")
    desk.compute(connection)
    assert desk.connection(connection).notices == (Notice(Kind.EMPTY_FOLDER, 1, "2026/wintr/"),)
    desk.select(connection, Selection(("2026/spring",)))
    desk.work()
    assert desk.connection(connection).notices == ()


def test_a_folder_that_was_emptied_is_told_beside_what_is_to_go(desk: Desk) -> None:
    keys = [f"a/{number:02}.jpg" for number in range(20)]
    desk.put(*keys, "b/1.jpg")
    connection = desk.connect(Selection(("a", "b")))
    desk.synchronize(connection)
    desk.delete(*keys)
    assert desk.compute(connection) == (0, 20, 0)
    assert desk.connection(connection).notices == (Notice(Kind.EMPTY_FOLDER, 1, "a/"),)


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(prefix="b/"), [Notice(Kind.EMPTY_PREFIX, 1, "b/")]),
        (Selection(prefix="a/1"), []),
        (Selection(include=("a/", "*.png", "x/")), [Notice(Kind.UNMATCHED_INCLUDE, 2, "*.png")]),
        (Selection(include=("*/2.j*",), exclude=("a/1", "*.tmp")), [Notice(Kind.UNMATCHED_EXCLUDE, 1, "*.tmp")]),
        (Selection(("nosuch",), include=("*.jpg",)), [Notice(Kind.EMPTY_FOLDER, 1, "nosuch/")]),
        (Selection(()), []),
    ],
)
def test_a_prefix_or_a_pattern_that_nothing_matches_is_told(
    desk: Desk, selection: Selection, expected: list[Notice]
) -> None:
    desk.put("a/1.jpg", "a/2.jpg")
    assert told(desk, selection) == expected
    connection = desk.connect(selection)
    desk.synchronize(connection)
    desk.compute(connection)
    assert list(desk.connection(connection).notices) == expected


def test_an_allowed_path_or_a_bucket_with_nothing_in_it_is_told(tmp_path: Path) -> None:
    desk = Desk.open(tmp_path, restriction=Restriction(("a", "nosuch"), include_root_files=True))
    desk.put("a/1.jpg", "root.jpg")
    assert told(desk, Selection()) == [Notice(Kind.EMPTY_ALLOWED_PATH, 1, "nosuch/")]
    assert told(desk, Selection(("b", "nosuch/x"))) == [
        Notice(Kind.NOT_ALLOWED, 1, "b/"),
        Notice(Kind.EMPTY_FOLDER, 1, "nosuch/x/"),
    ]
    desk.home.close()


def test_an_empty_bucket_is_told(desk: Desk) -> None:
    assert told(desk, Selection()) == [Notice(Kind.EMPTY_BUCKET, 1, "")]


def test_a_folder_with_nothing_but_what_is_left_out_is_there(desk: Desk) -> None:
    desk.put("a/1.txt", "b/1.jpg")
    (desk.bucket / "c").mkdir()
    (desk.bucket / "c" / "out").symlink_to("/")
    (desk.bucket / "d").symlink_to("/")
    assert set(told(desk, Selection(("a", "b", "c", "d/x", "d/y")))) == {
        Notice(Kind.OTHER_CONTENT_TYPE, 1, "a/1.txt"),
        Notice(Kind.LINK_OUTSIDE, 2, "c/out"),
    }


def test_asking_about_objects_costs_no_request_more(tmp_path: Path) -> None:
    with PageServer(["a/1.jpg"]) as server:
        address = BucketAddress(Platform.CUSTOM_S3, "bucket", server.endpoint)
        desk = Desk.open(tmp_path, address=address, credentials=Credentials("key", "secret"))
        expected = [Notice(Kind.UNMATCHED_INCLUDE, 1, "*.png"), Notice(Kind.EMPTY_FOLDER, 1, "b/")]
        assert sorted(told(desk, Selection(("a", "b"), include=("*.png", "a/"))), key=str) == sorted(expected, key=str)
        assert server.counts["LIST"] == 2
        desk.home.close()


def prepared(directory: Path) -> tuple[Desk, int]:
    """A desk whose connection has something of everything to be told of."""
    directory.mkdir()
    desk = Desk.open(directory)
    desk.put(*(f"{folder}/{number:02}.{kind}" for folder in "abc" for number in range(3) for kind in ("jpg", "txt")))
    connection = desk.connect(Selection(("a", "b", "c", "nosuch", "z"), include=("a/", "b/", "c/", "*.png")))
    desk.put(*(f"z/{number}.png" for number in range(4)))
    desk.synchronize(connection)
    desk.delete(*(f"z/{number}.png" for number in range(4)))
    for number in range(4):
        (desk.bucket / "b" / f"{number}-out").symlink_to("/")
        (desk.bucket / f"a/{number}\udcff.jpg").touch()
    return desk, connection


def notices(desk: Desk, connection: int) -> tuple[Notice, ...]:
    return tuple(sorted(desk.connection(connection).notices, key=str))


@pytest.mark.usefixtures("small_steps")
@pytest.mark.parametrize("committed", [True, False], ids=["after", "before"])
def test_dying_at_any_transaction_counts_nothing_twice(tmp_path: Path, *, committed: bool) -> None:
    desk, connection = prepared(tmp_path / "desk")
    with copied(desk, tmp_path / "whole") as whole:
        whole.compute(connection)
        expected = notices(whole, connection)
    assert set(expected) == {
        Notice(Kind.EMPTY_FOLDER, 2, "nosuch/"),
        Notice(Kind.LINK_OUTSIDE, 4, "b/0-out"),
        Notice(Kind.NOT_UTF8, 4, "a/0\N{REPLACEMENT CHARACTER}.jpg"),
        Notice(Kind.OTHER_CONTENT_TYPE, 9, "a/00.txt"),
        Notice(Kind.UNMATCHED_INCLUDE, 1, "*.png"),
    }
    step, died = 0, True
    while died:
        with copied(desk, tmp_path / f"{step}") as mortal:
            mortal.request_compute(connection)
            died = work_and_die(mortal, at=step, committed=committed)
            while (claim := jobs.take(mortal.home)) is not None:
                jobs.perform(mortal.home, claim)
            assert notices(mortal, connection) == expected, step
        step += 1
    assert step > 10


def claim(span: Span, cursor: str | None = None) -> RangeClaim:
    return RangeClaim(1, 1, span, cursor, spooled=False)


WHOLE = Span("", None, Scan.OBJECTS)
LONG = [LeftOut(f"{name}{'k' * 1024}", Kind.TOO_LONG) for name in "bdz"]


def page(*keys: str, left_out: list[LeftOut] | None = None) -> Page:
    return Page(keys, [1] * len(keys), [""] * len(keys), left_out=tuple(left_out or ()))


def test_a_name_counts_where_the_cursor_passes_it_however_often_it_is_seen() -> None:
    watch, range_ = Watch(Selector(Selection(), Restriction())), claim(WHOLE)
    watch.begin(range_)
    watch.see(packed(page("a", "c", left_out=LONG)), range_)
    assert watch.take("a") == ([], [])
    assert watch.take("c") == ([], [Notice(Kind.TOO_LONG, 1, LONG[0].name)])
    watch.see(packed(page("e", left_out=LONG[1:])), range_)
    assert watch.take("e") == ([], [Notice(Kind.TOO_LONG, 1, LONG[1].name)])
    assert watch.take(None) == ([], [Notice(Kind.TOO_LONG, 1, LONG[2].name)])
    resumed = claim(WHOLE, "e")
    watch.begin(resumed)
    watch.see(packed(page("f", left_out=LONG)), resumed)
    assert watch.take(None) == ([], [Notice(Kind.TOO_LONG, 1, LONG[2].name)])


def test_names_beyond_remembering_are_counted_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bucketlink.sync.watch.MOST_WAITING", 2)
    watch, range_ = Watch(Selector(Selection(), Restriction())), claim(WHOLE)
    watch.begin(range_)
    watch.see(packed(page("a", left_out=LONG)), range_)
    assert watch.take("a") == ([], [Notice(Kind.TOO_LONG, 3, LONG[0].name)])


def test_names_outside_of_a_range_do_not_count() -> None:
    watch = Watch(Selector(Selection(("b",)), Restriction()))
    root, inside = Span("c0", None, Scan.ROOT_FILES), Span("b/", "b0", Scan.OBJECTS, "b/")
    names = [LeftOut(f"{name}{'k' * 1024}", Kind.TOO_LONG) for name in ("a", "b/", "d/", "d")]
    for span, name in ((root, names[3].name), (inside, names[1].name)):
        range_ = claim(span)
        watch.begin(range_)
        watch.see(packed(page(left_out=names)), range_)
        assert watch.take(None) == ([], [Notice(Kind.TOO_LONG, 1, name)])


def test_what_the_ranges_showed_together_decides() -> None:
    selector = Selector(Selection(("a", "b"), include=("x*", "y*")), Restriction())
    spans = [span for span in selector.spans() if span.scan is Scan.OBJECTS]
    assert unseen(selector, list(zip(spans, ([0], [1]), strict=True))) == []
    assert unseen(selector, list(zip(spans, ([], None), strict=True))) == [
        Notice(Kind.EMPTY_FOLDER, 1, "b/"),
        Notice(Kind.UNMATCHED_INCLUDE, 2, "x*"),
    ]
    assert unseen(selector, [(span, None) for span in spans]) == [Notice(Kind.EMPTY_FOLDER, 2, "a/")]
