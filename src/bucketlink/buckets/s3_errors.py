"""What an answer of S3 that is not what was asked for means, and what to do about it.

Only the status, the date, and the names in the answer's ``<Code>`` and ``<Region>`` are looked at; nothing else of a
body is ever told on. Sentences call fields by their names on the wire.
"""

import re
from dataclasses import dataclass

from bucketlink.buckets.http import Answer
from bucketlink.buckets.reach import Origin
from bucketlink.buckets.s3_address import S3Place
from bucketlink.errors import BucketError, BucketMisbehaved, BucketNotFound, BucketRefused

CODE = re.compile(rb"<Code>([A-Z][a-z]{1,15}(?:[A-Z0-9]{1,4}[a-z]{1,15}){0,7}[A-Z]{0,4})</Code>")
"""Words of one name, as S3 writes them: what no access key is, should a server send one back."""
TOLD_REGION = re.compile(r"[a-z]{2,16}(?:-[a-z0-9]{1,16}){0,5}")
REGION_ELEMENT = re.compile(rb"<Region>([a-z0-9-]{1,63})</Region>")
REGION_HEADER = "x-amz-bucket-region"
STALE = frozenset({"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "InvalidToken"})
NEW_SECONDS = 300.0

_NEW_KEYS = "give new s3AccessKey, s3SecretKey and s3SessionToken."
_CLOCK = "says that this server's clock is wrong; set the clock of Bucketlink's machine."
_REFUSALS = {
    "InvalidAccessKeyId": (
        "does not know this access key; give one that exists there as s3AccessKey, with its s3SessionToken if it is a "
        "temporary one."
    ),
    "SignatureDoesNotMatch": (
        "says that the secret key does not belong to the access key; give the right secret key as s3SecretKey."
    ),
    "AuthorizationHeaderMalformed": (
        "does not accept the signature's region ({region}); give the bucket's own region as s3Region."
    ),
    "ExpiredToken": f"says that the session token has expired; {_NEW_KEYS}",
    "TokenRefreshRequired": f"says that the session token has expired; {_NEW_KEYS}",
    "InvalidToken": (
        "does not accept the session token; give the s3SessionToken that belongs to s3AccessKey and s3SecretKey, or "
        "none."
    ),
    "InvalidSecurity": "does not accept these credentials; give another s3AccessKey and s3SecretKey.",
    "RequestTimeTooSkewed": _CLOCK,
    "RequestExpired": _CLOCK,
    "InvalidObjectState": "has archived the object, and gives none that is archived: restore it first.",
    "AllAccessDisabled": "has closed this bucket to everybody; ask its owner.",
    "AccountProblem": "reports a problem with the account that these keys belong to; ask its owner.",
    "UserSuspended": "has suspended the user of these keys; ask its owner.",
    "NotSignedUp": "says that the account of these keys is not signed up for S3.",
}
_NOT_FOUND = {"NoSuchBucket", "InvalidBucketName", "NoSuchAccessPoint"}
_NOT_S3 = {404, 405, 501}
_CLOCK_STATUSES = {400, 401, 403}
_NOT_OF_A_CLOCK = frozenset({"InvalidAccessKeyId", "AllAccessDisabled", "InvalidObjectState", *_NOT_FOUND})
"""What a server says only of requests whose time it was content with."""

_ROLE_REFUSALS = {
    "InvalidClientTokenId": (
        "does not know the access key that should assume the role; give one that exists there as s3AccessKey."
    ),
    "InvalidAccessKeyId": (
        "does not know the access key that should assume the role; give one that exists there as s3AccessKey."
    ),
    "SignatureDoesNotMatch": _REFUSALS["SignatureDoesNotMatch"],
    "ExpiredToken": f"says that the session token of who should assume the role has expired; {_NEW_KEYS}",
    "ExpiredTokenException": f"says that the session token of who should assume the role has expired; {_NEW_KEYS}",
    "RequestTimeTooSkewed": _CLOCK,
    "RequestExpired": _CLOCK,
    "RegionDisabledException": "is of a region that the account has not enabled; give another as s3Region.",
    "NoSuchEntity": "does not know the role {role}; check awsRoleARN.",
    "MalformedPolicy": "does not take {role} for a role's ARN; check awsRoleARN.",
    "MalformedPolicyDocument": "does not take {role} for a role's ARN; check awsRoleARN.",
    "ValidationError": "does not take {role} for a role's ARN; check awsRoleARN.",
    "InvalidParameterValue": "does not take {role} for a role's ARN; check awsRoleARN.",
}


@dataclass(frozen=True, slots=True)
class Asker:
    """As whom a bucket is asked: without keys, by a role, or by keys, with a session token or without.

    ``might_pay`` is whether a refusal can mean that who reads the bucket has to pay for it.
    """

    is_anonymous: bool = False
    role: str | None = None
    has_token: bool = False
    might_pay: bool = False


def code_of(answer: Answer) -> str | None:
    """The name of the error, if the body holds one of a plain form."""
    found = CODE.search(answer.body)
    return found.group(1).decode() if found else None


def region_of(answer: Answer) -> str | None:
    """The region in which the bucket is, where the answer tells."""
    region = answer.headers.get(REGION_HEADER, "")
    if not region and answer.status >= 300 and b"<Error>" in answer.body:
        found = REGION_ELEMENT.search(answer.body)
        region = found.group(1).decode() if found else ""
    return region if TOLD_REGION.fullmatch(region) else None


def is_stale(answer: Answer, age: float) -> bool:
    """Whether the bucket has called a session token expired that was issued so many seconds ago.

    To HEAD it can say so by the status alone. That status has other reasons too, which new keys do not mend: it counts
    for keys alone that are older than `NEW_SECONDS`.
    """
    is_bare = answer.status == 400 and not answer.body
    return answer.status >= 400 and (code_of(answer) in STALE or (is_bare and age > NEW_SECONDS))


def explained(answer: Answer, place: S3Place, asker: Asker, *, reading: bool = False) -> BucketError:
    """The error to raise for an answer that is not the page, or the object (``reading``), that was asked for."""
    code, status, region = code_of(answer), answer.status, region_of(answer)
    if code in _NOT_FOUND:
        return BucketNotFound(
            f"There is no bucket {place.name} at {place.origin}; check its name (s3BucketName) and the "
            "endpoint (s3Endpoint)."
        )
    if status in _CLOCK_STATUSES and code not in _NOT_OF_A_CLOCK and answer.is_clock_wrong:
        return BucketRefused(f"{place.origin} {_CLOCK}")
    if region and region != place.region:
        return BucketRefused(
            f"The bucket {place.name} is in the region {region}, not in {place.region}; give {region} as its region "
            "(s3Region)."
        )
    if code in _REFUSALS:
        return BucketRefused(f"{place.origin} {_REFUSALS[code].format(region=place.region)}")
    if status in {401, 403}:
        return _denied(place, code, asker, reading=reading)
    return BucketMisbehaved(_strange(place, status, code, reading=reading))


def role_refused(answer: Answer, sts: Origin, role: str, external_id: str) -> BucketError:
    """The error to raise for an answer of STS that holds no keys."""
    code, status = code_of(answer), answer.status
    if status in _CLOCK_STATUSES and answer.is_clock_wrong:
        return BucketRefused(f"{sts} {_CLOCK}")
    if code in _ROLE_REFUSALS:
        return BucketRefused(f"{sts} {_ROLE_REFUSALS[code].format(role=role)}")
    shown = f" ({code})" if code and code != "AccessDenied" else ""
    if status in {401, 403}:
        return BucketRefused(
            f"{sts} does not let the role {role} be assumed{shown}: its trust policy must allow sts:AssumeRole to whom "
            f"these credentials belong, with the external ID {external_id}."
        )
    return BucketMisbehaved(
        f"{sts} handed out no keys of the role {role} (status {f'{status} {code}' if code else status}); check that "
        "the endpoint (s3Endpoint) has STS."
    )


def _strange(place: S3Place, status: int, code: str | None, *, reading: bool) -> str:
    shown = f"{status} {code}" if code else str(status)
    if 300 <= status < 400:
        return (
            f"{place.origin} points elsewhere (status {shown}), and redirects are not followed; give the bucket's own "
            "region (s3Region), or the endpoint that it points to (s3Endpoint)."
        )
    if code is None and status in _NOT_S3:
        return f"What answers at {place.origin} is not S3 (status {status}); check the endpoint (s3Endpoint)."
    done = "give an object of" if reading else "list"
    return f"{place.origin} did not {done} the bucket {place.name} (status {shown}); check the endpoint (s3Endpoint)."


def _denied(place: S3Place, code: str | None, asker: Asker, *, reading: bool) -> BucketRefused:
    act = "read objects of" if reading else "list"
    if asker.is_anonymous:
        return BucketRefused(
            f"{place.origin} does not let everybody {act} the bucket {place.name}; give an access key and a secret key "
            "(s3AccessKey, s3SecretKey)."
        )
    shown = f" ({code})" if code and code != "AccessDenied" else ""
    who = "these keys" if asker.role is None else f"the role {asker.role}"
    mend = "or give others" if asker.role is None else "or give another as awsRoleARN"
    permission = "s3:GetObject on its objects" if reading else "s3:ListBucket on the bucket"
    if asker.has_token and asker.role is None:
        mend += ", since these may have expired (s3AccessKey, s3SecretKey, s3SessionToken)"
    pays = " If who reads it has to pay for it, set s3RequesterPays." if asker.might_pay else ""
    return BucketRefused(
        f"{place.origin} does not let {who} {act} the bucket {place.name}{shown}; grant {permission}, {mend}.{pays}"
    )
