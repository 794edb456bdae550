"""The page server as Azure: List Blobs, of a flat or a hierarchical namespace, below an account in the path."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from urllib.parse import quote, unquote
from xml.sax.saxutils import escape

from tests.servers.pages_core import CANARY, COMMON, MODIFIED_HTTP, Asked, Dialect, Part, Sent, Stored

HEAD = (
    '\ufeff<?xml version="1.0" encoding="utf-8"?>'
    '<EnumerationResults ServiceEndpoint="http://127.0.0.1/account/" ContainerName="b">'
)
MOST = 5000
DIRECTORY = Stored(0, "0")
MARKS = {"x-ms-request-id": "11111111-2222-3333-4444-555555555555", "x-ms-version": "2021-12-02"}
"""What every answer of Azure carries."""
NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


class Azure(Dialect):
    """A flat namespace, in the order of UTF-16."""

    errors: Mapping[int, str] = {
        403: "AuthorizationPermissionMismatch",
        404: "ContainerNotFound",
        500: "InternalError",
        503: "ServerBusy",
    }
    gone = "BlobNotFound"
    unreadable: Mapping[str | None, tuple[int, str]] = {"Archive": (409, "BlobArchived")}

    def knows(self, sent: Sent) -> bool:
        return "x-ms-version" in sent.headers or "restype" in sent.query or "sig" in sent.query

    def order(self, key: str) -> str:
        return key.encode("utf-16-be").decode("latin-1")

    def key(self, sent: Sent) -> str | None:
        """The key behind account and container."""
        return unquote("/".join(sent.path.split("/")[3:])) or None

    def asked(self, sent: Sent, *, old: bool) -> Asked:  # noqa: ARG002
        return Asked(
            most=min(int(sent.query.get("maxresults", MOST)), MOST),
            prefix=sent.query.get("prefix", ""),
            start=sent.query.get("startFrom", ""),
            delimiter=sent.query.get("delimiter", ""),
            token=sent.query.get("marker", ""),
        )

    def page(self, asked: Asked, part: Part, stored: Mapping[str, Stored], *, miscount: int) -> str:  # noqa: ARG002
        rows = [(self.order(key), self.blob(key, stored.get(key, COMMON), asked)) for key in part.keys]
        if part.folders:
            rows += [(self.order(folder), f"<BlobPrefix>{_name(folder)}</BlobPrefix>") for folder in part.folders]
            rows.sort()
        end = "<NextMarker />" if part.is_last else ""
        marker = f"<NextMarker>{part.token}</NextMarker>" if part.token else end
        prefix = f"<Prefix>{escape(asked.prefix)}</Prefix>" if not NOT_XML.search(asked.prefix) else ""
        blobs = "".join(row for _, row in rows)
        return f"{HEAD}{prefix}<MaxResults>{asked.most}</MaxResults><Blobs>{blobs}</Blobs>{marker}</EnumerationResults>"

    def error(self, status: int, code: str) -> tuple[Mapping[str, str], str]:  # noqa: ARG002
        named = f"<Code>{code}</Code>" if code else ""
        headers = {**MARKS, **({"x-ms-error-code": code} if code else {})}
        return headers, f'\ufeff<?xml version="1.0" encoding="utf-8"?><Error>{named}<Message>{CANARY}</Message></Error>'

    def described(self, stored: Stored) -> Mapping[str, str]:
        return {
            "ETag": f'"0x{stored.etag}"',
            "Last-Modified": MODIFIED_HTTP,
            **MARKS,
            "x-ms-blob-type": "BlockBlob",
            "x-ms-access-tier": stored.storage_class or "Hot",
        }

    def blob(self, key: str, stored: Stored, asked: Asked) -> str:  # noqa: ARG002
        """The row of an object."""
        return _blob(key, stored)


class HierarchicalAzure(Azure):
    """A hierarchical namespace: depth first, each directory before what is in it."""

    def __init__(self) -> None:
        self._directories: frozenset[str] = frozenset()

    def order(self, key: str) -> str:
        return key.replace("/", "\0")

    def sorted(self, keys: Iterable[str]) -> Sequence[str]:
        files = list(keys)
        self._directories = frozenset(directory for key in files for directory in _above(key))
        return super().sorted([*files, *self._directories])

    def blob(self, key: str, stored: Stored, asked: Asked) -> str:
        """The row of an object or a directory; none for one that a delimiter has put among the folders."""
        if key not in self._directories:
            return _blob(key, stored)
        return "" if asked.delimiter else _blob(key, DIRECTORY, "directory")


def _above(key: str) -> Iterator[str]:
    """The directories that a key is in."""
    parts = key.split("/")
    return ("/".join(parts[:depth]) for depth in range(1, len(parts)))


def _name(key: str) -> str:
    if NOT_XML.search(key):
        return f'<Name Encoded="true">{quote(key, safe="/")}</Name>'
    return f"<Name>{escape(key, {chr(13): '&#xD;'})}</Name>"


def _blob(key: str, stored: Stored, kind: str = "file") -> str:
    tier, content_type = stored.storage_class or "Hot", stored.content_type or ""
    told = f"<Content-Type>{escape(content_type)}</Content-Type>" if content_type else "<Content-Type />"
    inferred = "<AccessTierInferred>true</AccessTierInferred>" if tier == "Hot" else ""
    return (
        f"<Blob>{_name(key)}<Properties><Creation-Time>{MODIFIED_HTTP}</Creation-Time>"
        f"<Last-Modified>{MODIFIED_HTTP}</Last-Modified><Etag>0x{escape(stored.etag)}</Etag>"
        f"<ResourceType>{kind}</ResourceType><Content-Length>{stored.size}</Content-Length>{told}<Content-Encoding />"
        "<Content-Language /><Content-CRC64 /><Content-MD5>1B2M2Y8AsgTpgAmY7PhCfg==</Content-MD5><Cache-Control />"
        f"<Content-Disposition /><BlobType>BlockBlob</BlobType><AccessTier>{tier}</AccessTier>{inferred}"
        "<LeaseStatus>unlocked</LeaseStatus><LeaseState>available</LeaseState><ServerEncrypted>true</ServerEncrypted>"
        "</Properties><OrMetadata /></Blob>"
    )
