"""Signing requests of S3 and STS, and URLs of S3, with keys."""

import hmac
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import cast
from urllib.parse import quote

from botocore.auth import EMPTY_SHA256_HASH, SIGV4_TIMESTAMP, S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import get_current_datetime
from botocore.credentials import ReadOnlyCredentials

from bucketlink.buckets.http import Request
from bucketlink.buckets.reach import Origin
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
    signers: dict[str, "_Signer"] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What signs requests with these keys, by region."""

    @property
    def for_botocore(self) -> ReadOnlyCredentials:
        """The same in the form that botocore signs with."""
        return ReadOnlyCredentials(self.access_key, self.secret_key, self.token)


class _Signer(S3SigV4Auth):
    """botocore's signer, for requests without a body: it keeps the key of a day, and takes requests apart but once."""

    def __init__(self, keys: Keys, region: str) -> None:
        super().__init__(keys.for_botocore, "s3", region)
        self._secret, self._token, self._region = keys.secret_key, keys.token, region
        self._derived = "", b""

    def signed(self, method: str, origin: Origin, path_and_query: str, headers: Mapping[str, str]) -> dict[str, str]:
        """The headers with which the request is sent, as `add_auth` would make them."""
        stamp = get_current_datetime().strftime(SIGV4_TIMESTAMP)
        sent = {**headers, "X-Amz-Date": stamp}
        if self._token:
            sent["X-Amz-Security-Token"] = self._token
        sent["X-Amz-Content-SHA256"] = EMPTY_SHA256_HASH
        lines = {name.lower(): " ".join(value.split()) for name, value in sent.items()}
        lines["host"] = origin.authority.lower()
        names = sorted(lines)
        path, _, query = path_and_query.partition("?")
        parts = sorted(part.partition("=") for part in query.split("&")) if query else []
        text = [
            *(method, path, "&".join(f"{name}={value}" for name, _, value in parts)),
            *(f"{name}:{lines[name]}" for name in names),
            *("", ";".join(names), EMPTY_SHA256_HASH),
        ]
        # Of a request, this is all that is looked at from here on.
        request = cast("AWSRequest", SimpleNamespace(context={"timestamp": stamp}))
        signature = self.signature(self.string_to_sign(request, "\n".join(text)), request)
        sent["Authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={self.scope(request)}, SignedHeaders={';'.join(names)}, Signature={signature}"
        )
        return sent

    def signature(self, string_to_sign: str, request: AWSRequest) -> str:
        """The signature of a text, by the key of the request's day."""
        day = str(request.context["timestamp"])[:8]
        known, key = self._derived
        if known != day:
            key = f"AWS4{self._secret}".encode()
            for part in (day, self._region, "s3", "aws4_request"):
                key = hmac.digest(key, part.encode(), "sha256")
            self._derived = day, key
        return hmac.digest(key, string_to_sign.encode(), "sha256").hex()


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
    signer = keys.signers.get(at.region) or keys.signers.setdefault(at.region, _Signer(keys, at.region))
    where = target(at, rest)
    return Request(method, where, signer.signed(method, at.origin, where, headers or {}))


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
