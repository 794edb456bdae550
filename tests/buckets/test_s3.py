"""What only S3 has: credentials, endpoints, regions, content types."""

import logging
import traceback
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.credentials import ReadOnlyCredentials

from bucketlink.buckets import open_bucket
from bucketlink.buckets.http import Answer, Http, Origin, Request
from bucketlink.buckets.s3 import S3Reader, signed
from bucketlink.buckets.s3_address import place
from bucketlink.buckets.s3_errors import explained
from bucketlink.errors import (
    BucketError,
    BucketMisbehaved,
    BucketNotFound,
    BucketRefused,
    BucketUnreachable,
    InvalidInput,
)
from bucketlink.model import BucketAddress, Credentials, Platform
from tests.buckets.hard_keys import HARD_KEYS
from tests.buckets.holders import ANY_KEYS, keys_of, s3_reader, settings
from tests.servers.pages import Faults, Formula, PageProcess, PageServer, Stored
from tests.servers.rgw import Bucket, Rgw, free_port

SECRET = "wrong-but-still-secret"


@pytest.fixture(scope="module")
def private(rgw: Rgw) -> Iterator[Bucket]:
    with rgw.bucket("private-bucket") as bucket:
        bucket.put("a.jpg", b"x", content_type="image/jpeg")
        yield bucket


@pytest.fixture(scope="module")
def public(rgw: Rgw) -> Iterator[Bucket]:
    with rgw.bucket("public-bucket", public=True) as bucket:
        bucket.put("a.jpg", b"x")
        yield bucket


def refusal(bucket: Bucket, credentials: Credentials) -> str:
    reader = s3_reader(bucket.endpoint, bucket.name, credentials)
    with pytest.raises(BucketRefused) as caught:
        reader.check()
    reader.close()
    told = "".join(traceback.format_exception(caught.value)) + repr(reader) + repr(credentials)
    assert SECRET not in told
    return str(caught.value)


def test_a_wrong_secret_is_refused(private: Bucket) -> None:
    assert "give the right secret key" in refusal(private, Credentials(private.access_key, SECRET))


def test_an_unknown_access_key_is_refused(private: Bucket) -> None:
    assert "does not know this access key" in refusal(private, Credentials("UNKNOWN", SECRET))


def test_a_private_bucket_is_refused_to_everybody(private: Bucket) -> None:
    assert "give an access key and a secret key" in refusal(private, Credentials())


def test_a_public_bucket_needs_no_credentials(public: Bucket) -> None:
    reader = s3_reader(public.endpoint, public.name, Credentials())
    reader.check()
    assert keys_of(reader.pages()) == ["a.jpg"]
    reader.close()


def test_content_types_are_those_of_exactly_the_key_asked_for(rgw: Rgw) -> None:
    with rgw.bucket("typed-bucket") as bucket:
        for number, key in enumerate(HARD_KEYS):
            bucket.put(key, content_type=f"image/x-{number}")
        reader = s3_reader(rgw.endpoint, bucket.name, Credentials(rgw.access_key, rgw.secret_key))
        found = [reader.content_type(key) for key in HARD_KEYS]
        reader.close()
    assert found == [f"image/x-{number}" for number in range(len(HARD_KEYS))]


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
def test_a_content_type_is_a_plain_media_type_or_none(sent: str | None, told: str | None) -> None:
    with PageServer() as server:
        server.put("a", Stored(content_type=sent))
        reader = s3_reader(server.endpoint)
        assert reader.content_type("a") == told
        reader.close()


@pytest.mark.parametrize("status", [401, 403, 405])
def test_a_refused_content_type_is_told_from_a_missing_one(status: int) -> None:
    with PageServer(["a"], faults=Faults(status=status)) as server:
        reader = s3_reader(server.endpoint)
        with pytest.raises(BucketRefused, match="s3:GetObject"):
            reader.content_type("a")
        server.faults = Faults()
        assert reader.content_type("gone") is None
        reader.close()


def test_a_content_type_that_cannot_be_asked_for_is_an_error() -> None:
    with PageServer(["a"], faults=Faults(status=400)) as server:
        reader = s3_reader(server.endpoint)
        with pytest.raises(BucketMisbehaved, match="400"):
            reader.content_type("a")
        reader.close()


def test_content_types_can_be_asked_for_from_several_threads() -> None:
    keys = [f"{number}" for number in range(300)]
    with PageServer() as server:
        server.put_all({key: Stored(content_type=f"image/x-{key}") for key in keys})
        reader = s3_reader(server.endpoint)
        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(reader.content_type, keys)) == [f"image/x-{key}" for key in keys]
        reader.close()


@pytest.mark.parametrize("level", [logging.DEBUG, logging.INFO])
def test_no_secret_is_logged_at_any_level(caplog: pytest.LogCaptureFixture, level: int) -> None:
    caplog.set_level(level)
    credentials = Credentials("access", SECRET, f"{SECRET}-token")
    with PageServer(["a"], faults=Faults(throttle=1)) as server:
        reader = s3_reader(server.endpoint, credentials=credentials)
        assert keys_of(reader.pages()) == ["a"]
        reader.close()
    assert SECRET not in caplog.text
    assert (level == logging.DEBUG) == ("list-type=2" in caplog.text)


def test_a_session_token_is_part_of_what_is_signed() -> None:
    at = place(BucketAddress(Platform.CUSTOM_S3, "bucket", "https://example.com"))
    request = signed("GET", at, "?list-type=2", ReadOnlyCredentials("access", "secret", "token"))
    assert request.headers["X-Amz-Security-Token"] == "token"
    assert "x-amz-security-token" in request.headers["Authorization"]


def test_a_long_listing_takes_no_more_memory_than_a_short_one() -> None:
    def peak(count: int) -> int:
        with PageProcess(count) as server:
            reader = s3_reader(server.endpoint)
            tracemalloc.start()
            try:
                assert sum(len(page) for page in reader.pages()) == count
                return tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()
                reader.close()

    assert peak(40_000) < 1.2 * peak(4_000)


def test_an_endpoint_that_is_down_is_unreachable() -> None:
    reader = s3_reader(f"http://127.0.0.1:{free_port()}")
    with pytest.raises(BucketUnreachable, match=r"No connection to http://127\.0\.0\.1:.*check the endpoint"):
        reader.check()
    reader.close()


def test_an_endpoint_of_this_network_is_refused_and_the_setting_named() -> None:
    with PageServer(Formula(1)) as server:
        reader = s3_reader(server.endpoint, allow_private=False)
        with pytest.raises(BucketRefused, match="BUCKETLINK_ALLOW_PRIVATE_ENDPOINTS"):
            reader.check()
        with pytest.raises(BucketRefused, match="BUCKETLINK_ALLOW_PRIVATE_ENDPOINTS"):
            reader.content_type("a")
        assert not server.counts
        reader.close()


@pytest.mark.parametrize(
    ("address", "origin", "path"),
    [
        (BucketAddress(Platform.AWS, "my-bucket"), "https://my-bucket.s3.us-east-1.amazonaws.com", ""),
        (
            BucketAddress(Platform.AWS, "my-bucket", region="eu-west-3"),
            "https://my-bucket.s3.eu-west-3.amazonaws.com",
            "",
        ),
        (
            BucketAddress(Platform.AWS, "my-bucket", region="cn-north-1"),
            "https://my-bucket.s3.cn-north-1.amazonaws.com.cn",
            "",
        ),
        (BucketAddress(Platform.AWS, "my.bucket"), "https://s3.us-east-1.amazonaws.com", "/my.bucket"),
        (BucketAddress(Platform.AWS, "My_Bucket"), "https://s3.us-east-1.amazonaws.com", "/My_Bucket"),
        (
            BucketAddress(Platform.AWS, "my-bucket", "https://vpce.example.com"),
            "https://vpce.example.com",
            "/my-bucket",
        ),
        (BucketAddress(Platform.CUSTOM_S3, "b", "http://EXAMPLE.com:9000/"), "http://example.com:9000", "/b"),
        (BucketAddress(Platform.CUSTOM_S3, "b", "https://example.com:443"), "https://example.com", "/b"),
        (BucketAddress(Platform.CUSTOM_S3, "b", "http://[::1]:9000"), "http://[::1]:9000", "/b"),
        (
            BucketAddress(Platform.CUSTOM_S3, "b", "https://example.com/storage/s3/"),
            "https://example.com",
            "/storage/s3/b",
        ),
        (BucketAddress(Platform.CUSTOM_S3, "tenant:b", "https://example.com"), "https://example.com", "/tenant%3Ab"),
    ],
)
def test_requests_go_to_the_place_of_the_bucket(address: BucketAddress, origin: str, path: str) -> None:
    found = place(address)
    assert (str(found.origin), found.path) == (origin, path)


@pytest.mark.parametrize(
    "endpoint",
    [
        "example.com",
        "ftp://example.com",
        "file:///etc/passwd",
        "http://",
        "http:///path",
        "https://user@example.com",
        "https://user:password@example.com",
        "https://@example.com",
        "https://example.com?a=b",
        "https://example.com?",
        "https://example.com#fragment",
        "https://example.com/../x",
        "https://example.com/a//b",
        "https://example.com/a%2Fb",
        "https://example.com\\@evil.com",
        "https://exa mple.com",
        "https://example.com\n",
        "https://example.com\r\nHost: evil",
        "https://example.com:0",
        "https://example.com:99999",
        "https://example.com:port",
        "https://ex\u00e4mple.com",
        "https://[::1",
        "https://[::1%25eth0]",
        "https://.example.com",
        "https://example..com",
        f"https://{'a' * 300}.com",
    ],
)
def test_an_endpoint_that_cannot_be_meant_is_invalid(endpoint: str) -> None:
    with pytest.raises(InvalidInput, match="endpoint") as caught:
        open_bucket(BucketAddress(Platform.CUSTOM_S3, "bucket", endpoint), ANY_KEYS, settings())
    assert "password" not in str(caught.value).replace("user name or password", "")


@pytest.mark.parametrize(
    "address",
    [
        BucketAddress(Platform.CUSTOM_S3, "bucket"),
        BucketAddress(Platform.CUSTOM_S3, "bucket", ""),
        BucketAddress(Platform.CUSTOM_S3, "", "https://example.com"),
        BucketAddress(Platform.CUSTOM_S3, "a/b", "https://example.com"),
        BucketAddress(Platform.CUSTOM_S3, "..", "https://example.com"),
        BucketAddress(Platform.CUSTOM_S3, "a?b", "https://example.com"),
        BucketAddress(Platform.CUSTOM_S3, "a\n", "https://example.com"),
        BucketAddress(Platform.AWS, ""),
        BucketAddress(Platform.AWS, "s3://bucket"),
        BucketAddress(Platform.AWS, "arn:aws:s3:::bucket"),
        BucketAddress(Platform.AWS, "a..b"),
        BucketAddress(Platform.AWS, "bucket--use1-az4--x-s3"),
        BucketAddress(Platform.AWS, "bucket", region="evil.com/"),
        BucketAddress(Platform.AWS, "bucket", region="us-east-1\n"),
        BucketAddress(Platform.GCP, "bucket"),
        BucketAddress(Platform.AZURE, "bucket"),
    ],
)
def test_an_address_that_cannot_be_meant_is_invalid(address: BucketAddress) -> None:
    with pytest.raises(InvalidInput):
        open_bucket(address, ANY_KEYS, settings())


@pytest.mark.parametrize(
    "credentials",
    [
        Credentials(access_key="a"),
        Credentials(secret_key="s"),
        Credentials(session_token="t"),
        Credentials(access_key="a b", secret_key="s"),
        Credentials(access_key="a\r\nx: y", secret_key="s"),
        Credentials(access_key="a", secret_key="s", session_token="t\n"),
    ],
)
def test_half_of_the_credentials_is_invalid(credentials: Credentials) -> None:
    with pytest.raises(InvalidInput):
        s3_reader("https://example.com", credentials=credentials)


@pytest.mark.parametrize(
    ("status", "code", "error", "sentence"),
    [
        (404, "NoSuchBucket", BucketNotFound, "no bucket bucket at"),
        (403, "InvalidAccessKeyId", BucketRefused, "does not know this access key"),
        (403, "SignatureDoesNotMatch", BucketRefused, "right secret key"),
        (403, "AccessDenied", BucketRefused, "s3:ListBucket"),
        (400, "ExpiredToken", BucketRefused, "expired"),
        (400, "InvalidToken", BucketRefused, "session token"),
        (403, "RequestTimeTooSkewed", BucketRefused, "clock"),
        (301, "PermanentRedirect", BucketMisbehaved, "points elsewhere"),
        (403, "SomethingNew", BucketRefused, r"\(SomethingNew\)"),
        (418, "SomethingNew", BucketMisbehaved, "418 SomethingNew"),
        (403, "hunter 2", BucketRefused, "does not let these keys"),
        (404, "", BucketMisbehaved, "is not S3"),
        (400, "x" * 65, BucketMisbehaved, r"status 400\)"),
    ],
)
def test_an_error_is_told_by_its_status_and_name_alone(
    status: int, code: str, error: type[BucketError], sentence: str
) -> None:
    at = place(BucketAddress(Platform.CUSTOM_S3, "bucket", "https://example.com"))
    body = f"<Error><Code>{code}</Code><Message>hunter2</Message></Error>".encode()
    found = explained(Answer(status, {}, body), at, "bucket", anonymous=False)
    with pytest.raises(error, match=sentence):
        raise found
    assert "hunter" not in str(found)
    assert "xxxx" not in str(found)


PAGE = b"<ListBucketResult><KeyCount>0</KeyCount><IsTruncated>false</IsTruncated></ListBucketResult>"


class Regions(Http):
    """Stands for AWS, which no test can be: answers where the bucket is, unless that is where it was asked."""

    def __init__(self, status: int, region: str) -> None:
        super().__init__(allow_private=False)
        self.asked: list[str] = []
        self._status = status
        self._region = region

    def send(self, origin: Origin, build: Callable[[], Request], *, limit: int) -> Answer:  # noqa: ARG002
        scope = build().headers["Authorization"].partition("Credential=")[2].split("/")[2]
        self.asked.append(f"{origin.host} {scope}")
        if f".{self._region}." in origin.host:
            return Answer(200, {}, PAGE)
        return Answer(self._status, {"x-amz-bucket-region": self._region}, b"")


@pytest.mark.parametrize("status", [301, 400])
def test_a_bucket_of_aws_is_followed_to_its_region_once_and_for_all(status: int) -> None:
    http = Regions(status, "eu-west-3")
    reader = S3Reader(BucketAddress(Platform.AWS, "bucket"), ANY_KEYS, http=http)
    reader.check()
    reader.check()
    assert http.asked == [
        "bucket.s3.us-east-1.amazonaws.com us-east-1",
        "bucket.s3.eu-west-3.amazonaws.com eu-west-3",
        "bucket.s3.eu-west-3.amazonaws.com eu-west-3",
    ]


def test_a_region_that_cannot_be_one_is_not_followed() -> None:
    http = Regions(301, "evil.com/")
    with pytest.raises(BucketMisbehaved, match="points elsewhere"):
        S3Reader(BucketAddress(Platform.AWS, "bucket"), ANY_KEYS, http=http).check()
    assert len(http.asked) == 1


def test_elsewhere_than_at_aws_the_region_is_named_and_not_followed() -> None:
    with PageServer(faults=Faults(status=400, region="eu-west-3")) as server:
        reader = s3_reader(server.endpoint)
        with pytest.raises(BucketRefused, match="give eu-west-3 as its region"):
            reader.check()
        assert server.counts["LIST"] == 1
        reader.close()
