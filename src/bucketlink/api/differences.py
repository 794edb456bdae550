"""Published differences on the wire: resolvers, which of them are meant, and how they and their folders are shown."""

import base64
from collections.abc import Callable

from sqlalchemy import Connection as Transaction

from bucketlink import model
from bucketlink.api import shapes
from bucketlink.api.binding import Fields
from bucketlink.api.context import Info, Shape, Where, context, key_text
from bucketlink.errors import InvalidInput
from bucketlink.ids import Noun
from bucketlink.model import DifferenceType
from bucketlink.store import connections, difference_pages, differences
from bucketlink.store.difference_pages import SHOWN, Folders, Narrowing, Page, Place
from bucketlink.sync.selection import after_prefix, folder_prefix, matcher

query = Fields("Query")


@query.field("dataDifferences")
def resolve_differences(_: object, info: Info, where: Where, first: int, after: str | None = None) -> Shape:
    """Published differences of a connection; raises NotFound, InvalidInput, or Conflict where none were computed."""
    narrowing, behind = narrowed(where), None if after is None else parse_cursor(after)
    with context(info).home.database.read() as tx:
        connection = _connection(info, tx, where)
        run_id = differences.published(tx, connection.id)
        found = difference_pages.page(tx, run_id, narrowing, first=first, after=behind)
    return _page(found, connection)


@query.field("dataDifferenceFolders")
def resolve_folders(_: object, info: Info, where: Where, first: int, after: str | None = None) -> Shape:
    """Published differences of a connection, counted by folder; raises as `resolve_differences`."""
    folder, types, start = _text(where.get("folder")), _types(where), _text(after)
    with context(info).home.database.read() as tx:
        run_id = differences.published(tx, _connection(info, tx, where).id)
        if folder == "":
            return _folders(difference_pages.in_no_folder(tx, run_id, types=types, start=start))
        prefix = folder_prefix(folder or "")
        found = difference_pages.folders(tx, run_id, types=types, prefix=prefix, first=first, start=start)
    return _folders(found)


def _connection(info: Info, tx: Transaction, where: Where) -> model.Connection:
    return connections.get(tx, context(info).caller.organization_id, Noun.CONNECTION.number(where["connectionId"]))


def narrowed(where: Where) -> Narrowing:
    """Which differences a filter means; raises InvalidInput for what no key can match."""
    folder, pattern = _text(where.get("folder")), _text(where.get("key"))
    below, begins = folder_prefix(folder or ""), (pattern or "").partition("*")[0]
    if not (below.startswith(begins) or begins.startswith(below)):
        return Narrowing(types=())
    takes = matcher(pattern) if pattern else None
    if folder == "":
        takes = _in_no_folder(takes)
    elif pattern and "*" not in pattern:
        takes = None
    prefix = max(below, begins, key=len)
    part = max((pattern or "").split("*"), key=len)
    return Narrowing(_types(where), prefix, after_prefix(prefix), takes, part, skips_folders=folder == "")


def _types(where: Where) -> tuple[DifferenceType, ...]:
    return (DifferenceType[where["type"]],) if where.get("type") else SHOWN


def _text(given: str | None) -> str | None:
    return None if given is None else key_text(given)


def _in_no_folder(takes: Callable[[str], bool] | None) -> Callable[[str], bool]:
    return lambda key: "/" not in key and (takes is None or takes(key))


def _page(page: Page, connection: model.Connection) -> Shape:
    computed_at = connection.last_checked_at or connection.created_at
    return {
        "rows": lambda _info: [_difference(one, Noun.CONNECTION.show(connection.id), computed_at) for one in page.rows],
        "columns": lambda _info: [
            [one.type.name for one in page.rows],
            [one.key for one in page.rows],
            [_size(one) for one in page.rows],
            [_asset_id(one) for one in page.rows],
        ],
        "next": page.next and show_cursor(page.next),
    }


def _difference(value: model.Difference, connection_id: str, computed_at: int) -> Shape:
    """A DataDifference."""
    cursor = show_cursor((value.type, value.key))
    return {
        "id": f"{connection_id}-{cursor}",
        "bucketKey": value.key,
        "connectionId": connection_id,
        "createdAt": computed_at,
        "updatedAt": computed_at,
        "dataAssetId": _asset_id(value),
        "type": value.type.name,
        "size": _size(value),
        "archived": value.archived,
        "cursor": cursor,
    }


def _size(value: model.Difference) -> int | None:
    return value.size if value.size >= 0 else None


def _asset_id(value: model.Difference) -> str | None:
    return Noun.ASSET.show(value.asset_id) if value.asset_id else None


def show_cursor(place: Place) -> str:
    """Where a difference stands among the others, as an opaque text."""
    return base64.urlsafe_b64encode(f"{int(place[0])}{place[1]}".encode()).decode()


def parse_cursor(text: str) -> Place:
    """What `show_cursor` shows."""
    try:
        decoded = base64.urlsafe_b64decode(text.encode()).decode()
        return DifferenceType(int(decoded[:1])), key_text(decoded[1:])
    except ValueError:
        raise InvalidInput("after is not a cursor that an earlier page answered: leave it out.") from None


def _folders(found: Folders) -> Shape:
    rows = [{"folder": _shown(one.name), **shapes.summary(one.counts)} for one in found.largest]
    return {
        "rows": sorted(rows, key=lambda row: str(row["folder"])),
        "direct": shapes.summary(found.direct),
        "others": shapes.summary(found.others),
        "next": found.next,
    }


def _shown(prefix: str) -> str:
    """The folder of this prefix as filters take it: without the slash, unless it is another one without."""
    folder = prefix[:-1]
    return folder if folder_prefix(folder) == prefix else prefix
