"""Where a bucket of Google Cloud Storage is: what a user gave, checked, and turned into a place for requests."""

import re
from dataclasses import dataclass

from bucketlink.buckets.reach import Origin
from bucketlink.buckets.urls import split
from bucketlink.errors import InvalidInput
from bucketlink.model import BucketAddress

GOOGLE = Origin("https", "storage.googleapis.com", 443)
GOOGLE_HOST = re.compile(
    r"storage\.googleapis\.com|storage\.[a-z0-9-]+(?:\.p)?\.rep\.googleapis\.com|storage-[a-z0-9-]+\.p\.googleapis\.com"
    r"|(?:restricted|private)\.googleapis\.com"
)
"""Where Cloud Storage answers: everywhere, in a region, or in a private network."""
# Names that hold "goog" or "google" cannot be had by others, but Google's own public buckets have them.
BUCKET = re.compile(r"(?=.{3,222}$)[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?")
PART_LENGTH = 63
IPV4 = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
EXAMPLE = "https://storage.googleapis.com"


@dataclass(frozen=True, slots=True)
class GcsPlace:
    """Where requests for one bucket go."""

    origin: Origin
    bucket: str

    @property
    def is_google(self) -> bool:
        """Whether it is Cloud Storage that answers there, and nobody else."""
        at = self.origin
        return (at.scheme, at.port) == ("https", 443) and GOOGLE_HOST.fullmatch(at.host) is not None


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
