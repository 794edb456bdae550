"""What an answer of Google that is not what was asked for means, and what to do about it.

Only the status and machine-made words of an answer's body are looked at; nothing of a body is ever told on, except
for a code of plain letters.
"""

import re

from bucketlink.buckets.gcs_address import GcsPlace
from bucketlink.buckets.http import Answer
from bucketlink.buckets.reach import Origin
from bucketlink.errors import BucketError, BucketMisbehaved, BucketNotFound, BucketRefused, BucketUnavailable

CODE = re.compile(rb'"(?:reason|error|status|type)"\s*:\s*"([A-Za-z_]{1,64})"')
ROLE = "roles/storage.objectViewer"
KEY = "gcpServiceAccountKey"
CLOCK = "the clock of Bucketlink's machine is wrong; set it."

_BILLING = "reports that billing is disabled for the bucket's project; enable billing there."
_DISABLED = "reports that the Cloud Storage API is disabled in the project; enable it there."
_PERIMETER = "refuses by VPC Service Controls; let Bucketlink's machine into the bucket's perimeter."
_REFUSALS = {
    "accountDisabled": _BILLING,
    "UserProjectAccountProblem": _BILLING,
    "accessNotConfigured": _DISABLED,
    "SERVICE_DISABLED": _DISABLED,
    "vpcServiceControls": _PERIMETER,
    "VPC_SERVICE_CONTROLS": _PERIMETER,
    "SECURITY_POLICY_VIOLATED": _PERIMETER,
    "countryBlocked": "does not serve the country in which Bucketlink's machine is.",
    "sslRequired": "wants to be asked by https; give gcpEndpoint with https://.",
    "insufficientPermissions": "gives no access by this token; allow it the scope devstorage.read_only.",
}
_BUSY = {"rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded"}
_PERIMETER_ID = b"vpcServiceControlsUniqueIdentifier"
_PAYS = {"required", "UserProjectMissing", "AuthenticationRequiredRequesterPays"}
"""What a bucket says whose reader has to pay; 'required' means that at status 400 alone."""

_TOLD = _REFUSALS.keys() | _BUSY | (_PAYS - {"required"})

_GRANTS = (
    (b"reasonable timeframe", f"says that {CLOCK}"),
    (b"Signature", f"does not accept this key of {{email}} any more; make a new key and give it as {KEY}."),
    (b"not found", f"does not know the service account {{email}} any more; give the {KEY} of one that exists."),
    (b"disabled", f"says that the service account {{email}} is disabled; enable it, or give the {KEY} of another."),
)
"""Words of a token endpoint's description of ``invalid_grant``, and what they mean."""


def codes_of(answer: Answer) -> frozenset[str]:
    """The machine-made names of what went wrong, as far as they are of a plain form."""
    codes = {code.decode() for code in CODE.findall(answer.body)}
    return frozenset(codes | ({"vpcServiceControls"} if _PERIMETER_ID in answer.body else set()))


def explained(answer: Answer, place: GcsPlace, who: str | None, *, task: str = "list") -> BucketError:
    """The error to raise for an answer that is not what was asked for.

    Args:
        answer: what came.
        place: where it came from.
        who: as whom it was asked for, in words; None for everybody.
        task: the permission that was needed, ``list`` or ``get``.

    """
    codes, status = codes_of(answer), answer.status
    if status == 404:
        return BucketNotFound(
            f"There is no bucket {place.bucket} at {place.origin}; check gcpBucketName and gcpEndpoint."
        )
    if status in {401, 403} and not codes & _TOLD:
        return _denied(answer, place, who, task)
    return _told(codes, status, place)


def _told(codes: frozenset[str], status: int, place: GcsPlace) -> BucketError:
    """What the codes themselves say."""
    origin = place.origin
    if codes & (_PAYS if status == 400 else _PAYS - {"required"}):
        return BucketRefused(
            f"The bucket {place.bucket} lets its readers pay, which Bucketlink does not do on Google Cloud; turn off "
            "'requester pays' there."
        )
    if codes & _BUSY:
        return BucketUnavailable(f"{origin} asks to be asked less often; try again later.")
    for code, sentence in _REFUSALS.items():
        if code in codes:
            return BucketRefused(f"{origin} {sentence}")
    return BucketMisbehaved(_strange(place, status, codes))


def _denied(answer: Answer, place: GcsPlace, who: str | None, task: str) -> BucketRefused:
    doing = "list" if task == "list" else "read objects of"
    if answer.status == 401 and who is not None:
        wrong = CLOCK if answer.is_clock_wrong else f"check {KEY} and gcpEndpoint."
        return BucketRefused(f"{place.origin} does not accept the access token of {who}: {wrong}")
    if who is None:
        return BucketRefused(
            f"{place.origin} does not let everybody {doing} the bucket {place.bucket}; give a {KEY}, or grant allUsers "
            f"the role {ROLE} on it (permission storage.objects.{task})."
        )
    return BucketRefused(
        f"{place.origin} does not let {who} {doing} the bucket {place.bucket}; grant it the role {ROLE} on the bucket "
        f"(permission storage.objects.{task})."
    )


def _strange(place: GcsPlace, status: int, codes: frozenset[str]) -> str:
    shown = " ".join([str(status), *sorted(codes)[:1]])
    if 300 <= status < 400:
        return (
            f"{place.origin} points elsewhere (status {shown}), and redirects are not followed; give as gcpEndpoint "
            "what it points to."
        )
    return f"{place.origin} did not answer for the bucket {place.bucket} (status {shown}); check gcpEndpoint."


def no_token(answer: Answer, origin: Origin, email: str) -> BucketError:
    """The error to raise for an answer of a token endpoint that holds no token."""
    codes = codes_of(answer)
    if "invalid_grant" in codes:
        for words, sentence in _GRANTS:
            if words in answer.body:
                return BucketRefused(f"{origin} {sentence.format(email=email)}")
    if answer.is_clock_wrong:
        return BucketRefused(f"{origin} gives no access token to {email}: {CLOCK}")
    if answer.status in {400, 401, 403} and codes:
        return BucketRefused(
            f"{origin} gives no access token to {email} ({min(codes)}); make a new key and give it as {KEY}."
        )
    return BucketMisbehaved(
        f"What answers at {origin} gives no access tokens (status {answer.status}); check token_uri in {KEY}."
    )
