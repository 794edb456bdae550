"""`bucketlink doctor` on set-ups that are sound and that are really broken; it never changes what it looks at."""

import fcntl
import hashlib
import json
import os
import re
import signal
import sqlite3
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import time
from typing import Any

import pytest
import trustme

from bucketlink import Client, __version__
from bucketlink.doctor import buckets as buckets_module
from bucketlink.doctor import database as database_module
from bucketlink.doctor import locks
from bucketlink.doctor.environment import OF_COMMANDS
from bucketlink.home import DATABASE_FILE, SCHEMA, DirectoryLock
from bucketlink.settings import Settings
from bucketlink.store.inspection import connect
from tests.api.running import Running
from tests.api.server import Server, wait_until
from tests.api.test_cli import PROGRAM, CommandLine, Inside
from tests.faults.processes import workers
from tests.servers.pages import PageServer
from tests.servers.process import free_port

SECRET = "a-secret-key-that-nobody-may-see"
KEY = "an-operator-s-own-key-of-32-characters-or-more"
Finding = dict[str, Any]


class Doctor:
    """Asks the doctor in this process, and looks that it changes nothing and shows no secret."""

    def __init__(self, run: Inside, watched: Path) -> None:
        self._run = run
        self.watched = watched

    def __call__(self, *words: str | Path, status: int = 0) -> dict[str, list[Finding]]:
        """What was found, by what was looked at."""
        before = _state(self.watched)
        done = self._run.run(["doctor", *map(str, words), "--json"])
        assert _state(self.watched) == before
        assert SECRET not in done.stdout + done.stderr
        assert KEY not in done.stdout + done.stderr
        assert done.stderr == ""
        document = json.loads(done.stdout)
        worse = [one for one in document["findings"] if one["verdict"] == "wrong"]
        assert (done.status, document["ok"]) == (status, status == 0), worse
        found: dict[str, list[Finding]] = {}
        for finding in document["findings"]:
            # Errors of our own say in their second half what to do.
            says = finding["mend"] or re.search(r"[;:.] \w", finding["text"])
            assert finding["verdict"] not in {"warning", "wrong"} or says, finding
            found.setdefault(finding["check"], []).append(finding)
        return found

    def one(self, check: str, *words: str | Path, status: int = 0) -> tuple[str, str]:
        """Verdict and sentences about one thing."""
        (found,) = self(*words, status=status)[check]
        return found["verdict"], f"{found['text']} {found['mend']}"


def _state(place: Path) -> dict[str, tuple[int, int, str]]:
    """Whose and what every file is. A live worker's shared memory and lock move by themselves."""
    if not place.exists():
        return {}
    found = {}
    for path in sorted([place, *place.rglob("*")]):
        status = path.lstat()
        kept = path.is_file() and not path.name.endswith("-shm")
        content = hashlib.sha256(path.read_bytes()).hexdigest() if kept else ""
        found[str(path)] = (status.st_mode, status.st_uid, content)
    return found


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def doctor(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Doctor:
    for name in os.environ:
        if name.startswith("BUCKETLINK_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("BUCKETLINK_DATA_DIR", str(data))
    monkeypatch.setenv("BUCKETLINK_ALLOW_PRIVATE_ENDPOINTS", "true")
    return Doctor(Inside(capsys), tmp_path)


@pytest.fixture
def made(data: Path) -> Path:
    """A data directory that is set up, and that nobody has open."""
    Client.embedded(data).close()
    return data


@pytest.fixture(scope="module")
def bucket() -> Iterator[PageServer]:
    with PageServer(f"{n}.jpg" for n in range(10)) as pages:
        yield pages


def register(data: Path, endpoint: str, name: str = "street scenes") -> None:
    with Client.embedded(data) as client:
        client.create_cloud_storage_integration(
            "CustomS3",
            name,
            s3_bucket_name="bucket",
            s3_endpoint=endpoint,
            s3_access_key="AKIAEXAMPLE",
            s3_secret_key=SECRET,
        )


def change(data: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(data / DATABASE_FILE)) as opened, opened:
        opened.execute(statement, values)


# What is sound


def test_a_sound_set_up_is_told_as_sound(doctor: Doctor, made: Path, bucket: PageServer) -> None:
    register(made, bucket.endpoint)
    found = doctor()
    assert {one["verdict"] for check in found.values() for one in check} <= {"ok", "skipped"}
    assert found["int1"][0]["text"] == "street scenes (CustomS3) can be read."
    assert found["sealed credentials"][0]["text"] == "The key opens all of them (1)."
    assert f"schema {SCHEMA}" in found["database"][0]["text"]


def test_a_directory_at_work_is_looked_at_as_it_is(doctor: Doctor, data: Path, bucket: PageServer) -> None:
    with Running("serve", "--port", str(free_port()), "--data-dir", data) as server:
        server.wait_for("A first key:")
        register(data, bucket.endpoint)
        wait_until(lambda: not DirectoryLock(data).is_free())
        (worker,) = workers(server.process.pid, data)
        found = doctor()
        assert found["worker"][0]["text"] == f"Process {worker} does the jobs (runs waiting: 0, begun: 0)."
        assert found["integrity"][0]["verdict"] == "ok"
        assert found["int1"][0]["verdict"] == "ok"


@pytest.mark.usefixtures("doctor")
def test_people_read_lines_and_what_to_do(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made.chmod(0o755)
    done = Inside(capsys)("doctor")
    assert f"\nwarning  permissions          Others on this machine may enter {made} (0755).\n" in done.stdout
    assert f"\n                              → chmod 700 {made}\n" in done.stdout
    assert done.stdout.endswith("\n0 things wrong, 1 warning.\n")


# The data directory


def test_no_directory_at_all_is_only_wrong_where_one_was_named(
    doctor: Doctor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdict, text = doctor.one("data directory", status=1)
    assert (verdict, "does not exist" in text) == ("wrong", True)
    monkeypatch.delenv("BUCKETLINK_DATA_DIR")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    assert doctor.one("data directory")[0] == "warning"


def test_a_file_in_the_place_of_the_directory(doctor: Doctor, data: Path) -> None:
    data.write_text("a file")
    assert doctor.one("data directory", status=1)[0] == "wrong"


def test_a_directory_of_other_files(doctor: Doctor, data: Path) -> None:
    data.mkdir(mode=0o700)
    (data / "thesis.tex").write_text("chapter one")
    assert doctor.one("data directory")[0] == "warning"


def test_a_directory_of_another_user(doctor: Doctor, made: Path) -> None:
    if os.geteuid() == 0:
        os.chown(made, 65534, 65534)
        assert "sudo -u " in doctor.one("owner")[1]
        assert doctor.one("owner")[0] == "warning"
    else:
        assert doctor.one("owner", "--data-dir", "/", status=1)[0] == "wrong"
        assert doctor.one("writing", "--data-dir", "/", status=1)[0] == "wrong"


def on_another_disk(place: Path, options: str, after: str = "true") -> dict[str, Finding]:
    """What the doctor finds where a directory is moved to a disk of its own, on which something is done then."""
    script = (
        f"cp -a {place} {place}.before && mount -t tmpfs -o size=1m,mode=700 none {place} && "
        f"cp -a {place}.before/. {place}/ && mount -o remount,{options} {place} && {{ {after}; }} && "
        'echo mounted && exec "$@"'
    )
    words = [*PROGRAM, "doctor", "--json"]
    done = subprocess.run(
        ["unshare", "--map-root-user", "--mount", "sh", "-c", script, "sh", *words],
        capture_output=True,
        text=True,
        check=False,
    )
    if not done.stdout.startswith("mounted\n"):
        pytest.skip("no disk can be mounted here")
    assert (done.returncode, done.stderr) == (1, "")
    return {one["check"]: one for one in json.loads(done.stdout.removeprefix("mounted\n"))["findings"]}


@pytest.mark.usefixtures("doctor")
def test_a_file_system_for_reading_only(made: Path) -> None:
    found = on_another_disk(made, "ro")
    assert found["writing"]["verdict"] == "wrong"
    assert found["integrity"]["verdict"] == "ok"


@pytest.mark.usefixtures("doctor")
def test_a_full_disk(made: Path) -> None:
    found = on_another_disk(made, "rw", f"cat /dev/zero > {made}/filling 2> /dev/null || true")
    assert found["free space"]["verdict"] == "wrong"
    assert found["integrity"]["verdict"] == "ok"


# The database


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


# Keys


@pytest.mark.parametrize("kind", ["gone", "another", "no key"])
def test_a_key_that_opens_nothing(doctor: Doctor, made: Path, bucket: PageServer, kind: str) -> None:
    register(made, bucket.endpoint)
    file = made / "secret.key"
    if kind == "gone":
        file.unlink()
    else:
        file.write_text("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" if kind == "another" else "no key")
        file.chmod(0o600)
    found = doctor(status=1)
    assert found["sealed credentials"][0]["verdict"] == "wrong"
    assert found["int1"][0]["verdict"] == "wrong"


def test_a_key_that_others_may_read(doctor: Doctor, made: Path) -> None:
    (made / "secret.key").chmod(0o644)
    assert doctor.one("key")[0] == "warning"


# Jobs


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


# Buckets


def test_a_bucket_that_cannot_be_reached_any_more(doctor: Doctor, made: Path) -> None:
    with PageServer(f"{n}.jpg" for n in range(10)) as gone:
        register(made, gone.endpoint, "gone\x1b[2J")
    found = doctor(status=1)["int1"][0]
    assert found["verdict"] == "wrong"
    assert "No connection to http://127.0.0.1" in found["text"]
    assert "bucketlink integrations check int1" in found["mend"]


@pytest.mark.usefixtures("doctor")
def test_names_do_not_steer_a_terminal(made: Path, bucket: PageServer, capsys: pytest.CaptureFixture[str]) -> None:
    register(made, bucket.endpoint, "gone\x1b[2J\n")
    assert "gone\\x1b[2J\\n (CustomS3) can be read." in Inside(capsys)("doctor").stdout


def test_a_bucket_that_is_kept_as_broken_and_is_well_again(doctor: Doctor, made: Path, bucket: PageServer) -> None:
    register(made, bucket.endpoint)
    change(made, "UPDATE integrations SET status = 'DISCONNECTED'")
    assert doctor.one("int1")[0] == "warning"


def test_a_bucket_at_a_private_address_that_is_not_allowed(
    doctor: Doctor, made: Path, bucket: PageServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(made, bucket.endpoint)
    monkeypatch.setenv("BUCKETLINK_ALLOW_PRIVATE_ENDPOINTS", "false")
    verdict, text = doctor.one("int1", status=1)
    assert (verdict, "BUCKETLINK_ALLOW_PRIVATE_ENDPOINTS" in text) == ("wrong", True)


@pytest.mark.parametrize(("days", "verdict"), [(5, "warning"), (90, "ok")])
def test_a_certificate_that_ends_soon(
    doctor: Doctor, made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: int, verdict: str
) -> None:
    authority, context, pages = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), PageServer(["a.jpg"])
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    authority.issue_cert("127.0.0.1", not_after=datetime.now(UTC) + timedelta(days=days)).configure_cert(context)
    pages._server.socket = context.wrap_socket(pages._server.socket, server_side=True)
    with pages:
        register(made, pages.endpoint.replace("http:", "https:"))
        seen, text = doctor.one("int1")
    assert seen == verdict
    assert verdict == "ok" or "The certificate of street scenes ends in 5 days." in text


@pytest.mark.parametrize("endpoint", ["http://[", "https://h:x", "http://h:99999", ""])
def test_a_bucket_at_an_address_that_is_none_hides_no_other(
    doctor: Doctor, made: Path, bucket: PageServer, endpoint: str
) -> None:
    register(made, bucket.endpoint, "first")
    register(made, bucket.endpoint, "second")
    change(made, "UPDATE integrations SET endpoint = ? WHERE id = 1", endpoint)
    found = doctor(status=1)
    assert (found["int1"][0]["verdict"], found["int1"][0]["text"].partition(":")[0]) == ("wrong", "first")
    assert found["int2"][0]["verdict"] == "ok"


def test_a_look_at_a_bucket_that_fails_in_itself_hides_no_other(
    doctor: Doctor, made: Path, bucket: PageServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(made, bucket.endpoint)
    register(made, bucket.endpoint)
    look, failing = buckets_module._look, iter([True])

    def first_fails(*arguments: Any) -> buckets_module.Seen:  # noqa: ANN401
        if next(failing, False):
            raise RuntimeError(SECRET)
        return look(*arguments)

    monkeypatch.setattr(buckets_module, "_look", first_fails)
    found = doctor(status=1)
    assert sorted(found[check][0]["verdict"] for check in ("int1", "int2")) == ["ok", "wrong"]
    assert found["clock"]


def test_a_folder_that_is_gone(doctor: Doctor, made: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    with Client.embedded(made, folder_roots=[folder]) as client:
        client.create_cloud_storage_integration("Folder", "pictures", folder_path=str(folder))
    assert doctor()["int1"][0]["verdict"] == "ok"
    folder.rmdir()
    found = doctor(status=1)
    assert found["int1"][0]["verdict"] == "wrong"
    assert found["settings"][0]["verdict"] == "warning"
    assert found["clock"][0]["verdict"] == "skipped"


# A server


class _Web(BaseHTTPRequestHandler):
    """Answers every request with a page, from a clock that is wrong."""

    def do_GET(self) -> None:
        body = b'{"version": "something else"}'
        self.send_response_only(200)
        self.send_header("Date", formatdate(time() + 1000, usegmt=True))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_HEAD = do_POST = do_GET  # noqa: N815 - names of the library

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def stranger() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Web) as web:
        thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{web.server_address[1]}"
        web.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("server"), api_key=KEY)
    running.start()
    yield running
    running.stop()


def test_a_server_that_is_well(doctor: Doctor, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUCKETLINK_API_KEY", KEY)
    found = doctor("--endpoint", server.endpoint)
    assert found["server"][0]["text"] == f"{server.endpoint} is Bucketlink {__version__}."
    assert [found[check][0]["verdict"] for check in ("server", "API key", "clock")] == ["ok"] * 3
    assert "data directory" not in found


@pytest.mark.usefixtures("made")
def test_a_server_named_by_the_environment_leaves_the_directory_to_be_looked_at(
    doctor: Doctor, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUCKETLINK_API_KEY", KEY)
    monkeypatch.setenv("BUCKETLINK_API_ENDPOINT", server.endpoint)
    found = doctor()
    assert found["server"][0]["verdict"] == found["data directory"][0]["verdict"] == "ok"


def test_a_key_that_the_server_does_not_know(doctor: Doctor, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor.one("API key", "--endpoint", server.endpoint, status=1)[0] == "wrong"
    monkeypatch.setenv("BUCKETLINK_API_KEY", SECRET)
    verdict, text = doctor.one("API key", "--endpoint", server.endpoint, status=1)
    assert (verdict, "refuses the API key" in text) == ("wrong", True)


def test_a_server_that_is_not_there(doctor: Doctor) -> None:
    verdict, text = doctor.one("server", "--endpoint", f"http://127.0.0.1:{free_port()}", status=1)
    assert (verdict, "No answer from" in text) == ("wrong", True)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("HTTP_PROXY", "bad::x", "names a proxy that cannot be used"),
        ("SSL_CERT_FILE", "/nonexistent", "names no CA certificates"),
    ],
)
def test_an_environment_that_keeps_from_asking_is_told(
    doctor: Doctor, server: Server, monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    monkeypatch.setenv(name, value)
    verdict, text = doctor.one("server", "--endpoint", server.endpoint, status=1)
    assert (verdict, name in text, says in text) == ("wrong", True, True)


def test_a_server_whose_certificate_is_not_trusted(doctor: Doctor) -> None:
    context, pages = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), PageServer(["a.jpg"])
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    pages._server.socket = context.wrap_socket(pages._server.socket, server_side=True)
    with pages:
        endpoint = pages.endpoint.replace("http:", "https:")
        verdict, text = doctor.one("server", "--endpoint", endpoint, status=1)
    assert (verdict, "SSL_CERT_FILE" in text, "verify=" in text) == ("wrong", True, False)


def test_a_server_that_is_another_and_has_another_time(doctor: Doctor, stranger: str) -> None:
    found = doctor("--endpoint", stranger, "--api-key", "k", status=1)
    assert found["server"][0]["verdict"] == found["clock"][0]["verdict"] == "wrong"
    assert re.search(r" (999|1000) s apart", found["clock"][0]["text"])


def test_the_time_of_a_bucket_is_compared(doctor: Doctor, made: Path, stranger: str, bucket: PageServer) -> None:
    register(made, bucket.endpoint)
    change(made, "UPDATE integrations SET endpoint = ?", stranger)
    assert doctor(status=1)["clock"][0]["verdict"] == "wrong"


# Settings


@pytest.mark.usefixtures("made")
def test_variables_that_nothing_reads_are_named_with_what_may_be_meant(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUCKETLINK_DATADIR", SECRET)
    verdict, text = doctor.one("environment")
    assert (verdict, "Is BUCKETLINK_DATA_DIR meant?" in text) == ("warning", True)


@pytest.mark.usefixtures("made")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LOG_LEVEL", "LOUD"),
        ("ADMIN_API_KEY", "short"),
        ("ALLOW_PRIVATE_ENDPOINTS", "perhaps"),
        ("SERVER_IDENTITIES", "IBM"),
        ("PUBLIC_URL", "bucketlink.example.com"),
        ("DATABASE_URL", f"postgresql://u:{SECRET}@h/b"),
    ],
)
def test_values_that_make_no_sense_are_told_and_all_else_is_looked_at(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"BUCKETLINK_{name}", value)
    found = doctor(status=1)
    assert found["settings"][0]["verdict"] == "wrong"
    assert found["settings"][0]["text"].startswith(f"BUCKETLINK_{name}")
    assert found["data directory"][0]["verdict"] == "ok"


@pytest.mark.usefixtures("made")
def test_optional_libraries_that_are_missing_are_told_with_how_to_get_them(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = [
        "click>=8",
        'no-such-library>=1; extra == "fancy"',
        "click[more]>=8; python_version > '3' and extra == 'plain'",
    ]
    monkeypatch.setattr("bucketlink.doctor.environment.metadata.requires", lambda _: wanted)
    found = doctor()
    assert found["extra plain"][0]["verdict"] == "ok"
    (fancy,) = found["extra fancy"]
    assert (fancy["verdict"], "pip install 'bucketlink[fancy]'" in fancy["text"]) == ("skipped", True)


def test_every_variable_that_the_source_reads_is_known() -> None:
    own = Path(database_module.__file__).parent
    source = [path for path in own.parent.rglob("*.py") if path.parent != own]
    read = {name for path in source for name in re.findall(r'"BUCKETLINK_([A-Z0-9_]+)"', path.read_text("utf-8"))}
    assert read <= {*OF_COMMANDS, *(name.upper() for name in Settings.model_fields)}


def test_a_whole_process_is_as_good(made: Path) -> None:
    done = CommandLine(BUCKETLINK_DATA_DIR=str(made))("doctor")
    assert done.stdout.endswith("Nothing is wrong.\n")
    assert "\x1b" not in done.stdout
