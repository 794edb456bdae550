"""What only S3 has: content types of single objects, sessions, endpoints that cannot be reached."""

import logging
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import pytest

from bucketlink.buckets.s3_address import place
from bucketlink.buckets.s3_sign import Keys, signed
from bucketlink.errors import BucketMisbehaved, BucketRefused, BucketUnreachable, InvalidInput
from bucketlink.model import BucketAddress, Credentials, Platform
from tests.buckets.hard_keys import HARD_KEYS
from tests.buckets.holders import keys_of, s3_reader
from tests.servers.pages import Faults, Formula, PageProcess, PageServer, Stored
from tests.servers.process import free_port
from tests.servers.rgw import Rgw

SECRET = "wrong-but-still-secret"


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


@pytest.mark.parametrize("status", [400, 401, 403, 405])
def test_a_refused_content_type_is_told_from_a_missing_one(status: int) -> None:
    with PageServer(["a"], faults=Faults(status=status)) as server:
        reader = s3_reader(server.endpoint)
        with pytest.raises(BucketRefused, match="s3:GetObject"):
            reader.content_type("a")
        server.faults = Faults()
        assert reader.content_type("gone") is None
        reader.close()


def test_a_content_type_that_cannot_be_asked_for_is_an_error() -> None:
    with PageServer(["a"], faults=Faults(status=418)) as server:
        reader = s3_reader(server.endpoint)
        with pytest.raises(BucketMisbehaved, match="418"):
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
    assert "list-type=2" not in caplog.text


def test_a_session_token_is_part_of_what_is_signed() -> None:
    at = place(BucketAddress(Platform.CUSTOM_S3, "bucket", "https://example.com"))
    request = signed("GET", at, "?list-type=2", Keys("access", "secret", "token"))
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
    with pytest.raises(BucketUnreachable, match=r"No connection to http://127\.0\.0\.1:.*check s3Endpoint"):
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
