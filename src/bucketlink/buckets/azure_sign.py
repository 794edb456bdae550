"""Azure's signatures: requests by Shared Key, and shared access signatures (SAS) that are made here.

What is signed is laid down in Microsoft's "Authorize with Shared Key", "Create a service SAS" and "Create a user
delegation SAS"; here it has the form of `VERSION`.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import formatdate
from urllib.parse import quote, unquote

from bucketlink.buckets.azure_address import AzurePlace
from bucketlink.errors import InvalidInput

VERSION = "2021-12-02"
"""Of the service that is asked for: the first in which names come encoded where XML cannot hold them is 2021-02-12."""

_HEADERS = (
    "content-encoding",
    "content-language",
    "content-length",
    "content-md5",
    "content-type",
    "date",
    "if-modified-since",
    "if-match",
    "if-none-match",
    "if-unmodified-since",
    "range",
)


@dataclass(frozen=True, slots=True)
class DelegationKey:
    """A key of an identity's own that signs SAS, as Get User Delegation Key answered; ``value`` is secret."""

    oid: str
    tid: str
    start: str
    expiry: str
    service: str
    version: str
    value: str

    def __repr__(self) -> str:
        return f"DelegationKey(expiry={self.expiry!r})"


def decoded_key(account_key: str) -> bytes:
    """The bytes of an account's key.

    Raises:
        InvalidInput: it is none.

    """
    try:
        key = base64.b64decode(account_key, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        raise InvalidInput("azureAccountKey must be the account's key as Azure shows it: a text in Base64.")
    return key


def shared_key(
    method: str, target: str, headers: Mapping[str, str], at: AzurePlace, key: bytes, *, length: int = 0
) -> dict[str, str]:
    """The headers, with a date and with the signature of a request for a target that is percent-encoded already."""
    sent = {**headers, "x-ms-date": formatdate(usegmt=True)}
    lower = {name.lower(): value.strip() for name, value in sent.items()} | {"content-length": str(length or "")}
    path, _, query = target.partition("?")
    values: dict[str, list[str]] = {}
    for part in query.split("&") if query else ():
        name, _, value = part.partition("=")
        values.setdefault(unquote(name).lower(), []).append(unquote(value))
    text = "\n".join(
        [
            method,
            *(lower.get(name, "") for name in _HEADERS),
            *(f"{name}:{lower[name]}" for name in sorted(lower) if name.startswith("x-ms-")),
            f"/{at.account}{path}",
            *(f"{name}:{','.join(sorted(values[name]))}" for name in sorted(values)),
        ]
    )
    return {**sent, "Authorization": f"SharedKey {at.account}:{_signature(text, key)}"}


def service_sas(at: AzurePlace, blob: str | None, expires_at: int, key: bytes) -> str:
    """A SAS by an account's key: to read one blob, or to list and read the container if ``blob`` is None.

    ``expires_at`` is in milliseconds since 1970; shorter than a second counts as less.
    """
    fields = _fields(at, blob, expires_at)
    text = [fields["sp"], "", fields["se"], _resource(at, blob), "", "", fields["spr"], fields["sv"], fields["sr"]]
    return _query(fields, _signature("\n".join([*text, *[""] * 7]), key))


def delegation_sas(at: AzurePlace, blob: str | None, expires_at: int, key: DelegationKey) -> str:
    """The same by a user delegation key, within whose life it must end."""
    by = {
        "skoid": key.oid,
        "sktid": key.tid,
        "skt": key.start,
        "ske": key.expiry,
        "sks": key.service,
        "skv": key.version,
    }
    fields = _fields(at, blob, expires_at)
    text = [fields["sp"], "", fields["se"], _resource(at, blob), *by.values(), "", "", "", ""]
    text += [fields["spr"], fields["sv"], fields["sr"]]
    return _query(fields | by, _signature("\n".join([*text, *[""] * 7]), decoded_key(key.value)))


def timestamp(milliseconds: int) -> str:
    """A moment as Azure writes it, to the second."""
    return datetime.fromtimestamp(milliseconds // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _fields(at: AzurePlace, blob: str | None, expires_at: int) -> dict[str, str]:
    return {
        "sv": VERSION,
        "se": timestamp(expires_at),
        "sr": "c" if blob is None else "b",
        "sp": "rl" if blob is None else "r",
        "spr": "https" if at.origin.scheme == "https" else "https,http",
    }


def _resource(at: AzurePlace, blob: str | None) -> str:
    container = f"/blob/{at.account}/{at.container}"
    return container if blob is None else f"{container}/{blob}"


def _query(fields: Mapping[str, str], signature: str) -> str:
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in {**fields, "sig": signature}.items())


def _signature(text: str, key: bytes) -> str:
    return base64.b64encode(hmac.new(key, text.encode(), hashlib.sha256).digest()).decode()
