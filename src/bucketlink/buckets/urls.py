"""URLs of servers, as users give them: what can be meant is let through, and nothing else."""

import re
from urllib.parse import SplitResult, urlsplit

from bucketlink.buckets.reach import Origin
from bucketlink.errors import InvalidInput

HOST = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_][A-Za-z0-9_-]*)*\.?")
IPV6 = re.compile(r"[0-9A-Fa-f:.]+")
PATH = re.compile(r"(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~-]+)*/?")


def parsed(url: str, field: str, example: str) -> tuple[Origin, SplitResult]:
    """Origin and parts of a URL, of which path and query are the caller's to check.

    Args:
        url: as it was given.
        field: what it was given as, in the sentence of an error.
        example: one that could be meant.

    Raises:
        InvalidInput: it is not a URL of a server; what was given is not quoted, since it may hold secrets.

    """
    wrong = f"{field} must be a URL such as {example}"
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise InvalidInput(f"{wrong}, of plain ASCII characters.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise InvalidInput(f"{wrong}.") from None
    scheme, host = parts.scheme.lower(), (parts.hostname or "").lower()
    if scheme not in {"http", "https"}:
        raise InvalidInput(f"{wrong}; it must start with https:// or http://.")
    if "@" in parts.netloc or "#" in url:
        raise InvalidInput(f"{wrong}, without user name or fragment ('@' or '#').")
    if not (IPV6 if parts.netloc.startswith("[") else HOST).fullmatch(host) or port == 0:
        raise InvalidInput(f"{wrong}; its host cannot be one.")
    return Origin(scheme, host, port or {"http": 80, "https": 443}[scheme]), parts


def split(url: str, field: str, example: str) -> tuple[Origin, str]:
    """Origin and path of a URL that has no query, and a path of plain names alone; arguments and errors as `parsed`."""
    origin, parts = parsed(url, field, example)
    if "?" in url:
        raise InvalidInput(f"{field} must be a URL such as {example}, without a query ('?').")
    if not PATH.fullmatch(parts.path):
        raise InvalidInput(f"{field} must be a URL such as {example}; its path may hold plain names only.")
    return origin, parts.path
