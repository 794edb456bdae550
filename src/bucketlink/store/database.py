"""Opening the database, and the two kinds of transaction that everything else is made of."""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Connection, Engine, create_engine, event, func, select
from sqlalchemy.engine import URL
from sqlalchemy.exc import OperationalError, SQLAlchemyError

if TYPE_CHECKING:
    from alembic.config import Config

WRITE_PATIENCE = 60.0
"""Seconds that a write waits for the one writer that SQLite allows."""

_WRITE = "bucketlink_write"


class Database:
    """A SQLite file.

    Reads see one snapshot and never wait. Writes are serialized: a write transaction sees everything that earlier ones
    committed, and nothing changes under it. Keep them under 250 ms.
    """

    def __init__(self, path: Path, *, durable: bool = True) -> None:
        """Open the file at `path`; nothing is created before `migrate`.

        `durable` makes every commit survive a power cut. A process whose work is taken up again from its cursors may
        do without: it then loses its last steps at most, and never half of one.
        """
        self.path = path
        url = URL.create("sqlite", database=str(path))
        self.engine: Engine = create_engine(url, pool_size=10, max_overflow=90, pool_timeout=30, hide_parameters=True)

        @event.listens_for(self.engine, "connect")
        def _connected(dbapi: sqlite3.Connection, _record: object) -> None:
            dbapi.isolation_level = None
            dbapi.execute("PRAGMA busy_timeout=10000")
            dbapi.execute("PRAGMA journal_mode=WAL")
            dbapi.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            dbapi.execute("PRAGMA foreign_keys=ON")
            dbapi.execute("PRAGMA temp_store=MEMORY")
            dbapi.execute("PRAGMA cache_size=-4000")

        @event.listens_for(self.engine, "begin")
        def _begin(connection: Connection) -> None:
            if connection.get_execution_options().get(_WRITE):
                _begin_immediate(connection)
            else:
                connection.exec_driver_sql("BEGIN")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A read transaction: one snapshot."""
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A write transaction: committed at the end of the block, rolled back if it raises."""
        with self.engine.connect().execution_options(**{_WRITE: True}) as connection, connection.begin():
            yield connection

    def migrate(self) -> None:
        """Bring the schema to this release's; whoever calls holds the data directory's lock."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # Alembic takes longer to import than all else, and is needed only here.
        from alembic import command  # noqa: PLC0415

        with self.engine.connect() as connection:
            command.upgrade(alembic_config(connection), "head")

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def alembic_config(connection: Connection) -> "Config":
    """Alembic's configuration for a connection, without a file."""
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


def _begin_immediate(connection: Connection) -> None:
    # SQLite's own waiting backs off to 100 ms, too slow to catch the short gaps of a process that writes all the time.
    deadline = time.monotonic() + WRITE_PATIENCE
    connection.exec_driver_sql("PRAGMA busy_timeout=0")
    try:
        while True:
            try:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            except OperationalError as error:
                if not _is_busy(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.001)
            else:
                return
    finally:
        connection.exec_driver_sql("PRAGMA busy_timeout=10000")


def _is_busy(error: OperationalError) -> bool:
    # The lowest byte is the kind of error; the others say, for one, that a killed process's log is being recovered.
    code: int = getattr(error.orig, "sqlite_errorcode", 0)
    return code & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def explain(error: SQLAlchemyError) -> str:
    """What a person can do about an error of the database."""
    code = getattr(getattr(error, "orig", None), "sqlite_errorcode", None)
    primary = None if code is None else code & 0xFF
    return _ADVICE.get(
        primary or 0, f"The database did not take the request ({type(error).__name__}): try again in a moment."
    )


_ADVICE = {
    sqlite3.SQLITE_FULL: "The disk of the data directory is full: make room, then try again.",
    sqlite3.SQLITE_READONLY: "The data directory cannot be written: give its owner the right to, then try again.",
    sqlite3.SQLITE_IOERR: "The disk of the data directory failed to read or write: check it, then try again.",
    sqlite3.SQLITE_BUSY: "The database was busy for too long: try again in a moment.",
    sqlite3.SQLITE_CORRUPT: "The database file is damaged: restore the data directory from a backup.",
    sqlite3.SQLITE_NOTADB: "The database file is not a database: restore the data directory from a backup.",
}


def first_rows(
    tx: Connection, key: ColumnElement[str], which: Sequence[ColumnElement[bool]], limit: int
) -> tuple[int, str | None]:
    """How many of these rows there are, `limit` at most, and the key of the last of them, in the order of a key."""
    last = tx.scalar(select(key).where(*which).order_by(key).offset(limit - 1).limit(1))
    if last is not None:
        return limit, last
    count, last = tx.execute(select(func.count(), func.max(key)).where(*which)).one()
    return count, last


def now() -> int:
    """The present moment in milliseconds since 1970."""
    return time.time_ns() // 1_000_000
