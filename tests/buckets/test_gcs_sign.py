"""Signed URLs are those that Google's own library makes."""

from urllib.parse import urlsplit

import pytest
from google.cloud.storage._signing import generate_signed_url_v4  # type: ignore[import-untyped]
from google.cloud.storage.blob import _quote  # type: ignore[import-untyped]
from google.oauth2.service_account import Credentials

from bucketlink.buckets.columns import is_kept_by_browsers
from bucketlink.buckets.gcs_address import GcsPlace
from bucketlink.buckets.gcs_sign import Signer, signed_url
from bucketlink.buckets.reach import Origin
from tests.buckets.hard_keys import HARD_KEYS
from tests.servers.gcs_keys import pem, rsa_key

NOW = 1_700_000_000.75
MOMENT = "20231114T221320Z"
EMAIL = "reader@project-1.iam.gserviceaccount.com"
ORIGINS = (
    Origin("https", "storage.googleapis.com", 443),
    Origin("https", "storage-mine.p.googleapis.com", 443),
    Origin("http", "127.0.0.1", 9023),
)


@pytest.fixture(scope="module")
def credentials() -> Credentials:
    info = {"client_email": EMAIL, "token_uri": "https://oauth2.googleapis.com/token", "private_key": pem(rsa_key(0))}
    made: Credentials = Credentials.from_service_account_info(info)  # type: ignore[no-untyped-call]
    return made


@pytest.mark.parametrize("origin", ORIGINS, ids=str)
def test_urls_are_those_of_googles_library_for_every_key(credentials: Credentials, origin: Origin) -> None:
    place, signer = GcsPlace(origin, "bucket"), Signer(EMAIL, credentials.sign_bytes)
    for key in HARD_KEYS:
        theirs = generate_signed_url_v4(
            credentials,
            resource=f"/bucket/{_quote(key, safe=b'/~')}",
            expiration=900,
            api_access_endpoint=str(origin),
            method="GET",
            _request_timestamp=MOMENT,
        )
        ours = signed_url(place, key, signer, now=NOW, seconds=900)
        assert ours.url == theirs
        assert ours.expires_at == (int(NOW) + 900) * 1000


def test_no_url_holds_for_longer_than_google_allows(credentials: Credentials) -> None:
    place, signer = GcsPlace(ORIGINS[0], "bucket"), Signer(EMAIL, credentials.sign_bytes)
    made = signed_url(place, "a", signer, now=NOW, seconds=10**9)
    assert "X-Goog-Expires=604800&" in made.url
    assert made.expires_at == (int(NOW) + 604800) * 1000


def test_without_a_signer_the_url_is_plain() -> None:
    made = signed_url(GcsPlace(ORIGINS[0], "bucket"), "a b/\u00e9?", None, now=NOW, seconds=60)
    assert made.url == "https://storage.googleapis.com/bucket/a%20b/%C3%A9%3F"


@pytest.mark.parametrize("key", [".", "..", "a/../b", "a/./b", "./x", "../x", "a/..", "/.."])
def test_urls_that_browsers_would_change_are_known(key: str) -> None:
    assert not is_kept_by_browsers(key)


@pytest.mark.parametrize("key", ["a", "a//b", "/a", "...", "a.b", "a/...", "a\\..\\b", "%2E%2E"])
def test_urls_that_browsers_leave_as_they_are_are_known(key: str) -> None:
    assert is_kept_by_browsers(key)
    path = urlsplit(signed_url(GcsPlace(ORIGINS[0], "bucket"), key, None, now=NOW, seconds=60).url).path
    assert not {".", ".."} & set(path.split("/"))
