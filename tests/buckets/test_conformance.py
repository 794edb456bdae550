"""What every reader of buckets does, run over every implementation."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import cast

import pytest

from bucketlink.buckets.order import in_order
from bucketlink.errors import BucketNotFound
from tests.buckets.holders import Holder, keys_of, make_holder
from tests.servers.rgw import Rgw

KINDS = ("Folder", "S3 on RGW", "S3 on pages", "old S3 on RGW", "old S3 on pages")
"""What is old answers ListObjects, whatever it is asked, or is asked for it."""
NESTED = (
    *(f"bears/{number:04d}.jpg" for number in range(1100)),
    *(f"bears2/{number:04d}.jpg" for number in range(40)),
    *(f"cats/small/{number:04d}.jpg" for number in range(1100)),
    "bears-and-cats.txt",
    "bears0.txt",
    "cats.txt",
    "zebra/last.jpg",
)


@pytest.fixture
def holder(kind: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Holder]:
    with ExitStack() as stack:
        directory = tmp_path_factory.mktemp("holder")
        yield make_holder(kind, stack, directory, lambda: cast(Rgw, request.getfixturevalue("rgw")))


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return cast(str, request.param)


@pytest.fixture(scope="module")
def nested(kind: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Holder]:
    """A bucket of a few pages, which tests leave as it is."""
    with ExitStack() as stack:
        directory = tmp_path_factory.mktemp("nested")
        holder = make_holder(kind, stack, directory, lambda: cast(Rgw, request.getfixturevalue("rgw")))
        holder.put({key: key.encode() for key in NESTED})
        yield holder


def test_lists_every_object_once_in_the_order_of_utf8_bytes(nested: Holder) -> None:
    pages = list(in_order(nested.reader.pages()))
    assert keys_of(pages) == sorted(NESTED, key=str.encode)
    assert len(pages) >= 3
    assert max(map(len, pages)) <= 1000


def test_columns_of_a_page_are_of_one_length(nested: Holder) -> None:
    for page in nested.reader.pages():
        lengths = {len(page.keys), len(page.sizes), len(page.etags), len(page.modified or page.keys)}
        assert len(lengths) == 1


@pytest.mark.parametrize(
    "prefix", ["bears/", "bears", "cats/small/00", "cats/small/0001.jpg", "b", "none", "cats/small/0001.jpg/"]
)
def test_a_prefix_takes_exactly_the_keys_that_start_with_it(nested: Holder, prefix: str) -> None:
    wanted = sorted(key for key in NESTED if key.startswith(prefix))
    assert keys_of(nested.reader.pages(prefix=prefix)) == wanted


@pytest.mark.parametrize(
    "after", ["", "bears/0500.jpg", "bears/0500.jpgx", "bears/", "bears0", "cats/small", "zebra/last.jpg", "zz"]
)
def test_after_takes_exactly_the_keys_behind_it(nested: Holder, after: str) -> None:
    assert keys_of(nested.reader.pages(after=after)) == sorted(key for key in NESTED if key > after)


@pytest.mark.parametrize(
    ("prefix", "after"), [("bears/", "bears/0990.jpg"), ("bears/", "a"), ("bears/", "bears0"), ("cats", "cats.txt")]
)
def test_prefix_and_after_go_together(nested: Holder, prefix: str, after: str) -> None:
    wanted = sorted(key for key in NESTED if key.startswith(prefix) and key > after)
    assert keys_of(nested.reader.pages(prefix=prefix, after=after)) == wanted


def test_root_files_are_those_without_a_slash(nested: Holder) -> None:
    assert keys_of(nested.reader.pages(root_files=True)) == ["bears-and-cats.txt", "bears0.txt", "cats.txt"]


def test_root_files_go_with_after(nested: Holder) -> None:
    pages = nested.reader.pages(root_files=True, after="bears-and-cats.txt")
    assert keys_of(pages) == ["bears0.txt", "cats.txt"]


def test_a_listing_can_be_left_half_way(nested: Holder) -> None:
    pages = nested.reader.pages()
    next(pages)
    assert len(keys_of(nested.reader.pages(prefix="bears2/"))) == 40
    assert len(next(pages)) > 0


def test_keys_come_out_as_they_went_in(holder: Holder) -> None:
    holder.put(dict.fromkeys(holder.fitting, b"x"))
    assert keys_of(holder.reader.pages()) == sorted(holder.fitting)


def test_every_hard_key_can_be_listed_from(holder: Holder) -> None:
    keys = sorted(holder.fitting)
    holder.put(dict.fromkeys(keys, b"x"))
    for place, key in enumerate(keys):
        assert keys_of(holder.reader.pages(after=key)) == keys[place + 1 :]


def test_every_hard_key_is_a_prefix(holder: Holder) -> None:
    keys = sorted(holder.fitting)
    holder.put(dict.fromkeys(keys, b"x"))
    for key in keys:
        assert keys_of(holder.reader.pages(prefix=key)) == [other for other in keys if other.startswith(key)]


def test_sizes_and_etags_belong_to_their_keys(holder: Holder) -> None:
    bodies = {f"{number:03d}": b"x" * (number * 7) for number in range(50)}
    holder.put(bodies)
    (page,) = holder.reader.pages()
    assert dict(zip(page.keys, page.sizes, strict=True)) == {key: len(body) for key, body in bodies.items()}
    assert all(etag and '"' not in etag and "&" not in etag for etag in page.etags)
    assert page.modified is not None
    assert all(text[:2] == "20" and "T" in text and text.endswith("Z") for text in page.modified)


def test_a_replaced_object_has_another_etag_and_others_keep_theirs(holder: Holder) -> None:
    holder.put({"kept": b"one", "replaced": b"two"})
    (before,) = holder.reader.pages()
    holder.put({"replaced": b"three"})
    (after,) = holder.reader.pages()
    assert before.etags[0] == after.etags[0]
    assert before.etags[1] != after.etags[1]


def test_a_deleted_object_is_not_listed(holder: Holder) -> None:
    holder.put({"gone": b"", "kept": b""})
    holder.delete("gone")
    assert keys_of(holder.reader.pages()) == ["kept"]


def test_an_empty_bucket_is_listed_and_checked(holder: Holder) -> None:
    holder.reader.check()
    assert keys_of(holder.reader.pages()) == []
    assert keys_of(holder.reader.pages(prefix="a/", after="a/b")) == []
    assert keys_of(holder.reader.pages(root_files=True)) == []


def test_a_missing_bucket_is_not_found(holder: Holder) -> None:
    with pytest.raises(BucketNotFound, match="check"):
        holder.missing.check()
    with pytest.raises(BucketNotFound, match="check"):
        keys_of(holder.missing.pages())


def test_a_missing_object_has_no_content_type(holder: Holder) -> None:
    assert holder.reader.content_type("not/there.jpg") is None
