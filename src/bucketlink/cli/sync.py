"""``bucketlink diff`` and ``bucketlink sync``."""

import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import click

from bucketlink.cli.choice import Choice
from bucketlink.cli.common import State, common, example, with_state
from bucketlink.cli.summary import applying, in_step, nothing_there, size, write_summary
from bucketlink.cli.text import count
from bucketlink.cli.warned import warn
from bucketlink.text import in_shell, quoted

if TYPE_CHECKING:
    from bucketlink.client.types import DifferenceRow, DifferenceTypeName, Outcome


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
    type=Choice(["ADD", "REMOVE", "CHANGED"]),
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
    is of what was found last, and comes at once. On a terminal, --list goes through your pager. Keys and
    folders that are no plain line are written as $'…', which a shell reads; --json has them as they are.
    """
    from bucketlink.client.connections import synchronize, warned  # noqa: PLC0415 - slow to load

    if not list_all and (key is not None or first is not None):
        raise click.UsageError(f"{'--first' if key is None else '--key'} goes with --list.")
    with state.client() as client:
        if compute:
            with state.waiting(client, connection) as observe:
                about, found = synchronize.computed(client.wire, connection, observe)
        else:
            about, found = synchronize.summary(client.wire, connection)
        warnings = warned.warnings(client.wire, connection)
        rows = client.differences(connection, type_, folder=folder, key=key, first=first)
        folders = [] if list_all else client.difference_folders(connection, folder, type=type_)
        head = {"connectionId": connection, "summary": found, "warnings": warnings}
        if state.as_json and list_all:
            _write_document(head, rows)
        elif state.as_json:
            click.echo(json.dumps({**head, "folders": folders}))
        elif list_all and (row := next(rows, None)):
            _page(_lines(row, rows))
            is_part = any(one is not None for one in (folder, type_, key, first))
            state.hint(applying(connection, found, is_part=is_part))
        elif folders:
            write_summary(state, connection, found, folders, folder, type_)
        else:
            said = (
                nothing_there(client, connection, found, folder, type_, key)
                if size(found)
                else in_step(connection, about["numberOfAssets"])
            )
            (state.hint if list_all else click.echo)(said)
    warn(state, warnings)


def _write_document(head: "Mapping[str, object]", rows: "Iterable[DifferenceRow]") -> None:
    """Write differences as they come, without ever holding all of them."""
    click.echo(f'{json.dumps(head)[:-1]}, "differences": [', nl=False)
    separator = "\n"
    for row in rows:
        click.echo(f"{separator}{json.dumps(row)}", nl=False)
        separator = ",\n"
    click.echo("\n]}")


def _lines(first: "DifferenceRow", rows: "Iterable[DifferenceRow]") -> Iterator[str]:
    """Write differences one a line, without the end of the last one."""
    yield _line(first)
    for row in rows:
        yield f"\n{_line(row)}"


def _line(row: "DifferenceRow") -> str:
    return f"{row['type']:8}{in_shell(row['bucketKey'])}"


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
            "warnings": list(outcome.warnings),
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
    if dry_run and size(found):
        state.hint(f"bucketlink diff {quoted(connection)} --no-compute shows which.")
    if outcome.removed:
        state.hint(f"bucketlink undo brings removed assets back: bucketlink runs {quoted(connection)} shows the run.")
    warn(state, outcome.warnings)


def _sentence(outcome: "Outcome", *, dry_run: bool) -> str:
    found = outcome.found
    if not size(found):
        return in_step(outcome.connection_id, outcome.number_of_assets)
    there = f"{count(outcome.number_of_assets, 'asset')} of connection {outcome.connection_id}"
    if dry_run:
        return (
            f"Dry run: {found['added']:,} to add, {found['removed']:,} to remove, "
            f"{found['changed']:,} changed; still {there}."
        )
    return f"Added {outcome.added:,}, removed {outcome.removed:,}, renewed {outcome.changed:,}: now {there}."
