"""Access tokens of Google: for a service account's key, or for the server's own identity.

google-auth signs what tokens are asked for with, and finds the server's identity. What a user's key makes it send
goes through our own `bucketlink.buckets.http.Http`; only the server's own identity is asked for by google-auth's own
means.
"""

import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol, cast

import orjson
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from bucketlink.buckets.gcs_errors import KEY, no_token
from bucketlink.buckets.gcs_sign import Signer
from bucketlink.buckets.http import Http, Request
from bucketlink.buckets.permits import Permits
from bucketlink.buckets.reach import Origin
from bucketlink.buckets.urls import split
from bucketlink.errors import BucketMisbehaved, BucketRefused, BucketUnreachable, InvalidInput

SCOPE = "https://www.googleapis.com/auth/devstorage.read_only"
TOKEN_URI = "https://oauth2.googleapis.com/token"  # noqa: S105
USED_SHARE = 0.9
"""The share of a token's life after which it is renewed."""
ANSWER_BYTES = 1 << 16
LONGEST_SECONDS = 7 * 24 * 3600
EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,128}@[A-Za-z0-9.-]{1,190}")
TOKEN = re.compile(r"[!-~]{1,8192}")
MISSING = "Google Cloud needs an extra package; install it with: pip install 'bucketlink[gcp]'"
SERVER = "the server's own identity"
NO_IDENTITY = (
    "This server has no identity of Google Cloud, or cannot use it. Its operator attaches a service account to its "
    "machine, or sets GOOGLE_APPLICATION_CREDENTIALS; else give a gcpServiceAccountKey."
)


class Identity(Protocol):
    """What is used of google-auth's credentials; ``expiry`` is in UTC."""

    token: object
    expiry: datetime | None

    def refresh(self, request: object) -> None:
        """Get a new token, by calls of ``request``."""
        ...


@dataclass(frozen=True, slots=True)
class Found:
    """An identity, what sends its requests for tokens, what it is in words, and its private key if it has one."""

    identity: Identity
    request: object
    kind: str
    signer: Signer | None

    @property
    def email(self) -> str | None:
        """The identity's e-mail address; of a machine it is known once it has a token."""
        email = getattr(self.identity, "service_account_email", None)
        return email if isinstance(email, str) and EMAIL.fullmatch(email) else None

    @property
    def who(self) -> str:
        """The identity in words, for sentences."""
        return f"{self.kind} {self.email}" if self.email else self.kind


class Tokens:
    """Access tokens of one identity, which is looked for when it is first needed. Safe to share between threads."""

    def __init__(self, find: Callable[[], Found], *, clock: Callable[[], float] = time.time) -> None:
        self._find = find
        self._clock = clock
        self._lock = threading.Lock()
        self._found: Found | None = None
        self._token: str | None = None
        self._renew_at = 0.0

    @property
    def who(self) -> str:
        """The identity in words, for sentences."""
        return self._identity().who

    @property
    def signer(self) -> Signer | None:
        """What signs with the identity's private key, None if it has none here."""
        return self._identity().signer

    def token(self, refused: str | None = None) -> str:
        """A token that holds for a while; another than the one that was refused.

        Raises:
            BucketRefused: the identity gets no token.
            BucketUnreachable, BucketUnavailable, BucketMisbehaved: who gives tokens does not answer as it should.

        """
        found = self._identity()
        with self._lock:
            if self._token is None or self._token == refused or self._clock() >= self._renew_at:
                self._token = None
                _refresh(found)
                self._token = _plain(found.identity.token)
                self._renew_at = self._clock() + USED_SHARE * _seconds_left(found.identity)
            return self._token

    def _identity(self) -> Found:
        with self._lock:
            if self._found is None:
                self._found = self._find()
            return self._found


def service_account(text: str, http: Http, settings: Permits, *, clock: Callable[[], float] = time.time) -> Tokens:
    """Tokens for the JSON text of a service account's key.

    Raises:
        InvalidInput: it is no such key, or google-auth is not installed.

    """
    info = _key_of(text)
    email = info["client_email"]
    origin, path = split(info["token_uri"], f"token_uri in {KEY}", TOKEN_URI)
    if origin.scheme != "https" and not settings.allow_private_endpoints:
        raise InvalidInput(f"token_uri in {KEY} must start with https://.")
    try:
        from google.oauth2.service_account import Credentials  # noqa: PLC0415
    except ImportError:
        raise InvalidInput(MISSING) from None
    identity = Credentials.from_service_account_info(info, scopes=[SCOPE])  # type: ignore[no-untyped-call]
    transport = _Transport(http, info["token_uri"], origin, path or "/", email)
    found = Found(identity, transport, "the service account", Signer(email, identity.sign_bytes))
    return Tokens(lambda: found, clock=clock)


def server_identity(*, clock: Callable[[], float] = time.time) -> Tokens:
    """Tokens of the server's own identity, which the caller has made sure may be used.

    Raises:
        InvalidInput: google-auth is not installed.

    """
    try:
        import google.auth.transport.requests  # noqa: F401, PLC0415
    except ImportError:
        raise InvalidInput(MISSING) from None
    return Tokens(_server, clock=clock)


def _server() -> Found:
    import google.auth.transport.requests  # noqa: PLC0415
    from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415
    from google.oauth2.service_account import Credentials  # noqa: PLC0415

    try:
        identity, _ = google.auth.default(scopes=[SCOPE])
    except GoogleAuthError:
        raise BucketRefused(NO_IDENTITY) from None
    request = google.auth.transport.requests.Request()
    signer = Signer(identity.service_account_email, identity.sign_bytes) if isinstance(identity, Credentials) else None
    return Found(cast(Identity, identity), request, SERVER, signer)


@dataclass(frozen=True, slots=True)
class _Response:
    """An answer as google-auth expects it."""

    status: int
    headers: Mapping[str, str]
    data: bytes


@dataclass(frozen=True, slots=True)
class _Transport:
    """Sends what google-auth asks for a token with, to where the key says; answers only what holds a token."""

    http: Http
    url: str
    origin: Origin
    path: str
    email: str

    def __call__(self, *, url: str, method: str, headers: Mapping[str, str], body: bytes, **_: object) -> _Response:
        if url != self.url:
            raise BucketMisbehaved(f"{KEY} leads elsewhere than to its token_uri; make a new key.")
        request = Request(method, self.path, headers, body)
        try:
            answer = self.http.send(self.origin, lambda: request, limit=ANSWER_BYTES)
        except BucketUnreachable as error:
            raise BucketUnreachable(f"No access token, which token_uri in {KEY} gives: {error}") from error
        if answer.status != 200:
            raise no_token(answer, self.origin, self.email)
        if not _holds_token(answer.body):
            raise BucketMisbehaved(f"What answers at {self.origin} gives no access tokens; check token_uri in {KEY}.")
        return _Response(answer.status, answer.headers, answer.body)


def _holds_token(body: bytes) -> bool:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    if not isinstance(document, dict):
        return False
    token, seconds = document.get("access_token"), document.get("expires_in", 0)
    is_token = isinstance(token, str) and TOKEN.fullmatch(token) is not None
    return is_token and isinstance(seconds, int) and 0 <= seconds <= LONGEST_SECONDS


def _refresh(found: Found) -> None:
    try:
        from google.auth.exceptions import GoogleAuthError, TransportError  # noqa: PLC0415
    except ImportError:
        raise InvalidInput(MISSING) from None
    try:
        found.identity.refresh(found.request)
    except TransportError:
        raise BucketUnreachable(f"No access token for {found.who}: who gives it cannot be reached.") from None
    except GoogleAuthError:
        raise BucketRefused(NO_IDENTITY) from None


def _plain(token: object) -> str:
    if isinstance(token, str) and TOKEN.fullmatch(token):
        return token
    raise BucketMisbehaved("What was given as an access token is none.")


def _seconds_left(identity: Identity) -> float:
    """How long a token holds; for ever if that was not told: it is renewed when it is refused."""
    if identity.expiry is None:
        return float("inf")
    return identity.expiry.replace(tzinfo=UTC).timestamp() - datetime.now(UTC).timestamp()


def _key_of(text: str) -> dict[str, str]:
    """What is used of a service account's key. No error quotes it, or keeps it as its context."""
    found = _parsed(text)
    if not isinstance(found, dict):
        raise InvalidInput(
            f"{KEY} must be the JSON text of a service account's key, as Google Cloud has you download it."
        )
    if found.get("type") != "service_account":
        raise InvalidInput(
            f"{KEY} must be the key of a service account (its type is service_account); no other credentials are taken."
        )
    info = {"token_uri": TOKEN_URI, **found}
    for name in ("client_email", "private_key", "token_uri"):
        if not isinstance(info.get(name), str) or not info[name]:
            raise InvalidInput(f"{KEY} lacks its {name}; give the whole text, as Google Cloud has you download it.")
    if not EMAIL.fullmatch(info["client_email"]):
        raise InvalidInput(f"client_email in {KEY} is not a service account's e-mail address.")
    if not _is_private_key(info["private_key"]):
        raise InvalidInput(
            f"private_key in {KEY} cannot be read; give the whole text, as Google Cloud has you download it."
        )
    used = ("type", "client_email", "private_key", "private_key_id", "token_uri", "universe_domain")
    return {name: info[name] for name in used if isinstance(info.get(name), str)}


def _parsed(text: str) -> Any:  # noqa: ANN401
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None


def _is_private_key(text: str) -> bool:
    try:
        return isinstance(load_pem_private_key(text.encode(), None), RSAPrivateKey)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False
