"""What an answer of Azure Blob Storage that is not a page means, and what to do about it.

Only the status, the name of the error in its header and, where an identity signs in, the error's number are looked at;
nothing else of an answer is ever told on.
"""

import re
from collections.abc import Mapping
from enum import StrEnum

from bucketlink.buckets.azure_address import AzurePlace
from bucketlink.buckets.http import Answer
from bucketlink.errors import BucketError, BucketMisbehaved, BucketNotFound, BucketRefused

OBJECT_STATUSES = frozenset({200, 206, 404, 416})
"""By which an answer tells something of an object."""
CODE_HEADER = "x-ms-error-code"
ROLE = "Storage Blob Data Reader"


class Means(StrEnum):
    """By what requests are authorized; the value is what an error calls it."""

    NOTHING = "requests without credentials"
    ACCOUNT_KEY = "azureAccountKey"
    SAS = "azureSASToken"
    PRINCIPAL = "this service principal"
    IDENTITY = "the server's identity"


_CODE = re.compile(r"[A-Za-z]{1,64}")
_ENTRA = re.compile(r"AADSTS([0-9]{3,9})")
_NOT_FOUND = {"ContainerNotFound", "InvalidResourceName", "OutOfRangeInput"}
_UNKNOWN = {"AuthenticationFailed", "InvalidAuthenticationInfo"}
_PUBLIC = "does not let everybody list the container {container}; give credentials, or make the container public."
_ASSIGN = "assign it the role {role} there, which takes some minutes to hold."
_WRONG = {
    Means.NOTHING: _PUBLIC,
    Means.ACCOUNT_KEY: "says that azureAccountKey is no key of the account {account}; give a present one.",
    Means.SAS: "does not accept azureSASToken: it is incomplete, for another account or container, or was revoked with "
    "the key or the stored access policy that it was made by; make a new one.",
    Means.PRINCIPAL: "does not accept the token of this service principal; azureTenantId must be the tenant of the "
    "account {account}.",
    Means.IDENTITY: "does not accept the token of the server's identity; it must be of the tenant of {account}.",
}
_DENIED = {
    Means.NOTHING: _PUBLIC,
    Means.ACCOUNT_KEY: "does not let azureAccountKey list the container {container}; give a key of the account "
    "{account}, or another way in.",
    Means.SAS: "does not let azureSASToken list the container {container}; make one for it with the permissions read "
    "and list (rl).",
    Means.PRINCIPAL: f"does not let this service principal list the container {{container}}; {_ASSIGN}",
    Means.IDENTITY: f"does not let the server's identity list the container {{container}}; {_ASSIGN}",
}
_NETWORK = (
    "does not let this server in: allow its address in the network rules of the account {account}; if they do already, "
)
_OUTSIDE = {
    Means.NOTHING: "give credentials, or make the container {container} public, since it is not open to everybody.",
    Means.ACCOUNT_KEY: "check that azureAccountKey is a key of this account.",
    Means.SAS: "check that azureSASToken is for this account and for Blob, and was not revoked with the key or the "
    "stored access policy that it was made by.",
    Means.PRINCIPAL: "check the roles of the service principal.",
    Means.IDENTITY: "check the roles of the server's identity.",
}
_REFUSALS = {
    "AuthorizationSourceIPMismatch": "says that azureSASToken is for other addresses than this server's; make one "
    "that holds for it.",
    "AuthorizationProtocolMismatch": "says that azureSASToken is for https alone; give the account's URL with https://.",
    "AccountIsDisabled": "has disabled the account {account}; ask its owner.",
    "PublicAccessNotPermitted": "lets nobody read the account {account} without credentials; give some.",
    "NoAuthenticationInformation": _PUBLIC,
    "KeyBasedAuthenticationNotPermitted": "allows no account keys in the account {account}, nor SAS tokens signed by "
    "them; give a service principal (azureTenantId, azureClientId, azureClientSecret), or allow key access.",
    "ContainerBeingDeleted": "is deleting the container {container}; try again when it exists again.",
}
_CLOCK = "says that this server's clock is wrong; set the clock of Bucketlink's machine."
_SIGNING_IN = {
    "7000215": "azureClientSecret is wrong; give the secret's value, not its id.",
    "7000216": "azureClientSecret is missing.",
    "7000222": "azureClientSecret has expired; make a new one and give that.",
    "700016": "There is no application of azureClientId in the tenant azureTenantId; check both.",
    "700213": "The application of azureClientId does not trust this server's workload identity; add a federated "
    "credential for it.",
    "70021": "The application of azureClientId does not trust this server's workload identity; add a federated "
    "credential for it.",
    "90002": "There is no tenant azureTenantId; give the Directory (tenant) ID.",
    "900023": "There is no tenant azureTenantId; give the Directory (tenant) ID.",
    "700024": "The server's clock is wrong; set the clock of Bucketlink's machine.",
    "7000112": "The application of azureClientId is disabled; ask the owner of the tenant.",
    "500011": "The tenant azureTenantId has no service for Azure Storage; is it the tenant of the storage account?",
    "53003": "The tenant's conditional access does not let azureClientId sign in from here; ask its owner.",
}


def code_of(headers: Mapping[str, str]) -> str | None:
    """The name of the error, if the answer's header holds one of a plain form."""
    code = headers.get(CODE_HEADER, "")
    return code if _CODE.fullmatch(code) else None


def explained(answer: Answer, at: AzurePlace, means: Means, sas_fault: str | None = None) -> BucketError:
    """The error to raise for an answer that is not a page; ``sas_fault`` is what speaks against the SAS token."""
    code, status = code_of(answer.headers), answer.status
    if code in _NOT_FOUND or (code == "ResourceNotFound" and means is not Means.NOTHING):
        return BucketNotFound(
            f"There is no container {at.container} at {at.origin}{at.base}; check azureConnectionURL."
        )
    if code == "ResourceNotFound":
        return BucketRefused(
            f"{at.origin} shows no container {at.container} to everybody; give credentials, or check its name."
        )
    if status in {400, 401, 403} and means is Means.ACCOUNT_KEY and answer.is_clock_wrong:
        return BucketRefused(f"{at.origin} {_CLOCK}")
    if status in {401, 403} or code in _REFUSALS:
        return BucketRefused(sas_fault or _refusal(at, means, code))
    return BucketMisbehaved(_strange(at, status, code))


def _refusal(at: AzurePlace, means: Means, code: str | None) -> str:
    sentence, shown = _REFUSALS.get(code or ""), ""
    if code == "AuthorizationFailure":
        sentence = _NETWORK + _OUTSIDE[means]
    elif sentence is None and code in _UNKNOWN:
        sentence = _WRONG[means]
    if sentence is None:
        sentence, shown = _DENIED[means], f" ({code})" if code and code != "AuthorizationPermissionMismatch" else ""
    return f"{at.origin} {sentence.format(account=at.account, container=at.container, role=ROLE)}{shown}"


def unread(answer: Answer, at: AzurePlace, means: Means, sas_fault: str | None = None) -> BucketError:
    """The error to raise for an answer to a request for one object that is not the object."""
    code = code_of(answer.headers)
    if code == "BlobArchived":
        return BucketRefused(
            f"The object is archived at {at.origin} (tier Archive); rehydrate it to Hot or Cool, and wait until it is."
        )
    if code == "AuthorizationPermissionMismatch" and sas_fault is None:
        return BucketRefused(
            f"{at.origin} does not let {means.value} read objects of the container {at.container}; permit read (r), or "
            f"assign the role {ROLE} there."
        )
    return explained(answer, at, means, sas_fault)


def check_marks(status: int, headers: Mapping[str, str], at: AzurePlace) -> None:
    """Raise BucketMisbehaved for an answer that tells of an object and is not marked as Azure marks its own.

    Where clients list a container, objects are read that the server has not seen in a listing: whatever speaks HTTP
    could be asked for anything so.
    """
    is_marked = "x-ms-request-id" in headers or "x-ms-version" in headers
    if status in OBJECT_STATUSES and not (is_marked and (status >= 400 or "x-ms-blob-type" in headers)):
        raise BucketMisbehaved(_strange(at, status, None))


def signing_in(message: str, means: Means) -> BucketError:
    """The error for who could not sign in, from the message that the library raised with."""
    found = _ENTRA.search(message)
    number = found.group(1) if found else None
    if number in _SIGNING_IN:
        return BucketRefused(_SIGNING_IN[number])
    shown = f" (AADSTS{number})" if number else ""
    if means is Means.IDENTITY:
        return BucketRefused(
            f"The server's own identity cannot sign in to Azure{shown}: this machine has none, or not the one of "
            "azureClientId. Assign it one, or give credentials."
        )
    return BucketRefused(
        f"This service principal cannot sign in{shown}; check azureTenantId, azureClientId and azureClientSecret."
    )


def _strange(at: AzurePlace, status: int, code: str | None) -> str:
    if 300 <= status < 400:
        return f"{at.origin} points elsewhere (status {status}), which is not followed; give the account's own URL."
    if code is None:
        return f"What answers at {at.origin} is not Azure Blob Storage (status {status}); check azureConnectionURL."
    return f"{at.origin} did not list the container {at.container} (status {status} {code}); check azureConnectionURL."
