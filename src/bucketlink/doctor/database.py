"""The database: whether it opens, whether it is whole, and who does its jobs."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import TimeoutError as Late
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import inspect
from sqlalchemy.exc import DatabaseError

from bucketlink.doctor.commands import beside, copying, ending, path, restoring
from bucketlink.doctor.findings import Finding, begin, ok, skipped, warning, wrong
from bucketlink.doctor.locks import UNSEEN, holder, is_stopped, keeper, writer
from bucketlink.home import SCHEMA, database_file, is_emptied, lock_of
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
MAGIC = b"SQLite format 3\0"
"""What a database begins with."""
_ELSEWHERE = "Check --data-dir and --database."
_BROKEN = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def database(settings: Settings) -> Iterator[Finding]:
    """Look at the file, its schema and its log."""
    file = database_file(settings)
    kept_from = _unopened(settings, file) or _kept(file)
    if kept_from is not None:
        yield kept_from
        return
    try:
        with open_unchanged(file).connect() as tx:
            version, tables = schema_version(tx), inspect(tx).get_table_names()
    except DatabaseError as error:
        if (getattr(error.orig, "sqlite_errorcode", None) or 0) & 0xFF not in _BROKEN:
            raise
        yield wrong("database", f"{file} is damaged: {error.orig}.", restoring(file))
        return
    if not tables:
        yield warning(
            "database",
            f"{file} is empty: setting it up did not end.",
            "The next command that opens it goes on with that.",
        )
        return
    if version is None:
        yield wrong("database", f"{file} is a database, but not Bucketlink's.", _ELSEWHERE)
        return
    if version > SCHEMA:
        yield wrong(
            "database",
            f"A later release has used {file} ({version}, this one has {SCHEMA}).",
            "Use that release, or restore the backup that was made before it (docs/operations/README.md).",
        )
        return
    if version < SCHEMA:
        text = f"{file} is of an earlier release ({version}, this one has {SCHEMA})."
        copy = copying(file, file.with_name(f"before-{SCHEMA}.db"))
        yield warning("database", text, f"The next command that opens it upgrades it; make a backup before: {copy}")
    else:
        yield ok("database", f"{file}, {size(file.stat().st_size)}, schema {version}")
    yield _integrity(file)
    yield _log(file)


def _unopened(settings: Settings, file: Path) -> Finding | None:
    """Say what lies in the place of a database that SQLite cannot open; None where it may be one."""
    if file.is_symlink() and not file.exists():
        return wrong("database", f"{file} leads to {file.readlink()}, which is not there.", _ELSEWHERE)
    if not file.exists():
        return skipped("database", f"There is none yet at {file}; the first command that needs it makes it.")
    if not file.is_file():
        aside = f"mv {path(file)} {path(file.with_name(f'{file.name}.aside'))}"
        return wrong("database", f"{file} is no file.", f"{_ELSEWHERE} Or take it away: {aside}")
    if is_emptied(settings, file):
        mend = f"{restoring(file)}; to begin anew instead: rm {path(file)}"
        return wrong("database", f"{file} is empty, although it was used.", mend)
    with file.open("rb") as opened:
        begins = opened.read(len(MAGIC))
    if begins not in {b"", MAGIC}:
        return wrong("database", f"{file} is no database.", f"{_ELSEWHERE} {restoring(file)}")
    return None


def _kept(file: Path) -> Finding | None:
    """Say which process keeps others from a database; None if none does."""
    reads, writes = keeper(file), None
    if reads is None:
        writes = writer(file)
    process = reads or writes
    if process is None:
        return None
    keeps = "keeps {} to itself, so that nobody else can read it." if reads else "writes to {}, and lets nobody else."
    mend = _goes_on(process) if is_stopped(process) else ending(process)
    return wrong("database", f"Process {process} {keeps.format(file)}", mend)


def _goes_on(process: int) -> str:
    return f"It is stopped; this lets it go on: kill -CONT {process}"


def _integrity(file: Path) -> Finding:
    try:
        # A thread that takes too long is left with its connection, which nobody else may close meanwhile.
        found = begin(lambda: _damages(file)).result(PATIENCE)
    except Late:
        text = f"Not looked through within {PATIENCE:.0f} s; this does: sqlite3 {path(file)} 'PRAGMA quick_check'"
        return skipped("integrity", text)
    if found:
        return wrong("integrity", f"{file} is damaged: {'; '.join(found)}.", restoring(file))
    return ok("integrity", "The database is whole.")


def _damages(file: Path) -> list[str]:
    """What is damaged, as SQLite says it; looked at again where somebody may have changed it under our eyes."""
    while True:
        before = _state(file)
        try:
            with closing(connect(file)) as connection:
                told = [str(row[0]).splitlines() for row in connection.execute("PRAGMA quick_check(3)")]
                found = [line for lines in told for line in lines if not line.startswith("***")]
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


def jobs(settings: Settings, *, is_current: bool) -> Iterator[Finding]:
    """Look at who does the jobs, and, where the tables are of this release, whether any wait for nobody."""
    lock = lock_of(settings).path
    process = holder(lock)
    work = Work(0, 0, None)
    if is_current:
        with open_unchanged(database_file(settings)).connect() as tx:
            work = work_left(tx)
    left = f"runs waiting: {work.queued}, begun: {work.running}"
    if process is None:
        if work.queued or work.running:
            yield warning("worker", f"No process does the jobs ({left}).", f"Start one: {beside(settings, 'worker')}")
        else:
            yield ok("worker", "No process does the jobs" + (", and none are left to do." if is_current else "."))
        return
    who = "A process that cannot be seen from here" if process == UNSEEN else f"Process {process}"
    if is_stopped(process):
        yield wrong("worker", f"{who} holds {lock}, but is stopped.", _goes_on(process))
    elif work.slowest is not None and (now() - work.slowest[1]) / 1000 > STALLED_SECONDS:
        run, stepped = work.slowest
        yield warning(
            "worker",
            f"{who} does the jobs, but run{run} has made no step for {(now() - stepped) / 60_000:.0f} minutes.",
            f"If its bucket does not answer any more: {beside(settings, f'cancel run{run}')}",
        )
    else:
        yield ok("worker", f"{who} does the jobs" + (f" ({left})." if is_current else "."))
