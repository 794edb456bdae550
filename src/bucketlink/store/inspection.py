"""Looking into a database without changing it, or any file beside it, whatever state it is in."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, func, inspect, select, text
from sqlalchemy.pool import NullPool

from bucketlink.model import Integration, RunState
from bucketlink.sealing import key_id
from bucketlink.store import integrations
from bucketlink.store.tables import integrations as table
from bucketlink.store.tables import organizations, runs

PATIENCE = 5.0
"""Seconds to wait for whoever keeps others from reading."""
PAGE = 100


def open_unchanged(file: Path) -> Engine:
    """Open a database for reading; no connection of it makes a file, upgrades anything, or moves what is in the log."""
    return create_engine("sqlite://", creator=lambda: connect(file), poolclass=NullPool, hide_parameters=True)


def connect(file: Path) -> sqlite3.Connection:
    """A connection as `open_unchanged` makes it; to be closed, and usable in any thread."""
    how = "mode=ro&immutable=1" if is_at_rest(file) else "mode=ro"
    return sqlite3.connect(
        f"{file.absolute().as_uri()}?{how}", uri=True, timeout=PATIENCE, isolation_level=None, check_same_thread=False
    )


def is_at_rest(file: Path) -> bool:
    """Whether nobody has a database open; it is then read without a lock, so that somebody may change it meanwhile."""
    log, shared = (file.with_name(file.name + end) for end in ("-wal", "-shm"))
    # Whoever has the database open keeps both of these. Where they are missing nobody has, and SQLite would make them.
    return _keeps_log(file) and not (log.exists() and shared.exists())


def _keeps_log(file: Path) -> bool:
    """Whether a database is written through a log, as all of ours are."""
    with file.open("rb") as opened:
        return opened.read(20)[18:] == b"\2\2"


def schema_version(tx: Connection) -> str | None:
    """The newest migration that the database has seen; None if it is none of ours."""
    if not inspect(tx).has_table("alembic_version"):
        return None
    version: str | None = tx.scalar(text("SELECT version_num FROM alembic_version"))
    return version


def every_integration(tx: Connection) -> Iterator[Integration]:
    """All integrations of all organizations."""
    for organization_id in tx.scalars(select(organizations.c.id).order_by(organizations.c.id)).all():
        skip = 0
        while found := integrations.find(tx, organization_id, first=PAGE, skip=skip):
            yield from found
            skip += PAGE


def sealing_keys(tx: Connection) -> dict[int, bytes]:
    """Integrations whose credentials are sealed, each with the id of the master key that they need."""
    kept = select(table.c.id, table.c.sealed_credentials).where(table.c.sealed_credentials.is_not(None))
    return {row.id: key_id(bytes(row.sealed_credentials)) for row in tx.execute(kept.order_by(table.c.id))}


@dataclass(frozen=True, slots=True)
class Work:
    """What is left to do.

    Attributes:
        queued: runs that wait.
        running: runs that somebody has taken, and may have left.
        slowest: of these, the one whose last step was longest ago, and when that was; None if none is running.

    """

    queued: int
    running: int
    slowest: tuple[int, int] | None


def work_left(tx: Connection) -> Work:
    """Count unfinished runs."""
    unfinished = runs.c.finished_at.is_(None)
    counted = select(runs.c.state, func.count().label("number")).where(unfinished).group_by(runs.c.state)
    counts = {row.state: row.number for row in tx.execute(counted)}
    stepped = func.coalesce(runs.c.stepped_at, runs.c.started_at, runs.c.created_at)
    slowest = tx.execute(
        select(runs.c.id, stepped).where(unfinished, runs.c.state == RunState.RUNNING).order_by(stepped).limit(1)
    ).first()
    return Work(
        counts.get(RunState.QUEUED, 0), counts.get(RunState.RUNNING, 0), None if slowest is None else tuple(slowest)
    )
