"""Buckets of AWS are found in whatever region they are. AWS itself is a stand-in here, which no test can ask."""

from collections.abc import Callable

import pytest

from bucketlink.buckets import open_integration
from bucketlink.buckets.http import Answer, Http, Request, Streamed
from bucketlink.buckets.reach import Origin
from bucketlink.buckets.s3 import S3Reader
from bucketlink.errors import BucketMisbehaved, BucketRefused
from bucketlink.model import Access, BucketAddress, Integration, Platform, Restriction, Status
from tests.buckets.holders import ANY_KEYS, s3_reader, settings
from tests.servers.moto import Moto
from tests.servers.pages import Faults, PageServer

PAGE = b"<ListBucketResult><KeyCount>0</KeyCount><IsTruncated>false</IsTruncated></ListBucketResult>"
HEADER = "x-amz-bucket-region"
BUCKET = BucketAddress(Platform.AWS, "bucket")


def malformed(region: str, code: str = "AuthorizationHeaderMalformed") -> bytes:
    return f"<Error><Code>{code}</Code><Message>m</Message><Region>{region}</Region></Error>".encode()


class Regions(Http):
    """Stands for AWS: answers where the bucket is, unless that is where it was asked."""

    def __init__(self, status: int, region: str, *, headers: dict[str, str] | None = None, body: bytes = b"") -> None:
        super().__init__(allow_private=False)
        self.asked: list[str] = []
        self._elsewhere = Answer(status, {HEADER: region} if headers is None else headers, body)
        self._region = region

    def send(self, origin: Origin, build: Callable[[], Request], *, limit: int) -> Answer:  # noqa: ARG002
        return self._answer(origin, build())

    def stream(self, origin: Origin, request: Request) -> Streamed:
        answer = self._answer(origin, request)
        headers = {**answer.headers, "content-length": str(len(answer.body))}
        return Streamed(answer.status, headers, iter([answer.body]), lambda: None)

    def _answer(self, origin: Origin, request: Request) -> Answer:
        scope = request.headers["Authorization"].partition("Credential=")[2].split("/")[2]
        self.asked.append(f"{origin.host} {scope}")
        return Answer(200, {}, PAGE) if f".{self._region}." in origin.host else self._elsewhere


def reader_of(http: Http, address: BucketAddress = BUCKET, found_region: str | None = None) -> S3Reader:
    return S3Reader(address, Access(), ANY_KEYS, http=http, settings=settings(), found_region=found_region)


ASKED = ["bucket.s3.us-east-1.amazonaws.com us-east-1", "bucket.s3.eu-west-3.amazonaws.com eu-west-3"]


@pytest.mark.parametrize(
    "http",
    [
        Regions(301, "eu-west-3"),
        Regions(307, "eu-west-3"),
        Regions(400, "eu-west-3"),
        Regions(400, "eu-west-3", headers={}, body=malformed("eu-west-3")),
        Regions(301, "eu-west-3", headers={}, body=malformed("eu-west-3", "PermanentRedirect")),
        Regions(400, "eu-west-3", headers={}, body=malformed("eu-west-3", "IllegalLocationConstraintException")),
    ],
    ids=["301", "307", "400", "in the body", "in the body of 301", "in the body of a constraint"],
)
def test_a_bucket_is_followed_to_its_region_once_and_for_all(http: Regions) -> None:
    reader = reader_of(http)
    assert reader.region is None
    assert reader.check() is None
    assert reader.check() is None
    assert http.asked == [*ASKED, ASKED[1]]
    assert reader.region == "eu-west-3"


@pytest.mark.parametrize("region", ["evil.com/", "evil.com", "x" * 64, ""])
def test_a_region_that_cannot_be_one_is_not_followed(region: str) -> None:
    for http in (Regions(301, region), Regions(301, region, headers={}, body=malformed(region, "PermanentRedirect"))):
        http._region = "nowhere"
        with pytest.raises(BucketMisbehaved, match="points elsewhere"):
            reader_of(http).check()
        assert len(http.asked) == 1


def test_an_object_is_read_in_the_region_of_its_bucket() -> None:
    http = Regions(301, "eu-west-3")
    content = reader_of(http).read("key")
    assert content is not None
    assert b"".join(content.parts) == PAGE
    assert http.asked == ASKED


def test_a_url_is_signed_for_the_region_of_its_bucket() -> None:
    http = Regions(400, "eu-west-3")
    reader = reader_of(http)
    for _ in range(2):
        made = reader.signed_url("key", 60)
        assert made is not None
        assert made.url.startswith("https://bucket.s3.eu-west-3.amazonaws.com/key?")
        assert "%2Feu-west-3%2Fs3%2F" in made.url
    assert http.asked == ASKED


def test_a_url_of_a_bucket_whose_region_is_known_asks_for_nothing() -> None:
    http = Regions(400, "eu-west-3")
    made = reader_of(http, BucketAddress(Platform.AWS, "bucket", region="eu-west-3")).signed_url("key", 60)
    assert made is not None
    assert made.url.startswith("https://bucket.s3.eu-west-3.amazonaws.com/key?")
    assert not http.asked


def test_a_bucket_is_asked_first_where_it_was_found_before() -> None:
    http = Regions(301, "eu-west-3")
    reader = reader_of(http, found_region="eu-west-3")
    made = reader.signed_url("key", 60)
    assert made is not None
    assert made.url.startswith("https://bucket.s3.eu-west-3.amazonaws.com/key?")
    assert reader.check() is None
    assert http.asked == ASKED[1:]


def test_a_bucket_that_has_moved_since_it_was_found_is_followed() -> None:
    http = Regions(301, "eu-west-3")
    reader = reader_of(http, found_region="us-east-1")
    assert reader.check() is None
    assert http.asked == ASKED
    assert reader.region == "eu-west-3"


@pytest.mark.parametrize(("given", "scope"), [(None, "eu-west-3"), ("us-west-2", "us-west-2")])
@pytest.mark.parametrize("platform", [Platform.AWS, Platform.CUSTOM_S3])
def test_an_integration_is_read_where_its_bucket_was_found_unless_a_region_was_given(
    platform: Platform, given: str | None, scope: str
) -> None:
    endpoint = "https://s3.example.com" if platform is Platform.CUSTOM_S3 else None
    integration = Integration(
        id=1,
        organization_id=1,
        name="name",
        address=BucketAddress(platform, "bucket", endpoint, given),
        access=Access(),
        restriction=Restriction(),
        allowed_projects=None,
        internal_processing_authorized=True,
        status=Status.CONNECTED,
        reason=None,
        checked_at=None,
        found_region="eu-west-3",
        revision=1,
        created_at=0,
        updated_at=0,
    )
    reader = open_integration(integration, ANY_KEYS, settings())
    made = reader.signed_url("key", 60)
    reader.close()
    assert made is not None
    assert f"%2F{scope}%2Fs3%2F" in made.url


def test_elsewhere_than_at_aws_the_region_is_named_and_not_followed() -> None:
    with PageServer(faults=Faults(status=400, region="eu-west-3")) as server:
        reader = s3_reader(server.endpoint)
        with pytest.raises(BucketRefused, match=r"give eu-west-3 as its region \(s3Region\)"):
            reader.check()
        assert server.counts["LIST"] == 1
        assert reader.region is None
        reader.close()


def test_the_region_is_told_as_the_server_says_or_as_it_was_given(moto: Moto) -> None:
    with PageServer(faults=Faults(region="eu-west-3")) as server:
        reader = s3_reader(server.endpoint)
        reader.check()
        assert reader.region == "eu-west-3"
        reader.close()
    with moto.bucket("bucket-of-a-region", region="eu-west-3") as bucket:
        bucket.put("a", b"x")
        address = BucketAddress(Platform.CUSTOM_S3, bucket.name, moto.endpoint, "eu-west-3")
        reader = S3Reader(address, Access(), ANY_KEYS, http=Http(allow_private=True), settings=settings())
        assert reader.check() == "a"
        assert reader.region == "eu-west-3"
        reader.close()
