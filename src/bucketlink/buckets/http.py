"""The one factory of outgoing requests: how long they may take, and when they are tried again.

Where they may go is `bucketlink.buckets.door`'s to say. Redirects are not followed and proxies of the environment are
not asked.
"""

import http.client
import logging
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import lru_cache

import urllib3
from urllib3 import exceptions as failures
from urllib3.connectionpool import HTTPConnectionPool

from bucketlink.buckets.door import CONNECT_SECONDS, Door, Pool, Resolve, SecurePool
from bucketlink.buckets.reach import Origin, Patience
from bucketlink.buckets.turns import Turns, has_come
from bucketlink.errors import BucketError, BucketMisbehaved, BucketUnavailable, BucketUnreachable, InvalidInput

READ_SECONDS = 60.0
ANSWER_SECONDS = 300.0
"""The longest that one answer may take to arrive, however steadily it trickles."""
RETRIED = frozenset({429, 500, 502, 503, 504})
FIRST_CONTACT_ATTEMPTS = 3
"""Attempts to connect to what has never answered: it is more likely mistyped than busy."""
PACE_SECONDS = 60.0
PACE_BYTES = 60 << 10
"""What has to come of an object while it was waited for so long, over and over: 1 KiB a second."""
CHUNK_BYTES = 1 << 18
POOL_SIZE = 64
CLOCK_SECONDS = 300.0
"""How far two clocks may be apart; signed requests of every platform hold for a quarter of an hour or less."""

# What is asked for may hold a token, and is written whole: at level DEBUG, and with what a server says wrong.
for _name, _level in (
    ("urllib3.connectionpool", logging.INFO),
    ("urllib3.util.retry", logging.INFO),
    ("urllib3.connection", logging.ERROR),
):
    logging.getLogger(_name).setLevel(_level)


@dataclass(frozen=True, slots=True)
class Request:
    """A request. The target is sent exactly as it stands, so it must be percent-encoded already."""

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers (looked up in either case of letters) and the whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_clock_wrong(self) -> bool:
        """Whether the answer's date is far from this machine's, which makes what is signed here worth nothing."""
        try:
            sent = parsedate_to_datetime(self.headers.get("date", "")).timestamp()
        except ValueError:
            return False
        return abs(sent - time.time()) > CLOCK_SECONDS


@dataclass(frozen=True, slots=True)
class Streamed:
    """Status and headers, and the body in parts, as it comes. To be closed, or read to its end."""

    status: int
    headers: Mapping[str, str]
    parts: Iterator[bytes]
    close: Callable[[], None]


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
        ca_certificates: certificates in PEM by which servers are verified, instead of this machine's.
        field: what of an integration the address comes from, by its name on the wire; None if it is always the same.

    Raises:
        InvalidInput: the certificates are none.

    """

    def __init__(
        self,
        *,
        allow_private: bool,
        patience: Patience | None = None,
        resolve: Resolve = socket.getaddrinfo,
        ca_certificates: str | None = None,
        field: str | None = None,
    ) -> None:
        self._certificates = ca_certificates
        if ca_certificates is not None:
            _tls(ca_certificates)
        self._field = field
        self._door = Door(resolve, allow_private=allow_private)
        self._patience = patience or Patience()
        self._pools: dict[Origin, HTTPConnectionPool] = {}
        self._lock = threading.Lock()
        self._answered: set[Origin] = set()
        self._turns = Turns()
        self._usual_bytes = 0

    def in_turn(self) -> AbstractContextManager[None]:
        """Work, in this block, on large answers one thread at a time, from when they have come until it ends."""
        return self._turns.offered()

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
            self._turns.give_back()
            delay = patience.delay(attempt)
            if attempt >= attempts or patience.clock() - started + delay > patience.seconds:
                raise outcome
            patience.sleep(delay)

    def stream(self, origin: Origin, request: Request) -> Streamed:
        """Send a request once, and hand its answer on as it comes.

        Raises as `send`; once the parts are read, what goes wrong with them is raised there.
        """
        try:
            response = self._open(origin, request)
        except _Failure as failure:
            raise failure.outcome from failure
        if response.status in RETRIED:
            response.close()
            raise _unavailable(origin, response.status)
        parts = _parts(response, origin, self._field, self._patience.clock)
        return Streamed(response.status, response.headers, parts, response.close)

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            pools, self._pools = list(self._pools.values()), {}
        for pool in pools:
            pool.close()

    def _send_once(self, origin: Origin, request: Request, limit: int) -> Answer:
        self._turns.give_back()  # what comes now is waited for
        response = self._open(origin, request)
        try:
            if self._turns.is_offered and self._has_come(response):
                self._turns.take()
            body = _read(response, origin, limit)
            self._turns.take()
        except failures.HTTPError as error:
            response.close()
            raise _explained(origin, error, self._field) from error
        except BaseException:
            response.close()
            raise
        response.release_conn()
        self._usual_bytes = len(body)
        return Answer(response.status, response.headers, body)

    def _has_come(self, response: urllib3.BaseHTTPResponse) -> bool:
        """Wait for a body; whether it is there. One that comes in chunks is taken to be like the last, more or less."""
        connection = getattr(response.connection, "sock", None)
        length = response.headers.get("content-length", "")
        size = int(length) if length.isdecimal() else self._usual_bytes * 3 // 4
        return connection is not None and has_come(connection, size)

    def _open(self, origin: Origin, request: Request) -> urllib3.BaseHTTPResponse:
        try:
            return self._pool(origin).urlopen(
                request.method,
                request.target,
                body=request.body,
                headers=request.headers,
                retries=False,
                redirect=False,
                assert_same_host=False,
                preload_content=False,
                decode_content=False,
                timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
            )
        except failures.HTTPError as error:
            raise _explained(origin, error, self._field) from error

    def _pool(self, origin: Origin) -> HTTPConnectionPool:
        with self._lock:
            pool = self._pools.get(origin)
            if pool is None:
                pool = self._pools[origin] = self._new_pool(origin)
            return pool

    def _new_pool(self, origin: Origin) -> HTTPConnectionPool:
        if origin.scheme == "http":
            return Pool(origin.host, origin.port, maxsize=POOL_SIZE, door=self._door)
        return SecurePool(
            origin.host, origin.port, maxsize=POOL_SIZE, ssl_context=_tls(self._certificates), door=self._door
        )


def _tls(certificates: str | None) -> ssl.SSLContext:
    """By which certificates servers are verified. Reading this machine's takes time, so that is done once."""
    return _context(certificates, *(os.environ.get(name) for name in ("SSL_CERT_FILE", "SSL_CERT_DIR")))


@lru_cache(maxsize=64)
def _context(certificates: str | None, *_places: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cadata=certificates)
    except (ssl.SSLError, ValueError):
        raise InvalidInput(
            "s3CaCertificates holds no certificates: give them in PEM, from -----BEGIN CERTIFICATE----- on."
        ) from None


def _parts(
    response: urllib3.BaseHTTPResponse, origin: Origin, field: str | None, clock: Callable[[], float]
) -> Iterator[bytes]:
    """The body as it comes. What a bucket is waited for is counted, not what whoever takes the parts needs for them."""
    waited, came = 0.0, 0
    try:
        while True:
            asked_at = clock()
            part = response.read1(CHUNK_BYTES, decode_content=False)
            if not part:
                return
            waited, came = waited + clock() - asked_at, came + len(part)
            if waited > PACE_SECONDS:
                if came < PACE_BYTES:
                    raise BucketUnreachable(f"{origin} gives an object too slowly; try again later.")
                waited, came = 0.0, 0
            yield part
    except failures.HTTPError as error:
        explained = _explained(origin, error, field)
        raise explained.outcome if isinstance(explained, _Failure) else explained from error
    finally:
        response.close()


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


_AUTHORITY = ", or the certificates of the authority that made it (s3CaCertificates)"
_FAILURES: tuple[tuple[tuple[type[Exception], ...], type[BucketError], str, bool], ...] = (
    (
        (failures.NameResolutionError,),
        BucketUnreachable,
        "The host {origin.host} is not known; check {spelling}.",
        False,
    ),
    (
        (failures.ConnectTimeoutError, failures.NewConnectionError),
        BucketUnreachable,
        "No connection to {origin}; check {field}, and that it is up.",
        False,
    ),
    (
        (failures.SSLError,),
        BucketUnreachable,
        "No secure connection to {origin}; does it speak TLS? Check {field}.",
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


def _explained(origin: Origin, error: failures.HTTPError, field: str | None) -> Exception:
    """What a failed attempt means: a `_Failure` if it may be tried again, else the error to raise."""
    named = field or "that this machine is connected"
    spelling = f"the spelling of {field}" if field else "that this machine can look up names"
    reason = error.args[-1] if error.args else None
    if isinstance(error, failures.SSLError) and isinstance(reason, ssl.CertificateError):
        return BucketUnreachable(
            f"The certificate of {origin} cannot be verified: {reason.verify_message}. Mend the certificate, or give "
            f"the host name that it is made for{_AUTHORITY if field == 's3Endpoint' else ''}."
        )
    for kinds, outcome, sentence, connected in _FAILURES:
        if isinstance(error, kinds) or isinstance(reason, kinds):
            return _Failure(
                outcome(sentence.format(origin=origin, field=named, spelling=spelling)), connected=connected
            )
    if isinstance(reason, http.client.HTTPException) and not isinstance(reason, ConnectionError):
        return BucketMisbehaved(f"What answers at {origin} does not speak HTTP; check {named}.")
    return _Failure(BucketUnreachable(f"The connection to {origin} was lost; try again later."), connected=True)
