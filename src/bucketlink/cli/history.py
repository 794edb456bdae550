"""``bucketlink runs`` and ``bucketlink undo``."""

from typing import TYPE_CHECKING

import click

from bucketlink.cli.common import State, common, example, with_state
from bucketlink.cli.text import count, moment, seconds_between

if TYPE_CHECKING:
    from bucketlink.client.types import RunRow


@click.command(epilog=example("bucketlink runs 1 --limit 5"))
@click.argument("connection")
@click.option(
    "--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many, newest first."
)
@common
@with_state
def runs(state: State, connection: str, limit: int) -> None:
    """Show what was computed, applied and undone."""
    with state.client() as client:
        rows = list(client.runs(connection, first=limit))
    if state.as_json:
        state.emit(rows)
    elif rows:
        state.table(
            ("run", "kind", "state", "began", "took", "objects", "added", "removed", "changed", "note"),
            [
                (
                    row["id"],
                    " ".join([row["kind"], *row["types"]]),
                    row["state"],
                    moment(row["startedAt"] or row["createdAt"]),
                    seconds_between(row["startedAt"], row["finishedAt"]),
                    row["objects"],
                    row["summary"]["added"],
                    row["summary"]["removed"],
                    row["summary"]["changed"],
                    _note(row),
                )
                for row in rows
            ],
        )
    else:
        state.hint("There has been no run yet.")


def _note(row: "RunRow") -> str:
    source = f"of run {row['sourceRunId']}" if row["sourceRunId"] else ""
    return row["error"] or (f"{source}, {row['left']:,} left" if row["left"] else source)


@click.command(epilog=example("bucketlink undo 4"))
@click.argument("run")
@click.option("--wait/--no-wait", default=True, show_default=True, help="Wait until it is done.")
@common
@with_state
def undo(state: State, run: str, wait: bool) -> None:
    """Undo a run that applied differences.

    `bucketlink runs` shows their numbers, newest first. Removed assets come back, the same with the same ids;
    added ones go. What something else changed later is left alone.
    """
    from bucketlink.client.history import undo as undo_run  # noqa: PLC0415 - slow to load

    with state.client() as client, state.waiting() as observe:
        done = undo_run(client.wire, run, wait=wait, observe=observe)
    if not wait:
        state.emit(done, f"Run {done['id']} will undo run {run}.")
        return
    counts = done["summary"]
    left = f" {count(done['left'], 'asset')} changed later and stayed as they are." if done["left"] else ""
    state.emit(
        done,
        f"Run {done['id']} undid run {run}: {counts['added']:,} assets added, {counts['removed']:,} removed, "
        f"{counts['changed']:,} changed back.{left}",
    )
