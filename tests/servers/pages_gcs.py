"""The page server as Google Cloud Storage: the JSON API. (Signed URLs have the paths of S3.)"""

import json
from base64 import b64encode
from collections.abc import Mapping
from hashlib import md5
from urllib.parse import unquote
from zlib import crc32

from tests.servers.pages_core import CANARY, COMMON, MODIFIED, MODIFIED_HTTP, Asked, Dialect, Part, Sent, Stored

BASES = ("/storage/v1/b/", "/download/storage/v1/b/")
MOST = 5000
FIRST_GENERATION = 1_700_000_000_000_000


class Gcs(Dialect):
    """Pages of 5,000 keys at most, with every field."""

    errors: Mapping[int, str] = {403: "forbidden", 404: "notFound", 500: "internalError", 503: "backendError"}
    gone = "notFound"

    def knows(self, sent: Sent) -> bool:
        return sent.path.startswith(BASES)

    def key(self, sent: Sent) -> str | None:
        return unquote(sent.path.partition("/o/")[2]) or None

    def asked(self, sent: Sent, *, old: bool) -> Asked:  # noqa: ARG002
        return Asked(
            most=min(int(sent.query.get("maxResults", "1000")), MOST),
            prefix=sent.query.get("prefix", ""),
            start=sent.query.get("startOffset", ""),
            delimiter=sent.query.get("delimiter", ""),
            token=sent.query.get("pageToken", ""),
        )

    def page(self, asked: Asked, part: Part, stored: Mapping[str, Stored], *, miscount: int) -> str:  # noqa: ARG002
        page: dict[str, object] = {"kind": "storage#objects"}
        if part.token:
            page["nextPageToken"] = part.token
        if part.folders:
            page["prefixes"] = part.folders
        if part.keys:
            page["items"] = [_item(key, stored.get(key, COMMON)) for key in part.keys]
        return json.dumps(page, ensure_ascii=False, indent=2)

    def error(self, status: int, code: str) -> tuple[Mapping[str, str], str]:
        reasons = [{"message": CANARY, "domain": "global", "reason": code}] if code else []
        return {}, json.dumps({"error": {"code": status, "message": CANARY, "errors": reasons}})

    def described(self, stored: Stored) -> Mapping[str, str]:
        return {
            "ETag": f'"{stored.etag}"',
            "Last-Modified": MODIFIED_HTTP,
            "x-goog-generation": _generation(stored),
            "x-goog-storage-class": stored.storage_class or "STANDARD",
        }

    def resource(self, sent: Sent, key: str, stored: Stored) -> str | None:
        is_metadata = sent.path.startswith(BASES[0]) and sent.query.get("alt") != "media"
        return json.dumps(_item(key, stored), ensure_ascii=False) if is_metadata else None


def _generation(stored: Stored) -> str:
    return str(FIRST_GENERATION + crc32(stored.etag.encode()))


def _item(key: str, stored: Stored) -> dict[str, str]:
    generation = _generation(stored)
    item = {
        "kind": "storage#object",
        "id": f"b/{key}/{generation}",
        "name": key,
        "bucket": "b",
        "generation": generation,
        "metageneration": "1",
        "contentType": stored.content_type,
        "storageClass": stored.storage_class or "STANDARD",
        "size": str(stored.size),
        "md5Hash": b64encode(md5(stored.etag.encode()).digest()).decode(),  # noqa: S324
        "etag": b64encode(generation.encode()).decode(),
        "timeCreated": MODIFIED,
        "updated": MODIFIED,
    }
    return {name: value for name, value in item.items() if value is not None}
