"""Roles of AWS that are refused, in words that help."""

import pytest

from bucketlink.buckets import open_bucket
from bucketlink.errors import BucketError, BucketMisbehaved, BucketRefused, InvalidInput
from bucketlink.model import Access, BucketAddress, Credentials, Platform
from tests.buckets.holders import settings
from tests.buckets.roles import ACCESS, USER, Clock, reader_of
from tests.servers.sts import CANARY, EXTERNAL_ID, ROLE, Sts, failure


def refusal(sts: Sts, clock: Clock, access: Access = ACCESS, credentials: Credentials = USER) -> BucketError:
    reader = reader_of(sts, clock, access, credentials)
    with pytest.raises(BucketError) as caught:
        reader.check()
    reader.close()
    assert "hunter2" not in str(caught.value)
    assert "secret" not in str(caught.value).replace("secret key", "")
    return caught.value


def test_a_wrong_secret_is_told_and_its_field_named(sts: Sts, clock: Clock) -> None:
    assert "s3SecretKey" in str(refusal(sts, clock, credentials=Credentials("AKIAUSER", "wrong-secret")))


def test_a_role_that_asks_for_another_external_id_names_the_one_to_allow(sts: Sts, clock: Clock) -> None:
    told = str(refusal(sts, clock, Access(role_arn=ROLE, external_id="another")))
    assert "trust policy must allow sts:AssumeRole" in told
    assert "the external ID another" in told
    assert ROLE in told


@pytest.mark.parametrize(
    ("status", "code", "error", "sentence"),
    [
        (403, "InvalidClientTokenId", BucketRefused, "s3AccessKey"),
        (403, "SignatureDoesNotMatch", BucketRefused, "s3SecretKey"),
        (403, "ExpiredToken", BucketRefused, "expired; give new s3AccessKey, s3SecretKey and s3SessionToken"),
        (400, "ValidationError", BucketRefused, "check awsRoleARN"),
        (400, "MalformedPolicyDocument", BucketRefused, "check awsRoleARN"),
        (404, "NoSuchEntity", BucketRefused, "check awsRoleARN"),
        (403, "RegionDisabledException", BucketRefused, "s3Region"),
        (403, "RequestTimeTooSkewed", BucketRefused, "clock"),
        (403, "SomethingNew", BucketRefused, r"\(SomethingNew\)"),
        (405, "MethodNotAllowed", BucketMisbehaved, "405 MethodNotAllowed.*STS"),
        (404, "", BucketMisbehaved, r"status 404\)"),
    ],
)
def test_a_refusal_of_sts_is_told_by_its_name_alone(
    sts: Sts, clock: Clock, status: int, code: str, error: type[BucketError], sentence: str
) -> None:
    sts.answer = (status, failure(code))
    with pytest.raises(error, match=sentence):
        raise refusal(sts, clock)


GOOD = (
    "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>A</AccessKeyId><SecretAccessKey>S</SecretAccessKey>"
    "<SessionToken>T</SessionToken><Expiration>2030-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult>"
    "</AssumeRoleResponse>"
)


@pytest.mark.parametrize(
    "body",
    [
        "",
        CANARY,
        GOOD[:-1],
        GOOD.replace("AssumeRoleResponse", "Other"),
        GOOD.replace("<SessionToken>T</SessionToken>", ""),
        GOOD.replace("<SessionToken>T", "<SessionToken>"),
        GOOD.replace("<SessionToken>T", "<SessionToken>T\nX-Evil: 1"),
        GOOD.replace("<AccessKeyId>A</AccessKeyId>", "<AccessKeyId>A</AccessKeyId>" * 2),
        GOOD.replace("2030-01-01T00:00:00Z", "tomorrow"),
        GOOD.replace("2030-01-01T00:00:00Z", "2030-01-01T00:00:00"),
        '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>' + GOOD.replace(">T<", ">&e;<"),
    ],
)
def test_an_answer_that_holds_no_keys_is_refused_whole(sts: Sts, clock: Clock, body: str) -> None:
    sts.answer = (200, body)
    with pytest.raises(BucketMisbehaved, match="something else than a role's keys"):
        raise refusal(sts, clock)


@pytest.mark.parametrize(
    ("endpoint", "role", "external_id"),
    [
        (None, "reader", EXTERNAL_ID),
        (None, "arn:aws:iam::123456789012:user/reader", EXTERNAL_ID),
        (None, "arn:aws:iam:::role/reader", EXTERNAL_ID),
        (None, "arn:aws:iam::123456789012:role/", EXTERNAL_ID),
        (None, f"{ROLE}\n", EXTERNAL_ID),
        (None, f"{ROLE}&Action=x", EXTERNAL_ID),
        ("https://s3.example.com", "role/reader", EXTERNAL_ID),
        (None, "", EXTERNAL_ID),
        (None, ROLE, None),
    ],
)
def test_a_role_that_cannot_be_meant_is_invalid(endpoint: str | None, role: str, external_id: str | None) -> None:
    address = BucketAddress(Platform.AWS, "my-bucket", endpoint)
    with pytest.raises(InvalidInput, match="awsRole"):
        open_bucket(address, USER, settings(), access=Access(role_arn=role, external_id=external_id))
