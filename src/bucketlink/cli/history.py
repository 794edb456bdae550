"""``bucketlink runs``, ``undo`` and ``cancel``."""

from typing import TYPE_CHECKING

import click

from bucketlink.cli.asking import goes_on
from bucketlink.cli.common import State, common, example, pace, with_state
from bucketlink.cli.names import in_options
from bucketlink.cli.text import count, moment, seconds_between
from bucketlink.text import safe

if TYPE_CHECKING:
    from bucketlink.client.types import RunRow


@click.command(epilog=example("bucketlink runs con1", "bucketlink runs con1 --limit 5 --json"))
@click.argument("connection")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many, newest first.")
@common
@with_state
def runs(state: State, connection: str, limit: int) -> None:
    """Show what was computed, applied and undone.

    The newest run is first. In its result, + counts what is added, - what is removed and ~ what is changed;
    of one that is running, also how many objects or assets a second, and how much of all is done. What was undone
    names the run that did so: it cannot be undone again, but that can.
    """
    with state.client() as client:
        rows = list(client.runs(connection, first=limit))
    if state.as_json:
        state.emit(rows)
    elif rows:
        state.table(
            ("run", "what", "state", "began", "took", "result"),
            [
                (
                    row["id"],
                    " ".join([row["kind"], *row["types"]]),
                    row["state"],
                    moment(row["startedAt"] or row["createdAt"]),
                    seconds_between(row["startedAt"], row["finishedAt"]),
                    _result(row, rows),
                )
                for row in rows
            ],
        )
    else:
        state.hint("There has been no run yet.")


def _result(row: "RunRow", rows: "list[RunRow]") -> str:
    """Say in short what a run did, or why it failed; what undoes it is among the rows, since it is newer."""
    undone = _undone(row["undoneBy"], rows)
    counts = row["summary"]
    signs = {"+": counts["added"], "-": counts["removed"], "~": counts["changed"]}
    said = [" ".join(f"{sign}{number:,}" for sign, number in signs.items() if number)]
    if row["error"]:
        done = said if row["kind"] != "COMPUTE" else []
        return ", ".join(part for part in (*done, in_options(row["error"]), undone) if part)
    if row["kind"] == "COMPUTE":
        said.insert(0, count(row["objects"], "object"))
    if row["kind"] == "UNDO":
        said.insert(0, f"of {row['sourceRunId']}")
    if row["state"] == "RUNNING":
        said += pace(row["rate"], row["share"])
    if row["left"]:
        said.append(f"{row['left']:,} left")
    said.append(undone)
    return ", ".join(part for part in said if part)


def _undone(by: str | None, rows: "list[RunRow]") -> str:
    if by is None:
        return ""
    is_done = all(row["state"] == "SUCCEEDED" for row in rows if row["id"] == by)
    return f"undone by {by}" if is_done else f"being undone by {by}"


@click.command(epilog=example("bucketlink undo run4", "bucketlink undo run4 --no-wait"))
@click.argument("run")
@click.option("--wait/--no-wait", default=True, show_default=True, help="Wait until it is done.")
@common
@with_state
def undo(state: State, run: str, wait: bool) -> None:
    """Undo a run that applied differences.

    `bucketlink runs` shows their ids, newest first. Removed assets come back, the same with the same ids; added
    ones go. What something else changed later is left alone. An undoing is a run, and can be undone; what was undone
    already cannot be undone again. An undoing that is under way is joined.
    """
    from bucketlink.client.connections.history import begin_undo  # noqa: PLC0415 - slow to load
    from bucketlink.client.connections.waiting import ended  # noqa: PLC0415

    with (
        state.client() as client,
        state.waiting(client, lambda: client.run(run)["connectionId"], ("UNDO",)) as observe,
    ):
        undoing, was_under_way = begin_undo(client.wire, run)
        if was_under_way:
            state.hint(f"{run} is being undone already, by {undoing['id']}.")
        done = ended(client.wire, undoing["id"], observe) if wait else undoing
    if not wait:
        state.emit(done, f"{done['id']} will undo {run}.")
        state.hint(
            f"It {goes_on(embedded=state.server is None)}. bucketlink runs {done['connectionId']} shows how far it is."
        )
        return
    counts = done["summary"]
    left = f" {count(done['left'], 'asset')} changed later and stayed as they are." if done["left"] else ""
    state.emit(
        done,
        f"{done['id']} undid {run}: {count(counts['added'], 'asset')} added, {counts['removed']:,} removed, "
        f"{counts['changed']:,} changed back.{left}",
    )


@click.command(epilog=example("bucketlink cancel run5"))
@click.argument("run")
@common
@with_state
def cancel(state: State, run: str) -> None:
    """End a run that is queued or running.

    What it did so far stays. `bucketlink runs` shows what is under way.
    """
    with state.client() as client:
        cancelled = client.cancel(run)
    state.emit(cancelled, f"Cancelled {safe(run)}.")
