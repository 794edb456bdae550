"""The one factory of outgoing requests: where they may go, how long they may take, and when they are tried again.

An address of a bucket comes from users, so it is a way into the server's own network. `Http` looks the host up
itself, looks at every address found, and connects to one of those it has looked at: what a name resolves to later
does not matter. Redirects are not followed and proxies of the environment are not asked.
"""

import http.client
import ipaddress
import random
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import urllib3
from urllib3 import exceptions as failures
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from bucketlink.errors import (
    BucketError,
    BucketMisbehaved,
    BucketRefused,
    BucketUnavailable,
    BucketUnreachable,
)

SETTING = "BUCKETLINK_ALLOW_PRIVATE_ENDPOINTS"
CONNECT_SECONDS = 10.0
READ_SECONDS = 60.0
ANSWER_SECONDS = 300.0
"""The longest that one answer may take to arrive, however steadily it trickles."""
RETRIED = frozenset({429, 500, 502, 503, 504})
FIRST_CONTACT_ATTEMPTS = 3
"""Attempts to connect to what has never answered: it is more likely mistyped than busy."""
NAT64 = ipaddress.ip_network("64:ff9b::/96")
CHUNK_BYTES = 1 << 18
POOL_SIZE = 32

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


class Resolve(Protocol):
    """Looks a host up; the shape of `socket.getaddrinfo`."""

    def __call__(self, host: str, port: int, *, type: socket.SocketKind) -> list[Any]:  # noqa: A002
        """Family, kind, protocol, canonical name and address of each place where the host may be."""
        ...


@dataclass(frozen=True, slots=True)
class Patience:
    """How often, and how long, a request is tried again: exponential backoff with full jitter, within a budget."""

    attempts: int = 8
    seconds: float = 120.0
    first_delay: float = 0.25
    longest_delay: float = 20.0
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    jitter: Callable[[float, float], float] = random.uniform

    def delay(self, attempt: int) -> float:
        """Seconds to wait after the given attempt (the first is 1)."""
        return self.jitter(0.0, min(self.longest_delay, self.first_delay * 2.0 ** (attempt - 1)))


@dataclass(frozen=True, slots=True)
class Origin:
    """Where requests go: ``http`` or ``https``, a host without brackets, a port."""

    scheme: str
    host: str
    port: int

    @property
    def authority(self) -> str:
        """Host and port as in a URL; the scheme's own port is left out."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == {"http": 80, "https": 443}[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}"


@dataclass(frozen=True, slots=True)
class Request:
    """A request without body. The target is sent exactly as it stands, so it must be percent-encoded already."""

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers (looked up in either case of letters) and the whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet, whatever form it hides in."""
    ip: IPAddress = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF) if ip in NAT64 else ip.ipv4_mapped or ip.sixtofour
        ip = inner or ip
    if isinstance(ip, ipaddress.IPv6Address) and ip.is_site_local:
        return False
    refused = (
        ip.is_loopback,
        ip.is_link_local,
        ip.is_private,
        ip.is_reserved,
        ip.is_multicast,
        ip.is_unspecified,
        not ip.is_global,
    )
    return not any(refused)


class _Door:
    """Connects to addresses that were looked at, and to no others."""

    def __init__(self, resolve: Resolve, *, allow_private: bool) -> None:
        self._resolve = resolve
        self._allow_private = allow_private

    def connect(self, connection: HTTPConnection) -> socket.socket:
        host, port = connection.host, connection.port
        try:
            found = self._resolve(host, port, type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            raise failures.NameResolutionError(host, connection, error) from error
        except UnicodeError as error:
            raise failures.NewConnectionError(connection, "not a host name") from error
        allowed = [entry for entry in found if self._allow_private or is_public(entry[4][0])]
        if not allowed:
            raise BucketRefused(
                f"{host} is at a private address of this server's network, where buckets are not read. "
                f"If it should be, its operator sets {SETTING}=true."
            )
        lost: failures.HTTPError = failures.NewConnectionError(connection, "no address")
        for family, kind, protocol, _, address in allowed:
            try:
                return _connected(connection, socket.socket(family, kind, protocol), address)
            except TimeoutError:
                lost = failures.ConnectTimeoutError(connection, "no connection in time")
            except OSError:
                lost = failures.NewConnectionError(connection, "no connection")
        raise lost


def _connected(connection: HTTPConnection, sock: socket.socket, address: tuple[str | int, ...]) -> socket.socket:
    try:
        for option in connection.socket_options or ():
            sock.setsockopt(*option)
        sock.settimeout(CONNECT_SECONDS)
        sock.connect(address)
    except BaseException:
        sock.close()
        raise
    return sock


class _Connection(HTTPConnection):
    def __init__(self, *args: Any, door: _Door, **options: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **options)
        self._door = door

    def _new_conn(self) -> socket.socket:
        return self._door.connect(self)


class _SecureConnection(HTTPSConnection):
    def __init__(self, *args: Any, door: _Door, **options: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **options)
        self._door = door

    def _new_conn(self) -> socket.socket:
        return self._door.connect(self)


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class _Failure(Exception):
    """One attempt came to nothing, and another may fare better; ``outcome`` is what to raise if none does."""

    def __init__(self, outcome: BucketError, *, connected: bool) -> None:
        super().__init__(str(outcome))
        self.outcome = outcome
        self.connected = connected


class Http:
    """Sends requests and keeps connections alive. Safe to share between threads.

    Args:
        allow_private: whether addresses of the server's own network may be connected to.
        patience: when to give up trying again.
        resolve: how to look a host up.

    """

    def __init__(
        self,
        *,
        allow_private: bool,
        patience: Patience | None = None,
        resolve: Resolve = socket.getaddrinfo,
    ) -> None:
        self._door = _Door(resolve, allow_private=allow_private)
        self._patience = patience or Patience()
        self._pools: dict[Origin, HTTPConnectionPool] = {}
        self._lock = threading.Lock()
        self._answered: set[Origin] = set()

    def send(self, origin: Origin, build: Callable[[], Request], *, limit: int) -> Answer:
        """Send what ``build`` makes, which is asked anew for each attempt, and read at most ``limit`` bytes.

        Raises:
            BucketRefused: the host has no address that may be connected to.
            BucketUnreachable: no connection, or no answer in time, until patience ran out.
            BucketUnavailable: answers of `RETRIED` kinds, until patience ran out.
            BucketMisbehaved: not HTTP, too long, or cut short until patience ran out.

        """
        patience = self._patience
        started = patience.clock()
        attempt = 0
        while True:
            attempt += 1
            try:
                answer = self._send_once(origin, build(), limit)
                self._answered.add(origin)
                if answer.status not in RETRIED:
                    return answer
                outcome: BucketError = _unavailable(origin, answer.status)
                attempts = patience.attempts
            except _Failure as failure:
                outcome = failure.outcome
                known = failure.connected or origin in self._answered
                attempts = patience.attempts if known else min(patience.attempts, FIRST_CONTACT_ATTEMPTS)
            delay = patience.delay(attempt)
            if attempt >= attempts or patience.clock() - started + delay > patience.seconds:
                raise outcome
            patience.sleep(delay)

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            pools, self._pools = list(self._pools.values()), {}
        for pool in pools:
            pool.close()

    def _send_once(self, origin: Origin, request: Request, limit: int) -> Answer:
        try:
            response = self._pool(origin).urlopen(
                request.method,
                request.target,
                headers=request.headers,
                retries=False,
                redirect=False,
                assert_same_host=False,
                preload_content=False,
                decode_content=False,
                timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
            )
            try:
                body = _read(response, origin, limit)
            except BaseException:
                response.close()
                raise
            response.release_conn()
        except failures.HTTPError as error:
            raise _explained(origin, error) from error
        return Answer(response.status, response.headers, body)

    def _pool(self, origin: Origin) -> HTTPConnectionPool:
        with self._lock:
            pool = self._pools.get(origin)
            if pool is None:
                pool = self._pools[origin] = self._new_pool(origin)
            return pool

    def _new_pool(self, origin: Origin) -> HTTPConnectionPool:
        if origin.scheme == "http":
            return _Pool(origin.host, origin.port, maxsize=POOL_SIZE, door=self._door)
        context = ssl.create_default_context()
        return _SecurePool(origin.host, origin.port, maxsize=POOL_SIZE, ssl_context=context, door=self._door)


def _read(response: urllib3.BaseHTTPResponse, origin: Origin, limit: int) -> bytes:
    deadline = time.monotonic() + ANSWER_SECONDS
    chunks: list[bytes] = []
    length = 0
    while chunk := response.read1(CHUNK_BYTES, decode_content=False):
        chunks.append(chunk)
        length += len(chunk)
        if length > limit:
            raise BucketMisbehaved(f"{origin} answered with more than a listing may hold; is it a bucket's address?")
        if time.monotonic() > deadline:
            raise BucketUnreachable(f"{origin} took too long to answer; try again later.")
    return b"".join(chunks)


def _unavailable(origin: Origin, status: int) -> BucketUnavailable:
    reason = {429: "asks to be asked less often", 503: "is overloaded or asks to be asked less often"}.get(
        status, "reports an error of its own"
    )
    return BucketUnavailable(f"{origin} {reason} (status {status}), again and again; try again later.")


_FAILURES: tuple[tuple[tuple[type[Exception], ...], type[BucketError], str, bool], ...] = (
    (
        (failures.NameResolutionError,),
        BucketUnreachable,
        "The host {origin.host} is not known; check the endpoint's spelling.",
        False,
    ),
    (
        (failures.ConnectTimeoutError, failures.NewConnectionError),
        BucketUnreachable,
        "No connection to {origin}; check the endpoint, and that it is up.",
        False,
    ),
    (
        (failures.SSLError,),
        BucketUnreachable,
        "No secure connection to {origin}; does it speak TLS?",
        False,
    ),
    (
        (failures.TimeoutError,),
        BucketUnreachable,
        "No answer from {origin} in time; try again later.",
        True,
    ),
    (
        (http.client.IncompleteRead,),
        BucketMisbehaved,
        "The answer of {origin} was cut short; try again later.",
        True,
    ),
)
"""For kinds of failures, the first that fits: what is raised in the end, and whether there was a connection."""


def _explained(origin: Origin, error: failures.HTTPError) -> Exception:
    """What a failed attempt means: a `_Failure` if it may be tried again, else the error to raise."""
    reason = error.args[-1] if error.args else None
    if isinstance(error, failures.SSLError) and isinstance(reason, ssl.CertificateError):
        return BucketUnreachable(
            f"The certificate of {origin} cannot be verified: {reason.verify_message}. Mend the certificate, or give "
            "the host name that it is made for."
        )
    for kinds, outcome, sentence, connected in _FAILURES:
        if isinstance(error, kinds) or isinstance(reason, kinds):
            return _Failure(outcome(sentence.format(origin=origin)), connected=connected)
    if isinstance(reason, http.client.HTTPException) and not isinstance(reason, ConnectionError):
        return BucketMisbehaved(f"What answers at {origin} does not speak HTTP; check the endpoint.")
    return _Failure(BucketUnreachable(f"The connection to {origin} was lost; try again later."), connected=True)
