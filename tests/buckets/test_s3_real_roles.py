"""Roles and session tokens of real servers: Ceph's STS, and moto's, which looks at the external ID."""

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

from bucketlink.buckets import open_bucket
from bucketlink.buckets.http import Http
from bucketlink.buckets.s3 import S3Reader
from bucketlink.buckets.s3_address import endpoint_place
from bucketlink.buckets.s3_sign import Keys, signed_form
from bucketlink.errors import BucketRefused
from bucketlink.model import Access, BucketAddress, Credentials, Platform
from tests.buckets.holders import IMPATIENT, keys_of, s3_reader, settings
from tests.servers.moto import Moto
from tests.servers.rgw import Bucket, Rgw


@pytest.fixture(scope="module")
def bucket(rgw: Rgw) -> Iterator[Bucket]:
    with rgw.bucket("bucket-of-roles") as bucket:
        bucket.put("a/b.jpg", b"hello")
        yield bucket


def real_reader(endpoint: str, bucket: Bucket, role: str, credentials: Credentials) -> S3Reader:
    address = BucketAddress(Platform.CUSTOM_S3, bucket.name, endpoint)
    reader = open_bucket(
        address, credentials, settings(), access=Access(role_arn=role, external_id="bucketlink-1"), patience=IMPATIENT
    )
    assert isinstance(reader, S3Reader)
    return reader


def test_a_real_role_lists_reads_and_signs(rgw: Rgw, bucket: Bucket) -> None:
    role = rgw.role("lists-and-reads", user="tester")
    reader = real_reader(rgw.sts_endpoint(), bucket, role, Credentials(rgw.access_key, rgw.secret_key))
    assert keys_of(reader.pages()) == ["a/b.jpg"]
    content = reader.read("a/b.jpg")
    assert content is not None
    assert b"".join(content.parts) == b"hello"
    made = reader.signed_url("a/b.jpg", 900)
    assert made is not None
    assert rgw.secret_key not in made.url
    assert rgw.access_key not in made.url
    with urlopen(made.url) as answer:  # noqa: S310
        assert answer.read() == b"hello"
    reader.close()


def test_a_real_role_may_do_what_its_policy_says(rgw: Rgw, bucket: Bucket) -> None:
    role = rgw.role("reads", user="tester", actions="s3:GetObject")
    reader = real_reader(rgw.sts_endpoint(), bucket, role, Credentials(rgw.access_key, rgw.secret_key))
    with pytest.raises(BucketRefused, match=r"does not let the role arn:aws:iam:::role/reads list .*s3:ListBucket"):
        reader.check()
    assert reader.content_type("a/b.jpg") is not None
    reader.close()


def test_a_real_role_does_not_trust_everybody(rgw: Rgw, bucket: Bucket) -> None:
    role = rgw.role("trusts-one", user="tester")
    for credentials in (rgw.user("untrusted"), Credentials(rgw.access_key, "wrong"), Credentials("unknown", "wrong")):
        reader = real_reader(rgw.sts_endpoint(), bucket, role, credentials)
        with pytest.raises(BucketRefused, match=r"trust policy.*external ID bucketlink-1"):
            reader.check()
        reader.close()
    reader = real_reader(rgw.sts_endpoint(), bucket, f"{role}-not", Credentials(rgw.access_key, rgw.secret_key))
    with pytest.raises(BucketRefused, match=r"does not know the role .*check awsRoleARN"):
        reader.check()
    reader.close()


def temporary(rgw: Rgw, role: str, seconds: int) -> Credentials:
    """Keys and session token of a role, as the gateway's STS hands them out."""
    form = urlencode(
        {"Action": "AssumeRole", "RoleArn": role, "RoleSessionName": "test", "DurationSeconds": str(seconds)}
    )
    origin, _ = endpoint_place(rgw.sts_endpoint())
    request = signed_form(origin, "/", form, Keys(rgw.access_key, rgw.secret_key), "us-east-1")
    http = Http(allow_private=True)
    answer = http.send(origin, lambda: request, limit=1 << 16)
    http.close()
    text = answer.body.decode()
    values = [
        text.partition(f"<{name}>")[2].partition("<")[0] for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")
    ]
    assert all(values), text
    return Credentials(*values)


def test_a_session_token_opens_a_bucket_and_goes_into_no_url(rgw: Rgw, bucket: Bucket) -> None:
    credentials = temporary(rgw, rgw.role("for-tokens", user="tester"), 900)
    reader = s3_reader(rgw.sts_endpoint(), bucket.name, credentials)
    assert keys_of(reader.pages()) == ["a/b.jpg"]
    assert reader.signed_url("a/b.jpg", 60) is None
    content = reader.read("a/b.jpg")
    assert content is not None
    assert b"".join(content.parts) == b"hello"
    reader.close()


def test_an_expired_session_token_is_refused(rgw: Rgw, bucket: Bucket) -> None:
    credentials = temporary(rgw, rgw.role("for-expired-tokens", user="tester"), 0)
    for wrong in (credentials, replace(credentials, session_token="junk")):
        reader = s3_reader(rgw.sts_endpoint(), bucket.name, wrong)
        with pytest.raises(BucketRefused, match=r"s3:ListBucket.*s3SessionToken"):
            reader.check()
        reader.close()


def test_a_role_is_assumed_by_the_external_id_that_it_asks_for(moto: Moto) -> None:
    trusted, other = moto.user("trusted", "sts:AssumeRole"), moto.user("not-trusted")
    role = moto.role("lists", "s3:ListBucket", user="trusted", external_id="bucketlink-17")
    access = Access(role_arn=role, external_id="bucketlink-17")
    with moto.bucket("bucket-of-a-trusted-role") as bucket:
        bucket.put("a", b"x")
        address = BucketAddress(Platform.CUSTOM_S3, bucket.name, moto.endpoint)

        def check(credentials: Credentials, access: Access) -> None:
            reader = open_bucket(address, credentials, settings(), access=access, patience=IMPATIENT)
            try:
                assert reader.check() == "a"
                with pytest.raises(BucketRefused, match="s3:GetObject"):
                    reader.content_type("a")
            finally:
                reader.close()

        with moto.guarded():
            check(trusted, access)
            with pytest.raises(BucketRefused, match=r"trust policy.*external ID another"):
                check(trusted, replace(access, external_id="another"))
            with pytest.raises(BucketRefused, match=r"trust policy.*external ID bucketlink-17"):
                check(other, access)
            with pytest.raises(BucketRefused, match="s3SecretKey"):
                check(replace(trusted, secret_key="wrong"), access)
            with pytest.raises(BucketRefused, match="s3AccessKey"):
                check(Credentials("AKIAUNKNOWN", "wrong"), access)
            with pytest.raises(BucketRefused, match=r"list .*s3:ListBucket"):
                check(trusted, Access())
