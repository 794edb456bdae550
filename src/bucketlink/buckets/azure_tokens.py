"""Bearer tokens of identities: a service principal's, by its secret, or the server's own.

The library azure-identity gets them, and is an extra. For a service principal it speaks through our own `Http`; for the
server's identity it asks the machine itself, which only an operator's setting allows.
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self
from urllib.parse import urlencode, urlsplit

from bucketlink.buckets.azure_address import CLOUDS, AzurePlace
from bucketlink.buckets.azure_errors import Means, signing_in
from bucketlink.buckets.http import Answer, Http, Request
from bucketlink.buckets.reach import Origin
from bucketlink.errors import BucketError, InvalidInput, NotAllowed
from bucketlink.model import Access, Credentials

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken
    from azure.core.rest import HttpRequest

SCOPE = "https://storage.azure.com/.default"
ANSWER_BYTES = 1 << 20
RENEW_SECONDS = 300
"""How long before its end a token is renewed."""
INSTALL = "Signing in to Azure needs a library that is not installed; install it by: pip install 'bucketlink[azure]'"

# These write what an authority answered, or what was asked of it.
for _name in ("azure.identity", "azure.core.pipeline", "msal"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)


class Credential(Protocol):
    """What of azure-identity gets tokens."""

    def get_token(self, *scopes: str) -> "AccessToken":
        """A token, and when it ends."""
        ...


class Tokens:
    """Keeps one identity's token and renews it in time. Safe to share between threads.

    Args:
        make: makes what gets tokens, anew where a token was refused.
        means: whose tokens they are.
        clock: tells the seconds since 1970.

    """

    def __init__(self, make: Callable[[], Credential], means: Means, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._make = make
        self._means = means
        self._credential: Credential | None = None
        self._token = ""
        self._expires_at = 0.0
        self._lock = threading.Lock()

    def get(self) -> str:
        """A token that holds for some minutes.

        Raises:
            BucketRefused: the identity cannot sign in.
            BucketError: who signs in could not be asked.

        """
        with self._lock:
            if self._clock() > self._expires_at - RENEW_SECONDS:
                self._renew()
            return self._token

    def forget(self, token: str) -> None:
        """Get another token next time, if this is the one that was refused."""
        with self._lock:
            if token == self._token:
                self._credential, self._expires_at = None, 0.0

    def _renew(self) -> None:
        from azure.core.exceptions import AzureError  # noqa: PLC0415

        try:
            self._credential = self._credential or self._make()
            found = self._credential.get_token(SCOPE)
        except (AzureError, OSError, ValueError) as error:
            causes = _causes(error)
            ours = next((cause for cause in causes if isinstance(cause, BucketError)), None)
            raise ours or signing_in(" ".join(map(str, causes)), self._means) from None
        self._token, self._expires_at = found.token, float(found.expires_on)


def principal(
    access: Access, credentials: Credentials, at: AzurePlace, http: Http, *, clock: Callable[[], float] = time.time
) -> Tokens:
    """The tokens of a service principal.

    Raises:
        InvalidInput: tenant or client are missing, the account is not reached by https, or the library is missing.

    """
    tenant, client, secret = access.tenant_id, access.client_id, credentials.client_secret
    if not (tenant and client and secret):
        raise InvalidInput("A service principal is azureTenantId, azureClientId and azureClientSecret; give all three.")
    _check_names(access)
    if at.origin.scheme != "https":
        raise InvalidInput("A service principal's tokens are not sent without https; give an https:// account URL.")
    try:
        from azure.identity import ClientSecretCredential  # noqa: PLC0415
    except ImportError:
        raise InvalidInput(INSTALL) from None
    authority = CLOUDS.get(at.cloud or "") or os.environ.get("AZURE_AUTHORITY_HOST") or "login.microsoftonline.com"
    return Tokens(
        lambda: ClientSecretCredential(
            tenant,
            client,
            secret,
            authority=authority,
            # The authority is ours to know, so nobody need be asked whether it is one.
            disable_instance_discovery=True,
            transport=_Transport(http),
            retry_total=0,
        ),
        Means.PRINCIPAL,
        clock,
    )


def own_identity(access: Access, at: AzurePlace, *, clock: Callable[[], float] = time.time) -> Tokens:
    """The tokens of the server itself: of its workload identity where it has one, else of its managed identity.

    Raises:
        InvalidInput: the library is missing, or an id cannot be meant.
        NotAllowed: the account is not in one of Azure's own clouds, where alone such a token may be sent.

    """
    if at.cloud is None:
        raise NotAllowed(
            "The server's own identity is shown to Azure alone: give an account URL such as "
            "https://account.blob.core.windows.net."
        )
    _check_names(access)
    try:
        from azure.identity import ManagedIdentityCredential, WorkloadIdentityCredential  # noqa: PLC0415
    except ImportError:
        raise InvalidInput(INSTALL) from None
    if os.environ.get("AZURE_FEDERATED_TOKEN_FILE"):
        ids = {"tenant_id": access.tenant_id, "client_id": access.client_id}
        given = {name: value for name, value in ids.items() if value}
        return Tokens(lambda: WorkloadIdentityCredential(**given), Means.IDENTITY, clock)
    return Tokens(lambda: ManagedIdentityCredential(client_id=access.client_id), Means.IDENTITY, clock)


def _check_names(access: Access) -> None:
    for field, value in (("azureTenantId", access.tenant_id), ("azureClientId", access.client_id)):
        if value and not (value.isascii() and value.replace("-", "").replace(".", "").isalnum()):
            raise InvalidInput(f"{field} must be an id such as 01234567-89ab-cdef-0123-456789abcdef.")


def _causes(error: BaseException) -> list[BaseException]:
    """An error and what it was raised from, or during."""
    causes = [error]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) is not None:
        causes.append(cause)
    return causes


class _Response:
    """An answer as azure-identity reads it; of ``HttpResponse`` of azure.core what that asks for."""

    def __init__(self, request: "HttpRequest", answer: Answer) -> None:
        self.request = request
        self.status_code = answer.status
        self.headers = answer.headers
        self.content_type = answer.headers.get("content-type")
        self.reason = ""
        self.content = answer.body

    def text(self, encoding: str | None = None) -> str:
        """The body, as UTF-8 if it is not said otherwise."""
        return self.content.decode(encoding or "utf-8", errors="replace")


class _Transport:
    """Sends what azure-identity asks through `Http`; the shape of azure.core's ``HttpTransport``."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def send(self, request: "HttpRequest", **_: Any) -> "_Response":  # noqa: ANN401
        parts = urlsplit(request.url)
        origin = Origin(parts.scheme, parts.hostname or "", parts.port or {"http": 80, "https": 443}[parts.scheme])
        target = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
        content: Any = request.content
        body = urlencode(content).encode() if content else None
        sent = Request(request.method, target, dict(request.headers), body)
        return _Response(request, self._http.send(origin, lambda: sent, limit=ANSWER_BYTES))

    def open(self) -> None:
        """Nothing to open."""

    def close(self) -> None:
        """Whoever made the `Http` closes it."""

    def sleep(self, duration: float) -> None:
        """Wait; never asked for, since trying again is `Http`'s to do."""
        time.sleep(duration)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
