"""Objects of S3, one at a time: read in parts, downloaded by signed URLs, archived, and paid for by who reads them."""

import http.client
import time
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from bucketlink.buckets import open_bucket
from bucketlink.buckets.protocol import BucketReader, Content
from bucketlink.buckets.s3 import LONGEST_URL_SECONDS
from bucketlink.errors import BucketMisbehaved, BucketNotFound, BucketRefused, BucketUnavailable, InvalidInput
from bucketlink.model import Access, BucketAddress, Credentials, Platform
from tests.buckets.hard_keys import HARD_KEYS
from tests.buckets.holders import ANY_KEYS, IMPATIENT, keys_of, s3_reader, settings
from tests.servers.moto import Moto
from tests.servers.pages import Faults, PageServer
from tests.servers.rgw import Bucket, Rgw

TIDIED = tuple(key for key in HARD_KEYS if {".", ".."} & set(key.split("/")))
"""What no URL's path can hold in a browser."""
URL_KEYS = tuple(key for key in HARD_KEYS if key not in TIDIED)
MOTO_KEYS = tuple(key for key in HARD_KEYS if "\n" not in key)


@pytest.fixture(scope="module")
def hard(rgw: Rgw) -> Iterator[Bucket]:
    """A bucket of every hard key, whose bytes are the key."""
    with rgw.bucket("hard-objects") as bucket:
        bucket.put_many({key: key.encode() for key in HARD_KEYS}, content_type="image/png")
        yield bucket


@pytest.fixture
def reader(hard: Bucket) -> Iterator[BucketReader]:
    reader = s3_reader(hard.endpoint, hard.name, Credentials(hard.access_key, hard.secret_key))
    yield reader
    reader.close()


def body(content: Content | None) -> bytes:
    assert content is not None
    found = b"".join(content.parts)
    assert len(found) == content.size
    return found


def downloaded(url: str) -> tuple[int, bytes, str | None]:
    """Status, body and content type of a URL, which is sent exactly as it stands."""
    parts = urlsplit(url)
    origin = f"{parts.scheme}://{parts.netloc}"
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    connection.putrequest("GET", url[len(origin) :], skip_accept_encoding=True)
    connection.endheaders()
    answer = connection.getresponse()
    found = answer.status, answer.read(), answer.headers.get("Content-Type")
    connection.close()
    return found


def url_of(reader: BucketReader, key: str, seconds: int = 900) -> str:
    made = reader.signed_url(key, seconds)
    assert made is not None
    return made.url


def test_every_hard_key_is_read(reader: BucketReader) -> None:
    for key in HARD_KEYS:
        content = reader.read(key)
        assert body(content) == key.encode()
        assert content is not None
        assert (content.whole, content.start, content.content_type) == (len(key.encode()), 0, "image/png")


def test_every_hard_key_that_a_url_can_hold_is_downloaded_by_it(reader: BucketReader) -> None:
    for key in URL_KEYS:
        assert downloaded(url_of(reader, key)) == (200, key.encode(), "image/png")
    assert len(URL_KEYS) > 200


def test_a_key_that_browsers_would_change_has_no_url(reader: BucketReader) -> None:
    assert {"..", "a/../b", "a/./b"} <= set(TIDIED)
    for key in TIDIED:
        assert reader.signed_url(key, 60) is None
        assert body(reader.read(key)) == key.encode()


def test_every_hard_key_is_read_and_downloaded_from_another_implementation(moto: Moto) -> None:
    with moto.bucket("hard-objects") as bucket:
        bucket.put_many({key: key.encode() for key in MOTO_KEYS})
        reader = s3_reader(moto.endpoint, bucket.name)
        for key in MOTO_KEYS:
            assert body(reader.read(key)) == key.encode()
            if key in URL_KEYS:
                assert downloaded(url_of(reader, key))[:2] == (200, key.encode())
        reader.close()


def test_a_url_is_for_one_object_one_method_and_some_time(reader: BucketReader, hard: Bucket) -> None:
    before = int(time.time())
    made = reader.signed_url("a", 900)
    assert made is not None
    assert (before + 900) * 1000 <= made.expires_at <= (int(time.time()) + 900) * 1000
    assert hard.secret_key not in made.url
    status, told, _ = downloaded(made.url.replace("/a?", "/a-b?"))
    assert (status, b"SignatureDoesNotMatch" in told) == (403, True)
    status, told, _ = downloaded(made.url.replace("X-Amz-Expires=900", "X-Amz-Expires=9000"))
    assert (status, b"SignatureDoesNotMatch" in told) == (403, True)
    assert parse_qs(urlsplit(made.url).query)["X-Amz-SignedHeaders"] == ["host"]


def test_a_url_holds_no_longer_than_s3_lets_it(reader: BucketReader) -> None:
    made = reader.signed_url("a", 10 * LONGEST_URL_SECONDS)
    assert made is not None
    assert f"X-Amz-Expires={LONGEST_URL_SECONDS}&" in made.url
    assert downloaded(made.url)[0] == 200


def test_an_object_that_everybody_may_read_has_a_plain_url() -> None:
    address = BucketAddress(Platform.AWS, "bucket", region="eu-west-3")
    reader = open_bucket(address, Credentials(), settings())
    made = reader.signed_url("a b/\u00e9?.jpg", 60)
    assert made is not None
    assert made.url == "https://bucket.s3.eu-west-3.amazonaws.com/a%20b/%C3%A9%3F.jpg"
    reader.close()


def test_a_users_session_token_is_in_no_url() -> None:
    reader = s3_reader("https://s3.example.com", credentials=Credentials("access", "secret", "token"))
    assert reader.signed_url("a", 60) is None
    assert reader.listing_token(60) is None
    reader.close()


@pytest.mark.parametrize(
    ("first", "last", "start", "part"),
    [
        (0, None, 0, b"0123456789"),
        (0, 9, 0, b"0123456789"),
        (0, 0, 0, b"0"),
        (3, 5, 3, b"345"),
        (3, None, 3, b"3456789"),
        (9, None, 9, b"9"),
        (5, 1000, 5, b"56789"),
    ],
)
def test_a_part_is_exactly_the_bytes_asked_for(rgw: Rgw, first: int, last: int | None, start: int, part: bytes) -> None:
    with rgw.bucket("parts-of-objects") as bucket:
        bucket.put("digits", b"0123456789")
        reader = s3_reader(rgw.endpoint, bucket.name, Credentials(rgw.access_key, rgw.secret_key))
        content = reader.read("digits", first, last)
        assert content is not None
        assert (content.whole, content.start, content.size) == (10, start, len(part))
        assert body(content) == part
        reader.close()


def test_bytes_behind_the_end_cannot_be_asked_for(reader: BucketReader) -> None:
    for first, last in ((1, None), (1000, None), (5, 4)):
        with pytest.raises(InvalidInput):
            reader.read("a", first, last)


def test_an_empty_object_is_read_whole(rgw: Rgw) -> None:
    with rgw.bucket("empty-objects") as bucket:
        bucket.put("empty")
        reader = s3_reader(rgw.endpoint, bucket.name, Credentials(rgw.access_key, rgw.secret_key))
        assert body(reader.read("empty")) == b""
        reader.close()


def test_a_missing_object_is_none_and_a_missing_bucket_an_error(reader: BucketReader, hard: Bucket) -> None:
    assert reader.read("not/there") is None
    assert reader.read("not/there", 3, 5) is None
    missing = s3_reader(hard.endpoint, "no-such-bucket", Credentials(hard.access_key, hard.secret_key))
    with pytest.raises(BucketNotFound, match="s3BucketName"):
        missing.read("a")
    missing.close()


def test_a_large_object_comes_in_parts_and_can_be_left(rgw: Rgw) -> None:
    with rgw.bucket("large-objects") as bucket:
        whole = bytes(range(256)) * 16384
        bucket.put("large", whole)
        reader = s3_reader(rgw.endpoint, bucket.name, Credentials(rgw.access_key, rgw.secret_key))
        content = reader.read("large")
        assert content is not None
        parts = list(content.parts)
        assert len(parts) > 1
        assert b"".join(parts) == whole
        content = reader.read("large")
        assert content is not None
        next(content.parts)
        content.close()
        assert body(reader.read("large", 4_000_000)) == whole[4_000_000:]
        reader.close()


@pytest.mark.parametrize(
    ("faults", "error", "sentence"),
    [
        (Faults(status=403, code="AccessDenied"), BucketRefused, "s3:GetObject"),
        (Faults(status=403, code="InvalidObjectState"), BucketRefused, "archived"),
        (Faults(status=500), BucketUnavailable, "status 500"),
        (Faults(status=302), BucketMisbehaved, "redirects are not followed"),
    ],
)
def test_what_comes_instead_of_an_object_is_an_error(faults: Faults, error: type[Exception], sentence: str) -> None:
    with PageServer(["a"], faults=faults) as server:
        reader = s3_reader(server.endpoint)
        with pytest.raises(error, match=sentence) as caught:
            reader.read("a")
        assert "hunter2" not in str(caught.value)
        reader.close()


def test_an_archived_object_is_listed_as_such_and_says_so_when_it_is_read(moto: Moto) -> None:
    with moto.bucket("archived-objects") as bucket:
        for key, storage_class in (("a", "GLACIER"), ("b", None), ("c", "DEEP_ARCHIVE"), ("d", "GLACIER_IR")):
            bucket.put(key, b"x", content_type="image/png", storage_class=storage_class)
        reader = s3_reader(moto.endpoint, bucket.name)
        (page,) = reader.pages()
        assert (page.keys, page.archived) == (["a", "b", "c", "d"], ["GLACIER", None, "DEEP_ARCHIVE", None])
        (page,) = reader.pages(prefix="b")
        assert page.archived is None
        for key in ("a", "c"):
            assert reader.content_type(key) == "image/png"
            with pytest.raises(BucketRefused, match="archived: restore it first"):
                reader.read(key)
        assert body(reader.read("b")) == body(reader.read("d")) == b"x"
        reader.close()


def test_who_reads_pays_where_that_was_agreed_to(moto: Moto) -> None:
    with moto.bucket("paid-bucket") as bucket:
        bucket.put("a", b"x")
        for platform in (Platform.AWS, Platform.CUSTOM_S3):
            for access in (Access(requester_pays=True), Access()):
                address = BucketAddress(platform, bucket.name, moto.endpoint)
                reader = open_bucket(address, ANY_KEYS, settings(), access=access, patience=IMPATIENT)
                with moto.recording() as requests:
                    assert keys_of(reader.pages()) == ["a"]
                    reader.content_type("a")
                    assert body(reader.read("a")) == b"x"
                    assert downloaded(url_of(reader, "a"))[:2] == (200, b"x")
                reader.close()
                payer = "requester" if access.requester_pays else None
                assert [request.method for request in requests] == ["GET", "HEAD", "GET", "GET"]
                assert [request.headers.get("x-amz-request-payer") for request in requests] == [payer] * 3 + [None]
                told = parse_qs(urlsplit(requests[3].url).query).get("x-amz-request-payer", [None])
                assert told == [payer]
                assert all(
                    "x-amz-request-payer" in request.headers["authorization"]
                    for request in requests[:3]
                    if access.requester_pays
                )
                optional = requests[0].headers.get("x-amz-optional-object-attributes")
                assert optional == ("RestoreStatus" if platform is Platform.AWS else None)


def test_a_real_gateway_accepts_what_is_said_of_paying(hard: Bucket) -> None:
    address = BucketAddress(Platform.AWS, hard.name, hard.endpoint)
    credentials = Credentials(hard.access_key, hard.secret_key)
    reader = open_bucket(address, credentials, settings(), access=Access(requester_pays=True))
    assert keys_of(reader.pages()) == sorted(HARD_KEYS)
    assert body(reader.read("a", 0, 0)) == b"a"
    assert downloaded(url_of(reader, "a"))[:2] == (200, b"a")
    reader.close()
