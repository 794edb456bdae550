"""``bucketlink diff`` and ``bucketlink sync``."""

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from bucketlink.cli.common import State, common, example, with_state
from bucketlink.cli.text import count, safe

if TYPE_CHECKING:
    from bucketlink.client.types import DifferenceRow, DifferenceTypeName, FolderRow, Outcome, SummaryRow

FOLDERS_SHOWN = 25
"""Rows of the summary by folder; what lies below the others is one more row."""


@click.command(epilog=example("bucketlink diff con1 --list --type REMOVE"))
@click.argument("connection")
@click.option("--compute/--no-compute", default=True, show_default=True, help="Look at the bucket first.")
@click.option("--list", "list_all", is_flag=True, help="Show every difference, not a summary by folder.")
@click.option(
    "--type",
    "type_",
    type=click.Choice(["ADD", "REMOVE", "CHANGED"], case_sensitive=False),
    metavar="[ADD|REMOVE|CHANGED]",
    help="With --list: only these.",
)
@common
@with_state
def diff(state: State, connection: str, compute: bool, list_all: bool, type_: "DifferenceTypeName | None") -> None:
    """Show what differs between bucket and project.

    Nothing is changed. ADD is an object that is no asset yet, REMOVE an asset whose object is gone or no
    longer selected, CHANGED an asset whose object is another than it was.
    """
    from bucketlink.client import synchronize  # noqa: PLC0415 - slow to load

    if type_ and not list_all:
        raise click.UsageError("--type goes with --list.")
    with state.client() as client:
        if compute:
            with state.waiting() as observe:
                synchronize.compute(client.wire, connection, observe)
        _, found = synchronize.summary(client.wire, connection)
        folders = client.difference_folders(connection)
        differences = client.differences(connection, type_) if list_all else None
        if state.as_json:
            _write_json(connection, found, folders, differences)
        elif differences is not None:
            for row in differences:
                click.echo(f"{row['type']:8}{safe(row['bucketKey'])}")
        else:
            _write_summary(state, connection, found, folders)


def _write_summary(state: State, connection: str, found: "SummaryRow", folders: "list[FolderRow]") -> None:
    if not (found["total"] or found["changed"]):
        click.echo(f"Connection {safe(connection)}: project and bucket are in step.")
        return
    click.echo(
        f"Connection {safe(connection)}: {found['added']:,} to add, {found['removed']:,} to remove, "
        f"{found['changed']:,} changed."
    )
    state.table(("folder", "add", "remove", "changed"), by_folder(found, folders))
    state.hint(f"bucketlink sync {safe(connection)} applies this; --list shows every key.")


def by_folder(found: "SummaryRow", folders: "list[FolderRow]") -> list[tuple[str, int, int, int]]:
    """Make rows of a table: the first folders, and one row for all others."""
    shown = [(row["folder"] or "(no folder)", row["added"], row["removed"], row["changed"]) for row in folders]
    rows = shown[:FOLDERS_SHOWN]
    rest = (
        found["added"] - sum(row[1] for row in rows),
        found["removed"] - sum(row[2] for row in rows),
        found["changed"] - sum(row[3] for row in rows),
    )
    return [*rows, ("(other folders)", *rest)] if any(rest) else rows


def _write_json(
    connection: str,
    found: "SummaryRow",
    folders: "list[FolderRow]",
    differences: "Iterable[DifferenceRow] | None",
) -> None:
    """Write one document, without ever holding all differences."""
    head = json.dumps({"connectionId": connection, "summary": found, "folders": folders})
    if differences is None:
        click.echo(head)
        return
    click.echo(f'{head[:-1]}, "differences": [', nl=False)
    separator = "\n"
    for row in differences:
        click.echo(f"{separator}{json.dumps(row)}", nl=False)
        separator = ",\n"
    click.echo("\n]}")


@click.command(epilog=example("bucketlink sync con1 --delete-extraneous-files"))
@click.argument("connection")
@click.option("--delete-extraneous-files", is_flag=True, help="Also remove assets whose objects are gone.")
@click.option("--dry-run", is_flag=True, help="Only count what differs.")
@click.option("--force", is_flag=True, help="Remove even where so many would go that it is refused.")
@common
@with_state
def sync(state: State, connection: str, delete_extraneous_files: bool, dry_run: bool, force: bool) -> None:
    """Bring a project in step with a connection's bucket.

    New objects become assets, and assets whose objects changed are renewed. Assets whose objects are gone
    stay, unless you say --delete-extraneous-files; bucketlink undo brings them back for 30 days. With --json,
    the counts are of what was done; with --dry-run, of what differs.
    """
    from bucketlink.client.synchronize import synchronize  # noqa: PLC0415 - slow to load

    with state.client() as client, state.waiting() as observe:
        outcome = synchronize(
            client.wire,
            connection,
            delete_extraneous_files=delete_extraneous_files,
            dry_run=dry_run,
            force=force,
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


def _sentence(outcome: "Outcome", *, dry_run: bool) -> str:
    found, there = (
        outcome.found,
        f"{count(outcome.number_of_assets, 'asset')} in project {outcome.project_id}",
    )
    if not (found["total"] or found["changed"]):
        return f"Nothing to do: the bucket and its {there} are in step."
    if dry_run:
        return (
            f"Dry run: {found['added']:,} to add, {found['removed']:,} to remove, "
            f"{found['changed']:,} changed; still {there}."
        )
    return f"Added {outcome.added:,}, removed {outcome.removed:,}, renewed {outcome.changed:,}: now {there}."
