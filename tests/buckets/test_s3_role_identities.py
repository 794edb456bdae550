"""Where roles of AWS are assumed, and when by the server itself."""

from dataclasses import replace
from pathlib import Path

import pytest

from bucketlink.buckets import open_bucket
from bucketlink.errors import BucketRefused, InvalidInput, NotAllowed
from bucketlink.model import Access, BucketAddress, Credentials, Platform
from tests.buckets.canned import raw_server
from tests.buckets.holders import keys_of, settings
from tests.buckets.roles import ACCESS, BUCKET, MANY, Clock, aws_reader
from tests.servers.sts import ROLE, Sts, failure


@pytest.mark.parametrize(
    ("address", "hosts"),
    [
        (BUCKET, ["sts.us-east-1.amazonaws.com", "my-bucket.s3.us-east-1.amazonaws.com"]),
        (replace(BUCKET, region="eu-west-3"), ["sts.eu-west-3.amazonaws.com", "my-bucket.s3.eu-west-3.amazonaws.com"]),
        (
            replace(BUCKET, region="cn-north-1"),
            ["sts.cn-north-1.amazonaws.com.cn", "my-bucket.s3.cn-north-1.amazonaws.com.cn"],
        ),
        (
            replace(BUCKET, access_point="arn:aws:s3:eu-west-1:123456789012:accesspoint/ap1"),
            ["sts.eu-west-1.amazonaws.com", "ap1-123456789012.s3-accesspoint.eu-west-1.amazonaws.com"],
        ),
        (
            replace(BUCKET, endpoint="https://bucket.vpce-1a.s3.eu-west-3.vpce.amazonaws.com", region="eu-west-3"),
            ["sts.eu-west-3.amazonaws.com", "bucket.vpce-1a.s3.eu-west-3.vpce.amazonaws.com"],
        ),
        (replace(BUCKET, endpoint="https://s3.example.com"), ["s3.example.com", "s3.example.com"]),
    ],
)
def test_roles_are_assumed_where_the_bucket_is(
    sts: Sts, clock: Clock, address: BucketAddress, hosts: list[str]
) -> None:
    reader = aws_reader(sts, clock, address)
    assert reader.check() == MANY[0]
    assert sts.hosts == hosts
    reader.close()


@pytest.mark.parametrize("found_region", ["eu-west-3", "ap-east-1"])
def test_where_a_bucket_was_found_says_nothing_of_where_its_role_is_assumed(
    sts: Sts, clock: Clock, found_region: str
) -> None:
    reader = aws_reader(sts, clock, BUCKET, found_region=found_region)
    assert reader.check() == MANY[0]
    assert sts.hosts == ["sts.us-east-1.amazonaws.com", f"my-bucket.s3.{found_region}.amazonaws.com"]
    reader.close()


def test_a_region_that_was_given_counts_more_than_one_that_was_found(sts: Sts, clock: Clock) -> None:
    reader = aws_reader(sts, clock, replace(BUCKET, region="eu-west-3"), found_region="ap-east-1")
    reader.check()
    assert sts.hosts == ["sts.eu-west-3.amazonaws.com", "my-bucket.s3.eu-west-3.amazonaws.com"]
    reader.close()


def test_the_server_itself_assumes_a_role_where_its_operator_allows_it(
    sts: Sts, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAUSER")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "user-secret")
    reader = aws_reader(sts, clock, BUCKET, Credentials())
    assert keys_of(reader.pages()) == MANY
    reader.close()


def test_a_server_without_identity_says_so(sts: Sts, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nowhere")
    reader = aws_reader(sts, clock, BUCKET, Credentials())
    with pytest.raises(BucketRefused, match="no identity of its own"):
        reader.check()
    monkeypatch.setenv("AWS_PROFILE", "unknown")
    with pytest.raises(BucketRefused, match=r"cannot be had \(ProfileNotFound\)"):
        reader.check()
    assert not sts.hosts
    reader.close()


REFUSED = failure("AccessDenied").encode()


@pytest.mark.parametrize(
    ("has_file", "answer", "name"),
    [
        (False, b"", "FileNotFoundError"),
        (True, b"HTTP/1.1 403 No\r\nContent-Length: %d\r\n\r\n" % len(REFUSED) + REFUSED, "ClientError"),
    ],
)
def test_an_identity_of_the_server_that_cannot_be_had_is_its_operators_to_mend(
    sts: Sts, clock: Clock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, has_file: bool, answer: bytes, name: str
) -> None:
    file = tmp_path / "token"
    if has_file:
        file.write_text("hunter2")
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(file))
    monkeypatch.setenv("AWS_ROLE_ARN", ROLE)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-3")
    reader = aws_reader(sts, clock, BUCKET, Credentials())
    with raw_server(answer) as (port, _):
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", f"http://127.0.0.1:{port}")
        with pytest.raises(BucketRefused, match=rf"cannot be had \({name}\): its operator mends") as caught:
            reader.check()
    assert "hunter2" not in str(caught.value)
    reader.close()


def test_the_server_itself_assumes_no_role_unless_its_operator_allows_it() -> None:
    with pytest.raises(NotAllowed, match="BUCKETLINK_SERVER_IDENTITIES=AWS"):
        open_bucket(BUCKET, Credentials(), settings(), access=ACCESS)


@pytest.mark.parametrize("platform", [Platform.AWS, Platform.CUSTOM_S3])
def test_the_servers_own_identity_goes_to_no_endpoint_of_a_user(platform: Platform) -> None:
    address = BucketAddress(platform, "my-bucket", "https://s3.example.com")
    with pytest.raises(InvalidInput, match="give s3AccessKey and s3SecretKey"):
        open_bucket(address, Credentials(), settings(server_identities=(Platform.AWS,)), access=ACCESS)


def test_the_servers_own_identity_reads_no_bucket() -> None:
    allowed = settings(server_identities=(Platform.AWS,))
    with pytest.raises(InvalidInput, match="give awsRoleARN"):
        open_bucket(BUCKET, Credentials(), allowed, access=Access(server_identity=True))
