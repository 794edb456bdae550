"""Writes wait for other processes, whatever these do."""

import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import text

from bucketlink.store import database as database_module
from bucketlink.store.database import Database

WRITING, RECOVERING = 120, 122
"""Bytes of the index of the log, by whose locks SQLite tells others what it does."""
RECOVERER = f"""
import fcntl, sys
with open(sys.argv[1], "r+b") as index:
    for byte in ({WRITING}, {RECOVERING}):
        fcntl.lockf(index, fcntl.LOCK_EX, 1, byte)
    index.write(bytes(48))
    index.flush()
    print("recovering", flush=True)
    sys.stdin.read()
"""
"""A process that recovers the index from the log, as it has to where another was killed while it wrote there."""


def test_a_write_waits_while_another_process_recovers_what_a_killed_one_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(tmp_path / "a.db")
    with database.write() as tx:
        tx.execute(text("CREATE TABLE numbers (number INTEGER)"))
    with subprocess.Popen(
        [sys.executable, "-c", RECOVERER, tmp_path / "a.db-shm"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"recovering\n"
        waits: list[float] = []

        def sleep(seconds: float) -> None:
            waits.append(seconds)
            other.communicate()

        monkeypatch.setattr(database_module, "time", SimpleNamespace(monotonic=time.monotonic, sleep=sleep))
        with database.write() as tx:
            tx.execute(text("INSERT INTO numbers VALUES (1)"))
    assert len(waits) == 1
    with database.read() as tx:
        assert tx.scalar(text("SELECT number FROM numbers")) == 1
    database.close()
