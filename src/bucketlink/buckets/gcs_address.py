"""Where a bucket of Google Cloud Storage is: what a user gave, checked, and turned into a place for requests."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from bucketlink.buckets.http import Origin
from bucketlink.errors import InvalidInput
from bucketlink.model import BucketAddress

GOOGLE = Origin("https", "storage.googleapis.com", 443)
GOOGLE_DOMAIN = ".googleapis.com"
# Names that hold "goog" or "google" cannot be had by others, but Google's own public buckets have them.
BUCKET = re.compile(r"(?=.{3,222}$)[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?")
PART_LENGTH = 63
IPV4 = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
HOST = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_][A-Za-z0-9_-]*)*\.?")
IPV6 = re.compile(r"[0-9A-Fa-f:.]+")
PATH = re.compile(r"(?:/[A-Za-z0-9._~-]+)*/?")
EXAMPLE = "https://storage.googleapis.com"


@dataclass(frozen=True, slots=True)
class GcsPlace:
    """Where requests for one bucket go."""

    origin: Origin
    bucket: str

    @property
    def is_google(self) -> bool:
        """Whether it is Google that answers there, and nobody else."""
        return self.origin.scheme == "https" and self.origin.host.endswith(GOOGLE_DOMAIN)


def place(address: BucketAddress) -> GcsPlace:
    """The place of a bucket of platform GCP.

    Raises:
        InvalidInput: bucket or endpoint are missing or cannot be meant.

    """
    bucket = address.bucket
    if not bucket:
        raise InvalidInput("The name of the bucket is missing; give it as gcpBucketName.")
    if not (BUCKET.fullmatch(bucket) and all(0 < len(part) <= PART_LENGTH for part in bucket.split("."))):
        raise InvalidInput(
            "gcpBucketName must be a bucket's plain name, 3 to 63 small letters, digits, hyphens, underscores, dots: "
            "no gs://, no folder, no URL."
        )
    if IPV4.fullmatch(bucket):
        raise InvalidInput("gcpBucketName must be a bucket's name, not an IP address.")
    if not address.endpoint:
        return GcsPlace(GOOGLE, bucket)
    origin, path = split(address.endpoint, "gcpEndpoint", EXAMPLE)
    if path.strip("/"):
        raise InvalidInput(f"gcpEndpoint must end with its host or port, such as {EXAMPLE}.")
    return GcsPlace(origin, bucket)


def split(url: str, field: str, example: str) -> tuple[Origin, str]:
    """Origin and path of a URL that was given as ``field``, of which only what can be meant is let through."""
    wrong = f"{field} must be a plain URL such as {example}"
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise InvalidInput(f"{wrong}, of ASCII characters.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise InvalidInput(f"{wrong}.") from None
    scheme, host = parts.scheme.lower(), parts.hostname or ""
    if scheme not in {"http", "https"}:
        raise InvalidInput(f"{wrong}; it must start with https://.")
    if "@" in parts.netloc or "?" in url or "#" in url:
        raise InvalidInput(f"{wrong}, without user name, query or fragment ('@', '?' or '#').")
    if not (IPV6 if parts.netloc.startswith("[") else HOST).fullmatch(host) or port == 0:
        raise InvalidInput(f"{wrong}; its host cannot be one.")
    if not PATH.fullmatch(parts.path):
        raise InvalidInput(f"{wrong}; its path may hold plain names only.")
    return Origin(scheme, host.lower(), port or {"http": 80, "https": 443}[scheme]), parts.path
