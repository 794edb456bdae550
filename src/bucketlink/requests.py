"""What can be asked of the background, each within the caller's transaction: a run is queued, or joined.

Guards that refuse to remove too much are asked here, before anything is queued.
"""

from collections.abc import Sequence

from sqlalchemy import Connection as Transaction
from sqlalchemy import and_, select

from bucketlink.errors import Conflict, InvalidInput
from bucketlink.ids import Noun
from bucketlink.model import Caller, Connection, DifferenceType, Integration, Run, RunKind, RunState, Selection
from bucketlink.spans import Span
from bucketlink.store import connections, differences, integrations, projects, runs, sent
from bucketlink.store.database import now
from bucketlink.store.garbage import UNDO_LIFE
from bucketlink.store.sent import PackedPage
from bucketlink.store.tables import runs as run_table
from bucketlink.sync import guards
from bucketlink.sync.selection import Selector

UNDOABLE = (RunKind.APPLY, RunKind.UNDO, RunKind.REMOVE)
LATEST_UNDO = UNDO_LIFE - 24 * 3600 * 1000
"""Milliseconds after which a run is undone no more: well before what that needs begins to go."""


MOST_SELECTIONS = 20
"""Connections whose selections are tried by a check of their integration."""


def spans_read(tx: Transaction, integration: Integration) -> list[Span]:
    """Which stretches of the bucket synchronizing would list: of the integration's connections, or of any if none."""
    used = connections.find(tx, integration.organization_id, integration_id=integration.id, first=MOST_SELECTIONS)
    selections = [connection.selection for connection in used] or [Selection()]
    return [span for selection in selections for span in Selector(selection, integration.restriction).spans()]


def check(tx: Transaction, integration: Integration, caller: Caller) -> int:
    """Queue a check of an integration, which shows as CHECKING until the last one is done; returns the run's id."""
    integrations.check_anew(tx, integration)
    return runs.enqueue(
        tx,
        RunKind.CHECK,
        organization_id=integration.organization_id,
        integration_id=integration.id,
        requested_by=caller.user_id,
    )


def compute(tx: Transaction, connection: Connection, caller: Caller) -> int:
    """Queue a computation of a connection's differences, or join the one that is queued or running.

    Raises InvalidInput where the bucket is listed by clients.
    """
    integration = integrations.get(tx, connection.organization_id, connection.integration_id)
    if integration.access.client_lists:
        raise InvalidInput(
            "The integration uses service credentials, so that clients list its container: send what was listed as "
            "blobPaths."
        )
    waiting = runs.unfinished(tx, connection.id, RunKind.COMPUTE)
    if waiting:
        return waiting[-1].id
    return _enqueue(tx, RunKind.COMPUTE, connection, caller)


def compute_sent(tx: Transaction, connection: Connection, caller: Caller, listing: Sequence[PackedPage]) -> int:
    """Queue a computation on what a client has listed itself, and keep that; raises InvalidInput.

    It joins none that is running, as that one was sent another listing; one that is still queued gives way to it.
    """
    integration = integrations.get(tx, connection.organization_id, connection.integration_id)
    if not integration.access.client_lists:
        raise InvalidInput(
            "blobPaths are taken only for an Azure integration that uses service credentials: leave data out."
        )
    overtaken = (
        run_table.c.connection_id == connection.id,
        run_table.c.kind == RunKind.COMPUTE,
        run_table.c.state == RunState.QUEUED,
    )
    runs.cancel(tx, and_(*overtaken), "A newer listing of the container was sent.")
    run_id = _enqueue(tx, RunKind.COMPUTE, connection, caller)
    sent.keep(tx, run_id, listing)
    return run_id


def apply(
    tx: Transaction,
    connection: Connection,
    type_: DifferenceType,
    caller: Caller,
    *,
    forced: bool,
    most_removed: int | None = None,
) -> int:
    """Queue the application of one type of the differences that are shown now, or join one that is under way.

    Raises GuardRefusal or Conflict if that would remove too much, or by differences that are too old. ``most_removed``
    is of all removals by these differences, of whatever type is to be applied now. The run is bound to these very
    differences, which only become fewer: it never removes more, whenever it starts.
    """
    source = differences.published(tx, connection.id)
    under_way = runs.unfinished(tx, connection.id, RunKind.APPLY, source)
    guards.check_limit(
        connection=Noun.CONNECTION.show(connection.id),
        removed=connection.summary.removed,
        already=sum(run.summary.removed for run in under_way),
        most=most_removed,
    )
    for waiting in under_way:
        if waiting.types == (type_,):
            return waiting.id
    check_source(tx, connection.organization_id, connection.id, source, (type_,))
    if type_ is DifferenceType.REMOVE:
        _guard(tx, connection, source, forced=forced)
    return _enqueue(tx, RunKind.APPLY, connection, caller, source_run_id=source, types=(type_,), forced=forced)


def undo(tx: Transaction, run: Run, caller: Caller) -> int:
    """Queue the undoing of a run, or join the one that is under way.

    Raises InvalidInput or Conflict if it cannot be undone, or was undone already, NotFound if its project is gone.
    """
    check_undoable(run)
    projects.get(tx, run.organization_id, run.project_id or 0)
    integrations.get(tx, run.organization_id, run.integration_id or 0)
    if run.undone_by is not None:
        return _under_way(tx, run, run.undone_by)
    return _enqueue(tx, RunKind.UNDO, run, caller, source_run_id=run.id)


def _under_way(tx: Transaction, run: Run, undoing_id: int) -> int:
    """The undoing of a run, if it has not ended; Conflict if it has, which says what can be undone instead."""
    undoings = [runs.get(tx, run.organization_id, undoing_id)]
    if not undoings[0].state.is_final:
        return undoing_id
    while (last := undoings[-1]).undone_by is not None:
        undoings.append(runs.get(tx, run.organization_id, last.undone_by))
    undone = Noun.RUN.show(run.id)
    by = ", and that by ".join(Noun.RUN.show(undoing.id) for undoing in undoings)
    effect = "takes that back" if len(undoings) % 2 else f"undoes {undone} again"
    first = "" if last.state.is_final else ", once it has ended,"
    raise Conflict(f"{undone} was undone already, by {by}: undoing {Noun.RUN.show(last.id)}{first} {effect}.")


def cancel(tx: Transaction, run: Run, caller: Caller) -> None:
    """End a queued or running run, and say so on its connection; raises InvalidInput or Conflict if that cannot be."""
    if run.connection_id is None:
        raise InvalidInput("A check of an integration takes no time and cannot be cancelled: wait for it.")
    if run.state.is_final:
        raise Conflict("The run has ended already, so it cannot be cancelled.")
    sentence = f"The run was cancelled by {caller.email}."
    runs.cancel(tx, run_table.c.id == run.id, sentence)
    connections.set_error(tx, run.connection_id, sentence)


def remove_with_assets(tx: Transaction, connection: Connection, caller: Caller, *, forced: bool) -> int:
    """Queue the removal of a connection's assets and then of the connection, or join it; raises GuardRefusal."""
    for waiting in runs.unfinished(tx, connection.id, RunKind.REMOVE):
        return waiting.id
    name = Noun.CONNECTION.show(connection.id)
    guards.check_removal(
        command=f"bucketlink connections remove {name} --with-assets",
        removed=connection.number_of_assets,
        owned=connection.number_of_assets,
        forced=forced,
    )
    return _enqueue(tx, RunKind.REMOVE, connection, caller, forced=forced)


def check_source(
    tx: Transaction, organization_id: int, connection_id: int, source_run_id: int, types: Sequence[DifferenceType]
) -> None:
    """Refuse to apply differences that were computed of another bucket, or too long ago to remove by; Conflict."""
    name = Noun.CONNECTION.show(connection_id)
    source = runs.get(tx, organization_id, source_run_id)
    if DifferenceType.REMOVE in types and source.finished_at is not None:
        guards.check_age(connection=name, published_at=source.finished_at, now=now())
    integration = integrations.get(tx, organization_id, source.integration_id or 0)
    if types != (DifferenceType.REMOVE,) and source.revision != integration.revision:
        raise Conflict(
            "The integration has changed since these differences were computed. Compute them again: "
            f"bucketlink diff {name}"
        )


def check_undoable(run: Run) -> None:
    """Raise InvalidInput or Conflict for a run that cannot be undone, or no more."""
    if run.kind not in UNDOABLE or run.connection_id is None or run.project_id is None:
        raise InvalidInput("Only runs that changed assets can be undone: APPLY, REMOVE and UNDO.")
    if not run.state.is_final:
        raise Conflict("The run has not ended yet: wait until it has, then undo it.")
    if now() - run.created_at > LATEST_UNDO:
        raise Conflict("The run is more than 29 days old, and what undoing it needs is no longer kept.")


def _guard(tx: Transaction, connection: Connection, source: int, *, forced: bool) -> None:
    owned = tx.scalars(select(run_table.c.assets_before).where(run_table.c.id == source)).one()
    guards.check_removal(
        command=f"bucketlink sync {Noun.CONNECTION.show(connection.id)} --delete-extraneous-files",
        removed=connection.summary.removed,
        owned=owned or 0,
        forced=forced,
    )


def _enqueue(
    tx: Transaction,
    kind: RunKind,
    of: Connection | Run,
    caller: Caller,
    *,
    source_run_id: int | None = None,
    types: tuple[DifferenceType, ...] = (),
    forced: bool = False,
) -> int:
    return runs.enqueue(
        tx,
        kind,
        organization_id=of.organization_id,
        integration_id=of.integration_id,
        project_id=of.project_id,
        connection_id=of.id if isinstance(of, Connection) else of.connection_id,
        source_run_id=source_run_id,
        types=types,
        forced=forced,
        requested_by=caller.user_id,
    )
