"""Buckets that are read by assuming a role, with a clock that is put forward by hand."""

from collections.abc import Callable
from dataclasses import replace

from bucketlink.buckets.http import Answer, Http, Request
from bucketlink.buckets.reach import Origin
from bucketlink.buckets.s3 import S3Reader
from bucketlink.model import Access, BucketAddress, Credentials, Platform
from tests.buckets.holders import IMPATIENT, settings
from tests.servers.sts import EXTERNAL_ID, PAGE, ROLE, Sts

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
