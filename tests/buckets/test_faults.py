"""What readers of every platform make of servers that fall short: an error that says so, or the right answer."""

import random
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path

import pytest

from bucketlink.buckets import BucketReader
from bucketlink.buckets.order import Disorder, in_order, spooled
from bucketlink.buckets.reach import Patience
from bucketlink.errors import (
    BucketError,
    BucketMisbehaved,
    BucketNotFound,
    BucketRefused,
    BucketUnavailable,
    BucketUnreachable,
)
from bucketlink.model import Platform
from bucketlink.notices import Kind
from tests.buckets.holders import IMPATIENT, keys_of, pages_reader
from tests.servers.pages import ALIVE, Faults, Formula, PageServer, Stored

PLATFORMS = {
    "S3 on pages": Platform.CUSTOM_S3,
    "GCS on pages": Platform.GCP,
    "Azure on pages": Platform.AZURE,
}
FIELDS = {"S3 on pages": "s3Endpoint", "GCS on pages": "gcpEndpoint", "Azure on pages": "azureConnectionURL"}
COUNT = 2500
KEYS = list(Formula(COUNT))


@pytest.fixture(params=PLATFORMS)
def kind(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@contextmanager
def reading(kind: str, server: PageServer, patience: Patience = IMPATIENT) -> Iterator[BucketReader]:
    """Start the server, of pages of a thousand keys or fewer, and read it."""
    with server, closing(pages_reader(PLATFORMS[kind], server.endpoint, patience=patience)) as reader:
        yield reader


def server_with(**faults: object) -> PageServer:
    return PageServer(Formula(COUNT), faults=Faults(**{"page_keys": 1000, **faults}))  # type: ignore[arg-type]


# What is asked


def test_a_page_takes_one_request(kind: str) -> None:
    server = server_with()
    with reading(kind, server) as reader:
        assert keys_of(reader.pages()) == KEYS
    assert server.counts == {"LIST": 3}


def test_root_files_take_no_walk_through_folders(kind: str) -> None:
    server = PageServer([*Formula(5000), "root-1.txt", "root-2.txt"])
    with reading(kind, server) as reader:
        assert keys_of(reader.pages(root_files=True)) == ["root-1.txt", "root-2.txt"]
    assert server.counts == {"LIST": 1}


def test_a_check_asks_once(kind: str) -> None:
    server = server_with()
    with reading(kind, server) as reader:
        assert reader.check() in KEYS
    assert server.counts == {"LIST": 1}


# What a server may do


@pytest.mark.parametrize(
    "faults",
    [
        pytest.param({"page_keys": 7}, id="fewer keys than asked for"),
        pytest.param({"empty_every": 2}, id="empty pages"),
        pytest.param({"throttle": 3}, id="throttled"),
        pytest.param({"drop": 3}, id="lost connections"),
        pytest.param({"cut": 3}, id="cut answers"),
    ],
)
def test_what_a_server_may_do_changes_nothing(kind: str, faults: dict[str, object]) -> None:
    with reading(kind, server_with(**faults)) as reader:
        assert keys_of(in_order(reader.pages())) == KEYS


@pytest.mark.parametrize("ignored", ["prefix", "start", "delimiter"])
def test_a_server_that_ignores_what_is_asked_gives_the_right_answer(kind: str, ignored: str) -> None:
    keys = [*Formula(1500), "root.txt", "zebra/1.jpg"]
    with reading(kind, PageServer(keys, faults=Faults(ignore=(ignored,), page_keys=1000))) as reader:
        after = "folder-00001/image-00001200.jpg"
        assert keys_of(reader.pages(prefix="folder-00001/", after=after)) == keys[1201:1500]
        assert keys_of(reader.pages(root_files=True)) == ["root.txt"]


@pytest.mark.parametrize("repeated", [0, 100])
def test_an_unordered_listing_is_noticed_and_sorted(kind: str, tmp_path: Path, repeated: int) -> None:
    keys = [*KEYS, *KEYS[:repeated]]
    random.Random(1).shuffle(keys)
    with reading(kind, PageServer(keys, faults=Faults(unordered=True, page_keys=1000))) as reader:
        with pytest.raises(Disorder):
            keys_of(in_order(reader.pages()))
        assert keys_of(in_order(spooled(reader.pages(), tmp_path))) == KEYS
        after = "folder-00001/image-00001990.jpg"
        found = keys_of(in_order(spooled(reader.pages(prefix="folder-00001", after=after), tmp_path), after))
        assert found == KEYS[1991:2000]


def test_a_key_repeated_on_the_next_page_is_noticed(kind: str) -> None:
    faults = Faults(unordered=True, page_keys=1000)
    with reading(kind, PageServer([*KEYS[:1000], *KEYS[999:]], faults=faults)) as reader, pytest.raises(Disorder):
        keys_of(in_order(reader.pages()))


def test_what_cannot_be_a_key_is_left_out_with_a_warning(kind: str) -> None:
    server = PageServer(["a", "a\0b", "k" * 1024, "k" * 1025, "\u20ac" * 342, "zebra"])
    with reading(kind, server) as reader:
        (page,) = reader.pages()
    assert list(page.keys) == ["a", "k" * 1024, "zebra"]
    assert len(page.sizes) == len(page.etags) == 3
    too_long = ["k" * 1025, "\u20ac" * 342]
    assert set(page.left_out) == {("a\0b", Kind.HOLDS_NUL), *((name, Kind.TOO_LONG) for name in too_long)}


# What a server must not do


@pytest.mark.parametrize(
    ("faults", "errors", "sentence"),
    [
        ({"throttle": ALIVE}, {BucketUnavailable}, "status 503.*try again later"),
        ({"drop": ALIVE}, {BucketUnreachable}, "lost"),
        ({"cut": ALIVE}, {BucketMisbehaved}, "cut short"),
        ({"truncate_last": True}, {BucketMisbehaved}, "cut short"),
        ({"same_token": True}, {BucketMisbehaved}, "does not move on"),
        ({"last_status": 500}, {BucketUnavailable}, "status 500"),
        ({"last_status": 403}, {BucketRefused}, "grant|give"),
        ({"last_status": 404}, {BucketNotFound}, "check"),
        ({"status": 302}, {BucketMisbehaved}, "not followed"),
        ({"status": 400}, {BucketMisbehaved, BucketRefused}, "400"),
        ({"status": 404}, {BucketMisbehaved, BucketNotFound}, "check"),
        ({"status": 418, "code": "Hunter2"}, {BucketMisbehaved}, "418"),
        ({"body": "hello, hunter2"}, {BucketMisbehaved}, "is not"),
        ({"body": "<Listing>hunter2</Listing>"}, {BucketMisbehaved}, "is not|something else"),
        ({"body": '{"hunter2": []}'}, {BucketMisbehaved}, "is not|something else"),
        ({"body": "\0hunter2"}, {BucketMisbehaved}, "is not|something else"),
    ],
    ids=str,
)
def test_what_a_server_must_not_do_is_an_error(
    kind: str, faults: dict[str, object], errors: set[type[BucketError]], sentence: str
) -> None:
    with (
        reading(kind, server_with(**faults)) as reader,
        pytest.raises(BucketError, match=sentence) as caught,
    ):
        keys_of(in_order(reader.pages()))
    assert type(caught.value) in errors
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_page_that_does_not_say_where_the_listing_goes_on_is_an_error(kind: str) -> None:
    if kind == "GCS on pages":
        pytest.skip("that is how a last page looks there")
    with reading(kind, server_with(no_token=True)) as reader, pytest.raises(BucketMisbehaved, match="goes on"):
        keys_of(reader.pages())


def test_a_listing_that_goes_in_a_circle_has_an_end(kind: str) -> None:
    with reading(kind, server_with(circle=True)) as reader, pytest.raises(BucketMisbehaved, match="does not move on"):
        for _ in islice(reader.pages(), 200):
            pass


def test_a_clock_that_is_wrong_is_told_from_a_wrong_secret(kind: str) -> None:
    if kind == "GCS on pages":
        pytest.skip("it is asked without credentials, and whoever signs nothing needs no clock")
    server = server_with(status=403, date="Mon, 01 Jan 2001 00:00:00 GMT")
    with reading(kind, server) as reader, pytest.raises(BucketRefused, match="clock"):
        reader.check()


def test_what_came_before_the_failing_page_is_given_and_then_the_error(kind: str) -> None:
    with reading(kind, server_with(last_status=500)) as reader:
        pages = reader.pages()
        assert [len(next(pages)), len(next(pages))] == [1000, 1000]
        with pytest.raises(BucketUnavailable):
            next(pages)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_is_not_tried_again(kind: str, status: int) -> None:
    server = server_with(status=status)
    with reading(kind, server) as reader, pytest.raises(BucketRefused) as caught:
        reader.check()
    assert "hunter2" not in str(caught.value)
    assert server.counts["LIST"] == 1


def test_patience_has_an_end_in_attempts(kind: str) -> None:
    delays: list[float] = []
    patience = Patience(attempts=5, sleep=delays.append, jitter=lambda _, most: most)
    server = server_with(throttle=ALIVE)
    with reading(kind, server, patience) as reader, pytest.raises(BucketUnavailable):
        reader.check()
    assert server.counts["LIST 503"] == 5
    assert delays == [0.25, 0.5, 1.0, 2.0]


def test_patience_has_an_end_in_time(kind: str) -> None:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    patience = Patience(attempts=1000, seconds=60, sleep=sleep, clock=lambda: now[0], jitter=lambda _, most: most)
    with reading(kind, server_with(throttle=ALIVE), patience) as reader, pytest.raises(BucketUnavailable):
        reader.check()
    assert 40 < now[0] <= 60


@pytest.mark.parametrize("fault", ["body", "same_token", "status"])
def test_where_something_else_answers_the_field_to_mend_is_named(kind: str, fault: str) -> None:
    body = '{"kind": "listing"}' if PLATFORMS[kind] is Platform.GCP else "<Listing />"
    value: object = {"body": body, "same_token": True, "status": 418}[fault]
    with (
        reading(kind, server_with(**{fault: value})) as reader,
        pytest.raises(BucketMisbehaved, match=FIELDS[kind]),
    ):
        keys_of(reader.pages())


# Objects


def test_bytes_that_are_cut_short_are_an_error(kind: str) -> None:
    server = PageServer(faults=Faults(cut_reads=1))
    server.put("a", Stored(10, body=b"0123456789"))
    with reading(kind, server) as reader:
        content = reader.read("a")
        assert content is not None
        with pytest.raises(BucketError, match=r"cut short|lost"):
            b"".join(content.parts)
        again = reader.read("a")
        assert again is not None
        assert b"".join(again.parts) == b"0123456789"


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, BucketRefused), (403, BucketRefused), (500, BucketUnavailable), (503, BucketUnavailable)],
)
def test_an_object_that_is_refused_is_an_error(kind: str, status: int, error: type[BucketError]) -> None:
    with reading(kind, server_with(status=status)) as reader:
        for ask in (reader.read, reader.content_type):
            with pytest.raises(error) as caught:
                ask(KEYS[0])
            assert "hunter2" not in str(caught.value)


def test_an_archived_object_is_not_read_and_the_reason_told(kind: str) -> None:
    storage_class = {Platform.CUSTOM_S3: "GLACIER", Platform.AZURE: "Archive"}.get(PLATFORMS[kind])
    if storage_class is None:
        pytest.skip("objects of every class can be read at once")
    server = PageServer()
    server.put("a", Stored(storage_class=storage_class))
    with reading(kind, server) as reader:
        assert reader.content_type("a") is None
        with pytest.raises(BucketRefused, match=r"restore|archive|rehydrate"):
            reader.read("a")


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ("image/PNG", "image/png"),
        ("text/plain; charset=utf-8", "text/plain"),
        ("application/vnd.a+b.c-d", "application/vnd.a+b.c-d"),
        ("nonsense", None),
        ("<b>/x", None),
        (None, None),
    ],
)
def test_a_content_type_is_a_plain_media_type_or_none(kind: str, sent: str | None, told: str | None) -> None:
    server = PageServer()
    server.put("a", Stored(content_type=sent))
    with reading(kind, server) as reader:
        assert reader.content_type("a") == told
        (page,) = reader.pages()
        assert page.content_types is None or list(page.content_types) == [told]
