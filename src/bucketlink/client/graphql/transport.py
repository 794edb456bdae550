"""How GraphQL travels to a server: HTTP."""

import contextlib
import math
import os
import random
import ssl
import time
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import orjson

from bucketlink import __version__
from bucketlink.client.graphql.trouble import Outcome, asked_wait, is_nobody_there, may_pass, refused, unreachable
from bucketlink.errors import BucketlinkError, InvalidInput, NotAuthenticated, ServerError

GRAPHQL_PATH = "/api/label/v2/graphql"
WAITS = (0.2, 0.5, 1.0, 2.0)
"""Seconds before each further attempt, give or take a quarter, lest many clients come back as one."""
LONGER_WAITS = (4.0, 8.0, 15.0)
"""Further ones where the server has answered before: it may be starting anew."""
PATIENCE = 180.0
"""Seconds after the first attempt in which further ones begin."""
FIRST_PATIENCE = 0.5
"""As long where no connection came about to a server that has never answered: its address may be wrong."""
TIMEOUT = httpx2.Timeout(connect=10.0, read=120.0, write=120.0, pool=120.0)
OBJECT_TIMEOUT = httpx2.Timeout(10.0)
CLOSED = "This client is closed: open another one."
_ADDRESS = "The API endpoint must look like http://localhost:8000 or https://host/api/label/v2/graphql."


def endpoint_of(address: str) -> str:
    """Complete the address of a server: ``http://host:port`` gets the path of the API, any other path stays.

    Raises:
        InvalidInput: not an address of http or https, or one that holds a user name.

    """
    try:
        parts = urlsplit(address.strip())
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        port_is_fine = False
    if not port_is_fine or parts.scheme not in {"http", "https"} or not parts.hostname:
        raise InvalidInput(_ADDRESS)
    if parts.username is not None:
        raise InvalidInput("The API endpoint must not hold a user name or password; the API key goes in api_key.")
    if parts.path in {"", "/"}:
        parts = parts._replace(path=GRAPHQL_PATH)
    completed = parts.geturl()
    try:
        httpx2.URL(completed).raw_host.decode("ascii").encode("idna")
    except (httpx2.InvalidURL, UnicodeError):
        raise InvalidInput(_ADDRESS) from None
    return completed


def read_page(address: str, endpoint: str) -> httpx2.Response:
    """Read an address of a server once, without an API key, as clients would reach its endpoint.

    Raises:
        InvalidInput: proxies or certificates of the environment cannot be used.
        ServerUnreachable: there is no answer from the endpoint.

    """
    with _opened(verify=True, timeout=OBJECT_TIMEOUT) as http:
        try:
            return http.get(address)
        except httpx2.HTTPError as error:
            raise unreachable(endpoint, error) from error


class HttpTransport:
    """GraphQL over HTTP with an API key; safe between threads, and after a fork, whose child opens its own connections.

    Queries and mutations are sent again on a lost connection and on 429, 502, 503, 504: the server knows a
    call that comes twice by its id. A server that has answered is waited for as long as a restart takes; one that
    cannot be connected to at first, for hardly any time.
    """

    def __init__(
        self,
        endpoint: str,
        api_key: str,
        *,
        verify: bool | str = True,
        waits: Sequence[float] = WAITS,
        longer_waits: Sequence[float] = LONGER_WAITS,
    ) -> None:
        self.endpoint = endpoint_of(endpoint)
        self._waits = waits
        self._longer_waits = longer_waits
        self._has_answered = False
        self._closed = False
        self._headers = {
            "Authorization": f"X-API-Key: {_sendable(api_key)}",
            "User-Agent": f"bucketlink/{__version__}",
            "Content-Type": "application/json",
        }
        self._verify = _certificates(verify)
        self._open()

    def __repr__(self) -> str:
        return f"HttpTransport({self.endpoint!r})"

    def execute(self, query: str, variables: dict[str, object], call_id: str) -> dict[str, object]:
        """Post one operation.

        Raises:
            InvalidInput: the variables hold what JSON cannot; or this is closed.
            NotAuthenticated: the server refuses the API key.
            ServerError: no server, or one that does not speak this protocol.

        """
        try:
            body = orjson.dumps({"query": query, "variables": variables})
        except orjson.JSONEncodeError:
            raise InvalidInput("A value is not Unicode text, or no JSON at all.") from None
        begun = time.monotonic()
        pauses = iter((*self._waits, *(self._longer_waits if self._has_answered else ())))
        while True:
            outcome = self._post(body, call_id)
            jitter = random.uniform(0.75, 1.25)  # noqa: S311 - no secret
            pause = max(next(pauses, math.inf) * jitter, asked_wait(outcome))
            patience = PATIENCE if self._has_answered or not is_nobody_there(outcome) else FIRST_PATIENCE
            if not may_pass(outcome) or time.monotonic() - begun + pause > patience:
                return self._answer(outcome)
            time.sleep(pause)

    def read_object(self, project_id: str, asset_id: str, url: str | None, most: int) -> bytes:  # noqa: ARG002
        """Read an object by its URL, which need not be the server's own, and so is never shown the API key.

        Raises:
            InvalidInput: there is no URL, or none that can be one.
            ServerError: there is no such answer; the sentence does not hold the URL, which lets anybody read.

        """
        if url is None:
            raise InvalidInput("The server knows no URL of this object.")
        ours, theirs = urlsplit(self.endpoint), urlsplit(url)
        origin = f"{theirs.scheme}://{theirs.netloc.rpartition('@')[2]}"
        verify = self._verify if (ours.scheme, ours.netloc) == (theirs.scheme, theirs.netloc) else True
        content = bytearray()
        failure: BucketlinkError | None = None
        try:
            with _opened(verify, OBJECT_TIMEOUT) as http, http.stream("GET", url) as response:
                if not response.is_success:
                    raise ServerError(f"{origin} answered {response.status_code}.", status=response.status_code)
                for chunk in response.iter_bytes():
                    content += chunk
                    if len(content) >= most:
                        break
        except httpx2.InvalidURL:
            failure = InvalidInput("The server's URL of this object is none.")
        except httpx2.HTTPError as error:
            failure = unreachable(origin, error)
        if failure is not None:
            raise failure  # out here, where it does not drag the URL along as its context
        return bytes(content[:most])

    def close(self) -> None:
        """Close the connections."""
        self._closed = True
        self._close_connections()

    def _open(self) -> None:
        self._process = os.getpid()
        self._http = _opened(self._verify, TIMEOUT, self._headers)
        # Who forgets to close, or is interrupted before, leaves no connection open; a child, not its parent's.
        self._close_connections = weakref.finalize(self, _close, self._http, self._process)

    def _post(self, body: bytes, call_id: str) -> Outcome:
        if self._process != os.getpid() and not self._closed:
            self._close_connections.detach()
            self._open()
        if self._closed:
            raise InvalidInput(CLOSED)
        try:
            return self._http.post(self.endpoint, content=body, headers={"kili-client-call-uuid": call_id})
        except httpx2.HTTPError as error:
            return error
        except RuntimeError:
            if self._closed:  # meanwhile, by another thread
                raise InvalidInput(CLOSED) from None
            raise

    def _answer(self, outcome: Outcome) -> dict[str, object]:
        """Take what GraphQL answered out of an outcome, or raise the error that it is."""
        if isinstance(outcome, httpx2.HTTPError):
            raise unreachable(self.endpoint, outcome)
        answer: Any = None
        with contextlib.suppress(ValueError):
            answer = orjson.loads(outcome.content)
        if outcome.status_code != 401 and isinstance(answer, dict) and ("data" in answer or "errors" in answer):
            self._has_answered = True
            return answer
        raise refused(self.endpoint, outcome)


def _opened(
    verify: ssl.SSLContext | bool, timeout: httpx2.Timeout, headers: dict[str, str] | None = None
) -> httpx2.Client:
    try:
        return httpx2.Client(headers=headers, verify=verify, timeout=timeout)
    except OSError:
        raise InvalidInput("SSL_CERT_FILE or SSL_CERT_DIR of the environment names no CA certificates.") from None
    except (ValueError, ImportError, httpx2.InvalidURL):
        raise InvalidInput(
            "HTTPS_PROXY, HTTP_PROXY or ALL_PROXY of the environment names a proxy that cannot be used: it must look "
            "like http://host:port."
        ) from None


def _close(http: httpx2.Client, process: int) -> None:
    if os.getpid() == process:
        http.close()


def _sendable(api_key: str) -> str:
    key = api_key.strip()
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise NotAuthenticated("This API key is empty or holds characters that no key has; copy it again, whole.")
    return key


def _certificates(verify: bool | str) -> ssl.SSLContext | bool:
    if isinstance(verify, bool):
        return verify
    bundle = Path(verify)
    if not bundle.exists():
        raise InvalidInput(f"verify names a CA bundle that does not exist: {verify}")
    try:
        return ssl.create_default_context(
            cafile=None if bundle.is_dir() else verify, capath=verify if bundle.is_dir() else None
        )
    except ssl.SSLError:
        raise InvalidInput(f"verify names a file that holds no CA certificates: {verify}") from None
