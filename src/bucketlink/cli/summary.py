"""What differs, summed up by folder, and in the same words wherever nothing does."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import click

from bucketlink.cli.common import State
from bucketlink.cli.text import count
from bucketlink.text import in_shell, quoted, safe

if TYPE_CHECKING:
    from bucketlink.client.client import Client
    from bucketlink.client.types import DifferenceTypeName, FolderRow, SummaryRow

FOLDERS_SHOWN = 25
"""Rows of the summary by folder; what lies below the others is one more row."""
_COLUMNS: "dict[DifferenceTypeName, tuple[str, str]]" = {
    "ADD": ("add", "to add"),
    "REMOVE": ("remove", "to remove"),
    "CHANGED": ("changed", "changed"),
}
"""For each type of difference the head of its column, and what is said behind its number."""


def in_step(connection: str, assets: int) -> str:
    """Say that nothing differs at all."""
    return f"Connection {safe(connection)}: project and bucket are in step, with {count(assets, 'asset')}."


def nothing_there(
    client: "Client",
    connection: str,
    found: "SummaryRow",
    folder: str | None,
    type_: "DifferenceTypeName | None",
    key: str | None = None,
) -> str:
    """Say that other things differ than were asked for, and how to see those."""
    there = f"the {count(size(found), 'difference')} of connection {safe(connection)}"
    see = f"bucketlink diff {quoted(connection)} --no-compute shows where they are."
    if folder and not client.difference_folders(connection, folder):
        return f"There is no folder {in_shell(folder)} among {there}: {see}"
    which = [f"of type {type_}"] if type_ else []
    if folder is not None:
        which.append(f"below the folder {in_shell(folder)}" if folder else "of a key in no folder")
    if key is not None:
        which.append(f"of a key like {in_shell(key)}")
    return f"None is {' and '.join(which)} among {there}: {see}"


def write_summary(
    state: State,
    connection: str,
    found: "SummaryRow",
    folders: "list[FolderRow]",
    folder: str | None,
    type_: "DifferenceTypeName | None",
) -> None:
    """Write how much differs, in all and by folder, and what to do next; there is at least one folder."""
    total = _total(folders)
    rows = by_folder(total, folders, folder)
    if len(rows) > 1:
        rows.append(("total", total["added"], total["removed"], total["changed"]))
    columns = [(place, *said) for place, (name, said) in enumerate(_COLUMNS.items(), 1) if type_ in {None, name}]
    counted = ", ".join(f"{rows[-1][place]:,} {behind}" for place, _, behind in columns)
    below = "" if folder is None else f", folder {in_shell(folder)}" if folder else ", in no folder"
    where = f"Connection {safe(connection)}{below}"
    click.echo(f"{where}: {counted}.")
    state.table(
        ("folder", *(head for _, head, _ in columns)),
        [(row[0], *(row[place] for place, _, _ in columns)) for row in rows],
    )
    is_part = folder is not None or type_ is not None
    state.hint(*_closer(connection, folders, folder, type_), applying(connection, found, is_part=is_part))


def by_folder(
    found: "SummaryRow", folders: "list[FolderRow]", folder: str | None = None
) -> list[tuple[str, int, int, int]]:
    """Make rows of a table: the folders, or the largest of very many, and one row for all others."""
    told = [row for row in folders if row["folder"] is not None]
    if len(told) > FOLDERS_SHOWN:
        told = sorted(told, key=size, reverse=True)[:FOLDERS_SHOWN]
    rows = [(_name(row, folder), row["added"], row["removed"], row["changed"]) for row in told]
    rest = (
        found["added"] - sum(row[1] for row in rows),
        found["removed"] - sum(row[2] for row in rows),
        found["changed"] - sum(row[3] for row in rows),
    )
    return [*rows, ("(other folders)", *rest)] if any(rest) else rows


def _name(row: "FolderRow", folder: str | None) -> str:
    if row["folder"] == (folder or ""):
        return "(in no folder below)" if folder else "(no folder)"
    return in_shell(row["folder"] or "")


def _total(folders: "Iterable[FolderRow]") -> "SummaryRow":
    counts = [(row["added"], row["removed"], row["changed"]) for row in folders]
    added, removed, changed = map(sum, zip(*counts, strict=True))
    return {"added": added, "removed": removed, "changed": changed, "total": added + removed}


def size(row: "FolderRow | SummaryRow") -> int:
    """How many differences are counted, of all types."""
    return row["added"] + row["removed"] + row["changed"]


def _closer(
    connection: str, folders: "list[FolderRow]", folder: str | None, type_: "DifferenceTypeName | None"
) -> Iterator[str]:
    """Say how to look closer, at the largest folder for one."""
    look = f"bucketlink diff {quoted(connection)} --no-compute" + (f" --type {type_}" if type_ else "")
    below = [row for row in folders if row["folder"] and row["folder"] != folder]
    largest = max(below, key=size, default=None)
    if largest is not None:
        yield f"Closer: {look} --folder {quoted(largest['folder'] or '')}"
    narrowed = "" if folder is None else f" --folder {quoted(folder)}"
    yield f"Every key: {look}{narrowed} --list"


def applying(connection: str, found: "SummaryRow", *, is_part: bool) -> str:
    """Say how to apply what was found, all of it, though a part alone may have been shown."""
    command = f"bucketlink sync {quoted(connection)}"
    shown, this = "", "this"
    if is_part:
        counts = f"{found['added']:,} to add, {found['removed']:,} to remove, {found['changed']:,} changed"
        shown, this = f"This may be a part. In all: {counts}. ", "all"
    if not found["removed"]:
        return f"{shown}{command} applies {this}."
    if size(found) == found["removed"]:
        return f"{shown}{command} --delete-extraneous-files removes {this if is_part else 'these assets'}."
    return f"{shown}{command} applies {this}; with --delete-extraneous-files, it also removes assets."
