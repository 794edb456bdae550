"""Where an S3 bucket is, from what a user gave; and what is refused because it cannot be meant."""

import socket
from typing import Any

import pytest

from bucketlink.buckets import open_bucket
from bucketlink.buckets.http import Http
from bucketlink.buckets.s3 import S3Reader
from bucketlink.buckets.s3_address import place
from bucketlink.errors import InvalidInput
from bucketlink.model import Access, BucketAddress, Credentials, Platform
from tests.buckets.holders import ANY_KEYS, keys_of, settings
from tests.servers.rgw import Rgw

VIRTUAL = Access(virtual_host=True)


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
        (
            BucketAddress(Platform.AWS, "", access_point="arn:aws:s3:eu-west-3:123456789012:accesspoint/my-point"),
            "https://my-point-123456789012.s3-accesspoint.eu-west-3.amazonaws.com",
            "",
        ),
        (
            BucketAddress(Platform.AWS, "arn:aws:s3:eu-west-3:123456789012:accesspoint:my-point", region="us-east-1"),
            "https://my-point-123456789012.s3-accesspoint.eu-west-3.amazonaws.com",
            "",
        ),
        (
            BucketAddress(
                Platform.AWS, "bucket", access_point="arn:aws-cn:s3:cn-north-1:123456789012:accesspoint/my-point"
            ),
            "https://my-point-123456789012.s3-accesspoint.cn-north-1.amazonaws.com.cn",
            "",
        ),
        (
            BucketAddress(
                Platform.AWS, "", access_point="arn:aws-us-gov:s3:us-gov-west-1:123456789012:accesspoint/abc"
            ),
            "https://abc-123456789012.s3-accesspoint.us-gov-west-1.amazonaws.com",
            "",
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
    with pytest.raises(InvalidInput, match=r"^s3Endpoint must be a URL") as caught:
        open_bucket(BucketAddress(Platform.CUSTOM_S3, "bucket", endpoint), ANY_KEYS, settings())
    assert "password" not in str(caught.value)


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
        BucketAddress(Platform.AWS, "arn:aws-cn:s3:::bucket"),
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
    ("arn", "sentence"),
    [
        ("arn:aws:s3::123456789012:accesspoint/my-point.mrap", "Multi-Region access points"),
        ("arn:aws:s3-object-lambda:eu-west-3:123456789012:accesspoint/my-point", "Object Lambda access points"),
        ("arn:aws:s3-outposts:eu-west-3:123456789012:outpost/op-1/accesspoint/my-point", "Outposts"),
        ("arn:aws:s3:eu-west-3:123456789012:accesspoint/My.Point", "not the ARN of an access point"),
        ("arn:aws:s3:eu-west-3:123456789012:accesspoint/my-point/object/key", "not the ARN of an access point"),
        ("arn:aws:s3:eu-west-3:12345:accesspoint/my-point", "not the ARN of an access point"),
        ("arn:evil:s3:eu-west-3:123456789012:accesspoint/my-point", "not the ARN of an access point"),
        ("arn:aws:s3:evil.com/:123456789012:accesspoint/my-point", "not the ARN of an access point"),
        ("arn:aws:s3:eu-west-3:123456789012:accesspoint/my-point\n", "not the ARN of an access point"),
        ("arn:", "not the ARN of an access point"),
        ("my-point", "not the ARN of an access point"),
    ],
)
def test_an_access_point_that_cannot_be_read_is_invalid(arn: str, sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        place(BucketAddress(Platform.AWS, "bucket", access_point=arn))
    if arn.startswith("arn:"):
        with pytest.raises(InvalidInput, match=sentence):
            place(BucketAddress(Platform.AWS, arn))


def test_an_access_point_goes_with_no_endpoint_and_no_other_platform() -> None:
    arn = "arn:aws:s3:eu-west-3:123456789012:accesspoint/my-point"
    with pytest.raises(InvalidInput, match="either awsAccessPointARN or s3Endpoint"):
        place(BucketAddress(Platform.AWS, "bucket", "https://example.com", access_point=arn))
    with pytest.raises(InvalidInput, match="give s3BucketName instead of awsAccessPointARN"):
        place(BucketAddress(Platform.CUSTOM_S3, "bucket", "https://example.com", access_point=arn))


@pytest.mark.parametrize(
    ("bucket", "endpoint", "sentence"),
    [
        ("bucket", "https://192.0.2.1", "is an IP address"),
        ("bucket", "https://[2001:db8::1]:9000", "is an IP address"),
        ("my.bucket", "https://example.com", "path style"),
        ("My-Bucket", "https://example.com", "path style"),
        ("my_bucket", "https://example.com", "path style"),
        ("-bucket", "https://example.com", "plain name"),
        ("bucket-", "https://example.com", "path style"),
        ("b" * 64, "https://example.com", "path style"),
        ("b" * 60, f"https://{'x' * 60}.{'x' * 60}.{'x' * 60}.{'x' * 60}", "path style"),
    ],
)
def test_a_bucket_that_cannot_be_a_part_of_a_host_is_invalid_there(bucket: str, endpoint: str, sentence: str) -> None:
    address = BucketAddress(Platform.CUSTOM_S3, bucket, endpoint)
    with pytest.raises(InvalidInput, match=sentence):
        open_bucket(address, ANY_KEYS, settings(), access=VIRTUAL)


def test_a_bucket_is_a_part_of_the_host_where_that_is_asked_for() -> None:
    found = place(BucketAddress(Platform.CUSTOM_S3, "b", "https://s3.example.com:9000/base"), virtual_host=True)
    assert (str(found.origin), found.path) == ("https://b.s3.example.com:9000", "/base")


def test_a_real_bucket_is_read_as_a_part_of_the_host(rgw: Rgw) -> None:
    asked: list[str] = []

    def resolve(host: str, port: int, *, type: socket.SocketKind) -> list[Any]:  # noqa: A002
        asked.append(host)
        return socket.getaddrinfo("127.0.0.1", port, type=type)

    with rgw.bucket("virtual-bucket") as bucket:
        bucket.put("a/b c", b"hello")
        address = BucketAddress(Platform.CUSTOM_S3, bucket.name, f"http://rgw.test:{rgw.port}")
        http = Http(allow_private=True, resolve=resolve)
        credentials = Credentials(rgw.access_key, rgw.secret_key)
        reader = S3Reader(address, VIRTUAL, credentials, http=http, settings=settings())
        assert keys_of(reader.pages()) == ["a/b c"]
        content = reader.read("a/b c")
        assert content is not None
        assert b"".join(content.parts) == b"hello"
        made = reader.signed_url("a/b c", 60)
        assert made is not None
        assert made.url.startswith(f"http://virtual-bucket.rgw.test:{rgw.port}/a/b%20c?X-Amz-Algorithm=")
        reader.close()
    assert set(asked) == {"virtual-bucket.rgw.test"}
