"""Assets as columns: the same values as in rows, without resolving a field for each of them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bucketlink.api.scalars import show_date
from bucketlink.errors import InvalidInput
from bucketlink.ids import Noun

_STORED: Mapping[str, tuple[str, Callable[[Any], Any] | None]] = {
    "id": ("id", Noun.ASSET.show),
    "externalId": ("key", None),
    "size": ("size", lambda size: size if size >= 0 else None),
    "etag": ("etag", lambda etag: etag or None),
    "contentType": ("content_type", None),
    "archived": ("archived", None),
    "createdAt": ("created_at", show_date),
    "updatedAt": ("updated_at", show_date),
    "projectId": ("project_id", Noun.PROJECT.show),
    "dataIntegrationId": ("integration_id", Noun.INTEGRATION.show),
    "dataConnectionId": ("connection_id", lambda number: None if number is None else Noun.CONNECTION.show(number)),
}
"""For each field its column in the table, and what makes of a value there what `shapes.asset` answers."""


def stored(fields: Sequence[str]) -> list[str]:
    """The table's columns that hold these fields; raises InvalidInput for none, and for one that is named twice.

    A field costs memory for every asset, and nothing else bounds how many of them a request names.
    """
    if not fields or len(set(fields)) < len(fields):
        raise InvalidInput("fields of assetColumns must name one field at least, and each only once.")
    return [_STORED[field][0] for field in fields]


def shown(fields: Sequence[str], columns: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """Columns of the table as the wire shows them."""
    return [_shown(_STORED[field][1], column) for field, column in zip(fields, columns, strict=False)]


def _shown(show: Callable[[Any], Any] | None, column: Sequence[Any]) -> list[Any]:
    if show is None:
        return list(column)
    # Many assets have a value in common: moments, sizes, a project.
    texts = {value: show(value) for value in set(column)}
    return [texts[value] for value in column]
