"""What can go wrong between a client and its server: whether it may pass, and our own error for it."""

import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx2

from bucketlink.errors import NotAuthenticated, ServerError, ServerUnreachable
from bucketlink.text import shown

LONGEST_ASKED_WAIT = 30.0
"""Seconds that a server may have us wait."""
_TRY_AGAIN = frozenset({429, 502, 503, 504})
_LOST = (httpx2.NetworkError, httpx2.TimeoutException, httpx2.RemoteProtocolError)
_SENTENCES = {
    403: "refuses the request (403), as a proxy or a firewall before a server may do; check the address.",
    407: "is behind a proxy that asks for a name and a password (407): HTTPS_PROXY or HTTP_PROXY takes them.",
    413: "does not take a request as large as this one (413); a proxy before the server may have a bound of its own.",
    429: "asks to be called less often (429): try again in a while.",
}
"""What an answer means that is not of Bucketlink's API, by its status."""
_PROXY = (
    "the proxy that HTTPS_PROXY, HTTP_PROXY or ALL_PROXY names cannot be connected to; NO_PROXY names hosts without."
)
_QUESTION = "Is the server running, and is this its address?"
_REASONS: tuple[tuple[type[BaseException], str], ...] = (
    (httpx2.ProxyError, "the proxy that HTTPS_PROXY or HTTP_PROXY names refuses ({error})."),
    (ssl.SSLCertVerificationError, "its TLS certificate is not trusted (verify= takes the path of a CA bundle)."),
    (ssl.SSLEOFError, f"the connection was lost. {_QUESTION}"),
    (ssl.SSLError, "it does not speak TLS; does its address begin with http://, not https://?"),
    (socket.gaierror, "the host {host} is not known; check its spelling, and this machine's network."),
    (ConnectionRefusedError, f"nobody listens there. {_QUESTION}"),
    (httpx2.ConnectTimeout, f"no connection in time. {_QUESTION}"),
    (httpx2.TimeoutException, "none in time; it may be at work still. Try again later."),
    (httpx2.DecodingError, "what came cannot be unpacked, so it is not Bucketlink's API; check the address."),
    (httpx2.TransportError, f"the connection was lost. {_QUESTION}"),
)
"""Why there was no answer, by what is among the causes; the first that fits counts."""

Outcome = httpx2.Response | httpx2.HTTPError
"""How one attempt ended."""


def may_pass(outcome: Outcome) -> bool:
    """Whether the same request may end otherwise in a moment."""
    if isinstance(outcome, httpx2.Response):
        return outcome.status_code in _TRY_AGAIN
    return isinstance(outcome, _LOST) and not any(_is_of_tls(cause) for cause in _causes(outcome))


def is_nobody_there(outcome: Outcome) -> bool:
    """Whether no connection came about at all: no such host, nobody who listens, or nobody who answers."""
    return isinstance(outcome, httpx2.ConnectError | httpx2.ConnectTimeout)


def asked_wait(outcome: Outcome) -> float:
    """How many seconds the server asks to wait, by a number or a date, and at most as long as anybody would."""
    asked = outcome.headers.get("retry-after", "") if isinstance(outcome, httpx2.Response) else ""
    try:
        seconds = float(asked) if asked.isdecimal() else _seconds_until(asked)
    except (ValueError, TypeError):
        return 0.0
    return min(max(seconds, 0.0), LONGEST_ASKED_WAIT)


def refused(endpoint: str, response: httpx2.Response) -> ServerError | NotAuthenticated:
    """Say what an answer means that is not of Bucketlink's API."""
    status = response.status_code
    if status == 401:
        return NotAuthenticated(
            f"The server at {endpoint} refuses the API key: it may be mistyped, expired or of another server."
        )
    kind = shown(response.headers.get("content-type", "nothing").partition(";")[0])
    sentence = _SENTENCES.get(status)
    if sentence is None and status >= 500:
        sentence = f"answered {status} with {kind}: the server, or what stands before it, is not ready. Try later."
    elif sentence is None and response.has_redirect_location:
        sentence = f"answered {status}, which redirects to another address, so it is not Bucketlink's API; check it."
    elif sentence is None:
        sentence = f"answered {status} with {kind}, which is not Bucketlink's API; check the address."
    return ServerError(f"{endpoint} {sentence}", status=status)


def unreachable(endpoint: str, error: httpx2.HTTPError) -> ServerUnreachable:
    """Say why there is no answer."""
    reason = _PROXY if is_nobody_there(error) and _is_by_proxy(endpoint) else _reason(endpoint, error)
    return ServerUnreachable(f"No answer from {endpoint}: {reason}")


def _reason(endpoint: str, error: httpx2.HTTPError) -> str:
    causes = list(_causes(error))
    for kind, sentence in _REASONS:
        if any(isinstance(cause, kind) for cause in causes):
            return sentence.format(host=urlsplit(endpoint).hostname, error=shown(str(error)))
    return f"{shown(str(error)) or type(error).__name__}. {_QUESTION}"


def _is_by_proxy(endpoint: str) -> bool:
    """Whether the environment has requests to this address go through a proxy."""
    parts, proxies = urlsplit(endpoint), getproxies()
    return bool(proxies.keys() & {parts.scheme, "all"}) and not proxy_bypass(parts.netloc)


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def _is_of_tls(cause: BaseException) -> bool:
    """Whether this says that both sides do not agree about TLS; that a connection ended is no such thing."""
    return isinstance(cause, ssl.SSLError) and not isinstance(cause, ssl.SSLEOFError | ssl.SSLZeroReturnError)


def _seconds_until(date: str) -> float:
    moment = parsedate_to_datetime(date)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - datetime.now(UTC).timestamp()
