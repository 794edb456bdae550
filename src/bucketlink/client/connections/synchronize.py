"""Synchronizing a connection: compute its differences, wait, apply them, wait.

It asks for nothing but what every server of this wire knows, with exceptions that are left out where they are
not known: whether anything is computed, why computing or applying failed, the assets whose objects changed, how many
may be removed at most, and how far the runs are.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from bucketlink.client.connections.failing import failure
from bucketlink.client.connections.progress import UNFINISHED, Meter, newest, newest_runs
from bucketlink.client.connections.warned import warnings
from bucketlink.client.graphql.queries import CONNECTION, RUN, mutation
from bucketlink.client.graphql.wire import Wire
from bucketlink.client.log import tell
from bucketlink.client.types import DifferenceTypeName, Observer, Outcome, Progress, Row, SummaryRow
from bucketlink.errors import BucketError, Conflict, GuardRefusal, InvalidInput
from bucketlink.text import shown

T = TypeVar("T")

FIRST_WAIT, LAST_WAIT = 0.1, 1.0
"""Seconds between looking whether the server is done."""
NEWS_EVERY = 10.0
"""Seconds after which a wait says again that it waits."""
GRACE = 1.0
"""Seconds in which a server other than ours may not yet show that it has begun."""
ROUNDS = 3
"""How often differences are computed at most, where somebody changes meanwhile what they are of."""

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
_DONE: dict[DifferenceTypeName, str] = {"ADD": "Added", "REMOVE": "Removed", "CHANGED": "Renewed"}


def compute(wire: Wire, connection_id: str, observe: Observer | None = None) -> None:
    """Have a connection's differences computed, and wait for that; a computation under way is joined.

    Raises:
        NotFound: there is no such connection.
        InvalidInput: the container is listed here, and there is nothing to list it by.
        BucketError: the bucket could not be read; differences and assets are as they were.
        RunFailed: the computation was cancelled, or failed as nobody expected.

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
        NotFound: there is no such connection.
        BucketError: the bucket could not be read; differences and assets are as they were.
        RunFailed: the computation was cancelled, or failed as nobody expected.

    """
    _wait(wire, connection_id, "COMPUTE", None, observe)
    ours = wire.ours(connection_id)
    if ours is None or not ours["error"]:
        return
    ended = [row for row in newest_runs(wire, connection_id) if row["state"] not in UNFINISHED]
    run = newest(ended, "COMPUTE", None)
    if run is None:
        raise BucketError(ours["error"])
    if run["state"] != "SUCCEEDED":
        raise failure(run, BucketError)


def computed(wire: Wire, connection_id: str, observe: Observer | None = None) -> tuple[Row, SummaryRow]:
    """Compute, and answer what `summary` does; again, where the selection was changed in between."""
    return _again(connection_id, lambda: _computed(wire, connection_id, observe))


def left(wire: Wire, connection_id: str) -> SummaryRow:
    """Answer the counts of the differences that are left; computed anew where the selection was changed meanwhile."""
    try:
        return summary(wire, connection_id)[1]
    except Conflict:
        return computed(wire, connection_id)[1]


def _computed(wire: Wire, connection_id: str, observe: Observer | None) -> tuple[Row, SummaryRow]:
    compute(wire, connection_id, observe)
    return summary(wire, connection_id)


def _again(connection_id: str, attempt: Callable[[], T], rounds: int = ROUNDS) -> T:
    """Do what computes differences and needs them; anew where somebody changes meanwhile what they are of."""
    try:
        return attempt()
    except GuardRefusal:
        raise
    except Conflict as error:
        changed = f"What connection {shown(connection_id)} selects, or its integration, was changed meanwhile"
        if rounds == 1:
            final = Conflict(f"{changed}, again and again: try again once nobody changes it. ({error})")
            final.run = error.run
            raise final from error
        tell("%s: computing again.", changed)
    return _again(connection_id, attempt, rounds - 1)


def summary(wire: Wire, connection_id: str) -> tuple[Row, SummaryRow]:
    """Answer a connection (``projectId``, ``numberOfAssets``) and the counts of its published differences.

    Raises:
        NotFound: there is no such connection.
        BucketError: the last computation failed.
        RunFailed: the last computation was cancelled.
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


@dataclass(frozen=True, slots=True)
class _Wish:
    """What a synchronization is asked to do."""

    delete_extraneous_files: bool
    dry_run: bool
    force: bool
    max_delete: int | None
    apply_changed: bool

    def most_removed(self, removed: int) -> int | None:
        """How many assets more may be removed, where so many were already; None for any number."""
        limited = self.delete_extraneous_files and self.max_delete is not None
        return max((self.max_delete or 0) - removed, 0) if limited else None

    def plan(self, found: SummaryRow) -> list[tuple[DifferenceTypeName, int]]:
        """What to apply, in this order."""
        steps: list[tuple[DifferenceTypeName, int]] = [("ADD", found["added"])]
        if self.apply_changed:
            steps.append(("CHANGED", found["changed"]))
        if self.delete_extraneous_files:
            steps.append(("REMOVE", found["removed"]))
        return [(type_, count) for type_, count in steps if count and not self.dry_run]


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

    Where somebody changes meanwhile what the connection selects, or its integration, differences are computed again.

    Raises:
        NotFound: there is no such connection.
        InvalidInput: ``max_delete`` is negative.
        BucketError: the bucket could not be read.
        RunFailed: one of its runs was cancelled, or failed as nobody expected.
        Conflict: what the connection selects, or its integration, was changed meanwhile, again and again.
        GuardRefusal: more than ``max_delete`` assets would go, and nothing has been changed, except where another
            computation found more to remove meanwhile: then nothing is removed. Or so many that it takes ``force``,
            and what is to be added has been.

    """
    if max_delete is not None and (isinstance(max_delete, bool) or max_delete < 0):
        raise InvalidInput(f"max_delete must be a number, 0 or more, or None for no limit; it is {max_delete}.")
    tell("Synchronizing connection %s.", connection_id)
    wish = _Wish(delete_extraneous_files, dry_run, force, max_delete, apply_changed)
    done: Counter[DifferenceTypeName] = Counter()
    found = _again(connection_id, lambda: _attempt(wire, connection_id, wish, done, observe))
    after = wire.connection(connection_id, ("numberOfAssets", "projectId"))
    told = warnings(wire, connection_id)
    for one in told:
        tell("Warning: %s", one["text"])
    return Outcome(
        connection_id=connection_id,
        project_id=after["projectId"],
        number_of_assets=after["numberOfAssets"],
        found=found,
        added=done["ADD"],
        removed=done["REMOVE"],
        changed=done["CHANGED"],
        warnings=tuple(told),
    )


def _attempt(
    wire: Wire, connection_id: str, wish: _Wish, done: Counter[DifferenceTypeName], observe: Observer | None
) -> SummaryRow:
    """Compute and apply, and count what was done; answers what was found, with what earlier attempts did of it."""
    before = done.copy()
    connection, found = _computed(wire, connection_id, observe)
    tell("The project has %d asset(s) from this connection.", connection["numberOfAssets"])
    most = wish.most_removed(done["REMOVE"])
    if most is not None and found["removed"] > most:
        if not wish.dry_run:
            before_it = f" after {done['REMOVE']:,}" if done["REMOVE"] else ""
            raise GuardRefusal(
                f"This would remove {found['removed']:,} asset{'s'[found['removed'] == 1 :]}{before_it}, "
                f"more than the {wish.max_delete:,} that max_delete allows; "
                f"{'none of them is removed' if done.total() else 'nothing has been changed'}. Look at them first: "
                f"bucketlink diff {connection_id} --list --type REMOVE",
                removed=found["removed"],
                owned=connection["numberOfAssets"],
            )
        tell("Without dry_run, it would be refused: it would remove more than %d asset(s).", most)
    _tell(found, wish)
    for type_, count in wish.plan(found):
        try:
            did = _apply(
                wire,
                connection_id,
                type_,
                force=wish.force,
                max_delete=wish.most_removed(done["REMOVE"]),
                observe=observe,
            )
        except Conflict as error:
            if error.run is not None:
                done[type_] += _changed(error.run)
            raise
        done[type_] += count if did is None else did
        tell("%s %d asset(s).", _DONE[type_], done[type_])
    added, removed, changed = (
        found["added"] + before["ADD"],
        found["removed"] + before["REMOVE"],
        found["changed"] + before["CHANGED"],
    )
    return {"added": added, "removed": removed, "changed": changed, "total": added + removed}


def _tell(found: SummaryRow, wish: _Wish) -> None:
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
        if wish.dry_run:
            tell("Dry run: nothing is added or removed.")
    if found["removed"] and not wish.delete_extraneous_files:
        tell("%d asset(s) stay, as delete_extraneous_files=True is not given.", found["removed"])
    if found["changed"] and not wish.apply_changed:
        tell("%d changed asset(s) stay as they were, as apply_changed=False is given.", found["changed"])


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
    run = wire.ask_runs(RUN, where={"id": run["id"]})
    if run["state"] in {"FAILED", "CANCELLED"}:
        raise failure(run, BucketError)
    return _changed(run)


def _changed(run: Mapping[str, Any]) -> int:
    """How many assets a run has changed."""
    counts = run["summary"]
    did: int = counts["total"] + counts["changed"]
    return did


def _look(
    wire: Wire,
    connection_id: str,
    meter: Meter,
    kind: Literal["COMPUTE", "APPLY"],
    type_: DifferenceTypeName | None,
) -> Progress | None:
    """How far a run is or, where that has ended, which other one is still under way."""
    rows = newest_runs(wire, connection_id)
    run = newest(rows, kind, type_)
    if run is not None and run["state"] in UNFINISHED:
        return meter(run, rows)
    other = next((row["id"] for row in reversed(rows) if row["state"] in UNFINISHED), None)
    return Progress("waiting", 0, behind=other) if other else None


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
    is_bucketlink = wire.ours(connection_id) is not None
    observe = observe if is_bucketlink else None
    while wire.connection(connection_id, (flag,))[flag]:
        is_news = time.monotonic() - news > NEWS_EVERY
        seen = _look(wire, connection_id, meter, kind, type_) if observe or (is_news and is_bucketlink) else None
        if observe is not None:
            if seen is not None:
                observe(seen)
        elif is_news:
            news = time.monotonic()
            doing = seen.title.replace("Waiting", "waiting") if seen and seen.activity == "waiting" else activity
            tell("Still %s, for %d s now.", doing, round(news - begun))
        time.sleep(wait)
        wait = min(wait * 1.5, LAST_WAIT)
    if observe is not None:
        rows = newest_runs(wire, connection_id)
        run = newest(rows, kind, type_)
        if run is not None:
            observe(meter(run, rows))
