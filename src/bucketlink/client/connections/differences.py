"""The differences themselves, page by page, and their counts by folder."""

from collections.abc import Generator, Mapping

from bucketlink.client.graphql.queries import query
from bucketlink.client.graphql.wire import Wire
from bucketlink.client.types import DifferenceRow, FolderRow, SummaryRow

LARGE_PAGE = 500
"""The most rows that Bucketlink answers at once, and the most folders that are told apart."""

_COUNTS = ("added", "removed", "changed")
_PAGED = {"first": "PageSize!", "after": "String"}
_ROWS = query(
    "dataDifferences",
    {"where": "DataDifferencesWhere!", **_PAGED},
    ("columns", "next"),
)
_FOLDERS = query(
    "dataDifferenceFolders",
    {"where": "DataDifferenceFoldersWhere!", **_PAGED},
    (
        "rows.folder",
        *(f"{part}.{count}" for part in ("rows", "others", "direct") for count in _COUNTS),
        "next",
    ),
)


def rows(wire: Wire, where: Mapping[str, str | None], first: int | None) -> Generator[DifferenceRow, None, None]:
    """Go through the differences that a DataDifferencesWhere means, ``first`` at most, as `History.differences`."""
    left, after = first, None
    while left is None or left > 0:
        wanted = LARGE_PAGE if left is None else min(LARGE_PAGE, left)
        page = wire.ask(_ROWS, where=_given(where), first=wanted, after=after)
        types, keys, sizes, asset_ids = page["columns"]
        for type_, key, size, asset_id in zip(types, keys, sizes, asset_ids, strict=True):
            yield {"type": type_, "bucketKey": key, "size": size, "dataAssetId": asset_id}
        after = page["next"]
        if after is None:
            return
        left = None if left is None else left - len(keys)


def folders(wire: Wire, where: Mapping[str, str | None]) -> list[FolderRow]:
    """Count the differences that a DataDifferenceFoldersWhere means by folder, as `History.difference_folders`."""
    direct, others = _row(where["folder"] or ""), _row(None)
    largest: list[FolderRow] = []
    after = None
    while True:
        page = wire.ask(_FOLDERS, where=_given(where), first=LARGE_PAGE, after=after)
        # Each answer is of other folders, so that the largest of all are among the largest of each.
        told = sorted([*largest, *page["rows"]], key=_size, reverse=True)
        largest = told[:LARGE_PAGE]
        _add(others, page["others"], *told[LARGE_PAGE:])
        _add(direct, page["direct"])
        after = page["next"]
        if after is None:
            break
    largest.sort(key=lambda row: row["folder"] or "")
    return [row for row in (direct, *largest, others) if _size(row)]


def _given(where: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in where.items() if value is not None}


def _row(folder: str | None) -> FolderRow:
    return {"folder": folder, "added": 0, "removed": 0, "changed": 0}


def _size(row: FolderRow | SummaryRow) -> int:
    return row["added"] + row["removed"] + row["changed"]


def _add(row: FolderRow, *more: FolderRow | SummaryRow) -> None:
    for one in more:
        row["added"] += one["added"]
        row["removed"] += one["removed"]
        row["changed"] += one["changed"]
