"""The database: whether it opens, whether it is whole, and who does its jobs."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import TimeoutError as Late
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import inspect

from bucketlink.doctor.findings import Finding, begin, ok, skipped, warning, wrong
from bucketlink.doctor.locks import UNSEEN, holder, is_stopped, keeper
from bucketlink.home import SCHEMA, database_file, lock_of
from bucketlink.settings import Settings
from bucketlink.store.database import now
from bucketlink.store.inspection import Work, connect, is_at_rest, open_unchanged, schema_version, work_left
from bucketlink.text import size

PATIENCE = 10.0
"""Seconds that the database is looked through; a million assets take about one, more where the disk is slow."""
LONG_LOG = 1_000_000_000
"""Bytes of a write-ahead log that is not being emptied."""
STALLED_SECONDS = 900.0
"""How long a run may be without a step; each takes well under a second, but for a bucket that is slow to answer."""
_RESTORE = "Restore it from a backup (docs/operations/README.md), with every Bucketlink stopped."


def database(settings: Settings) -> Iterator[Finding]:
    """Look at the file, its schema and its log."""
    file = database_file(settings)
    if not file.exists():
        yield skipped("database", f"There is none yet at {file}; the first command that needs it makes it.")
        return
    kept_by = keeper(file)
    if kept_by is not None:
        yield wrong(
            "database",
            f"Process {kept_by} keeps {file} to itself, so that nobody else can read it.",
            "End that process, or what it does with the database.",
        )
        return
    engine = open_unchanged(file)
    with engine.connect() as tx:
        version, tables = schema_version(tx), inspect(tx).get_table_names()
    if not tables:
        yield warning(
            "database",
            f"{file} is empty: setting it up did not end.",
            "The next command that opens it goes on with that.",
        )
        return
    if version is None:
        yield wrong("database", f"{file} is a database, but not Bucketlink's.", "Check --data-dir and --database.")
        return
    if version > SCHEMA:
        yield wrong("database", f"A later release has used {file} ({version}).", "Use that release.")
        return
    if version < SCHEMA:
        text = f"{file} is of an earlier release ({version}, this one has {SCHEMA})."
        yield warning("database", text, "Make a backup: the next command that opens it upgrades it.")
    else:
        yield ok("database", f"{file}, {size(file.stat().st_size)}, schema {version}")
    yield _integrity(file)
    yield _log(file)


def is_current(settings: Settings) -> bool:
    """Whether the tables of the database can be looked into."""
    file = database_file(settings)
    if not file.exists():
        return False
    with open_unchanged(file).connect() as tx:
        return schema_version(tx) == SCHEMA


def _integrity(file: Path) -> Finding:
    try:
        # A thread that takes too long is left with its connection, which nobody else may close meanwhile.
        found = begin(lambda: _damages(file)).result(PATIENCE)
    except Late:
        text = f"Not looked through within {PATIENCE:.0f} s; sqlite3 {file} 'PRAGMA quick_check' looks through all."
        return skipped("integrity", text)
    if found:
        return wrong("integrity", f"{file} is damaged: {'; '.join(found)}", _RESTORE)
    return ok("integrity", "The database is whole.")


def _damages(file: Path) -> list[str]:
    """What is damaged, as SQLite says it; looked at again where somebody may have changed it under our eyes."""
    while True:
        before = _state(file)
        try:
            with closing(connect(file)) as connection:
                found = [str(row[0]) for row in connection.execute("PRAGMA quick_check(3)")]
        except sqlite3.DatabaseError as error:
            found = [str(error)]
        if found == ["ok"]:
            return []
        if not before.at_rest or _state(file) == before:
            return found


class _State(NamedTuple):
    at_rest: bool
    changed: int
    size: int


def _state(file: Path) -> _State:
    at_rest, status = is_at_rest(file), file.stat()
    return _State(at_rest, status.st_mtime_ns, status.st_size)


def _log(file: Path) -> Finding:
    log = file.with_name(f"{file.name}-wal")
    length = log.stat().st_size if log.exists() else 0
    if length > max(LONG_LOG, file.stat().st_size):
        return warning(
            "write-ahead log",
            f"{log} has grown to {size(length)}, since somebody has been reading the database for long.",
            "Stop every Bucketlink and every sqlite3 that has the database open, then start one again.",
        )
    return ok("write-ahead log", size(length))


def jobs(settings: Settings) -> Iterator[Finding]:
    """Look at who does the jobs, and whether any wait for nobody."""
    lock = lock_of(settings).path
    process = holder(lock)
    work = Work(0, 0, None)
    if is_current(settings):
        with open_unchanged(database_file(settings)).connect() as tx:
            work = work_left(tx)
    left = f"runs waiting: {work.queued}, begun: {work.running}"
    if process is None:
        if work.queued or work.running:
            yield warning(
                "worker", f"No process does the jobs ({left}).", "Start `bucketlink serve` or `bucketlink worker`."
            )
        else:
            yield ok("worker", "No process does the jobs, and none are left to do.")
        return
    who = "A process that cannot be seen from here" if process == UNSEEN else f"Process {process}"
    if is_stopped(process):
        yield wrong("worker", f"{who} holds {lock}, but is stopped.", f"kill -CONT {process} lets it go on.")
    elif work.slowest is not None and (now() - work.slowest[1]) / 1000 > STALLED_SECONDS:
        run, stepped = work.slowest
        yield warning(
            "worker",
            f"{who} does the jobs, but run{run} has made no step for {(now() - stepped) / 60_000:.0f} minutes.",
            f"bucketlink cancel run{run}, if its bucket does not answer any more.",
        )
    else:
        yield ok("worker", f"{who} does the jobs ({left}).")
