"""What an answer of S3 that is not a page means, and what to do about it.

Only the status and the name in the answer's ``<Code>`` are looked at; nothing else of a body is ever told on.
"""

import re

from bucketlink.buckets.http import Answer
from bucketlink.buckets.s3_address import REGION, S3Place
from bucketlink.errors import BucketError, BucketMisbehaved, BucketNotFound, BucketRefused

CODE = re.compile(rb"<Code>([A-Za-z]{1,64})</Code>")
REGION_HEADER = "x-amz-bucket-region"

_REFUSALS = {
    "InvalidAccessKeyId": "does not know this access key; give one that exists there.",
    "SignatureDoesNotMatch": "says that the secret key does not belong to the access key; give the right secret key.",
    "AuthorizationHeaderMalformed": "does not accept the signature's region ({region}); give the bucket's own region.",
    "ExpiredToken": "says that the session token has expired; give new credentials.",
    "TokenRefreshRequired": "says that the session token has expired; give new credentials.",
    "InvalidToken": "does not accept the session token; give the token that belongs to these keys, or none.",
    "InvalidSecurity": "does not accept these credentials; give others.",
    "RequestTimeTooSkewed": "says that this server's clock is wrong; set the clock of Bucketlink's machine.",
    "RequestExpired": "says that this server's clock is wrong; set the clock of Bucketlink's machine.",
    "AllAccessDisabled": "has closed this bucket to everybody; ask its owner.",
    "AccountProblem": "reports a problem with the account that these keys belong to; ask its owner.",
    "UserSuspended": "has suspended the user of these keys; ask its owner.",
    "NotSignedUp": "says that the account of these keys is not signed up for S3.",
}
_NOT_FOUND = {"NoSuchBucket", "InvalidBucketName"}
_NOT_S3 = {404, 405, 501}


def code_of(answer: Answer) -> str | None:
    """The name of the error, if the body holds one of a plain form."""
    found = CODE.search(answer.body)
    return found.group(1).decode() if found else None


def region_of(answer: Answer) -> str | None:
    """The region in which the bucket is, where the answer tells."""
    region = answer.headers.get(REGION_HEADER, "")
    return region if REGION.fullmatch(region) else None


def explained(answer: Answer, place: S3Place, bucket: str, *, anonymous: bool) -> BucketError:
    """The error to raise for an answer to a listing that is not a page."""
    code, status, region = code_of(answer), answer.status, region_of(answer)
    if code in _NOT_FOUND:
        return BucketNotFound(f"There is no bucket {bucket} at {place.origin}; check its name and the endpoint.")
    if code in _REFUSALS:
        return BucketRefused(f"{place.origin} {_REFUSALS[code].format(region=place.region)}")
    if region and region != place.region:
        return BucketRefused(
            f"The bucket {bucket} is in the region {region}, not in {place.region}; give {region} as its region."
        )
    if status in {401, 403}:
        return _denied(place, bucket, code, anonymous=anonymous)
    return BucketMisbehaved(_strange(place, bucket, status, code))


def _strange(place: S3Place, bucket: str, status: int, code: str | None) -> str:
    shown = f"{status} {code}" if code else str(status)
    if 300 <= status < 400:
        return (
            f"{place.origin} points elsewhere (status {shown}), and redirects are not followed; give the bucket's own "
            "region, or the endpoint that it points to."
        )
    if code is None and status in _NOT_S3:
        return f"What answers at {place.origin} is not S3 (status {status}); check the endpoint."
    return f"{place.origin} did not list the bucket {bucket} (status {shown}); check the endpoint."


def _denied(place: S3Place, bucket: str, code: str | None, *, anonymous: bool) -> BucketRefused:
    if anonymous:
        return BucketRefused(
            f"{place.origin} does not let everybody list the bucket {bucket}; give an access key and a secret key."
        )
    shown = f" ({code})" if code and code != "AccessDenied" else ""
    return BucketRefused(
        f"{place.origin} does not let these keys list the bucket {bucket}{shown}; allow them to (on AWS: "
        "s3:ListBucket), or give others."
    )
