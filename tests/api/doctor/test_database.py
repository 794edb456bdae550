"""Databases that are broken, kept by another process, of another release, or changed meanwhile."""

import os
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from bucketlink.doctor import database as database_module
from bucketlink.home import DATABASE_FILE
from bucketlink.store.inspection import connect
from tests.api.doctor.asking import Doctor, change


@pytest.mark.parametrize("kind", ["text", "cut short", "overwritten", "a directory", "of another program", "empty"])
def test_a_database_that_is_broken(doctor: Doctor, made: Path, kind: str) -> None:
    file = made / DATABASE_FILE
    whole = file.read_bytes()
    status = 1
    if kind == "text":
        file.write_text("my diary " * 1000)
    elif kind == "cut short":
        os.truncate(file, 20_000)
    elif kind == "overwritten":
        file.write_bytes(whole[:8192] + b"\xff" * (len(whole) - 8192))
    elif kind == "a directory":
        file.unlink()
        file.mkdir()
    else:
        file.unlink()
        with closing(sqlite3.connect(file)) as other:
            other.execute("PRAGMA user_version = 1")
            if kind != "empty":
                other.execute("CREATE TABLE pictures (id INTEGER)")
        status = 0 if kind == "empty" else 1
    found = doctor(status=status)
    said = [one for check in ("database", "integrity") for one in found.get(check, [])]
    assert {one["verdict"] for one in said} & ({"warning"} if kind == "empty" else {"wrong"}), found


def test_a_database_that_somebody_keeps_to_themselves(doctor: Doctor, made: Path) -> None:
    keep = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None); "
        "c.execute('PRAGMA locking_mode = EXCLUSIVE'); c.execute('BEGIN EXCLUSIVE'); c.execute('CREATE TABLE t (x)'); "
        "print('kept', flush=True); sys.stdin.read()"
    )
    words = [sys.executable, "-c", keep, str(made / DATABASE_FILE)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout
        assert other.stdout.readline() == "kept\n"
        verdict, text = doctor.one("database", status=1)
        other.communicate()
    assert (verdict, f"Process {other.pid} keeps" in text) == ("wrong", True)


@pytest.mark.parametrize(("version", "verdict", "status"), [("0001", "warning", 0), ("9999", "wrong", 1)])
def test_a_database_of_another_release_is_left_as_it_is(
    doctor: Doctor, made: Path, version: str, verdict: str, status: int
) -> None:
    change(made, "UPDATE alembic_version SET version_num = ?", version)
    assert doctor.one("database", status=status)[0] == verdict


@pytest.mark.usefixtures("made")
def test_a_database_that_takes_too_long_to_look_through(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = threading.Event()

    def slowly(file: Path) -> sqlite3.Connection:
        looked.wait(60)
        return connect(file)

    monkeypatch.setattr(database_module, "connect", slowly)
    monkeypatch.setattr(database_module, "PATIENCE", 0.1)
    assert doctor.one("integrity")[0] == "skipped"
    looked.set()


def test_a_log_that_is_left_behind_by_a_killed_process_is_read(doctor: Doctor, made: Path) -> None:
    killed = (
        "import sqlite3, sys, os, signal; c = sqlite3.connect(sys.argv[1], isolation_level=None); "
        "c.execute('PRAGMA wal_autocheckpoint = 0'); c.execute('CREATE TABLE t (x)'); "
        "c.execute(\"UPDATE alembic_version SET version_num = '9999'\"); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", killed, made / DATABASE_FILE], check=False)
    assert (made / f"{DATABASE_FILE}-wal").stat().st_size > 0
    assert doctor.one("database", status=1)[0] == "wrong"


def test_a_database_that_somebody_opens_and_changes_meanwhile_is_not_called_damaged(
    doctor: Doctor, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(made, "CREATE TABLE words (a TEXT PRIMARY KEY, b TEXT)")
    change(made, "CREATE INDEX by_b ON words (b)")
    fill(made, 100_000, 7919)
    began: list[bool] = []

    def and_somebody_starts(file: Path) -> sqlite3.Connection:
        connection = connect(file)
        if began:
            return connection

        def work() -> int:
            began.append(True)
            connection.set_progress_handler(None, 0)
            change(made, "DELETE FROM words WHERE rowid % 2 = 0")
            fill(made, 30_000, 31)
            return 0

        connection.set_progress_handler(work, 40_000)
        return connection

    monkeypatch.setattr(database_module, "connect", and_somebody_starts)
    doctor.watched = made / "secret.key"
    assert doctor.one("integrity")[0] == "ok"
    assert began


def fill(data: Path, number: int, factor: int) -> None:
    change(
        data,
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
        "INSERT OR REPLACE INTO words SELECT ? || '-' || i, i * ? % 999983 || '-and-some-more-of-it' FROM n",
        number,
        factor,
        factor,
    )
