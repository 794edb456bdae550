"""Signing requests of S3 and STS, and URLs of S3, with keys."""

import logging
from dataclasses import dataclass, field
from urllib.parse import quote

from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials

from bucketlink.buckets.http import Origin, Request
from bucketlink.buckets.s3_address import S3Place

PAYER = ("x-amz-request-payer", "requester")

# At level DEBUG botocore writes what it signs and what it is answered, and tokens and keys are part of that.
logging.getLogger("botocore").setLevel(logging.INFO)


@dataclass(frozen=True, slots=True)
class Keys:
    """What signs; a token belongs to keys that are temporary. ``expires_at`` and ``issued_at`` in seconds since 1970.

    Keys without ``expires_at`` last until somebody takes them back.
    """

    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    token: str | None = field(default=None, repr=False)
    issued_at: float = 0.0
    expires_at: float | None = None

    @property
    def for_botocore(self) -> ReadOnlyCredentials:
        """The same in the form that botocore signs with."""
        return ReadOnlyCredentials(self.access_key, self.secret_key, self.token)


def target(at: S3Place, rest: str) -> str:
    """Path and query of ``/key`` or ``?query`` of a bucket, percent-encoded already."""
    return f"{at.path}{rest}" if at.path or rest.startswith("/") else f"/{rest}"


def quoted(key: str) -> str:
    """A key as it stands behind the bucket in a URL."""
    return f"/{quote(key, safe='/~')}"


def signed(method: str, at: S3Place, rest: str, keys: Keys | None, headers: dict[str, str] | None = None) -> Request:
    """A request for ``/key`` or ``?query`` of a bucket; signed, headers and all, if there are keys."""
    if keys is None:
        return Request(method, target(at, rest), headers or {})
    request = AWSRequest(method=method, url=f"{at.origin}{target(at, rest)}", headers=headers or {})
    S3SigV4Auth(keys.for_botocore, "s3", at.region).add_auth(request)
    return Request(method, target(at, rest), dict(request.headers.items()))


def signed_form(origin: Origin, path: str, form: str, keys: Keys, region: str) -> Request:
    """A request that posts a form to STS."""
    body = form.encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    request = AWSRequest(method="POST", url=f"{origin}{path}", headers=headers, data=body)
    SigV4Auth(keys.for_botocore, "sts", region).add_auth(request)
    return Request("POST", path, dict(request.headers.items()), body)


def signed_url(at: S3Place, key: str, keys: Keys | None, seconds: int, *, requester_pays: bool = False) -> str:
    """A URL for GET of one object that holds for so many seconds; a plain one if there are no keys."""
    url = f"{at.origin}{target(at, quoted(key))}"
    if keys is None:
        return url
    request = AWSRequest(method="GET", url=f"{url}?{'='.join(PAYER)}" if requester_pays else url)
    S3SigV4QueryAuth(keys.for_botocore, "s3", at.region, expires=seconds).add_auth(request)
    return str(request.url)
