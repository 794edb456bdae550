"""Which bucket names and endpoints of Google Cloud Storage are taken."""

import pytest

from bucketlink.buckets.gcs_address import GOOGLE, place
from bucketlink.buckets.reach import Origin
from bucketlink.errors import InvalidInput
from bucketlink.model import BucketAddress, Platform


def address(bucket: str = "bucket", endpoint: str | None = None) -> BucketAddress:
    return BucketAddress(Platform.GCP, bucket, endpoint)


@pytest.mark.parametrize(
    "bucket",
    [
        "abc",
        "my-bucket_1",
        "1-2",
        "a" * 63,
        "www.example.com",
        ".".join(["a" * 54] * 4),
        "gcp-public-data-landsat",
        "google-research",
        "1.2.3.4.5",
    ],
)
def test_names_as_google_has_them_are_taken(bucket: str) -> None:
    found = place(address(bucket))
    assert (found.origin, found.bucket, found.is_google) == (GOOGLE, bucket, True)


@pytest.mark.parametrize(
    "bucket",
    [
        "ab",
        "a" * 64,
        "Bucket",
        "-bucket",
        "bucket-",
        "bucket_",
        ".bucket",
        "bucket.",
        "a..b",
        "a" * 64 + ".com",
        ".".join(["a" * 60] * 4),
        "gs://bucket",
        "bucket/folder",
        "b\u00fccket",
        "bucket\n",
        "buc ket",
        "192.168.5.4",
        "projects/_/buckets/bucket",
    ],
)
def test_other_names_are_refused_by_their_field(bucket: str) -> None:
    with pytest.raises(InvalidInput, match="gcpBucketName must be") as caught:
        place(address(bucket))
    assert "\n" not in str(caught.value)


def test_a_missing_name_is_said_to_be_missing() -> None:
    with pytest.raises(InvalidInput, match=r"missing.*gcpBucketName"):
        place(address(""))


@pytest.mark.parametrize(
    ("endpoint", "origin", "is_google"),
    [
        ("https://storage-mine.p.googleapis.com", Origin("https", "storage-mine.p.googleapis.com", 443), True),
        ("https://restricted.googleapis.com/", Origin("https", "restricted.googleapis.com", 443), True),
        (
            "https://storage.us-central1.rep.googleapis.com",
            Origin("https", "storage.us-central1.rep.googleapis.com", 443),
            True,
        ),
        ("https://storage.us.p.rep.googleapis.com", Origin("https", "storage.us.p.rep.googleapis.com", 443), True),
        ("https://private.googleapis.com", Origin("https", "private.googleapis.com", 443), True),
        ("https://compute.googleapis.com", Origin("https", "compute.googleapis.com", 443), False),
        ("https://mine.storage.googleapis.com", Origin("https", "mine.storage.googleapis.com", 443), False),
        ("https://mine-storage.p.googleapis.com", Origin("https", "mine-storage.p.googleapis.com", 443), False),
        ("https://storage.googleapis.com:8443", Origin("https", "storage.googleapis.com", 8443), False),
        ("HTTP://127.0.0.1:9023", Origin("http", "127.0.0.1", 9023), False),
        ("http://[::1]:9023", Origin("http", "::1", 9023), False),
        ("https://googleapis.com", Origin("https", "googleapis.com", 443), False),
        (
            "https://storage.googleapis.com.example.com",
            Origin("https", "storage.googleapis.com.example.com", 443),
            False,
        ),
        ("http://storage.googleapis.com", Origin("http", "storage.googleapis.com", 80), False),
    ],
)
def test_an_endpoint_is_an_origin(endpoint: str, origin: Origin, is_google: bool) -> None:
    found = place(address(endpoint=endpoint))
    assert (found.origin, found.is_google) == (origin, is_google)


@pytest.mark.parametrize(
    "endpoint",
    [
        "storage.googleapis.com",
        "ftp://storage.googleapis.com",
        "https://",
        "https://user:password@host",
        "https://host/storage/v1",
        "https://host/..",
        "https://host/?a=b",
        "https://host/#a",
        "https://ho st",
        "https://host\r\nX: y",
        "https://host:99999",
        "https://host:0",
        "https://host\\@other",
        "https://[::1",
        "https://h\u00f6st",
    ],
)
def test_other_endpoints_are_refused_by_their_field(endpoint: str) -> None:
    with pytest.raises(InvalidInput, match="gcpEndpoint must") as caught:
        place(address(endpoint=endpoint))
    assert "password" not in str(caught.value)
    assert "\n" not in str(caught.value)
