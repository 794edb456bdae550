"""``bucketlink diff`` and ``bucketlink sync``."""

import json
import os
import shlex
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import click

from bucketlink.cli.common import State, common, example, with_state
from bucketlink.cli.text import count
from bucketlink.text import safe

if TYPE_CHECKING:
    from bucketlink.client.types import DifferenceRow, DifferenceTypeName, FolderRow, Outcome, SummaryRow

FOLDERS_SHOWN = 25
"""Rows of the summary by folder; what lies below the others is one more row."""
_COLUMNS: "dict[DifferenceTypeName, tuple[str, str]]" = {
    "ADD": ("add", "to add"),
    "REMOVE": ("remove", "to remove"),
    "CHANGED": ("changed", "changed"),
}
"""For each type of difference the head of its column, and what is said behind its number."""
_IN_STEP = "project and bucket are in step."


@click.command(
    epilog=example(
        "bucketlink diff con1",
        "bucketlink diff con1 --no-compute --folder bears/arctic",
        "bucketlink diff con1 --no-compute --list --type REMOVE --key '*.png'",
        "bucketlink diff con1 --list --json > differences.json",
    )
)
@click.argument("connection")
@click.option("--compute/--no-compute", default=True, show_default=True, help="Look at the bucket first.")
@click.option("--folder", metavar="FOLDER", help="Only what lies below this folder; '' for keys in no folder.")
@click.option(
    "--type",
    "type_",
    type=click.Choice(["ADD", "REMOVE", "CHANGED"], case_sensitive=False),
    metavar="[ADD|REMOVE|CHANGED]",
    help="Only these.",
)
@click.option("--list", "list_all", is_flag=True, help="Show every difference, not a summary by folder.")
@click.option(
    "--key",
    metavar="PATTERN",
    help="With --list: only keys that start with it or, if it holds a *, match it as a whole.",
)
@click.option("--first", type=click.IntRange(min=1), metavar="N", help="With --list: how many at most.")
@common
@with_state
def diff(
    state: State,
    connection: str,
    compute: bool,
    folder: str | None,
    type_: "DifferenceTypeName | None",
    list_all: bool,
    key: str | None,
    first: int | None,
) -> None:
    """Show what differs between bucket and project.

    Nothing is changed. ADD is an object that is no asset yet, REMOVE an asset whose object is gone or no
    longer selected, CHANGED an asset whose object is another than it was.

    The summary counts by the first folder of the keys; --folder goes down from there. With --no-compute, it
    is of what was found last, and comes at once. On a terminal, --list goes through your pager.
    """
    from bucketlink.client.connections import synchronize  # noqa: PLC0415 - slow to load

    if not list_all and (key is not None or first is not None):
        raise click.UsageError(f"{'--first' if key is None else '--key'} goes with --list.")
    with state.client() as client:
        if compute:
            with state.waiting(client, connection) as observe:
                _, found = synchronize.computed(client.wire, connection, observe)
        else:
            _, found = synchronize.summary(client.wire, connection)
        if list_all:
            rows = client.differences(connection, type_, folder=folder, key=key, first=first)
            _write_list(state, connection, found, rows)
            return
        folders = client.difference_folders(connection, folder, type=type_)
    if state.as_json:
        click.echo(json.dumps({"connectionId": connection, "summary": found, "folders": folders}))
    else:
        _write_summary(state, connection, folders, folder, type_)


def _write_list(state: State, connection: str, found: "SummaryRow", rows: "Iterator[DifferenceRow]") -> None:
    """Write differences as they come, without ever holding all of them."""
    if state.as_json:
        head = json.dumps({"connectionId": connection, "summary": found})
        click.echo(f'{head[:-1]}, "differences": [', nl=False)
        separator = "\n"
        for row in rows:
            click.echo(f"{separator}{json.dumps(row)}", nl=False)
            separator = ",\n"
        click.echo("\n]}")
        return
    first = next(rows, None)
    if first is None:
        state.hint("No difference matches that." if _size(found) else _IN_STEP.capitalize())
        return
    _page(_lines(first, rows))
    state.hint(applying(connection, found))


def _lines(first: "DifferenceRow", rows: "Iterable[DifferenceRow]") -> Iterator[str]:
    """Write differences one a line, without the end of the last one."""
    yield _line(first)
    for row in rows:
        yield f"\n{_line(row)}"


def _line(row: "DifferenceRow") -> str:
    return f"{row['type']:8}{safe(row['bucketKey'])}"


def _page(texts: Iterable[str]) -> None:
    """Write texts through the pager of a terminal, or plainly where there is none, and end the line."""
    if sys.stdout.isatty():
        # What fits on the screen stays there; control characters have no effect, were there any.
        os.environ.setdefault("LESS", "-FX")
        click.echo_via_pager(texts, color=False)
        return
    for text in texts:
        click.echo(text, nl=False)
    click.echo()


def _write_summary(
    state: State,
    connection: str,
    folders: "list[FolderRow]",
    folder: str | None,
    type_: "DifferenceTypeName | None",
) -> None:
    where = f"Connection {safe(connection)}" + (f", folder {safe(folder)}" if folder else "")
    if not folders:
        click.echo(f"{where}: {_IN_STEP if folder is None and type_ is None else 'nothing differs there.'}")
        return
    total = _total(folders)
    rows = by_folder(total, folders, folder)
    if len(rows) > 1:
        rows.append(("total", total["added"], total["removed"], total["changed"]))
    columns = [(place, *said) for place, (name, said) in enumerate(_COLUMNS.items(), 1) if type_ in {None, name}]
    counted = ", ".join(f"{rows[-1][place]:,} {behind}" for place, _, behind in columns)
    click.echo(f"{where}: {counted}.")
    state.table(
        ("folder", *(head for _, head, _ in columns)),
        [(row[0], *(row[place] for place, _, _ in columns)) for row in rows],
    )
    state.hint(*_closer(connection, folders, folder, type_), applying(connection, total))


def by_folder(
    found: "SummaryRow", folders: "list[FolderRow]", folder: str | None = None
) -> list[tuple[str, int, int, int]]:
    """Make rows of a table: the folders, or the largest of very many, and one row for all others."""
    told = [row for row in folders if row["folder"] is not None]
    if len(told) > FOLDERS_SHOWN:
        told = sorted(told, key=_size, reverse=True)[:FOLDERS_SHOWN]
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
    return row["folder"] or ""


def _total(folders: "Iterable[FolderRow]") -> "SummaryRow":
    counts = [(row["added"], row["removed"], row["changed"]) for row in folders]
    added, removed, changed = map(sum, zip(*counts, strict=True))
    return {"added": added, "removed": removed, "changed": changed, "total": added + removed}


def _size(row: "FolderRow | SummaryRow") -> int:
    return row["added"] + row["removed"] + row["changed"]


def _closer(
    connection: str, folders: "list[FolderRow]", folder: str | None, type_: "DifferenceTypeName | None"
) -> Iterator[str]:
    """Say how to look closer, at the largest folder for one."""
    look = f"bucketlink diff {safe(connection)} --no-compute" + (f" --type {type_}" if type_ else "")
    below = [row for row in folders if row["folder"] and row["folder"] != folder]
    largest = max(below, key=_size, default=None)
    if largest is not None and largest["folder"] and safe(largest["folder"]) == largest["folder"]:
        yield f"Closer: {look} --folder {shlex.quote(largest['folder'])}"
    narrowed = "" if folder is None or safe(folder) != folder else f" --folder {shlex.quote(folder)}"
    yield f"Every key: {look}{narrowed} --list"


def applying(connection: str, found: "SummaryRow") -> str:
    """Say how to apply what was found."""
    command = f"bucketlink sync {safe(connection)}"
    if not found["removed"]:
        return f"{command} applies this."
    if _size(found) == found["removed"]:
        return f"{command} --delete-extraneous-files removes these assets."
    return f"{command} applies this; with --delete-extraneous-files, it also removes assets."


@click.command(
    epilog=example(
        "bucketlink sync con1 --dry-run",
        "bucketlink sync con1",
        "bucketlink sync con1 --delete-extraneous-files --max-delete 100",
    )
)
@click.argument("connection")
@click.option("--delete-extraneous-files", is_flag=True, help="Also remove assets whose objects are gone.")
@click.option("--dry-run", is_flag=True, help="Only count what differs.")
@click.option(
    "--max-delete",
    type=click.IntRange(min=0),
    metavar="N",
    help="Refuse, removing none, if more than N assets would be removed.",
)
@click.option(
    "--apply-changed/--no-apply-changed",
    default=True,
    show_default=True,
    help="Renew assets whose objects are others than they were.",
)
@click.option("--force", is_flag=True, help="Remove even where so many would go that it is refused.")
@common
@with_state
def sync(
    state: State,
    connection: str,
    delete_extraneous_files: bool,
    dry_run: bool,
    max_delete: int | None,
    apply_changed: bool,
    force: bool,
) -> None:
    """Bring a project in step with a connection's bucket.

    New objects become assets, and assets whose objects changed are renewed. Assets whose objects are gone
    stay, unless you say --delete-extraneous-files; bucketlink undo brings them back for 29 days. With --json,
    the counts are of what was done; with --dry-run, of what differs.
    """
    from bucketlink.client.connections.synchronize import synchronize  # noqa: PLC0415 - slow to load

    with state.client() as client, state.waiting(client, connection) as observe:
        outcome = synchronize(
            client.wire,
            connection,
            delete_extraneous_files=delete_extraneous_files,
            dry_run=dry_run,
            force=force,
            max_delete=max_delete,
            apply_changed=apply_changed,
            observe=observe,
        )
    found = outcome.found
    state.emit(
        {
            "id": outcome.connection_id,
            "projectId": outcome.project_id,
            "numberOfAssets": outcome.number_of_assets,
            "added": found["added"] if dry_run else outcome.added,
            "removed": found["removed"] if dry_run else outcome.removed,
            "changed": found["changed"] if dry_run else outcome.changed,
            "dryRun": dry_run,
        },
        _sentence(outcome, dry_run=dry_run),
    )
    if found["removed"] and not delete_extraneous_files:
        gone = count(found["removed"], "asset")
        state.hint(f"{gone} of objects that are gone stay; --delete-extraneous-files removes them.")
    elif dry_run and max_delete is not None and found["removed"] > max_delete:
        state.hint(f"Without --dry-run, nothing would be done: --max-delete allows {count(max_delete, 'asset')}.")
    if found["changed"] and not apply_changed:
        kept = count(found["changed"], "changed asset")
        state.hint(f"{kept} left alone; without --no-apply-changed, these are renewed.")
    if dry_run and _size(found):
        state.hint(f"bucketlink diff {safe(connection)} --no-compute shows which.")
    if outcome.removed:
        state.hint(f"bucketlink undo brings removed assets back: bucketlink runs {safe(connection)} shows the run.")


def _sentence(outcome: "Outcome", *, dry_run: bool) -> str:
    found, there = (
        outcome.found,
        f"{count(outcome.number_of_assets, 'asset')} of connection {outcome.connection_id}",
    )
    if not (found["total"] or found["changed"]):
        return f"Nothing to do: the bucket and its {there} are in step."
    if dry_run:
        return (
            f"Dry run: {found['added']:,} to add, {found['removed']:,} to remove, "
            f"{found['changed']:,} changed; still {there}."
        )
    return f"Added {outcome.added:,}, removed {outcome.removed:,}, renewed {outcome.changed:,}: now {there}."
