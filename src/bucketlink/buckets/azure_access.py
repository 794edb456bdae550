"""By what requests to a container are authorized, and what signs URLs for others: one class for each means."""

import re
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol, TypeVar

from bucketlink.buckets.azure_address import AzurePlace
from bucketlink.buckets.azure_errors import Means, explained
from bucketlink.buckets.azure_sas import fault, plain
from bucketlink.buckets.azure_sign import (
    VERSION,
    DelegationKey,
    decoded_key,
    delegation_sas,
    service_sas,
    shared_key,
    timestamp,
)
from bucketlink.buckets.azure_tokens import Tokens, own_identity, principal
from bucketlink.buckets.http import Answer, Http, Request, Streamed
from bucketlink.buckets.permits import Permits
from bucketlink.errors import BucketMisbehaved, BucketRefused, InvalidInput
from bucketlink.model import Access, Credentials, Platform

DELEGATION_SECONDS = 24 * 3600
"""How long a user delegation key holds; the service gives out no longer ones than a week."""
LONGEST_SECONDS = DELEGATION_SECONDS - 3600
"""How long a SAS holds at most: no longer than a key that was fetched within the last hour."""
REFUSAL_SECONDS = 600
"""How long an identity that gets no such key is not asked for again."""
UNKNOWN_STATUSES = frozenset({400, 404, 501})
"""Answers of servers that do not know how to give such keys."""
EARLIER_SECONDS = 300
"""How much before now a delegation key begins, for clocks that are behind."""
ANSWER_BYTES = 1 << 16

A = TypeVar("A", Answer, Streamed)

_FIELD = re.compile(rb"<(SignedOid|SignedTid|SignedStart|SignedExpiry|SignedService|SignedVersion|Value)>([^<&]+)</\1>")


class Authorizer(Protocol):
    """Authorizes requests. Safe to share between threads."""

    means: Means

    def authorized(self, request: Request) -> Request:
        """The request as it may be sent."""
        ...

    def is_stale(self, request: Request) -> bool:
        """Whether a request that was refused as unknown (401) should be authorized anew, and sent again."""
        ...

    def fault(self) -> str | None:
        """What speaks against the credentials, for a request that was refused."""
        ...

    def sas(self, blob: str | None, expires_at: int) -> str | None:
        """A SAS to read a blob, or to list and read the container; "" if none is needed, None if none can be made.

        It ends at ``expires_at`` (milliseconds since 1970), which is `LONGEST_SECONDS` from now at most.
        """
        ...


def authorizer(
    at: AzurePlace,
    access: Access,
    credentials: Credentials,
    http: Http,
    settings: Permits,
    clock: Callable[[], float] = time.time,
) -> Authorizer:
    """What the credentials authorize by.

    Raises:
        InvalidInput: they cannot be meant, or azure-identity is not installed.
        NotAllowed: the operator did not allow the server's own identity, or it may not be shown to this account.

    """
    key, sas = credentials.account_key, credentials.sas_token
    if access.server_identity:
        settings.check_identity(Platform.AZURE)
        if not credentials.is_anonymous:
            raise InvalidInput("Give either credentials or nothing, where the server reads as itself.")
        return _Identity(own_identity(access, at, clock=clock), at, http, Means.IDENTITY, clock)
    if credentials.is_anonymous:
        return _Nobody() if access.client_lists else _Everybody()
    if key and credentials == Credentials(account_key=key):
        return _AccountKey(decoded_key(key), at)
    if sas and credentials == Credentials(sas_token=sas):
        return _Sas(plain(sas), at)
    if credentials.client_secret and credentials == Credentials(client_secret=credentials.client_secret):
        return _Identity(principal(access, credentials, at, http, clock=clock), at, http, Means.PRINCIPAL, clock)
    raise InvalidInput(
        "Azure takes one kind of credentials: azureSASToken, or azureAccountKey, or azureTenantId, azureClientId and "
        "azureClientSecret; or nothing for a container that everybody may list."
    )


def exchanged(by: Authorizer, request: Request, send: Callable[[Request], A]) -> A:
    """Send a request as authorized; once more with another token, if that one is not accepted."""
    sent = by.authorized(request)
    answer = send(sent)
    if answer.status != 401 or not by.is_stale(sent):
        return answer
    if isinstance(answer, Streamed):
        answer.close()
    return send(by.authorized(request))


class _Everybody:
    means = Means.NOTHING

    def authorized(self, request: Request) -> Request:
        return request

    def is_stale(self, request: Request) -> bool:  # noqa: ARG002
        return False

    def fault(self) -> str | None:
        return None

    def sas(self, blob: str | None, expires_at: int) -> str | None:  # noqa: ARG002
        return None if blob is None else ""


class _Nobody(_Everybody):
    """Of an integration whose clients list, and that has nothing to read by: nothing says that everybody may."""

    def authorized(self, request: Request) -> Request:  # noqa: ARG002
        raise BucketRefused(
            "The integration holds nothing to read objects by: give azureSASToken or azureAccountKey, or a service "
            "principal (azureTenantId, azureClientId, azureClientSecret)."
        )

    def sas(self, blob: str | None, expires_at: int) -> None:
        """None: a URL without a signature might open nothing."""


class _AccountKey(_Everybody):
    means = Means.ACCOUNT_KEY

    def __init__(self, key: bytes, at: AzurePlace) -> None:
        self._key = key
        self._at = at

    def authorized(self, request: Request) -> Request:
        headers = shared_key(request.method, request.target, request.headers, self._at, self._key)
        return replace(request, headers=headers)

    def sas(self, blob: str | None, expires_at: int) -> str | None:
        return service_sas(self._at, blob, expires_at, self._key)


class _Sas(_Everybody):
    means = Means.SAS

    def __init__(self, token: str, at: AzurePlace) -> None:
        self._token = token
        self._at = at

    def authorized(self, request: Request) -> Request:
        return replace(request, target=f"{request.target}{'&' if '?' in request.target else '?'}{self._token}")

    def fault(self) -> str | None:
        return fault(self._token, self._at)

    def sas(self, blob: str | None, expires_at: int) -> str | None:  # noqa: ARG002
        return None


class _Identity(_Everybody):
    """Authorizes by bearer tokens; signs by a user delegation key, which is fetched when it is first needed."""

    def __init__(self, tokens: Tokens, at: AzurePlace, http: Http, means: Means, clock: Callable[[], float]) -> None:
        self.means = means
        self._tokens = tokens
        self._at = at
        self._http = http
        self._clock = clock
        self._key: DelegationKey | None = None
        self._until = 0.0

    def authorized(self, request: Request) -> Request:
        return replace(request, headers={**request.headers, "Authorization": f"Bearer {self._tokens.get()}"})

    def is_stale(self, request: Request) -> bool:
        self._tokens.forget(request.headers["Authorization"].partition(" ")[2])
        return True

    def sas(self, blob: str | None, expires_at: int) -> str | None:
        now = self._clock()
        # A SAS that outlives its key is worth nothing.
        if now >= self._until or (self._key is not None and expires_at / 1000 > self._until):
            self._key, self._until = self._delegation_key(now)
        return None if self._key is None else delegation_sas(self._at, blob, expires_at, self._key)

    def _delegation_key(self, now: float) -> tuple[DelegationKey | None, float]:
        """A new key and when it ends; None, and when to ask again, where the identity can have none."""
        end = int(now) + DELEGATION_SECONDS
        body = (
            '<?xml version="1.0" encoding="utf-8"?>'
            f"<KeyInfo><Start>{timestamp((int(now) - EARLIER_SECONDS) * 1000)}</Start>"
            f"<Expiry>{timestamp(end * 1000)}</Expiry></KeyInfo>"
        ).encode()
        target = f"{self._at.base or '/'}?restype=service&comp=userdelegationkey"
        request = Request("POST", target, {"x-ms-version": VERSION, "Content-Type": "application/xml"}, body)
        answer = exchanged(
            self, request, lambda sent: self._http.send(self._at.origin, lambda: sent, limit=ANSWER_BYTES)
        )
        if answer.status == 200:
            return _delegation_key(answer), end
        error = explained(answer, self._at, self.means)
        if not isinstance(error, BucketRefused) and answer.status not in UNKNOWN_STATUSES:
            raise error
        # A role that holds for the container alone reads it all the same, as does a server that has no such keys.
        return None, now + REFUSAL_SECONDS


def _delegation_key(answer: Answer) -> DelegationKey:
    fields = {name.decode(): value.decode("ascii", "replace") for name, value in _FIELD.findall(answer.body)}
    names = ("SignedOid", "SignedTid", "SignedStart", "SignedExpiry", "SignedService", "SignedVersion", "Value")
    if not all(name in fields for name in names):
        raise BucketMisbehaved("The storage account's answer to Get User Delegation Key is not one; try again.")
    return DelegationKey(*(fields[name] for name in names))
