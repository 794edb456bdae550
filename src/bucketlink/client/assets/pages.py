"""Walking through a project's assets, in order of creation, page by page, in constant memory.

Where the server is a Bucketlink, a page begins behind the last asset of the one before: it costs the same however far
it is, and an asset that comes or goes meanwhile shifts no other. Elsewhere pages are counted off, as the wire has it.
"""

from collections.abc import Callable, Generator, Iterable
from typing import Any, TypeAlias, TypeVar

from bucketlink.client.bars import progress_bar
from bucketlink.client.graphql.queries import PAGED, query, selection
from bucketlink.client.graphql.wire import PAGE, Wire
from bucketlink.client.mapping import read_json
from bucketlink.client.types import FieldNames, Row
from bucketlink.errors import InvalidInput

LARGE_PAGE = 500
"""The most rows that Bucketlink answers at once."""
COLUMN_ROWS = 10_000
"""The most rows that it answers at once as columns."""
STORED = frozenset(
    {
        *("id", "externalId", "size", "etag", "contentType", "archived", "createdAt", "updatedAt"),
        *("projectId", "dataIntegrationId", "dataConnectionId"),
    }
)
"""Fields that it answers as columns."""

Columns: TypeAlias = dict[str, list[Any]]
"""Some assets: a list of values for each field, all of one length."""
Page = TypeVar("Page", list[Row], Columns)

_WHERE = {"where": "AssetWhere!"}
_COUNT = query("countAssets", _WHERE, None)
_COLUMNS = query("assetColumns", {**_WHERE, "first": "Int!", "after": "ID", "fields": "[AssetColumn!]!"}, None)


def pages(
    wire: Wire, where: Row, fields: FieldNames, *, first: int | None = None, skip: int = 0, large: bool = True
) -> Generator[list[Row], None, None]:
    """Answer lists of rows; nothing is sent before the first is asked for.

    ``large`` takes the largest pages that the server answers, which is faster, unless what is answered goes stale.

    Raises:
        InvalidInput: a field name that cannot be sent; at once.
        NotFound: there is no such project, or no longer where a page is asked for.

    """
    selection(fields)
    asked = [*fields, *(() if "id" in fields else ("id",))]
    counted = query("assets", {**_WHERE, **PAGED}, asked)
    behind = query("assets", {**_WHERE, **PAGED, "after": "ID"}, asked)
    found = _pages(wire, where, (counted, behind), first, skip, LARGE_PAGE if large else PAGE)
    return ([_read(row, with_id="id" in fields) for row in page] for page in found)


def rows(
    wire: Wire, where: Row, fields: FieldNames, *, first: int | None = None, skip: int = 0, large: bool = True
) -> Generator[Row, None, None]:
    """Answer rows one by one, as `pages`."""
    found = pages(wire, where, fields, first=first, skip=skip, large=large)
    return (row for page in found for row in page)


def columns(
    wire: Wire, where: Row, fields: FieldNames, *, first: int | None = None, skip: int = 0, top: bool = False
) -> Generator[Columns, None, None]:
    """Answer columns, one for each field; that of ``a.b`` holds field b of the object in field a.

    With ``top``, there are those of `top_names` instead, which hold objects. Where all of the fields are stored ones, a
    Bucketlink answers columns itself, many times as fast as rows.

    Raises:
        InvalidInput: a field name that cannot be sent; at once.
        NotFound: there is no such project, or no longer where a page is asked for.

    """
    selection(fields)
    names = list(dict.fromkeys(fields))
    if STORED.issuperset(names) and not skip:
        return _stored(wire, where, names, first)
    return _of_rows(pages(wire, where, names, first=first, skip=skip), top_names(names) if top else names)


def top_names(fields: FieldNames) -> list[str]:
    """Name the fields that rows have, each once, in order: of ``a.b`` that is a."""
    return list(dict.fromkeys(field.partition(".")[0] for field in fields))


def count(wire: Wire, where: Row) -> int:
    """Count the assets that all pages hold together."""
    number: int = wire.ask(_COUNT, where=where)
    return number


def length(page: Columns) -> int:
    """How many assets some columns hold."""
    return len(next(iter(page.values())))


def under_bar(
    wire: Wire, found: Iterable[Page], total: Callable[[], int], *, hidden: bool | None
) -> Generator[Page, None, None]:
    """Hand pages on behind a progress bar on standard error.

    Args:
        wire: says whether there are bars, where ``hidden`` does not.
        found: the pages.
        total: counts their assets; asked only where a bar is drawn.
        hidden: True for no bar; None for as the client was told, or one where somebody looks.

    """
    with progress_bar(disable=wire.hides_bars(hidden), unit=" assets", leave=False) as bar:
        if not bar.disable:
            bar.total = total()
            bar.refresh()
        for page in found:
            yield page
            bar.update(len(page) if isinstance(page, list) else length(page))


def _pages(
    wire: Wire, where: Row, documents: tuple[str, str], first: int | None, skip: int, largest: int
) -> Generator[list[Row], None, None]:
    counted, behind = documents
    last: str | None = None
    knows_after: bool | None = None
    had = 0
    while first is None or had < first:
        by_count = last is None or knows_after is False
        most = PAGE if by_count else largest
        wanted = most if first is None else min(most, first - had)
        try:
            if by_count:
                page: list[Row] = wire.ask(counted, where=where, first=wanted, skip=skip + had)
            else:
                page = wire.ask(behind, where=where, first=wanted, skip=0, after=last)
                knows_after = True
        except InvalidInput:
            if by_count or knows_after:
                raise
            # Another server of this wire, which does not know the argument.
            knows_after = False
            continue
        had += len(page)
        if page:
            last = page[-1]["id"]
            yield page
        else:
            wire.check_project(where["project"]["id"])
        if len(page) < wanted:
            return


def _read(row: Row, *, with_id: bool) -> Row:
    if not with_id:
        del row["id"]
    return read_json(row, "jsonMetadata")


def _stored(wire: Wire, where: Row, names: list[str], first: int | None) -> Generator[Columns, None, None]:
    asked = list(dict.fromkeys([*names, "id"]))
    last: str | None = None
    had = 0
    while first is None or had < first:
        wanted = COLUMN_ROWS if first is None else min(COLUMN_ROWS, first - had)
        try:
            answer: list[list[Any]] = wire.ask(_COLUMNS, where=where, first=wanted, after=last, fields=asked)
        except InvalidInput:
            if last is not None:
                raise
            # Another server of this wire, which does not know the query; what else is wrong, it tells by this one.
            yield from _of_rows(pages(wire, where, names, first=first), names)
            return
        if not answer:
            wire.check_project(where["project"]["id"])
            return
        page = dict(zip(asked, answer, strict=True))
        last = page["id"][-1]
        had += len(page["id"])
        yield {name: page[name] for name in names}
        if len(page["id"]) < wanted:
            return


def _of_rows(found: Iterable[list[Row]], names: list[str]) -> Generator[Columns, None, None]:
    for page in found:
        yield {name: [_value(row, name) for row in page] for name in names}


def _value(value: Any, path: str) -> Any:  # noqa: ANN401 - whatever the field holds
    """What stands at a path; of a list, a list of what stands there in each."""
    if value is None or not path:
        return value
    if isinstance(value, list):
        return [_value(one, path) for one in value]
    name, _, rest = path.partition(".")
    return _value(value[name], rest)
