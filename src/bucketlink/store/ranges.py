"""The ranges that a computation is cut in, each with the key that it has come to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy import Connection, delete, insert, select, update

from bucketlink.model import RunKind, RunState
from bucketlink.notices import Notice
from bucketlink.spans import Scan, Span
from bucketlink.store.database import now
from bucketlink.store.runs import Claim, Fenced, hold
from bucketlink.store.tables import ranges, runs

Sight: TypeAlias = list[int] | None
"""What the listing of a range has shown: None while nothing, else the numbers of patterns that a key has matched."""


@dataclass(frozen=True, slots=True)
class RangeClaim:
    """A range of a run, where it has come to, what it has shown, and the attempt that may go on with it."""

    id: int
    attempt: int
    span: Span
    cursor: str | None
    spooled: bool
    sight: Sight = None


@dataclass(frozen=True, slots=True)
class Progress:
    """What a computation has to know of an earlier attempt at itself."""

    fingerprint: bytes | None
    stepped_at: int | None


def progress(tx: Connection, claim: Claim) -> Progress:
    """How far a computation came in an earlier attempt; the fingerprint is None if it has to begin anew."""
    row = tx.execute(select(runs.c.fingerprint, runs.c.stepped_at).where(runs.c.id == claim.run.id)).one()
    return Progress(row.fingerprint, row.stepped_at)


def discard(tx: Connection, claim: Claim) -> None:
    """Forget every range of a computation, to begin anew. Its differences are deleted apart, its counts by `begin`."""
    hold(tx, claim)
    tx.execute(delete(ranges).where(ranges.c.run_id == claim.run.id))
    tx.execute(update(runs).where(runs.c.id == claim.run.id).values(fingerprint=None))


def _seen_before(tx: Connection, claim: Claim, selection_digest: bytes) -> int | None:
    """How many objects the last computation of the same connection and selection saw that succeeded."""
    earlier = (
        runs.c.connection_id == claim.run.connection_id,
        runs.c.kind == RunKind.COMPUTE,
        runs.c.state == RunState.SUCCEEDED,
        runs.c.selection_digest == selection_digest,
    )
    return tx.scalar(select(runs.c.objects).where(*earlier).order_by(runs.c.id.desc()).limit(1)) or None


def begin(
    tx: Connection,
    claim: Claim,
    spans: Iterable[Span],
    *,
    fingerprint: bytes,
    selection_digest: bytes,
    revision: int,
    spooled: bool,
    notices: Sequence[Notice],
) -> None:
    """Cut a computation in ranges. What it counts, and since when, begins here."""
    hold(tx, claim)
    tx.execute(
        update(runs)
        .where(runs.c.id == claim.run.id)
        .values(
            fingerprint=fingerprint,
            selection_digest=selection_digest,
            revision=revision,
            keeps_differences=True,
            warnings=[one.row() for one in notices],
            started_at=now(),
            expected=_seen_before(tx, claim, selection_digest),
            objects=0,
            added=0,
            removed=0,
            changed=0,
            outside=0,
        )
    )
    tx.execute(
        insert(ranges),
        [
            {
                "run_id": claim.run.id,
                "start": span.start,
                "stop": span.stop,
                "scan": span.scan,
                "prefix": span.prefix,
                "spooled": spooled,
            }
            for span in spans
        ],
    )


def claim(tx: Connection, of: Claim) -> RangeClaim | None:
    """Take the next range that is not done, behind its cursor; None when all are done."""
    hold(tx, of)
    row = tx.execute(
        select(ranges).where(ranges.c.run_id == of.run.id, ranges.c.done.is_(False)).order_by(ranges.c.start).limit(1)
    ).first()
    if row is None:
        return None
    tx.execute(update(ranges).where(ranges.c.id == row.id).values(attempt=row.attempt + 1))
    span = Span(row.start, row.stop, Scan(row.scan), row.prefix)
    return RangeClaim(row.id, row.attempt + 1, span, row.cursor, row.spooled, row.sight)


def advance(tx: Connection, range_: RangeClaim, *, cursor: str | None, sight: Sight, done: bool) -> None:
    """Move a range's cursor, in the transaction that writes what was found up to there; raises Fenced."""
    values: dict[str, object] = {"done": done, "sight": sight}
    if cursor is not None:
        values["cursor"] = cursor
    moved = tx.execute(
        update(ranges).where(ranges.c.id == range_.id, ranges.c.attempt == range_.attempt).values(**values)
    )
    if moved.rowcount != 1:
        raise Fenced


def sights(tx: Connection, of: Claim) -> list[tuple[Span, Sight]]:
    """What the listing has shown of the ranges whose objects are listed, in key order."""
    listed = (ranges.c.run_id == of.run.id, ranges.c.scan != Scan.NOTHING)
    rows = tx.execute(
        select(ranges.c.start, ranges.c.stop, ranges.c.scan, ranges.c.prefix, ranges.c.sight)
        .where(*listed)
        .order_by(ranges.c.start)
    )
    return [(Span(row.start, row.stop, Scan(row.scan), row.prefix), row.sight) for row in rows]


def untouched(tx: Connection, of: Claim) -> list[Span]:
    """The spans of ranges that have not begun, in the order in which they are claimed."""
    rows = tx.execute(
        select(ranges.c.start, ranges.c.stop, ranges.c.scan, ranges.c.prefix)
        .where(ranges.c.run_id == of.run.id, ranges.c.done.is_(False), ranges.c.cursor.is_(None))
        .order_by(ranges.c.start)
    )
    return [Span(row.start, row.stop, Scan(row.scan), row.prefix) for row in rows]
