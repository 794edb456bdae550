"""What every reader of buckets does, run over every kind of bucket that is read (`tests.buckets.kinds`)."""

import math
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from bucketlink.buckets import BucketReader
from bucketlink.buckets.order import Disorder, in_order, spooled
from bucketlink.buckets.protocol import Content
from bucketlink.errors import BucketNotFound, BucketRefused, InvalidInput
from bucketlink.spans import Page
from tests.buckets.hard_keys import HARD_KEYS
from tests.buckets.holders import CANARY, WAYS_TO_BE_REFUSED, Holder, keys_of
from tests.buckets.kinds import KINDS
from tests.servers.raw import downloaded

NESTED = (
    *(f"bears/{number:04d}.jpg" for number in range(1100)),
    *(f"bears2/{number:04d}.jpg" for number in range(40)),
    *(f"cats/small/{number:04d}.jpg" for number in range(1100)),
    "bears-and-cats.txt",
    "bears0.txt",
    "cats.txt",
    "zebra/last.jpg",
)
BODY = bytes(range(256)) * 300
"""An object of more than one packet, in which every place shows."""


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def nested(kind: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Holder]:
    """A bucket of a few pages, which tests leave as it is."""
    with ExitStack() as stack:
        holder = KINDS[kind](stack, tmp_path_factory.mktemp("nested"), request)
        holder.put({key: key.encode() for key in NESTED})
        yield holder


@pytest.fixture(scope="module")
def hard(kind: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Holder]:
    """A bucket of all hard keys that it can hold, which tests leave as it is."""
    with ExitStack() as stack:
        holder = KINDS[kind](stack, tmp_path_factory.mktemp("hard"), request)
        holder.put({key: body_of(key) for key in holder.fitting})
        yield holder


@pytest.fixture
def holder(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Holder]:
    """An empty bucket."""
    with ExitStack() as stack:
        yield KINDS[kind](stack, tmp_path, request)


@pytest.fixture(autouse=True)
def _left_out(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> None:
    """Leave out what the server itself cannot pass, and say which hard keys are left out."""
    function: str = request.function.__name__
    for name in {"nested", "hard", "holder"} & set(request.fixturenames):
        one: Holder = request.getfixturevalue(name)
        if reason := one.leaves_out.get(function.removeprefix("test_")):
            pytest.skip(reason)
        if name == "hard":
            for why, number in Counter(map(one.unfit, HARD_KEYS)).items():
                if why is not None:
                    record_property("left out", f"without {number} of {len(HARD_KEYS)} keys: {why}")


def body_of(key: str) -> bytes:
    return b"content of " + key.encode()


def listed(
    reader: BucketReader, directory: Path, *, prefix: str = "", after: str | None = None, root_files: bool = False
) -> list[str]:
    """The keys that computing differences finds: in order, sorted where the bucket does not."""

    def pages() -> Iterator[Page]:
        return reader.pages(prefix=prefix, after=after, root_files=root_files)

    try:
        return keys_of(in_order(pages(), after))
    except Disorder:
        return keys_of(in_order(spooled(pages(), directory), after))


def content_of(content: Content | None) -> bytes:
    assert content is not None
    with closing(content):
        body = b"".join(content.parts)
    assert len(body) == content.size
    return body


# Order and pages


def test_keys_ascend_by_their_utf8_bytes(nested: Holder) -> None:
    assert keys_of(in_order(nested.reader.pages())) == sorted(NESTED, key=str.encode)


def test_every_object_is_listed_once(nested: Holder, tmp_path: Path) -> None:
    assert listed(nested.reader, tmp_path) == sorted(NESTED)


def test_a_long_listing_comes_in_pages(nested: Holder) -> None:
    if len(NESTED) <= nested.page_keys:
        pytest.skip(f"{len(NESTED)} objects are no more than one page")
    pages = list(nested.reader.pages())
    assert len(pages) >= math.ceil(len(NESTED) / nested.page_keys)
    assert max(map(len, pages)) <= nested.page_keys


def test_a_listing_can_be_left_half_way(nested: Holder) -> None:
    pages = nested.reader.pages()
    next(pages)
    assert len(keys_of(nested.reader.pages(prefix="bears2/"))) == 40
    assert len(next(pages)) > 0


def test_objects_that_come_and_go_meanwhile_disturb_no_others(holder: Holder) -> None:
    keys = [f"k/{number:04d}" for number in range(1500)]
    gone, come = [*keys[10:1500:100], keys[999], keys[1000], keys[1001]], [f"{key}-new" for key in keys[5:1500:100]]
    holder.put(dict.fromkeys(keys, b"x"))
    pages = in_order(holder.reader.pages())
    found = list(next(pages).keys)
    for key in gone:
        holder.delete(key)
    holder.put(dict.fromkeys(come, b"x"))
    found += keys_of(pages)
    assert found == sorted(set(found))
    assert set(keys) - set(gone) <= set(found) <= {*keys, *come}


# Prefixes and start points


@pytest.mark.parametrize(
    "prefix", ["bears/", "bears", "cats/small/00", "cats/small/0001.jpg", "b", "none", "cats/small/0001.jpg/"]
)
def test_a_prefix_takes_exactly_the_keys_that_start_with_it(nested: Holder, prefix: str, tmp_path: Path) -> None:
    assert listed(nested.reader, tmp_path, prefix=prefix) == sorted(key for key in NESTED if key.startswith(prefix))


@pytest.mark.parametrize(
    "after", ["", "bears/0500.jpg", "bears/0500.jpgx", "bears/", "bears0", "cats/small", "zebra/last.jpg", "zz"]
)
def test_after_takes_exactly_the_keys_behind_it(nested: Holder, after: str, tmp_path: Path) -> None:
    assert listed(nested.reader, tmp_path, after=after) == sorted(key for key in NESTED if key > after)


@pytest.mark.parametrize(
    ("prefix", "after"), [("bears/", "bears/0990.jpg"), ("bears/", "a"), ("bears/", "bears0"), ("cats", "cats.txt")]
)
def test_prefix_and_after_go_together(nested: Holder, prefix: str, after: str, tmp_path: Path) -> None:
    wanted = sorted(key for key in NESTED if key.startswith(prefix) and key > after)
    assert listed(nested.reader, tmp_path, prefix=prefix, after=after) == wanted


def test_root_files_are_those_without_a_slash(nested: Holder) -> None:
    assert keys_of(nested.reader.pages(root_files=True)) == ["bears-and-cats.txt", "bears0.txt", "cats.txt"]


def test_root_files_go_with_after(nested: Holder) -> None:
    pages = nested.reader.pages(root_files=True, after="bears-and-cats.txt")
    assert keys_of(pages) == ["bears0.txt", "cats.txt"]


# Exact keys


def test_keys_come_out_as_they_went_in(hard: Holder, tmp_path: Path) -> None:
    assert listed(hard.reader, tmp_path) == sorted(hard.fitting)


def test_every_hard_key_can_be_listed_from(hard: Holder, tmp_path: Path) -> None:
    keys = sorted(hard.fitting)
    for place, key in enumerate(keys):
        assert listed(hard.reader, tmp_path, after=key) == keys[place + 1 :]


def test_every_hard_key_is_a_prefix(hard: Holder, tmp_path: Path) -> None:
    keys = sorted(hard.fitting)
    for key in keys:
        assert listed(hard.reader, tmp_path, prefix=key) == [other for other in keys if other.startswith(key)]


def test_every_hard_key_is_read(hard: Holder) -> None:
    assert {key: content_of(hard.reader.read(key)) for key in hard.fitting} == {
        key: body_of(key) for key in hard.fitting
    }


def test_a_signed_url_downloads_every_hard_key(hard: Holder) -> None:
    now = time.time()
    signed = {key: url for key in hard.fitting if (url := hard.reader.signed_url(key, 60))}
    if not signed:
        pytest.skip("no URL can be made that holds no secret: objects are read instead")
    assert {key: downloaded(url.url) for key, url in signed.items()} == {key: (200, body_of(key)) for key in signed}
    assert all(url.expires_at <= (now + 120) * 1000 for url in signed.values())
    assert {key for key in hard.fitting if key not in signed} <= {
        key for key in hard.fitting if {".", ".."} & set(key.split("/"))
    }, "only what browsers tidy away goes without"


def test_a_signed_url_is_none_that_browsers_would_tidy(hard: Holder) -> None:
    for key in hard.fitting:
        if url := hard.reader.signed_url(key, 60):
            path = url.url.partition("?")[0].lower().replace("%2e", ".")
            assert not {".", ".."} & set(path.split("/")), key


# What is told of objects


def test_columns_of_a_page_are_of_one_length(nested: Holder) -> None:
    for page in nested.reader.pages():
        columns = (page.keys, page.sizes, page.etags, page.modified, page.content_types, page.archived)
        assert {len(column) for column in columns if column is not None} == {len(page)}


def test_sizes_belong_to_their_keys(holder: Holder) -> None:
    bodies = {f"{number:03d}": b"x" * (number * 7) for number in range(50)}
    holder.put(bodies)
    (page,) = holder.reader.pages()
    assert dict(zip(page.keys, page.sizes, strict=True)) == {key: len(body) for key, body in bodies.items()}


def test_times_are_times(holder: Holder) -> None:
    holder.put({"a": b"1", "b": b"2"})
    (page,) = holder.reader.pages()
    assert page.modified is not None
    for text in page.modified:
        moment = datetime.fromisoformat(text) if text[:1].isdigit() else parsedate_to_datetime(text)
        assert datetime(2024, 1, 1, tzinfo=UTC) <= moment <= datetime.now(UTC) + timedelta(minutes=5)


def test_a_replaced_object_has_another_etag_and_others_keep_theirs(holder: Holder) -> None:
    holder.put({"kept": b"one", "replaced": b"two"})
    (before,) = holder.reader.pages()
    assert all(etag and '"' not in etag and "&" not in etag for etag in before.etags)
    holder.put({"replaced": b"three"})
    (after,) = holder.reader.pages()
    assert before.etags[0] == after.etags[0]
    assert before.etags[1] != after.etags[1]


def test_content_types_are_those_that_were_given(holder: Holder) -> None:
    holder.put({"one": b"1"}, content_type="image/x-one")
    holder.put({"two": b"2"}, content_type="Text/Plain; charset=utf-8")
    told = [holder.reader.content_type(key) for key in ("one", "two")]
    if told == [None, None]:
        pytest.skip("files carry no media types")
    assert told == ["image/x-one", "text/plain"]
    (page,) = holder.reader.pages()
    assert page.content_types is None or list(page.content_types) == told


def test_a_missing_object_has_no_content_type(holder: Holder) -> None:
    assert holder.reader.content_type("not/there.jpg") is None


def test_archived_objects_are_told_from_others(holder: Holder) -> None:
    holder.put({"kept": b"one", "zebra": b"two"})
    (page,) = holder.reader.pages()
    assert page.archived is None
    storage_class = holder.put_archived("old")
    if storage_class is None:
        pytest.skip("whatever it holds can be read at once, or it cannot be given a storage class")
    (page,) = holder.reader.pages()
    assert page.archived is not None
    assert dict(zip(page.keys, page.archived, strict=True)) == {"kept": None, "old": storage_class, "zebra": None}


def test_a_deleted_object_is_not_listed(holder: Holder) -> None:
    holder.put({"gone": b"", "kept": b""})
    holder.delete("gone")
    assert keys_of(holder.reader.pages()) == ["kept"]


# Reading


@pytest.mark.parametrize(
    ("first", "last"),
    [(0, None), (0, 0), (7, 300), (70_000, None), (76_799, None), (76_799, 76_799), (0, 10**9), (300, 10**9)],
)
def test_any_part_of_an_object_can_be_read(holder: Holder, first: int, last: int | None) -> None:
    holder.put({"a": BODY}, content_type="image/png")
    content = holder.reader.read("a", first, last)
    wanted = BODY[first:] if last is None else BODY[first : last + 1]
    assert content is not None
    assert (content.size, content.whole, content.start) == (len(wanted), len(BODY), first)
    assert content.content_type in {"image/png", None}
    assert content_of(content) == wanted


def test_a_part_behind_the_end_is_invalid(holder: Holder) -> None:
    holder.put({"a": BODY})
    with pytest.raises(InvalidInput):
        holder.reader.read("a", len(BODY))


def test_an_empty_object_is_read(holder: Holder) -> None:
    holder.put({"a": b""})
    assert content_of(holder.reader.read("a")) == b""


def test_a_missing_object_is_not_read(holder: Holder) -> None:
    assert holder.reader.read("not/there.jpg") is None
    assert holder.reader.read("not/there.jpg", 5, 10) is None


def test_reading_can_be_left_half_way(holder: Holder) -> None:
    holder.put({"a": BODY * 40})
    content = holder.reader.read("a")
    assert content is not None
    next(content.parts)
    content.close()
    assert content_of(holder.reader.read("a", 1, 3)) == BODY[1:4]


# Checks, and buckets that are not as they should be


def test_a_check_answers_a_key_that_it_has_seen(nested: Holder) -> None:
    assert nested.reader.check() in NESTED
    assert nested.reader.check(prefix="cats/small/0001.jpg") == "cats/small/0001.jpg"
    assert nested.reader.check(root_files=True) in {"bears-and-cats.txt", "bears0.txt", "cats.txt"}
    assert nested.reader.check(prefix="none") is None


def test_an_empty_bucket_is_listed_and_checked(holder: Holder) -> None:
    assert holder.reader.check() is None
    assert keys_of(holder.reader.pages()) == []
    assert keys_of(holder.reader.pages(prefix="a/", after="a/b")) == []
    assert keys_of(holder.reader.pages(root_files=True)) == []


def test_a_missing_bucket_is_not_found(holder: Holder) -> None:
    with pytest.raises(BucketNotFound, match="check"):
        holder.missing.check()
    with pytest.raises(BucketNotFound, match="check"):
        keys_of(holder.missing.pages())


@pytest.mark.parametrize("how", WAYS_TO_BE_REFUSED)
def test_refusals_are_told_apart(holder: Holder, how: str) -> None:
    holder.put({"a": b"x"})
    refused = holder.refused(how)
    if refused is None:
        pytest.skip("nothing there looks for that")
    for ask in (refused.reader.check, lambda: keys_of(refused.reader.pages())):
        with pytest.raises(BucketRefused, match=refused.says) as caught:
            ask()
        assert CANARY not in str(caught.value)
    assert keys_of(holder.reader.pages()) == ["a"]
