"""Synchronizing a connection: compute its differences, wait, apply them, wait.

It asks for nothing but what every server of this wire knows, with exceptions that are left out where they are
not known: why computing or applying failed, the assets whose objects changed, and how far the runs are.
"""

import time
from typing import Literal

from bucketlink.client.log import tell
from bucketlink.client.progress import UNFINISHED, Meter, newest, newest_runs
from bucketlink.client.queries import CONNECTION, RUN, mutation
from bucketlink.client.types import DifferenceTypeName, Observer, Outcome, Row, SummaryRow
from bucketlink.client.wire import Wire
from bucketlink.errors import BucketError

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
_CHANGED = "dataDifferencesSummary.changed"


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
        from bucketlink.client.listed import send_listing  # noqa: PLC0415 - it loads the reader of buckets

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


def summary(wire: Wire, connection_id: str) -> tuple[Row, SummaryRow]:
    """Answer a connection (``projectId``, ``numberOfAssets``) and the counts of its published differences."""
    is_bucketlink = wire.ours(connection_id) is not None
    connection = wire.connection(connection_id, (*_SUMMARY, _CHANGED) if is_bucketlink else _SUMMARY)
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
    observe: Observer | None = None,
) -> Outcome:
    """Bring a project in step with its bucket: add first, then what changed, and remove last, if at all.

    Raises:
        InvalidInput: there is no such connection.
        BucketError: the bucket could not be read, or differences not be applied.
        GuardRefusal: so many assets would go that it takes ``force``; what is to be added has been.

    """
    tell("Synchronizing connection %s.", connection_id)
    compute(wire, connection_id, observe)
    connection, found = summary(wire, connection_id)
    tell("The project has %d asset(s) from this connection.", connection["numberOfAssets"])
    plan = _plan(found, delete_extraneous_files=delete_extraneous_files)
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
    done: dict[DifferenceTypeName, int] = {}
    for type_, count in () if dry_run else plan:
        did = _apply(wire, connection_id, type_, force=force, observe=observe)
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


def _plan(found: SummaryRow, *, delete_extraneous_files: bool) -> list[tuple[DifferenceTypeName, int]]:
    steps: list[tuple[DifferenceTypeName, int]] = [("ADD", found["added"]), ("CHANGED", found["changed"])]
    if delete_extraneous_files:
        steps.append(("REMOVE", found["removed"]))
    return [(type_, count) for type_, count in steps if count]


def _apply(
    wire: Wire, connection_id: str, type_: DifferenceTypeName, *, force: bool, observe: Observer | None
) -> int | None:
    """Apply the differences of a type, wait for that, and answer how many assets it changed; None if nobody tells."""
    wire.ask(
        _APPLY,
        where={"connectionId": connection_id, "type": type_},
        processingParameters='{"force": true}' if force else None,
    )
    run = None
    if wire.ours(connection_id) is None:
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
    ours = wire.ours(connection_id)
    if ours and ours["error"]:
        raise BucketError(ours["error"])
