"""Synchronizing a connection: compute its differences, wait, apply them, wait.

It asks for nothing but what every server of this wire knows, with exceptions that are left out where they are
not known: whether anything is computed, why computing or applying failed, the assets whose objects changed, how many
may be removed at most, and how far the runs are.
"""

import json
import time
from typing import Literal

from bucketlink.client.checks import shown
from bucketlink.client.connections.progress import UNFINISHED, Meter, newest, newest_runs
from bucketlink.client.graphql.queries import CONNECTION, RUN, mutation
from bucketlink.client.graphql.wire import Wire
from bucketlink.client.log import tell
from bucketlink.client.types import DifferenceTypeName, Observer, Outcome, Row, SummaryRow
from bucketlink.errors import BucketError, Conflict, GuardRefusal, InvalidInput

FIRST_WAIT, LAST_WAIT = 0.1, 1.0
"""Seconds between looking whether the server is done."""
NEWS_EVERY = 10.0
"""Seconds after which a wait says again that it waits."""
GRACE = 1.0
"""Seconds in which a server other than ours may not yet show that it has begun."""

_COMPUTE = mutation("computeDifferences", CONNECTION, ("id",))
_APPLY = mutation(
    "validateDataDifferences",
    {"where": "ValidateDataDifferencesWhere!", "processingParameters": "String"},
    ("id",),
)
_SUMMARY = (
    "projectId",
    "numberOfAssets",
    "dataDifferencesSummary.added",
    "dataDifferencesSummary.removed",
    "dataDifferencesSummary.total",
)
_INTEGRATION = ("dataIntegration.platform", "dataIntegration.azureIsUsingServiceCredentials")
_OURS = ("dataDifferencesSummary.changed", "isComputed")


def compute(wire: Wire, connection_id: str, observe: Observer | None = None) -> None:
    """Have a connection's differences computed, and wait for that; a computation under way is joined.

    Raises:
        InvalidInput: there is no such connection.
        InvalidInput: the container is listed here, and there is nothing to list it by.
        BucketError: the bucket could not be read; differences and assets are as they were.

    """
    tell("Computing the differences of connection %s.", connection_id)
    integration = wire.connection(connection_id, _INTEGRATION)["dataIntegration"]
    is_bucketlink = wire.ours(connection_id) is not None
    if integration["platform"] == "Azure" and integration["azureIsUsingServiceCredentials"]:
        from bucketlink.client.connections.listed import send_listing  # noqa: PLC0415 - it loads the reader of buckets

        send_listing(wire, connection_id)
    else:
        wire.ask(_COMPUTE, where={"id": connection_id})
    if not is_bucketlink:
        time.sleep(GRACE)
    wait_until_computed(wire, connection_id, observe)


def wait_until_computed(wire: Wire, connection_id: str, observe: Observer | None = None) -> None:
    """Wait for a computation under way, however long it takes.

    Raises:
        InvalidInput: there is no such connection.
        BucketError: the bucket could not be read; differences and assets are as they were.

    """
    _wait(wire, connection_id, "COMPUTE", None, observe)


def computed(wire: Wire, connection_id: str, observe: Observer | None = None) -> tuple[Row, SummaryRow]:
    """Compute, and answer what `summary` does; again, where the selection was changed in between."""
    compute(wire, connection_id, observe)
    try:
        return summary(wire, connection_id)
    except Conflict:
        tell("What connection %s selects was changed meanwhile: computing again.", connection_id)
    compute(wire, connection_id, observe)
    return summary(wire, connection_id)


def summary(wire: Wire, connection_id: str) -> tuple[Row, SummaryRow]:
    """Answer a connection (``projectId``, ``numberOfAssets``) and the counts of its published differences.

    Raises:
        InvalidInput: there is no such connection.
        BucketError: the last computation failed.
        Conflict: nothing is computed of what it now selects.

    """
    is_bucketlink = wire.ours(connection_id) is not None
    connection = wire.connection(connection_id, (*_SUMMARY, *_OURS) if is_bucketlink else _SUMMARY)
    if not connection.get("isComputed", True):
        raise Conflict(
            f"The differences of connection {shown(connection_id)} are not computed yet: "
            f"bucketlink diff {shown(connection_id)} computes them."
        )
    counts = connection["dataDifferencesSummary"]
    return connection, {
        "added": counts["added"],
        "removed": counts["removed"],
        "changed": counts.get("changed", 0),
        "total": counts["total"],
    }


def synchronize(
    wire: Wire,
    connection_id: str,
    *,
    delete_extraneous_files: bool = False,
    dry_run: bool = False,
    force: bool = False,
    max_delete: int | None = None,
    apply_changed: bool = True,
    observe: Observer | None = None,
) -> Outcome:
    """Bring a project in step with its bucket: add first, then what changed, and remove last, if at all.

    Raises:
        InvalidInput: there is no such connection, or ``max_delete`` is negative.
        BucketError: the bucket could not be read, or differences not be applied.
        Conflict: what the connection selects was changed meanwhile, again and again.
        GuardRefusal: more than ``max_delete`` assets would go, and nothing has been changed, except where another
            computation found more to remove meanwhile: then nothing is removed. Or so many that it takes ``force``,
            and what is to be added has been.

    """
    if max_delete is not None and (isinstance(max_delete, bool) or max_delete < 0):
        raise InvalidInput(f"max_delete must be a number, 0 or more, or None for no limit; it is {max_delete}.")
    tell("Synchronizing connection %s.", connection_id)
    connection, found = computed(wire, connection_id, observe)
    tell("The project has %d asset(s) from this connection.", connection["numberOfAssets"])
    plan = _plan(found, delete_extraneous_files=delete_extraneous_files, apply_changed=apply_changed)
    if delete_extraneous_files and max_delete is not None and found["removed"] > max_delete:
        refusal = (
            f"This would remove {found['removed']:,} assets, more than the {max_delete:,} that max_delete allows; "
            f"nothing has been changed. Look at them first: bucketlink diff {connection_id} --list --type REMOVE"
        )
        if not dry_run:
            raise GuardRefusal(refusal, removed=found["removed"], owned=connection["numberOfAssets"])
        tell("Without dry_run, it would be refused: it would remove more than %d asset(s).", max_delete)
    if found["total"] == 0 and found["changed"] == 0:
        tell("No differences: nothing to synchronize.")
    else:
        tell(
            "Found %d difference(s): %d to add, %d to remove; %d changed.",
            found["total"],
            found["added"],
            found["removed"],
            found["changed"],
        )
        if dry_run:
            tell("Dry run: nothing is added or removed.")
    if found["removed"] and not delete_extraneous_files:
        tell("%d asset(s) stay, as delete_extraneous_files=True is not given.", found["removed"])
    if found["changed"] and not apply_changed:
        tell("%d changed asset(s) stay as they were, as apply_changed=False is given.", found["changed"])
    most = max_delete if delete_extraneous_files else None
    done: dict[DifferenceTypeName, int] = {}
    for type_, count in () if dry_run else plan:
        did = _apply(wire, connection_id, type_, force=force, max_delete=most, observe=observe)
        done[type_] = count if did is None else did
        tell("%s %d asset(s).", {"ADD": "Added", "REMOVE": "Removed", "CHANGED": "Renewed"}[type_], done[type_])
    after = wire.connection(connection_id, ("numberOfAssets", "projectId"))
    return Outcome(
        connection_id=connection_id,
        project_id=after["projectId"],
        number_of_assets=after["numberOfAssets"],
        found=found,
        added=done.get("ADD", 0),
        removed=done.get("REMOVE", 0),
        changed=done.get("CHANGED", 0),
    )


def _plan(
    found: SummaryRow, *, delete_extraneous_files: bool, apply_changed: bool
) -> list[tuple[DifferenceTypeName, int]]:
    steps: list[tuple[DifferenceTypeName, int]] = [("ADD", found["added"])]
    if apply_changed:
        steps.append(("CHANGED", found["changed"]))
    if delete_extraneous_files:
        steps.append(("REMOVE", found["removed"]))
    return [(type_, count) for type_, count in steps if count]


def _apply(
    wire: Wire,
    connection_id: str,
    type_: DifferenceTypeName,
    *,
    force: bool,
    max_delete: int | None,
    observe: Observer | None,
) -> int | None:
    """Apply the differences of a type, wait for that, and answer how many assets it changed; None if nobody tells."""
    is_bucketlink = wire.ours(connection_id) is not None
    agreed: dict[str, bool | int] = {"force": True} if force else {}
    if max_delete is not None and is_bucketlink:
        agreed["maxDelete"] = max_delete
    wire.ask(
        _APPLY,
        where={"connectionId": connection_id, "type": type_},
        processingParameters=json.dumps(agreed) if agreed else None,
    )
    run = None
    if not is_bucketlink:
        time.sleep(GRACE)
    else:
        run = newest(newest_runs(wire, connection_id), "APPLY", type_)
    _wait(wire, connection_id, "APPLY", type_, observe)
    if run is None:
        return None
    counts = wire.ask(RUN, where={"id": run["id"]})["summary"]
    did: int = counts["total"] + counts["changed"]
    return did


def _wait(
    wire: Wire,
    connection_id: str,
    kind: Literal["COMPUTE", "APPLY"],
    type_: DifferenceTypeName | None,
    observe: Observer | None,
) -> None:
    flag, activity = ("isChecking", "computing") if kind == "COMPUTE" else ("isApplyingDataDifferences", "applying")
    begun = news = time.monotonic()
    wait, meter = FIRST_WAIT, Meter()
    observe = observe if observe and wire.ours(connection_id) is not None else None
    while wire.connection(connection_id, (flag,))[flag]:
        if observe is not None:
            rows = newest_runs(wire, connection_id)
            run = newest(rows, kind, type_)
            if run is not None and run["state"] in UNFINISHED:
                observe(meter(run, rows))
        elif time.monotonic() - news > NEWS_EVERY:
            news = time.monotonic()
            tell("Still %s, for %d s now.", activity, round(news - begun))
        time.sleep(wait)
        wait = min(wait * 1.5, LAST_WAIT)
    if observe is not None:
        rows = newest_runs(wire, connection_id)
        run = newest(rows, kind, type_)
        if run is not None:
            observe(meter(run, rows))
    ours = wire.ours(connection_id)
    if ours and ours["error"]:
        raise BucketError(ours["error"])
