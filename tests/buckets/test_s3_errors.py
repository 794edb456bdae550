"""What S3 refuses, and what it is told as: the field to mend, the permission to grant, and no secret."""

import re
import traceback
from collections.abc import Iterator
from dataclasses import replace

import pytest

from bucketlink.buckets.http import Answer
from bucketlink.buckets.s3_address import place
from bucketlink.buckets.s3_errors import Asker, explained
from bucketlink.errors import BucketError, BucketMisbehaved, BucketNotFound, BucketRefused
from bucketlink.model import BucketAddress, Credentials, Platform
from tests.buckets.holders import keys_of, s3_reader
from tests.servers.moto import Moto
from tests.servers.pages import Faults, PageServer
from tests.servers.rgw import Bucket, Rgw

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
    assert "give the right secret key as s3SecretKey" in refusal(private, Credentials(private.access_key, SECRET))


def test_an_unknown_access_key_is_refused(private: Bucket) -> None:
    assert "does not know this access key; give one that exists there as s3AccessKey" in refusal(
        private, Credentials("UNKNOWN", SECRET)
    )


def test_a_private_bucket_is_refused_to_everybody(private: Bucket) -> None:
    assert "give an access key and a secret key" in refusal(private, Credentials())


def test_what_another_user_may_not_do_is_refused_and_the_permission_named(rgw: Rgw) -> None:
    with rgw.bucket("shared-bucket") as bucket:
        bucket.put("a/1", b"one")
        bucket.put("b/2", b"two")
        reader = s3_reader(rgw.endpoint, bucket.name, rgw.user("guest"))
        with pytest.raises(BucketRefused, match="grant s3:ListBucket on the bucket"):
            reader.check()

        bucket.allow("guest", "s3:ListBucket")
        assert reader.check() == "a/1"
        with pytest.raises(BucketRefused, match="grant s3:GetObject on its objects"):
            reader.content_type("a/1")
        with pytest.raises(BucketRefused, match=r"read objects .*grant s3:GetObject on its objects"):
            reader.read("a/1")

        bucket.allow("guest", "s3:GetObject", "/*")
        assert reader.content_type("a/1") is not None
        content = reader.read("a/1")
        assert content is not None
        assert b"".join(content.parts) == b"one"
        with pytest.raises(BucketRefused, match="grant s3:ListBucket on the bucket"):
            reader.check()

        bucket.allow("guest", "s3:ListBucket", StringLike={"s3:prefix": "b/*"})
        assert reader.check(prefix="b/") == "b/2"
        for prefix in ("", "a/"):
            with pytest.raises(BucketRefused, match="grant s3:ListBucket on the bucket"):
                reader.check(prefix=prefix)
        reader.close()


def test_credentials_that_are_wrong_are_told_apart(moto: Moto) -> None:
    owner, revoked = moto.user("owner", "s3:*"), moto.user("revoked", "s3:*")
    nobody = moto.user("nobody")
    with moto.bucket("guarded-bucket") as bucket:
        bucket.put("a", b"x")
        moto.revoke("revoked", revoked)
        with moto.guarded():
            for credentials, sentence in (
                (Credentials("AKIAUNKNOWN", SECRET), "does not know this access key; give one .*s3AccessKey"),
                (revoked, "does not know this access key; give one .*s3AccessKey"),
                (Credentials(owner.access_key, SECRET), "right secret key as s3SecretKey"),
                (replace(owner, session_token=SECRET), "does not accept the session token; give the s3SessionToken"),
                (nobody, "grant s3:ListBucket on the bucket"),
            ):
                told = refusal(bucket, credentials)
                assert re.search(sentence, told), told
            reader = s3_reader(bucket.endpoint, bucket.name, owner)
            assert reader.check() == "a"
            reader.close()


def test_a_wrong_clock_is_told_whatever_the_server_calls_it() -> None:
    for status, code, sentence in (
        (403, "SignatureDoesNotMatch", "clock is wrong"),
        (403, "AccessDenied", "clock is wrong"),
        (403, "InvalidAccessKeyId", "s3AccessKey"),
    ):
        faults = Faults(status=status, code=code, date="Mon, 01 Jan 2024 00:00:00 GMT")
        with PageServer(["a"], faults=faults) as server:
            reader = s3_reader(server.endpoint)
            with pytest.raises(BucketRefused, match=sentence):
                reader.check()
            reader.close()


def test_a_public_bucket_needs_no_credentials(public: Bucket) -> None:
    reader = s3_reader(public.endpoint, public.name, Credentials())
    reader.check()
    assert keys_of(reader.pages()) == ["a.jpg"]
    reader.close()


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
        (404, "NoSuchAccessPoint", BucketNotFound, "s3BucketName"),
        (403, "InvalidObjectState", BucketRefused, "archived: restore it"),
        (400, "AuthorizationHeaderMalformed", BucketRefused, "s3Region"),
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
    found = explained(Answer(status, {}, body), at, Asker())
    with pytest.raises(error, match=sentence):
        raise found
    assert "hunter" not in str(found)
    assert "xxxx" not in str(found)


@pytest.mark.parametrize(
    ("asker", "reading", "sentence"),
    [
        (Asker(), False, "does not let these keys list .*s3:ListBucket on the bucket, or give others\\.$"),
        (Asker(), True, "does not let these keys read .*s3:GetObject on its objects"),
        (Asker(is_anonymous=True), False, r"everybody list .*\(s3AccessKey, s3SecretKey\)"),
        (Asker(role="arn:aws:iam::1:role/x"), False, "the role arn:aws:iam::1:role/x list .*awsRoleARN"),
        (Asker(has_token=True), False, "expired .*s3SessionToken"),
        (Asker(might_pay=True), False, "set s3RequesterPays"),
    ],
)
def test_a_refusal_depends_on_who_asks_and_for_what(asker: Asker, reading: bool, sentence: str) -> None:
    at = place(BucketAddress(Platform.CUSTOM_S3, "bucket", "https://example.com"))
    found = explained(Answer(403, {}, b"<Error><Code>AccessDenied</Code></Error>"), at, asker, reading=reading)
    with pytest.raises(BucketRefused, match=sentence):
        raise found
