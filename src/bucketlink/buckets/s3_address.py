"""Where an S3 bucket is: what a user gave, checked, and turned into the place that requests go to."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from bucketlink.buckets.http import Origin
from bucketlink.errors import InvalidInput
from bucketlink.model import BucketAddress, Platform

DEFAULT_REGION = "us-east-1"
BUCKET = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._:-]{0,254}")
AWS_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]")
HOSTABLE = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
"""Names that can be a label of a host name; a dot would leave the certificate's ``*``."""
REGION = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,62}")
HOST = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_](?:[A-Za-z0-9_-]*)(?:\.[A-Za-z0-9_][A-Za-z0-9_-]*)*\.?")
IPV6 = re.compile(r"[0-9A-Fa-f:.]+")
BASE = re.compile(r"(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~-]+)*/?")


@dataclass(frozen=True, slots=True)
class S3Place:
    """Where requests for one bucket go: the origin, and the path of the bucket there (no slash at its end)."""

    origin: Origin
    path: str
    region: str


def place(address: BucketAddress, region: str | None = None) -> S3Place:
    """The place of a bucket of platform AWS or CustomS3; ``region`` overrides the address's own.

    Raises:
        InvalidInput: bucket, endpoint or region are missing or cannot be meant.

    """
    _check_bucket(address)
    region = region or address.region or DEFAULT_REGION
    if not REGION.fullmatch(region):
        raise InvalidInput("The region must be a name such as us-east-1.")
    if address.endpoint:
        origin, base = _endpoint(address.endpoint)
        return S3Place(origin, f"{base}/{_quoted(address.bucket)}", region)
    if address.platform is Platform.CUSTOM_S3:
        raise InvalidInput("A CustomS3 integration needs an endpoint, such as https://s3.example.com.")
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    if HOSTABLE.fullmatch(address.bucket):
        return S3Place(Origin("https", f"{address.bucket}.s3.{region}.{suffix}", 443), "", region)
    return S3Place(Origin("https", f"s3.{region}.{suffix}", 443), f"/{address.bucket}", region)


def _check_bucket(address: BucketAddress) -> None:
    if not address.bucket:
        raise InvalidInput("The name of the bucket is missing.")
    if address.platform is Platform.AWS:
        if not AWS_BUCKET.fullmatch(address.bucket) or ".." in address.bucket:
            raise InvalidInput(
                "The bucket must be named as in AWS: 3 to 63 letters, digits, dots and hyphens; no ARN, no URL."
            )
        if address.bucket.endswith("--x-s3") and not address.endpoint:
            raise InvalidInput(
                "Directory buckets (S3 Express One Zone) cannot be read yet; use a general purpose bucket."
            )
    elif not BUCKET.fullmatch(address.bucket):
        raise InvalidInput(
            "The bucket must be a plain name of letters, digits, dots, hyphens and underscores, not a URL."
        )


def _quoted(bucket: str) -> str:
    return bucket.replace(":", "%3A")


def _endpoint(endpoint: str) -> tuple[Origin, str]:
    """Origin and base path of an endpoint, of which only what can be meant is let through."""
    if not endpoint.isascii() or not endpoint.isprintable() or " " in endpoint or "\\" in endpoint:
        raise InvalidInput("The endpoint must be a URL of plain ASCII characters, such as https://s3.example.com.")
    try:
        parts = urlsplit(endpoint)
        port = parts.port
    except ValueError:
        raise InvalidInput("The endpoint is not a URL; it should look like https://s3.example.com.") from None
    scheme, host = parts.scheme.lower(), parts.hostname or ""
    if scheme not in {"http", "https"}:
        raise InvalidInput("The endpoint must start with https:// or http://.")
    if "@" in parts.netloc:
        raise InvalidInput("The endpoint must not hold a user name or password; give keys as credentials.")
    if "?" in endpoint or "#" in endpoint:
        raise InvalidInput("The endpoint must not hold a query or fragment ('?' or '#').")
    if not (IPV6 if parts.netloc.startswith("[") else HOST).fullmatch(host) or port == 0:
        raise InvalidInput("The endpoint has no proper host; it should look like https://s3.example.com.")
    if not BASE.fullmatch(parts.path):
        raise InvalidInput("The endpoint's path may hold plain names only, such as https://example.com/storage/s3.")
    origin = Origin(scheme, host.lower(), port or {"http": 80, "https": 443}[scheme])
    return origin, parts.path.rstrip("/")
