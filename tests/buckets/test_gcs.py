"""Reading a bucket of Google Cloud Storage on an emulator, through the stand-in for Google's tokens."""

from collections.abc import Iterator
from contextlib import ExitStack
from urllib.request import urlopen

import pytest

from bucketlink.buckets.protocol import Content
from bucketlink.errors import BucketMisbehaved, BucketNotFound, InvalidInput
from tests.buckets.gcs_holders import GcsHolder, gcs_reader
from tests.buckets.holders import keys_of
from tests.servers.gcs import GcsEmulator

NAMES = (*(f"bears/{number:03d}.jpg" for number in range(60)), "bears2/a", "bears0", "cats/b/c.jpg", "root.txt")


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def holder(gcs: GcsEmulator, stack: ExitStack) -> GcsHolder:
    return GcsHolder(gcs, stack)


@pytest.fixture(scope="module")
def filled(gcs: GcsEmulator) -> Iterator[GcsHolder]:
    with ExitStack() as stack:
        holder = GcsHolder(gcs, stack)
        holder.put({name: name.encode() for name in NAMES})
        yield holder


def test_a_bucket_is_listed_page_after_page(filled: GcsHolder) -> None:
    filled.login.page_keys = 10
    pages = list(filled.reader.pages())
    assert keys_of(pages) == sorted(NAMES)
    assert [len(page) for page in pages] == [10] * 6 + [4]


def test_prefixes_start_points_and_root_files(filled: GcsHolder) -> None:
    filled.login.page_keys = 7
    reader = filled.reader
    assert keys_of(reader.pages(prefix="bears/05")) == [f"bears/{number:03d}.jpg" for number in range(50, 60)]
    assert keys_of(reader.pages(after="bears/058.jpg")) == sorted(NAMES)[59:]
    assert keys_of(reader.pages(prefix="bears/", after="bears/058.jpg")) == ["bears/059.jpg"]
    assert keys_of(reader.pages(root_files=True)) == ["bears0", "root.txt"]
    assert keys_of(reader.pages(root_files=True, after="bears0")) == ["root.txt"]


def test_a_check_answers_a_key_of_the_first_page(filled: GcsHolder) -> None:
    assert filled.reader.check() == "bears/000.jpg"
    assert filled.reader.check(prefix="cats/") == "cats/b/c.jpg"
    assert filled.reader.check(root_files=True) == "bears0"
    assert filled.reader.check(prefix="dogs/") is None


def test_a_missing_bucket_is_not_found(filled: GcsHolder) -> None:
    with pytest.raises(BucketNotFound, match=r"There is no bucket .*-missing at .*gcpBucketName"):
        filled.missing.check()


def test_the_emulator_by_itself_reads_the_same(filled: GcsHolder, gcs: GcsEmulator) -> None:
    reader = gcs_reader(gcs.endpoint, filled.bucket)
    assert keys_of(reader.pages()) == sorted(NAMES)
    assert read(reader.read("root.txt", 0, 3)) == (0, 8, b"root")
    with pytest.raises(BucketNotFound, match="gcpEndpoint"):
        gcs_reader(gcs.endpoint, "missing").check()


def test_hard_keys_come_out_as_they_went_in_and_open(holder: GcsHolder) -> None:
    bodies = {key: f"body of {number}".encode() for number, key in enumerate(holder.fitting)}
    assert len(bodies) > 100
    holder.put(bodies)
    assert keys_of(holder.reader.pages()) == sorted(bodies)
    for key, body in bodies.items():
        assert read(holder.reader.read(key)) == (0, len(body), body)
        signed = holder.reader.signed_url(key, 60)
        assert signed is not None
        with urlopen(signed.url) as answer:  # noqa: S310
            assert answer.read() == body
        assert keys_of(holder.reader.pages(prefix=key)) == sorted(other for other in bodies if other.startswith(key))


def read(content: Content | None) -> tuple[int, int, bytes]:
    """Where it starts, how long the whole is, and the bytes."""
    assert content is not None
    body = b"".join(content.parts)
    assert content.size == len(body)
    return content.start, content.whole, body


def test_objects_are_read_whole_and_in_parts(holder: GcsHolder) -> None:
    body = bytes(range(256)) * 4000
    holder.put({"a/b.bin": body, "empty": b""}, content_type="IMAGE/PNG; a=b")
    reader = holder.reader
    assert read(reader.read("a/b.bin")) == (0, len(body), body)
    assert read(reader.read("a/b.bin", 10, 19)) == (10, len(body), body[10:20])
    assert read(reader.read("a/b.bin", 0, 0)) == (0, len(body), body[:1])
    assert read(reader.read("a/b.bin", len(body) - 5)) == (len(body) - 5, len(body), body[-5:])
    assert read(reader.read("a/b.bin", 5, 10**12)) == (5, len(body), body[5:])
    assert read(reader.read("empty")) == (0, 0, b"")
    assert reader.read("not/there") is None
    with pytest.raises(InvalidInput, match="behind its end"):
        reader.read("a/b.bin", len(body))
    content = reader.read("a/b.bin", 1, 2)
    assert content is not None
    assert content.content_type == "image/png"
    content.close()


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (200, None),
        (206, None),
        (206, "bytes 5-9"),
        (206, "bytes 0-4/10"),
        (206, "bytes 5-8/10"),
        (204, "bytes 5-9/10"),
        (302, None),
    ],
)
def test_another_part_than_was_asked_for_is_not_taken(holder: GcsHolder, status: int, told: str | None) -> None:
    holder.login.object_script = (status, {"Content-Range": told} if told else {}, b"hello")
    with pytest.raises(BucketMisbehaved):
        holder.reader.read("a", 5, 9)


def test_what_is_told_of_an_object_must_be_json(holder: GcsHolder) -> None:
    holder.login.object_script = (206, {"Content-Range": "bytes 5-9/10"}, b"hello")
    assert read(holder.reader.read("a", 5, 9)) == (5, 10, b"hello")
    holder.login.object_script = (200, {}, b"{}")
    assert holder.reader.content_type("a") is None
    holder.login.object_script = (200, {}, b"<html>")
    with pytest.raises(BucketMisbehaved, match="is not JSON"):
        holder.reader.content_type("a")


def test_content_types_are_told_by_pages_and_objects(holder: GcsHolder) -> None:
    holder.put({"a": b"x"}, content_type="Image/JPEG; charset=binary")
    (page,) = holder.reader.pages()
    assert page.content_types == ["image/jpeg"]
    assert holder.reader.content_type("a") == "image/jpeg"
    assert holder.reader.content_type("not/there") is None


def test_an_object_that_was_replaced_has_another_generation(holder: GcsHolder) -> None:
    holder.put({"kept": b"1", "replaced": b"2"})
    (before,) = holder.reader.pages()
    holder.put({"replaced": b"2"})
    (after,) = holder.reader.pages()
    assert before.etags[0] == after.etags[0]
    assert before.etags[1] != after.etags[1]


def test_no_url_is_made_that_a_browser_would_change(filled: GcsHolder) -> None:
    assert filled.reader.signed_url("a/../b", 60) is None
    assert filled.reader.signed_url("a//b", 60) is not None


@pytest.mark.parametrize("circle", [["a", "a"], ["a", "b", "a", "b"], ["x", *"abcde" * 4]], ids=len)
def test_a_listing_that_goes_in_circles_ends(
    filled: GcsHolder, circle: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = iter(circle)
    body = '{{"kind": "storage#objects", "nextPageToken": "{}"}}'
    monkeypatch.setattr(filled.login, "script", lambda: body.format(next(tokens)))
    with pytest.raises(BucketMisbehaved, match="does not move on"):
        keys_of(filled.reader.pages())
