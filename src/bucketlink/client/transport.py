"""How GraphQL travels to the application: the protocol, and HTTP."""

import contextlib
import ssl
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx2

from bucketlink import __version__
from bucketlink.errors import InvalidInput, NotAuthenticated, ServerError

GRAPHQL_PATH = "/api/label/v2/graphql"
WAITS = (0.2, 0.5, 1.0, 2.0)
"""Seconds before each further attempt."""
PATIENCE = 180.0
"""Seconds after the first attempt in which further ones begin."""
_TRY_AGAIN = frozenset({429, 502, 503, 504})


class Transport(Protocol):
    """Carries one operation to the application and its answer back."""

    def execute(self, query: str, variables: dict[str, object], call_id: str) -> dict[str, object]:
        """Answer what GraphQL answers: ``data``, or ``errors``, or both.

        ``call_id`` is one for each call: an operation that arrives twice with the same one is done once.
        """
        ...

    def close(self) -> None:
        """Give back what is held. No operation follows."""
        ...


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
        raise InvalidInput(
            "The API endpoint must look like http://localhost:8000 or https://host/api/label/v2/graphql."
        )
    if parts.username is not None:
        raise InvalidInput("The API endpoint must not hold a user name or password; the API key goes in api_key.")
    if parts.path in {"", "/"}:
        parts = parts._replace(path=GRAPHQL_PATH)
    return parts.geturl()


class HttpTransport:
    """GraphQL over HTTP with an API key.

    Queries and mutations are sent again on a lost connection and on 429, 502, 503, 504: the server knows a
    call that comes twice by its id.
    """

    def __init__(
        self,
        endpoint: str,
        api_key: str,
        *,
        verify: bool | str = True,
        waits: Sequence[float] = WAITS,
    ) -> None:
        self.endpoint = endpoint_of(endpoint)
        self._waits = waits
        self._http = httpx2.Client(
            headers={
                "Authorization": f"X-API-Key: {_sendable(api_key)}",
                "User-Agent": f"bucketlink/{__version__}",
            },
            verify=_certificates(verify),
            timeout=httpx2.Timeout(120.0, connect=10.0),
        )

    def __repr__(self) -> str:
        return f"HttpTransport({self.endpoint!r})"

    def execute(self, query: str, variables: dict[str, object], call_id: str) -> dict[str, object]:
        """Post one operation.

        Raises:
            NotAuthenticated: the server refuses the API key.
            ServerError: no server, or one that does not speak this protocol.

        """
        body: dict[str, object] = {"query": query, "variables": variables}
        begun = time.monotonic()
        for wait in self._waits:
            try:
                response = self._post(body, call_id)
            except (httpx2.NetworkError, httpx2.TimeoutException, httpx2.RemoteProtocolError) as error:
                if _is_certificate_refusal(error) or time.monotonic() - begun > PATIENCE:
                    raise self._unreachable(error) from None
            else:
                if response.status_code not in _TRY_AGAIN:
                    return self._read(response)
                wait = max(wait, _asked_wait(response))  # noqa: PLW2901 - the server knows better
            time.sleep(wait)
        try:
            return self._read(self._post(body, call_id))
        except httpx2.HTTPError as error:
            raise self._unreachable(error) from None

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _post(self, body: dict[str, object], call_id: str) -> httpx2.Response:
        try:
            return self._http.post(self.endpoint, json=body, headers={"kili-client-call-uuid": call_id})
        except (httpx2.NetworkError, httpx2.TimeoutException, httpx2.RemoteProtocolError):
            raise
        except httpx2.HTTPError as error:
            raise self._unreachable(error) from None

    def _unreachable(self, error: Exception) -> ServerError:
        if isinstance(error, httpx2.TimeoutException):
            reason = "it gave no answer in time"
        elif _is_certificate_refusal(error):
            reason = "its TLS certificate is not trusted (verify= takes the path of a CA bundle)"
        else:
            reason = str(error).strip() or type(error).__name__
        return ServerError(f"No answer from {self.endpoint}: {reason}. Is the server running, and is this its address?")

    def _read(self, response: httpx2.Response) -> dict[str, object]:
        if response.status_code == 401:
            raise NotAuthenticated(
                f"The server at {self.endpoint} refuses the API key: it may be mistyped, expired or of another server."
            )
        answer: Any = None
        with contextlib.suppress(ValueError):
            answer = response.json()
        if isinstance(answer, dict) and ("data" in answer or "errors" in answer):
            return answer
        kind = response.headers.get("content-type", "nothing").partition(";")[0]
        raise ServerError(
            f"{self.endpoint} answered {response.status_code} with {kind}, "
            "which is not Bucketlink's API; check the address."
        )


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


def _is_certificate_refusal(error: Exception) -> bool:
    return "CERTIFICATE_VERIFY_FAILED" in str(error)


def _asked_wait(response: httpx2.Response) -> float:
    asked = response.headers.get("retry-after", "")
    return min(float(asked), 30.0) if asked.isdecimal() else 0.0
