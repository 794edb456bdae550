"""The keys that sign requests for a bucket of S3: given by a user, or those of a role that is assumed with STS.

Keys of a role are temporary. They are exchanged for new ones well before they expire, and when a bucket says that they
have. Whoever assumes the role is the user whose keys were given, or, where none were and the operator allows it, the
server itself; the server's own identity does nothing else.
"""

import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol
from urllib.parse import quote, urlencode

from lxml import etree

from bucketlink.buckets.http import Http
from bucketlink.buckets.permits import Permits
from bucketlink.buckets.reach import Origin
from bucketlink.buckets.s3_address import AWS_HOSTS, S3Place, access_point, aws_origin, endpoint_place
from bucketlink.buckets.s3_errors import role_refused
from bucketlink.buckets.s3_sign import Keys, signed_form
from bucketlink.buckets.xml import document, local_name
from bucketlink.errors import BucketMisbehaved, BucketRefused, InvalidInput
from bucketlink.model import Access, BucketAddress, Credentials, Platform

MARGIN_SECONDS = 600.0
"""How long keys have to last for a request: what is tried again for a while should not meet their end."""
ROLE_SECONDS = 3600
"""How long keys of a role are asked to last: what every role grants."""
SESSION = "bucketlink"
STS_VERSION = "2011-06-15"
ANSWER_BYTES = 1 << 16

_AWS_ROLE = re.compile(r"arn:(aws|aws-cn|aws-us-gov):iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]{1,576}")
_ROLE = re.compile(
    r"arn:([a-z][a-z0-9-]{0,30}):iam:[a-z0-9-]{0,63}:[A-Za-z0-9_.$-]{0,64}:role/[A-Za-z0-9+=,.@_/-]{1,576}"
)
"""The same of other servers, some of which have tenants or nothing instead of accounts."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HOME = {"aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}


class KeyRing(Protocol):
    """Where a reader takes its keys from. Safe to share between threads."""

    def keys(self, seconds: float = MARGIN_SECONDS) -> Keys | None:
        """Keys that last for so long, or at least half of their life; None to ask without any."""
        ...

    def renewed(self, refused: Keys) -> Keys | None:
        """Others than those that a bucket has called expired; None where there are none."""
        ...


class GivenKeys:
    """Keys as a user gave them, or none for anonymous access."""

    def __init__(self, keys: Keys | None) -> None:
        self._keys = keys

    def keys(self, seconds: float = MARGIN_SECONDS) -> Keys | None:  # noqa: ARG002
        """The keys."""
        return self._keys

    def renewed(self, refused: Keys) -> Keys | None:  # noqa: ARG002
        """None: nobody but the user has others."""
        return None


class RoleKeys:
    """Keys of a role, which STS hands out to whom the role trusts.

    Args:
        role_arn: the role.
        external_id: what the role's trust policy asks for, so that nobody else's server is lent to read the bucket.
        base: the keys of whoever assumes the role.
        sts: where STS answers: its origin, path, and the region to sign for.
        http: how it is asked.
        clock: seconds since 1970.

    """

    def __init__(
        self,
        role_arn: str,
        external_id: str,
        base: Callable[[], Keys],
        *,
        sts: tuple[Origin, str, str],
        http: Http,
        clock: Callable[[], float],
    ) -> None:
        self._role_arn = role_arn
        self._external_id = external_id
        self._base = base
        self._sts = sts
        self._http = http
        self._clock = clock
        self._lock = threading.Lock()
        self._held: Keys | None = None

    def keys(self, seconds: float = MARGIN_SECONDS) -> Keys:
        """Those held if they last, else new ones.

        Raises:
            BucketError: STS refuses, cannot be reached, or answers with something else.

        """
        with self._lock:
            if self._held is None or not self._lasts(self._held, seconds):
                self._held = self._assumed()
            return self._held

    def renewed(self, refused: Keys) -> Keys:
        """New ones, unless those held are others already."""
        with self._lock:
            if self._held is refused:
                self._held = None
        return self.keys()

    def _lasts(self, keys: Keys, seconds: float) -> bool:
        expires_at = keys.expires_at or 0.0
        return expires_at - self._clock() >= min(seconds, (expires_at - keys.issued_at) / 2)

    def _assumed(self) -> Keys:
        origin, path, region = self._sts
        base = self._base()
        form = urlencode(
            {
                "Action": "AssumeRole",
                "Version": STS_VERSION,
                "RoleArn": self._role_arn,
                "RoleSessionName": SESSION,
                "ExternalId": self._external_id,
                "DurationSeconds": str(ROLE_SECONDS),
            },
            quote_via=quote,
        )
        issued_at = self._clock()
        answer = self._http.send(origin, lambda: signed_form(origin, path, form, base, region), limit=ANSWER_BYTES)
        if answer.status != 200:
            raise role_refused(answer, origin, self._role_arn, self._external_id)
        return _issued(answer.body, origin, issued_at)


def key_ring(
    address: BucketAddress,
    access: Access,
    credentials: Credentials,
    *,
    at: S3Place,
    http: Http,
    settings: Permits,
    clock: Callable[[], float],
) -> KeyRing:
    """What signs requests for a bucket.

    ``at`` is its place by the address alone: where the bucket was found says nothing of where a role can be assumed.

    Raises:
        InvalidInput: the credentials are half of some, or no role can be meant.
        NotAllowed: nobody but the server itself could assume the role, and its operator has not allowed that.

    """
    given = _given(credentials)
    if access.role_arn is None:
        if access.server_identity:
            raise InvalidInput(
                "On AWS the server's own identity reads no bucket; it can assume a role that may: give awsRoleARN."
            )
        return GivenKeys(given)
    partition = _partition(address, access.role_arn)
    if not access.external_id:
        raise InvalidInput("A role is assumed with the organization's external ID alone (awsRoleExternalId).")
    region = at.region if address.region or access_point(address) else _HOME.get(partition, at.region)
    origin, path = _sts_place(address, region)
    if given is None and address.endpoint:
        # What the server signs with, its token above all, is not for a host that a user has named.
        raise InvalidInput(
            "With an endpoint of its own (s3Endpoint) a role is assumed by keys: give s3AccessKey and s3SecretKey."
        )
    if given is None:
        settings.check_identity(Platform.AWS)
    base = _own_keys if given is None else lambda: given
    return RoleKeys(access.role_arn, access.external_id, base, sts=(origin, path, region), http=http, clock=clock)


def _given(credentials: Credentials) -> Keys | None:
    if credentials.is_anonymous:
        return None
    if not (credentials.access_key and credentials.secret_key):
        raise InvalidInput(
            "Give both an access key and its secret key (s3AccessKey, s3SecretKey), or neither for a bucket that "
            "everybody may list."
        )
    for value in (credentials.access_key, credentials.session_token or ""):
        if not _is_plain(value):
            raise InvalidInput(
                "Access key and session token (s3AccessKey, s3SessionToken) must be plain characters without spaces "
                "or line breaks."
            )
    return Keys(credentials.access_key, credentials.secret_key, credentials.session_token or None)


def _is_plain(value: str) -> bool:
    return value.isascii() and value.isprintable() and " " not in value


def _partition(address: BucketAddress, role_arn: str) -> str:
    """The partition of a role's ARN, which must look like one."""
    is_aws = address.platform is Platform.AWS and not address.endpoint
    found = (_AWS_ROLE if is_aws else _ROLE).fullmatch(role_arn)
    if found is None:
        raise InvalidInput(
            "The role (awsRoleARN) must be the ARN of a role, such as arn:aws:iam::123456789012:role/bucketlink."
        )
    return found.group(1)


def _sts_place(address: BucketAddress, region: str) -> tuple[Origin, str]:
    """Where the role of a bucket is assumed: where the bucket's own endpoint is, which for S3 of AWS has no STS."""
    if address.endpoint:
        origin, base = endpoint_place(address.endpoint)
        if not origin.host.endswith(AWS_HOSTS):
            return origin, f"{base}/"
    return aws_origin("sts", region), "/"


def _own_keys() -> Keys:
    """The keys of the server's own identity, by the chain that every program on AWS looks for them in."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415
    from botocore.session import Session  # noqa: PLC0415

    try:
        found = Session().get_credentials()
        keys = None if found is None else found.get_frozen_credentials()
    except (BotoCoreError, ClientError, OSError, ValueError) as error:
        raise BucketRefused(
            f"The server's own identity on AWS cannot be had ({type(error).__name__}): its operator mends the "
            "profile, the role or the token file that its AWS_ variables name, or the role of its machine. Else give "
            "s3AccessKey and s3SecretKey."
        ) from None
    if keys is None or not (keys.access_key and keys.secret_key):
        raise BucketRefused(
            "The server has no identity of its own on AWS to assume the role; its operator gives it one, or give "
            "s3AccessKey and s3SecretKey."
        )
    return Keys(keys.access_key, keys.secret_key, keys.token or None)


def _issued(body: bytes, origin: Origin, issued_at: float) -> Keys:
    """The keys in the answer to AssumeRole."""
    try:
        values = _only(_only(document(body, "AssumeRoleResponse"), "AssumeRoleResult"), "Credentials")
        access_key, secret_key, token, expires = (
            _plain(_only(values, name).text)
            for name in ("AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration")
        )
        expires_at = (datetime.fromisoformat(expires) - _EPOCH).total_seconds()
    except (TypeError, ValueError):
        raise BucketMisbehaved(
            f"{origin} answered something else than a role's keys; check that it has STS (s3Endpoint)."
        ) from None
    return Keys(access_key, secret_key, token, issued_at, expires_at)


def _plain(text: str | None) -> str:
    if not text or not _is_plain(text):
        raise ValueError
    return text


def _only(parent: etree._Element, name: str) -> etree._Element:
    (found,) = [child for child in parent if local_name(child) == name]
    return found
