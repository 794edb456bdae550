"""What kind of values the fields of an asset hold, for tables whose columns have types."""

import json
from collections.abc import Mapping
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["text", "whole", "number", "flag", "moment", "any"]

_FIELDS: Mapping[Kind, tuple[str, ...]] = {
    "text": (
        *("id", "externalId", "content", "jsonContent", "status", "thumbnail", "archived", "etag", "contentType"),
        *("projectId", "dataIntegrationId", "dataConnectionId", "signedUrl.url", "signedUrl.reason"),
    ),
    "whole": ("size", "priority", "numberOfValidLocks"),
    "number": ("consensusMark", "honeypotMark", "inferenceMark", "duration"),
    "flag": ("isHoneypot", "isToBeLabeledBy", "isUsedForConsensus", "skipped", "readPermissionsFromLabels"),
    "moment": ("createdAt", "updatedAt", "signedUrl.expiresAt"),
}
_KINDS: Mapping[str, Kind] = {name: kind for kind, names in _FIELDS.items() for name in names}


def kind_of(field: str) -> Kind:
    """Tell what a field holds; ``any`` is what has no type of its own in a table: objects, lists, JSON."""
    return _KINDS.get(field, "any")


def as_text(value: object) -> str | None:
    """Write any value as text: a text as it is, None as None, all else as JSON."""
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)
