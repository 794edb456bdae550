"""Runs: the truth about work that is under way.

Whoever works on a run holds a `Claim`. Every transaction of that work starts with `hold`, which fails once the run was
cancelled or claimed by another: whoever was stopped and wakes up again can change nothing any more.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    true,
    update,
)

from bucketlink.errors import BucketlinkError
from bucketlink.ids import Noun
from bucketlink.model import DifferenceType, Run, RunKind, RunState, Summary
from bucketlink.notices import Notice, merged, stored
from bucketlink.store.database import now
from bucketlink.store.tables import connections, ranges, runs

# Unfinished runs are found by an index of their own, which holds those without an end alone.
_QUEUED = (runs.c.finished_at.is_(None), runs.c.state == RunState.QUEUED)
_UNDOING = runs.alias("undoing")
_UNDONE_BY = (
    select(func.max(_UNDOING.c.id))
    .where(
        _UNDOING.c.source_run_id == runs.c.id,
        _UNDOING.c.kind == RunKind.UNDO,
        _UNDOING.c.state.in_((RunState.QUEUED, RunState.RUNNING, RunState.SUCCEEDED)),
    )
    .scalar_subquery()
)
_ROWS = select(runs, _UNDONE_BY.label("undone_by"))
"""What a `Run` is made of."""
_LEFT = {
    DifferenceType.ADD: connections.c.added,
    DifferenceType.REMOVE: connections.c.removed,
    DifferenceType.CHANGED: connections.c.changed,
}


class Fenced(Exception):
    """The run is no longer this worker's: it was cancelled, or taken over."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A run, and the attempt that may work on it."""

    run: Run
    attempt: int


def enqueue(
    tx: Connection,
    kind: RunKind,
    *,
    organization_id: int,
    integration_id: int | None,
    project_id: int | None = None,
    connection_id: int | None = None,
    source_run_id: int | None = None,
    types: Sequence[DifferenceType] = (),
    forced: bool = False,
    requested_by: int | None = None,
) -> int:
    """Queue a run behind the others of its connection; returns its id."""
    return int(
        tx.scalars(
            insert(runs)
            .values(
                organization_id=organization_id,
                kind=kind,
                state=RunState.QUEUED,
                integration_id=integration_id,
                project_id=project_id,
                connection_id=connection_id,
                source_run_id=source_run_id,
                types=[int(type_) for type_ in types],
                forced=forced,
                requested_by=requested_by,
                created_at=now(),
            )
            .returning(runs.c.id)
        ).one()
    )


def unfinished(tx: Connection, connection_id: int, kind: RunKind, source_run_id: int | None = None) -> list[Run]:
    """Runs of one kind that are queued or running on a connection, oldest first."""
    statement = _ROWS.where(runs.c.connection_id == connection_id, runs.c.kind == kind, runs.c.finished_at.is_(None))
    if source_run_id is not None:
        statement = statement.where(runs.c.source_run_id == source_run_id)
    return [_run(row) for row in tx.execute(statement.order_by(runs.c.id))]


def get(tx: Connection, organization_id: int, run_id: int) -> Run:
    """A run of the organization; raises NotFound."""
    row = tx.execute(_ROWS.where(runs.c.id == run_id, runs.c.organization_id == organization_id)).first()
    if row is None:
        raise Noun.RUN.absent(run_id)
    return _run(row)


def state(tx: Connection, run_id: int) -> RunState:
    """Where a run stands."""
    return RunState(tx.scalars(select(runs.c.state).where(runs.c.id == run_id)).one())


def find(tx: Connection, organization_id: int, connection_id: int, *, first: int = 100, skip: int = 0) -> list[Run]:
    """The history of a connection, newest first."""
    rows = tx.execute(
        _ROWS.where(runs.c.organization_id == organization_id, runs.c.connection_id == connection_id)
        .order_by(runs.c.id.desc())
        .limit(first)
        .offset(skip)
    )
    return [_run(row) for row in rows]


def newest(tx: Connection, connection_id: int, kind: RunKind) -> Run | None:
    """The last run of one kind that a connection has had."""
    wanted = _ROWS.where(runs.c.connection_id == connection_id, runs.c.kind == kind)
    row = tx.execute(wanted.order_by(runs.c.id.desc()).limit(1)).first()
    return None if row is None else _run(row)


def is_checked_again(tx: Connection, run: Run) -> bool:
    """Whether a check of the same integration was asked for after this one, whose finding is then the one to keep."""
    later = (runs.c.kind == RunKind.CHECK, runs.c.integration_id == run.integration_id, runs.c.id > run.id)
    return tx.scalar(select(runs.c.id).where(*later).limit(1)) is not None


def requeue(tx: Connection) -> None:
    """Queue what is marked as running again; only whoever holds the data directory knows that nobody works on it."""
    running = (runs.c.finished_at.is_(None), runs.c.state == RunState.RUNNING)
    tx.execute(update(runs).where(*running).values(state=RunState.QUEUED))


def any_queued(tx: Connection) -> bool:
    """Whether there may be something to claim."""
    return tx.scalar(select(runs.c.id).where(*_QUEUED).limit(1)) is not None


def any_unfinished(tx: Connection) -> bool:
    """Whether there is work left."""
    return tx.scalar(select(runs.c.id).where(runs.c.finished_at.is_(None)).limit(1)) is not None


def cancel(tx: Connection, which: ColumnElement[bool], reason: str) -> None:
    """Fence off unfinished runs."""
    these = (which, runs.c.finished_at.is_(None))
    tx.execute(delete(ranges).where(ranges.c.run_id.in_(select(runs.c.id).where(*these))))
    tx.execute(update(runs).where(*these).values(state=RunState.CANCELLED, finished_at=now(), error=reason))


def claim(tx: Connection, *, most_computations: int) -> Claim | None:
    """Take the oldest queued run of which no other of the same connection is before it or running.

    A computation is taken only while fewer than `most_computations` run: slow buckets must not keep others waiting
    for what takes no time.
    """
    computations = select(func.count()).where(
        runs.c.finished_at.is_(None), runs.c.state == RunState.RUNNING, runs.c.kind == RunKind.COMPUTE
    )
    room = tx.scalars(computations).one() < most_computations
    before = runs.alias("before")
    # What cannot start for want of room keeps nobody waiting: an application is bound to differences that are there.
    waits = true() if room else before.c.kind != RunKind.COMPUTE
    blocked = exists(
        select(before.c.id).where(
            before.c.connection_id == runs.c.connection_id,
            before.c.finished_at.is_(None),
            or_(before.c.state == RunState.RUNNING, and_(before.c.id < runs.c.id, waits)),
        )
    )
    row = tx.execute(
        _ROWS.where(*_QUEUED, ~blocked, true() if room else runs.c.kind != RunKind.COMPUTE)
        .order_by(runs.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()
    if row is None:
        return None
    moment = now()
    attempt = row.attempt + 1
    tx.execute(
        update(runs)
        .where(runs.c.id == row.id)
        .values(
            state=RunState.RUNNING,
            attempt=attempt,
            started_at=func.coalesce(runs.c.started_at, moment),
            expected=row.expected if row.attempt else _expected(tx, _run(row)),
        )
    )
    return Claim(get(tx, row.organization_id, row.id), attempt)


def _expected(tx: Connection, run: Run) -> int | None:
    """What an application, undoing or removal that begins now will do, as far as a counter knows it.

    Differences that a connection shows no longer are not counted; what a computation will see is known when it is cut.
    """
    counter: ColumnElement[int]
    match run.kind:
        case RunKind.APPLY:
            counter = sum((_LEFT[type_] for type_ in run.types), literal(0))
            of = connections.c.published_run_id == run.source_run_id
        case RunKind.UNDO:
            counter, of = runs.c.added + runs.c.removed + runs.c.changed, runs.c.id == run.source_run_id
        case RunKind.REMOVE:
            counter, of = connections.c.number_of_assets, connections.c.id == run.connection_id
        case _:
            return None
    return tx.scalar(select(counter).where(of)) or None


def hold(tx: Connection, claim: Claim, *, objects: int = 0, done: Summary | None = None, left: int = 0) -> None:
    """Start a transaction of the claimed work, and count what it does; raises Fenced if the claim is lost."""
    done = done or Summary()
    held = tx.execute(
        update(runs)
        .where(runs.c.id == claim.run.id, runs.c.attempt == claim.attempt, runs.c.state == RunState.RUNNING)
        .values(
            stepped_at=now(),
            objects=runs.c.objects + objects,
            added=runs.c.added + done.added,
            removed=runs.c.removed + done.removed,
            changed=runs.c.changed + done.changed,
            left=runs.c.left + left,
        )
    )
    if held.rowcount != 1:
        raise Fenced


def finish(tx: Connection, claim: Claim, *, error: BucketlinkError | None = None) -> None:
    """End a run, well or with an error, of which the sentence and the kind are kept."""
    hold(tx, claim)
    tx.execute(
        update(runs)
        .where(runs.c.id == claim.run.id)
        .values(
            state=RunState.FAILED if error else RunState.SUCCEEDED,
            error=None if error is None else str(error),
            error_kind=None if error is None else error.code,
            finished_at=now(),
        )
    )
    tx.execute(delete(ranges).where(ranges.c.run_id == claim.run.id))


def read(tx: Connection, claim: Claim, revision: int) -> None:
    """Keep which revision of its integration a run reads."""
    hold(tx, claim)
    tx.execute(update(runs).where(runs.c.id == claim.run.id).values(revision=revision))


def revision(tx: Connection, claim: Claim) -> int | None:
    """Which revision of its integration a run read; None before it read it."""
    return tx.scalar(select(runs.c.revision).where(runs.c.id == claim.run.id))


def note(tx: Connection, claim: Claim, *, outside: int = 0, notices: Iterable[Notice] = ()) -> None:
    """Keep what a step of a computation saw beside its differences."""
    if outside:
        tx.execute(update(runs).where(runs.c.id == claim.run.id).values(outside=runs.c.outside + outside))
    new = list(notices)
    if new:
        kept = tx.scalars(select(runs.c.warnings).where(runs.c.id == claim.run.id)).one() or []
        rows = [one.row() for one in merged([*map(stored, kept), *new])]
        tx.execute(update(runs).where(runs.c.id == claim.run.id).values(warnings=rows))


def _run(row: Row[Any]) -> Run:
    return Run(
        id=row.id,
        organization_id=row.organization_id,
        kind=RunKind(row.kind),
        state=RunState(row.state),
        integration_id=row.integration_id,
        project_id=row.project_id,
        connection_id=row.connection_id,
        source_run_id=row.source_run_id,
        revision=row.revision,
        types=tuple(DifferenceType(type_) for type_ in row.types or ()),
        attempt=row.attempt,
        objects=row.objects,
        expected=row.expected,
        summary=Summary(row.added, row.removed, row.changed),
        left=row.left,
        error=row.error,
        error_kind=row.error_kind,
        undone_by=row.undone_by,
        created_at=row.created_at,
        started_at=row.started_at,
        stepped_at=row.stepped_at,
        finished_at=row.finished_at,
    )
