"""Jobs that nobody does, and who holds the lock of those who do them."""

import fcntl
import os
import re
import signal
import threading
from pathlib import Path

import pytest

from bucketlink.doctor import locks
from bucketlink.home import DirectoryLock
from tests.api.doctor.asking import Doctor, change
from tests.api.running import Running
from tests.api.server import wait_until
from tests.faults.processes import workers


def test_jobs_that_wait_for_nobody(doctor: Doctor, made: Path) -> None:
    add_run(made, "QUEUED")
    verdict, text = doctor.one("worker")
    assert (verdict, text.startswith("No process does the jobs (runs waiting: 1, begun: 0).")) == ("warning", True)


def test_a_run_that_makes_no_step(doctor: Doctor, made: Path) -> None:
    add_run(made, "RUNNING")
    with (made / "lock").open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        verdict, text = doctor.one("worker")
    assert (verdict, f"Process {os.getpid()} does the jobs, but run1 has made no step" in text) == ("warning", True)


def test_a_worker_that_is_stopped(doctor: Doctor, made: Path) -> None:
    with Running("worker", "--data-dir", made) as worker:
        wait_until(lambda: not DirectoryLock(made).is_free())
        (child,) = workers(worker.process.pid, made)
        os.kill(child, signal.SIGSTOP)
        try:
            wait_until(lambda: locks.is_stopped(child))
            verdict, text = doctor.one("worker", status=1)
        finally:
            os.kill(child, signal.SIGKILL)
    assert (verdict, f"kill -CONT {child}" in text) == ("wrong", True)


def test_a_lock_is_seen_where_the_system_does_not_list_them(
    doctor: Doctor, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "LOCKS", Path("/proc/no-such-file"))
    assert "No process does the jobs" in doctor.one("worker")[1]
    with (made / "lock").open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert "cannot be seen from here" in doctor.one("worker")[1]


def test_who_waits_for_a_lock_holds_none(tmp_path: Path) -> None:
    held, free = tmp_path / "held", tmp_path / "free"
    free.touch()
    waited = threading.Thread(target=wait_for_lock, args=(held,))
    with held.open("wb") as ours:
        fcntl.flock(ours, fcntl.LOCK_EX)
        waited.start()
        wait_until(lambda: f":{held.stat().st_ino} " in "".join(waiting_lines()))
        assert locks.holder(held) == os.getpid()
        assert locks.holder(free) is None
        assert locks.keeper(free) is None
    waited.join()


def wait_for_lock(file: Path) -> None:
    with file.open("rb") as opened:
        fcntl.flock(opened, fcntl.LOCK_EX)


def waiting_lines() -> list[str]:
    return [line for line in locks.LOCKS.read_text("ascii").splitlines(keepends=True) if " -> " in line]


def test_a_file_of_another_disk_with_the_same_number_is_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    with file.open("wb") as ours:
        fcntl.flock(ours, fcntl.LOCK_EX)
        number = file.stat().st_ino
        (own,) = [line for line in locks.LOCKS.read_text("ascii").splitlines() if f":{number} " in line]
    listed = tmp_path / "locks"
    monkeypatch.setattr(locks, "LOCKS", listed)
    listed.write_text(own)
    assert locks.holder(file) == os.getpid()
    listed.write_text(re.sub(rf"\S+:{number} ", f"ff:ee:{number} ", own))
    assert locks.holder(file) is None


def add_run(data: Path, state: str) -> None:
    change(
        data,
        "INSERT INTO runs (organization_id, kind, state, created_at, started_at, attempt) "
        "VALUES (1, 'CHECK', ?, 1, 1, 1)",
        state,
    )
