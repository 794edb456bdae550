"""A server that commands and scripts are to speak to: whether it is a Bucketlink, and takes the key."""

import re
from collections.abc import Iterator

import httpx2

from bucketlink import __version__
from bucketlink.client.client import Client
from bucketlink.client.graphql.transport import endpoint_of, read_page
from bucketlink.doctor.buckets import clock, skew
from bucketlink.doctor.findings import Finding, ok, skipped, warning, wrong
from bucketlink.errors import BucketlinkError, InvalidInput, NotAuthenticated, ServerUnreachable

_MAKE = "On the server's machine, this makes one: bucketlink keys create --email you@example.com"
VERSION = re.compile(r"(\d+\.\d+\S*)-[0-9a-f]{12}")
"""What a Bucketlink calls itself: its release, and a digest of its schema."""


def server(endpoint: str, api_key: str | None) -> Iterator[Finding]:
    """Ask a server for its version and the time, and whether it takes the key."""
    address = endpoint_of(endpoint)
    try:
        answer = read_page(address.removesuffix("graphql") + "version", address)
    except ServerUnreachable as error:
        yield _unreachable(address, error)
        return
    except InvalidInput as error:
        yield wrong("server", str(error), "Correct it, or leave it out.")
        return
    release = _release(answer)
    if release is None:
        yield wrong(
            "server",
            f"What answers at {address} does not call itself a Bucketlink.",
            "Check --endpoint or BUCKETLINK_API_ENDPOINT.",
        )
    elif release != __version__:
        yield warning(
            "server",
            f"{address} is Bucketlink {release}, and this is {__version__}.",
            f"Use the same release on both: install {release} here, or {__version__} there.",
        )
    else:
        yield ok("server", f"{address} is Bucketlink {release}.")
    yield _key(address, api_key)
    ahead = skew(answer.headers.get("date"))
    yield skipped("clock", f"{address} does not tell the time.") if ahead is None else clock("the server's", ahead)


def _release(answer: httpx2.Response) -> str | None:
    try:
        said = answer.json()
    except ValueError:
        return None
    found = VERSION.fullmatch(str(said.get("version"))) if isinstance(said, dict) else None
    return None if found is None else found[1]


def _unreachable(address: str, error: ServerUnreachable) -> Finding:
    if "CERTIFICATE_VERIFY_FAILED" in str(error.__cause__):
        return wrong(
            "server",
            f"The TLS certificate of {address} is not trusted here.",
            "Mend the certificate, or name the file of its authority in SSL_CERT_FILE.",
        )
    return wrong("server", str(error), "")


def _key(address: str, api_key: str | None) -> Finding:
    if not api_key:
        return wrong("API key", "None is given.", f"Set BUCKETLINK_API_KEY to one. {_MAKE}")
    try:
        Client(api_key, address).close()
    except NotAuthenticated as error:
        return wrong("API key", str(error), _MAKE)
    except BucketlinkError as error:
        return wrong("API key", str(error), "")
    return ok("API key", "The server takes it.")
