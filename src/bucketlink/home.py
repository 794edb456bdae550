"""A data directory, opened: its database, its key, and the lock that says who runs its jobs."""

import fcntl
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
SCHEMA = "0003"
"""The newest migration."""
LOCK_PATIENCE = 30.0
"""Seconds to wait for the lock before a directory can be set up."""
_KEY_GONE = (
    "Stored credentials are sealed with a key that is not here. Set BUCKETLINK_SECRET_KEY to the key they were sealed "
    "with, or restore the file {}."
)


class DirectoryLock:
    """A lock of the operating system on a data directory: whoever dies has let go of it."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / LOCK_FILE
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        """Take the lock if it is free; returns whether it is ours now."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
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
            os.close(self._descriptor)
            self._descriptor = None

    def is_free(self) -> bool:
        """Whether nobody holds the lock at this moment."""
        if not self.acquire():
            return False
        self.release()
        return True


@dataclass(frozen=True)
class Home:
    """What everything that works on a data directory needs."""

    settings: Settings
    database: Database
    sealer: Sealer

    def close(self) -> None:
        """Close the database."""
        self.database.close()


def open_home(settings: Settings, *, durable: bool = True, lock: DirectoryLock | None = None) -> Home:
    """Open a data directory, setting it up or upgrading it where needed.

    Args:
        settings: where it is, and its key.
        durable: as for `Database`.
        lock: the directory's lock, if the caller holds it already.

    Raises DataDirectoryError or SealingError, both before anything is changed.

    """
    database = Database(settings.data_dir / DATABASE_FILE, durable=durable)
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
            raise DataDirectoryError(
                f"The data directory {settings.data_dir} cannot be used ({error.strerror}): choose another with "
                "--data-dir or BUCKETLINK_DATA_DIR."
            ) from error
        raise


def _opened(settings: Settings, database: Database, lock: DirectoryLock | None) -> Home:
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not _is_set_up(settings, database):
        _set_up(settings, database, lock)
    home = Home(settings, database, open_sealer(settings))
    with database.read() as tx:
        if any(not home.sealer.knows(needed) for needed in integrations.needed_key_ids(tx)):
            raise SealingError(_KEY_GONE.format(settings.data_dir / KEY_FILE))
    return home


def _set_up(settings: Settings, database: Database, held: DirectoryLock | None) -> None:
    lock = held or DirectoryLock(settings.data_dir)
    deadline = time.monotonic() + LOCK_PATIENCE
    while held is None and not lock.acquire():
        if _is_set_up(settings, database):
            return
        if time.monotonic() > deadline:
            raise DataDirectoryError(
                f"Another Bucketlink is at work in {settings.data_dir}, which this release has to upgrade first: "
                "stop it, then try again."
            )
        time.sleep(0.05)
    try:
        database.migrate()
        with database.write() as tx:
            accounts.ensure_local_administrator(tx)
            needs_key = bool(integrations.needed_key_ids(tx))
        if settings.secret_key is None and not (settings.data_dir / KEY_FILE).exists():
            if needs_key:
                raise SealingError(_KEY_GONE.format(settings.data_dir / KEY_FILE))
            make_key_file(settings.data_dir)
    finally:
        if held is None:
            lock.release()


def _is_set_up(settings: Settings, database: Database) -> bool:
    if not database.path.exists():
        return False
    with database.read() as tx:
        if not inspect(tx).has_table("alembic_version"):
            return False
        version = tx.scalar(text("SELECT version_num FROM alembic_version"))
    if version is not None and version > SCHEMA:
        raise DataDirectoryError(
            f"The data directory {settings.data_dir} was used by a later release of Bucketlink: use that release, "
            "or choose another directory with --data-dir."
        )
    return version == SCHEMA and (settings.secret_key is not None or (settings.data_dir / KEY_FILE).exists())
