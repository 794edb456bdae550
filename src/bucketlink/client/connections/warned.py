"""Warnings of a connection: what was left out of its bucket, and what of its selection has no object there."""

from bucketlink.client.graphql.wire import Wire
from bucketlink.client.types import WarningRow
from bucketlink.errors import InvalidInput

_DETAILS = tuple(f"warningDetails.{name}" for name in ("kind", "text", "count", "example"))


def warnings(wire: Wire, connection_id: str) -> list[WarningRow]:
    """Answer what there is to be warned of: sentences alone of an earlier release, nothing of other servers.

    Raises NotFound: there is no such connection.
    """
    try:
        told: list[WarningRow] = wire.connection(connection_id, _DETAILS)["warningDetails"]
    except InvalidInput:
        return _sentences(wire, connection_id)
    return told


def _sentences(wire: Wire, connection_id: str) -> list[WarningRow]:
    try:
        sentences: list[str] = wire.connection(connection_id, ("warnings",))["warnings"]
    except InvalidInput:
        return []
    return [{"kind": "TEXT", "text": one, "count": None, "example": None} for one in sentences]
