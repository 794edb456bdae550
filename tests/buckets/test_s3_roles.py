"""Roles of AWS: assumed with the external ID, renewed while a listing goes on, refused in words that help."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from bucketlink.buckets import open_bucket
from bucketlink.buckets.http import Answer, Http, Origin, Request
from bucketlink.buckets.protocol import SignedUrl
from bucketlink.buckets.s3 import S3Reader
from bucketlink.buckets.s3_errors import NEW_SECONDS
from bucketlink.errors import BucketError, BucketMisbehaved, BucketRefused, InvalidInput, NotAllowed
from bucketlink.model import Access, BucketAddress, Credentials, Platform
from tests.buckets.canned import raw_server
from tests.buckets.holders import IMPATIENT, keys_of, settings
from tests.servers.sts import CANARY, EXTERNAL_ID, PAGE, ROLE, Sts, failure

USER = Credentials("AKIAUSER", "user-secret")
BUCKET = BucketAddress(Platform.AWS, "my-bucket")
ACCESS = Access(role_arn=ROLE, external_id=EXTERNAL_ID)
MANY = [f"{number:03d}.jpg" for number in range(5 * PAGE)]
NOW = 1_700_000_000.0


class Clock:
    """A clock that is put forward by hand."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


class Rerouted(Http):
    """The internet, of which every host is one server of this machine."""

    def __init__(self, sts: Sts) -> None:
        super().__init__(allow_private=True, patience=IMPATIENT)
        self._there = Origin("http", "127.0.0.1", sts.port)

    def send(self, origin: Origin, build: Callable[[], Request], *, limit: int) -> Answer:
        def rebuilt() -> Request:
            request = build()
            return replace(request, headers={**request.headers, "Host": origin.authority})

        return super().send(self._there, rebuilt, limit=limit)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sts(clock: Clock) -> Iterator[Sts]:
    with Sts(clock, USER, keys=MANY) as server:
        yield server


def reader_of(
    sts: Sts, clock: Callable[[], float], access: Access = ACCESS, credentials: Credentials = USER
) -> S3Reader:
    address = BucketAddress(Platform.CUSTOM_S3, "bucket", sts.endpoint)
    http = Http(allow_private=True, patience=IMPATIENT)
    return S3Reader(address, access, credentials, http=http, settings=settings(), clock=clock)


def aws_reader(
    sts: Sts, clock: Clock, address: BucketAddress, credentials: Credentials = USER, found_region: str | None = None
) -> S3Reader:
    allowed = settings(server_identities=(Platform.AWS,))
    return S3Reader(
        address, ACCESS, credentials, http=Rerouted(sts), settings=allowed, found_region=found_region, clock=clock
    )


class Encrypted(Sts):
    """A bucket whose objects are encrypted by keys of their own: HEAD without one is answered with 400, and no word."""

    def list(self, token: str, query: dict[str, str]) -> tuple[int, str]:
        return super().list(token, query) if query else (400, "")


def test_a_role_is_assumed_once_for_a_listing(sts: Sts, clock: Clock) -> None:
    reader = reader_of(sts, clock)
    assert keys_of(reader.pages()) == MANY
    assert reader.check() == MANY[0]
    assert len(sts.issued) == 1
    reader.close()


def test_keys_are_renewed_in_the_middle_of_a_listing_before_they_expire(sts: Sts, clock: Clock) -> None:
    reader = reader_of(sts, clock)
    found: list[str] = []
    for page in reader.pages():
        found += page.keys
        assert min(sts.issued[token] - clock.now for token in list(sts.issued)[-1:]) >= 600
        clock.now += 1500
    assert found == MANY
    assert 2 <= len(sts.issued) <= 4
    reader.close()


def test_keys_of_a_short_life_last_for_half_of_it(sts: Sts, clock: Clock) -> None:
    sts.seconds = 100
    reader = reader_of(sts, clock)
    for seconds, assumed in ((0, 1), (49, 1), (2, 2), (49, 2)):
        clock.now += seconds
        reader.check()
        assert len(sts.issued) == assumed
    reader.close()


def test_keys_that_the_bucket_calls_expired_are_renewed_once(sts: Sts, clock: Clock) -> None:
    reader = reader_of(sts, clock)
    pages = reader.pages()
    found = list(next(pages).keys)
    sts.revoked.update(sts.issued)
    assert [*found, *keys_of(pages)] == MANY
    assert len(sts.issued) == 2
    sts.seconds = 0
    clock.now += 3600
    with pytest.raises(BucketRefused, match="expired"):
        reader.check()
    assert len(sts.issued) == 4
    reader.close()


def test_head_tells_by_its_status_alone_that_keys_have_expired(sts: Sts, clock: Clock) -> None:
    reader = reader_of(sts, clock)
    reader.check()
    sts.revoked.update(sts.issued)
    clock.now += NEW_SECONDS + 1
    assert reader.content_type("000.jpg") is None
    assert len(sts.issued) == 2
    reader.close()


def test_objects_that_head_tells_nothing_of_cost_a_role_every_few_minutes_at_most(clock: Clock) -> None:
    with Encrypted(clock, USER) as sts:
        reader = reader_of(sts, clock)
        for assumed in (1, 2, 3):
            for _ in range(5):
                with pytest.raises(BucketRefused, match="s3:GetObject"):
                    reader.content_type("000.jpg")
                assert len(sts.issued) == assumed
            clock.now += NEW_SECONDS + 1
        reader.close()


def test_threads_share_the_keys(sts: Sts, clock: Clock) -> None:
    reader = reader_of(sts, clock)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(reader.content_type, MANY))
    sts.revoked.update(sts.issued)
    clock.now += NEW_SECONDS + 1
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(reader.content_type, MANY))
    assert len(sts.issued) == 2
    reader.close()


def test_a_signed_url_does_not_outlive_the_keys(sts: Sts, clock: Clock) -> None:
    def url(seconds: int) -> SignedUrl:
        made = reader.signed_url("a", seconds)
        assert made is not None
        return made

    reader = reader_of(sts, clock)
    assert url(1000).expires_at == (NOW + 1000) * 1000
    clock.now += 2500
    assert url(600).expires_at == (clock.now + 600) * 1000
    assert len(sts.issued) == 1
    clock.now += 300
    assert url(900).expires_at == (clock.now + 900) * 1000
    assert len(sts.issued) == 2
    clock.now += 1700
    assert url(7200).expires_at == (clock.now + 1900) * 1000
    assert len(sts.issued) == 2
    clock.now += 200
    made = url(7200)
    assert made.expires_at == (clock.now + 3600) * 1000
    assert "X-Amz-Expires=3600&" in made.url
    assert "token%2B2%2F%3D" in made.url
    assert len(sts.issued) == 3
    reader.close()


def test_no_secret_is_shown_of_the_keys(sts: Sts, clock: Clock) -> None:
    reader = reader_of(sts, clock)
    reader.check()
    shown = repr(reader._ring.keys())
    assert "secret" not in shown
    assert "token" not in shown
    reader.close()


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
