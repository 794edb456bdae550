"""A data directory, opened: its database, its key, and the lock that says who runs its jobs."""

import fcntl
import logging
import os
import time
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import inspect, text
from sqlalchemy.exc import SQLAlchemyError

from bucketlink.errors import DataDirectoryError, SealingError
from bucketlink.sealing import KEY_FILE, Sealer, make_key_file, open_sealer
from bucketlink.settings import Settings
from bucketlink.store import accounts, integrations
from bucketlink.store.database import Database

DATABASE_FILE = "bucketlink.db"
LOCK_FILE = "lock"
SCHEMA = "0004"
"""The newest migration."""
LOCK_PATIENCE = 30.0
"""Seconds to wait for the lock before a directory can be set up."""
TELL_AFTER = 1.0
"""Seconds of waiting after which it is said what is waited for."""
_KEY_GONE = (
    "Stored credentials are sealed with a key that is not here. Set BUCKETLINK_SECRET_KEY to the key they were sealed "
    "with, or restore the file {}; if it is lost for good, `bucketlink doctor` says what to do."
)

# A whole sentence, which the command line shows as it is.
log = logging.getLogger("bucketlink.home")


class DirectoryLock:
    """A lock of the operating system on a database: whoever dies has let go of it."""

    def __init__(self, directory: Path, name: str = LOCK_FILE) -> None:
        self.path = directory / name
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        """Take the lock if it is free; returns whether it is ours now."""
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        """Let go of the lock."""
        if self._descriptor is not None:
            # A process that was forked meanwhile has the descriptor too, and closing alone would leave it the lock.
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
            os.close(self._descriptor)
            self._descriptor = None

    def is_free(self) -> bool:
        """Whether nobody holds the lock at this moment."""
        if not self.acquire():
            return False
        self.release()
        return True


def database_file(settings: Settings) -> Path:
    """Where the database is."""
    return settings.database or settings.data_dir / DATABASE_FILE


def lock_of(settings: Settings) -> DirectoryLock:
    """The lock that says who runs the jobs of a database.

    It lies beside the database, and its name comes from that alone: whoever works on the database finds the same lock.
    """
    file = database_file(settings).resolve()
    return DirectoryLock(file.parent, LOCK_FILE if file.name == DATABASE_FILE else f"{file.name}.lock")


def make_directories(settings: Settings) -> None:
    """Make the directories of the data, the database and its temporary files; raises DataDirectoryError."""
    try:
        for directory in (settings.data_dir, database_file(settings).parent, scratch_of(settings)):
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise _unusable(settings, error) from error


@dataclass(frozen=True)
class Home:
    """What everything that works on a data directory needs."""

    settings: Settings
    database: Database
    sealer: Sealer

    @property
    def scratch(self) -> Path:
        """A directory for temporary files, which whoever holds the lock may clear."""
        return scratch_of(self.settings)

    def close(self) -> None:
        """Close the database."""
        self.database.close()


def open_home(settings: Settings, *, durable: bool = True, lock: DirectoryLock | None = None) -> Home:
    """Open a data directory, setting it up or upgrading it where needed.

    Where another process has to end first, this waits for it up to `LOCK_PATIENCE`; after a second that is logged.

    Args:
        settings: where it is, and its key.
        durable: as for `Database`.
        lock: the directory's lock, if the caller holds it already.

    Raises DataDirectoryError or SealingError, both before anything is changed.

    """
    database = Database(database_file(settings), durable=durable)
    try:
        return _opened(settings, database, lock)
    except BaseException as error:
        database.close()
        if isinstance(error, SQLAlchemyError):
            raise DataDirectoryError(
                f"The database {database.path} cannot be opened ({getattr(error, 'orig', error)}). Check that the file "
                "is Bucketlink's, that its directory can be written, and that the disk is not full."
            ) from error
        if isinstance(error, OSError):
            raise _unusable(settings, error) from error
        raise


def _unusable(settings: Settings, error: OSError) -> DataDirectoryError:
    file = settings.database
    if file is not None and str(error.filename).startswith(str(file.parent)):
        return DataDirectoryError(
            f"The directory of the database {file} cannot be used ({error.strerror}): choose another with --database "
            "or BUCKETLINK_DATABASE_URL."
        )
    return DataDirectoryError(
        f"The data directory {settings.data_dir} cannot be used ({error.strerror}): choose another with --data-dir or "
        "BUCKETLINK_DATA_DIR."
    )


def scratch_of(settings: Settings) -> Path:
    """Where the database's worker keeps temporary files, and nobody else any."""
    file = database_file(settings).resolve()
    return file.parent if file.name == DATABASE_FILE else file.with_name(f"{file.name}.tmp")


def _opened(settings: Settings, database: Database, lock: DirectoryLock | None) -> Home:
    make_directories(settings)
    if is_emptied(settings, database.path) and (lock is not None or lock_of(settings).is_free()):
        raise DataDirectoryError(
            f"The database {database.path} is empty, although it was used: restore it from a backup, or remove the "
            "file to begin anew."
        )
    if not _is_current(settings, database):
        _set_up(settings, database, lock)
    if settings.secret_key is None and not (settings.data_dir / KEY_FILE).exists():
        _make_key(settings, database)
    home = Home(settings, database, open_sealer(settings))
    with database.read() as tx:
        if any(not home.sealer.knows(needed) for needed in integrations.needed_key_ids(tx)):
            raise SealingError(_KEY_GONE.format(settings.data_dir / KEY_FILE))
    return home


def _set_up(settings: Settings, database: Database, held: DirectoryLock | None) -> None:
    lock = held or lock_of(settings)
    if held is None and not _acquired(settings, database, lock):
        return
    try:
        # For its owner only, as what SQLite makes beside it will be.
        os.close(os.open(database.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        database.migrate()
        with database.write() as tx:
            accounts.ensure_local_administrator(tx)
    finally:
        if held is None:
            lock.release()


def is_emptied(settings: Settings, path: Path) -> bool:
    """Whether a database has lost what it held: a key is made when there is something in it."""
    files = (path, path.with_name(f"{path.name}-wal"))
    there = [file.stat().st_size for file in files if file.exists()]
    return bool(there) and not any(there) and (settings.data_dir / KEY_FILE).exists()


def _make_key(settings: Settings, database: Database) -> None:
    """Make a key file, unless credentials are sealed by a key already, which is gone then."""
    with database.read() as tx:
        if integrations.needed_key_ids(tx):
            raise SealingError(_KEY_GONE.format(settings.data_dir / KEY_FILE))
    make_key_file(settings.data_dir)


def _acquired(settings: Settings, database: Database, lock: DirectoryLock) -> bool:
    """Wait for the lock; False if there is nothing to set up any more."""
    begun = time.monotonic()
    is_told = False
    while not lock.acquire():
        if _is_current(settings, database):
            return False
        waited = time.monotonic() - begun
        if waited > LOCK_PATIENCE:
            raise DataDirectoryError(
                f"Another Bucketlink is at work on {database.path}, which this release has to upgrade first: stop it, "
                "then try again."
            )
        if waited > TELL_AFTER and not is_told:
            is_told = True
            log.warning(
                "Another Bucketlink is at work on %s, which has to be set up or upgraded first; waiting for it to end, "
                "%.0f seconds at most.",
                database.path,
                LOCK_PATIENCE,
            )
        time.sleep(0.05)
    return True


def _is_current(settings: Settings, database: Database) -> bool:
    """Whether the database is there, as this release has it."""
    if not database.path.exists():
        return False
    with database.read() as tx:
        tables = inspect(tx).get_table_names()
        if tables and "alembic_version" not in tables:
            raise DataDirectoryError(
                f"{database.path} is the database of another program: choose another with --database or "
                "BUCKETLINK_DATABASE_URL, or another directory with --data-dir."
            )
        if not tables:
            return False
        version = tx.scalar(text("SELECT version_num FROM alembic_version"))
    if version is not None and version > SCHEMA:
        raise DataDirectoryError(
            f"The data directory {settings.data_dir} was used by a later release of Bucketlink: use that release, "
            "or choose another directory with --data-dir."
        )
    return bool(version == SCHEMA)
