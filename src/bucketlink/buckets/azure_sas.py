"""What a SAS token says of itself, looked at when the service has refused it, to say why."""

import re
import time
from datetime import UTC, datetime
from urllib.parse import parse_qs

from bucketlink.buckets.azure_address import AzurePlace
from bucketlink.errors import InvalidInput

_TOKEN = re.compile(r"[A-Za-z0-9%&=._~:/+*!'()\-,;@$]+")


def plain(token: str) -> str:
    """A token as it is appended to a query: without ``?`` before it, its percent-encoding as given.

    Raises:
        InvalidInput: it is none.

    """
    token = token.strip().removeprefix("?").strip("&")
    if not _TOKEN.fullmatch(token) or "sig" not in _fields(token):
        raise InvalidInput("azureSASToken must be the token alone, from sv= to sig=, as Azure shows it; no URL.")
    return token


def fault(token: str, at: AzurePlace) -> str | None:
    """Why a token cannot open a listing, in words that end a sentence; None if it says nothing that speaks against."""
    fields = _fields(token)
    now = time.time()
    expires, starts = _seconds(fields.get("se")), _seconds(fields.get("st"))
    if expires is not None and expires <= now:
        day = datetime.fromtimestamp(expires, UTC).strftime("%Y-%m-%d")
        return f"azureSASToken has expired on {day}; give a new one."
    if starts is not None and starts > now:
        day = datetime.fromtimestamp(starts, UTC).strftime("%Y-%m-%d %H:%M UTC")
        return f"azureSASToken is not valid before {day}; wait, or give one that is."
    if at.origin.scheme == "http" and fields.get("spr") == "https":
        return "azureSASToken is for https alone; give the storage account's URL with https://."
    return _narrow(fields)


def _narrow(fields: dict[str, str]) -> str | None:
    if fields.get("sr", "") in {"b", "bs", "bv"}:
        return (
            "azureSASToken is for one blob only; make one for the container, with the permissions read and list (rl)."
        )
    if "b" not in fields.get("ss", "b"):
        return "azureSASToken is for other services; make one for Blob, with the permissions read and list (rl)."
    if "c" not in fields.get("srt", "c"):
        return (
            "azureSASToken does not hold for containers; allow the resource types Container and Object, and the "
            "permissions read and list (rl)."
        )
    if "l" not in fields.get("sp", "l"):
        return "azureSASToken does not permit listing; make one with the permissions read and list (rl)."
    return None


def _fields(token: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(token).items()}


def _seconds(text: str | None) -> float | None:
    """A moment in seconds since 1970; None where the token holds none, or in a form that is not known."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
