"""Differences: written by a computation, shown when it publishes, settled when something else does the same.

A run's differences are *live* while a connection shows them, while they are being computed, or while an application
of them is queued or running. A transaction that adds, removes or changes assets settles the same difference in every
other live run of the project and integration, so that what is shown is always what applying will do.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Select, delete, select, update

from bucketlink.errors import Conflict
from bucketlink.ids import Noun
from bucketlink.model import DifferenceType, RunKind
from bucketlink.notices import Notice
from bucketlink.store import connections as connection_store
from bucketlink.store import runs as run_store
from bucketlink.store.database import first_rows, now
from bucketlink.store.dialects import insert_columns
from bucketlink.store.runs import Claim
from bucketlink.store.tables import connections, differences, runs

_RUN_COUNTERS = {
    DifferenceType.ADD: runs.c.added,
    DifferenceType.REMOVE: runs.c.removed,
    DifferenceType.CHANGED: runs.c.changed,
}


@dataclass(frozen=True, slots=True)
class Batch:
    """Differences of one type, as columns of one length; None is a column that knows nothing of any."""

    type: DifferenceType
    keys: Sequence[str]
    sizes: Sequence[int]
    etags: Sequence[str]
    modified: Sequence[int | None] | None = None
    content_types: Sequence[str | None] | None = None
    archived: Sequence[str | None] | None = None
    asset_ids: Sequence[int] | None = None


def write(tx: Connection, run_id: int, batches: Sequence[Batch]) -> None:
    """Write differences of a run that is being computed."""
    for batch in batches:
        columns = {
            "key": batch.keys,
            "asset_id": batch.asset_ids,
            "size": batch.sizes,
            "etag": batch.etags,
            "modified_at": batch.modified,
            "content_type": batch.content_types,
            "archived": batch.archived,
        }
        told = {name: column for name, column in columns.items() if column is not None}
        insert_columns(tx, differences, {"run_id": run_id, "type": int(batch.type)}, told)


def publish(tx: Connection, claim: Claim, *, fingerprint: bytes, notices: Iterable[Notice] = ()) -> bool:
    """Show a computation's differences instead of the earlier ones, whole; False if what decided it has changed.

    ``notices`` are what is to be told of its listing as a whole.
    """
    run_store.hold(tx, claim)
    if is_published(tx, claim):
        # Its counts have gone on from what they were when it was published, by an attempt that then died.
        return True
    run = tx.execute(select(runs).where(runs.c.id == claim.run.id)).one()
    if run.fingerprint != fingerprint:
        return False
    run_store.note(tx, claim, notices=notices)
    connection = tx.execute(select(connections).where(connections.c.id == run.connection_id)).one()
    tx.execute(
        update(connections)
        .where(connections.c.id == run.connection_id)
        .values(
            published_run_id=run.id,
            added=run.added,
            removed=run.removed,
            changed=run.changed,
            last_checked_at=now(),
            clean_digest=None if run.outside else run.selection_digest,
            error=None,
            warnings=tx.scalars(select(runs.c.warnings).where(runs.c.id == run.id)).one() or [],
        )
    )
    tx.execute(update(runs).where(runs.c.id == run.id).values(assets_before=connection.number_of_assets))
    return True


def is_published(tx: Connection, claim: Claim) -> bool:
    """Whether a connection shows the differences of the claimed computation already."""
    return tx.scalar(select(connections.c.id).where(connections.c.published_run_id == claim.run.id)) is not None


def published(tx: Connection, connection_id: int) -> int:
    """The run whose differences a connection shows; raises Conflict if there was none yet."""
    run_id = tx.scalar(select(connections.c.published_run_id).where(connections.c.id == connection_id))
    if run_id is None:
        one = Noun.CONNECTION.show(connection_id)
        raise Conflict(
            f"The differences of connection {one} are not computed yet: bucketlink diff {one} computes them."
        )
    return int(run_id)


def live_runs(tx: Connection, project_id: int, integration_id: int) -> dict[int, tuple[int, bool, bool]]:
    """Live runs of a project and integration: run id to (connection id, published, still computed)."""
    of_these = (connections.c.project_id == project_id, connections.c.integration_id == integration_id)
    live: dict[int, tuple[int, bool, bool]] = {}
    for connection_id, run_id in tx.execute(select(connections.c.id, connections.c.published_run_id).where(*of_these)):
        if run_id is not None:
            live[run_id] = (connection_id, True, False)
    under_way = select(runs.c.id, runs.c.kind, runs.c.source_run_id, runs.c.connection_id).where(
        runs.c.project_id == project_id,
        runs.c.integration_id == integration_id,
        runs.c.finished_at.is_(None),
        runs.c.kind.in_([RunKind.COMPUTE, RunKind.APPLY]),
    )
    for row in tx.execute(under_way):
        if row.kind == RunKind.APPLY and row.source_run_id is not None:
            live.setdefault(row.source_run_id, (row.connection_id, False, False))
        elif row.kind == RunKind.COMPUTE:
            live.setdefault(row.id, (row.connection_id, False, True))
    return live


def settle(
    tx: Connection,
    project_id: int,
    integration_id: int,
    types: Sequence[DifferenceType],
    keys: Select[str],
    *,
    but: int | None = None,
) -> None:
    """Delete differences of these types and keys, and their counts, from every live run except `but`."""
    for run_id, (connection_id, shown, computed) in live_runs(tx, project_id, integration_id).items():
        if run_id == but:
            continue
        for type_ in types:
            same = (differences.c.run_id == run_id, differences.c.type == type_, differences.c.key.in_(keys))
            settled = tx.execute(delete(differences).where(*same)).rowcount
            if not settled:
                continue
            if shown:
                connection_store.add_to_counts(tx, connection_id, differences={type_: -settled})
            elif computed and type_ in _RUN_COUNTERS:
                counter = _RUN_COUNTERS[type_]
                tx.execute(update(runs).where(runs.c.id == run_id).values({counter: counter - settled}))


def delete_some(tx: Connection, run_id: int, limit: int) -> int:
    """Delete up to `limit` differences of a run; returns how many, 0 at the end."""
    first = tx.scalar(
        select(differences.c.type).where(differences.c.run_id == run_id).order_by(differences.c.type).limit(1)
    )
    if first is None:
        return 0
    of_type = (differences.c.run_id == run_id, differences.c.type == first)
    count, last = first_rows(tx, differences.c.key, of_type, limit)
    tx.execute(delete(differences).where(*of_type, differences.c.key <= last))
    return count
