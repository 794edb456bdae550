"""`bucketlink serve`, as an operator starts and stops it: real processes on real directories."""

import json
import re
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from bucketlink import Client
from bucketlink.errors import NotFound, ServerError
from bucketlink.home import DATABASE_FILE, DirectoryLock
from tests.api.command_line import CommandLine, Done, Inside
from tests.api.running import Running
from tests.api.server import wait_until
from tests.faults.processes import workers
from tests.servers.pages import Faults, PageProcess
from tests.servers.process import free_port

KEY = re.compile(r"\bbl_[\w-]{43}\b")
READY = "Clients use:"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Inside:
    return Inside(capsys)


@pytest.fixture(scope="module")
def slow_bucket() -> Iterator[PageProcess]:
    """A bucket that takes three seconds for each answer."""
    with PageProcess(3_000, Faults(latency=3.0)) as pages:
        yield pages


def keys_in(database: Path) -> int:
    with closing(sqlite3.connect(database)) as opened:
        return int(opened.execute("SELECT count(*) FROM api_keys").fetchone()[0])


# The first key


def test_the_first_start_on_a_terminal_shows_an_administrator_s_key_once(data: Path, port: int) -> None:
    with Running("serve", "--port", str(port), "--data-dir", data, terminal=True) as first:
        first.wait_for("Another key:")
        (key,) = KEY.findall(first.out)
        exported = dict(re.findall(r"^  export (\w+)=(\S+)$", first.out, re.MULTILINE))
        assert exported == {
            "BUCKETLINK_API_ENDPOINT": f"http://localhost:{port}/api/label/v2/graphql",
            "BUCKETLINK_API_KEY": key,
        }
        client = CommandLine(**exported)
        assert client("projects", "create", "My project").stdout == "prj1\n"
        made = client("keys", "create", "--email", "ana@example.com", "--role", "ADMIN")
        assert KEY.fullmatch(made.stdout.strip())
        assert not KEY.search(first.err)
        first.end()
    with Running("serve", "--port", str(port), "--data-dir", data, terminal=True) as second:
        second.wait_for(READY)
        assert not KEY.search(second.out + second.err)
        assert f"bucketlink keys create --email you@example.com --role ADMIN --data-dir {data}" in second.out
    assert keys_in(data / DATABASE_FILE) == 2


def test_as_json_the_first_start_is_one_document(data: Path, port: int) -> None:
    with Running("serve", "--port", str(port), "--data-dir", data, "--json", terminal=True) as server:
        server.wait_for("}\n")
        document = json.loads(server.out)
        assert KEY.fullmatch(document.pop("apiKey"))
        assert document == {
            "address": f"http://localhost:{port}",
            "endpoint": f"http://localhost:{port}/api/label/v2/graphql",
            "dataDir": str(data),
            "database": str(data / DATABASE_FILE),
            "worker": True,
        }
        server.end()
        assert server.err == ""


@pytest.mark.parametrize("words", [[], ["--json"]])
def test_where_output_may_be_kept_no_key_is_made(data: Path, port: int, words: list[str]) -> None:
    with Running("serve", "--port", str(port), "--data-dir", data, *words) as server:
        server.wait_for("}\n" if words else "A first key:")
        assert not KEY.search(server.out + server.err)
        assert words or f"bucketlink keys create --email you@example.com --role ADMIN --data-dir {data}" in server.out
        assert not words or json.loads(server.out)["apiKey"] is None
        assert keys_in(data / DATABASE_FILE) == 0


def test_an_operator_s_own_key_needs_no_other(data: Path, port: int) -> None:
    own = {"BUCKETLINK_ADMIN_API_KEY": "an-operator-s-own-key-of-32-characters-or-more"}
    with Running("serve", "--port", str(port), "--data-dir", data, terminal=True, variables=own) as server:
        server.wait_for(READY)
        assert not KEY.search(server.out)
        assert own["BUCKETLINK_ADMIN_API_KEY"] not in server.out + server.err
        wait_until(lambda: bool(workers(server.process.pid, data)))
        (worker,) = workers(server.process.pid, data)
        assert own["BUCKETLINK_ADMIN_API_KEY"] not in Path(f"/proc/{worker}/environ").read_text("utf-8")
    assert keys_in(data / DATABASE_FILE) == 1


def test_two_first_starts_at_once_make_one_key(data: Path) -> None:
    with (
        Running("serve", "--port", str(free_port()), "--data-dir", data, terminal=True) as one,
        Running("serve", "--port", str(free_port()), "--data-dir", data, terminal=True) as other,
    ):
        one.wait_for("Another key:")
        other.wait_for("Another key:")
        assert len(KEY.findall(one.out + other.out)) == 1
    assert keys_in(data / DATABASE_FILE) == 1


# Stopping


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_server_ends_quickly_and_well_with_all_that_it_started(data: Path, port: int, number: signal.Signals) -> None:
    with Running("serve", "--port", str(port), "--data-dir", data) as server:
        server.wait_for("A first key:")
        wait_until(lambda: bool(workers(server.process.pid, data)))
        (worker,) = workers(server.process.pid, data)
        assert server.end(number) < 3
        assert not Path(f"/proc/{worker}").exists()
        assert server.err == "Stopped. What is unfinished goes on at the next start.\n"
    assert DirectoryLock(data).is_free()


def test_a_server_ends_though_answers_wait_and_their_work_goes_on_at_the_next_start(
    data: Path, port: int, slow_bucket: PageProcess
) -> None:
    own = {"BUCKETLINK_ADMIN_API_KEY": "k" * 40, "BUCKETLINK_ALLOW_PRIVATE_ENDPOINTS": "true"}
    words = ("serve", "--port", str(port), "--data-dir", data)

    def client() -> Client:
        return Client("k" * 40, f"http://127.0.0.1:{port}")

    def connect() -> None:
        # Waits for the first computation, and for that a server is told to end.
        with client() as one, suppress(ServerError):
            one.add_cloud_storage_connection("prj1", "int1")

    def computes(one: Client) -> bool:
        try:
            return any(run["state"] == "RUNNING" for run in one.runs("con1"))
        except NotFound:
            return False

    with Running(*words, variables=own) as server:
        server.wait_for(READY)
        with client() as one:
            one.create_project("slow", input_type="IMAGE")
            one.create_cloud_storage_integration(
                "CustomS3", "slow", s3_bucket_name="bucket", s3_endpoint=slow_bucket.endpoint
            )
            waiting = threading.Thread(target=connect, daemon=True)
            waiting.start()
            wait_until(lambda: computes(one))
        assert server.end() < 8
        assert "Traceback" not in server.err
    with Running(*words, variables=own) as server:
        server.wait_for(READY)
        with client() as one:
            wait_until(lambda: next(one.runs("con1"))["state"] == "SUCCEEDED", 120)
            assert next(one.runs("con1"))["objects"] == 3_000
        waiting.join(60)


# What is in the way


def refused(done: Done) -> str:
    assert KEY.search(done.stdout + done.stderr) is None
    return done.stderr


def test_a_port_that_is_taken_is_said_before_anything_is_made(run: Inside, data: Path, port: int) -> None:
    with Running("serve", "--port", str(port), "--data-dir", data.with_name("other")) as server:
        server.wait_for("A first key:")
        said = refused(run("serve", "--port", str(port), "--data-dir", data, status=1))
    assert said == f"bucketlink: Cannot listen at 127.0.0.1 port {port}: Address already in use. Try another --port.\n"
    assert not data.exists()


@pytest.mark.parametrize(("host", "another"), [("no.such.host.invalid", "--host"), ("192.0.2.7", "--host")])
def test_a_host_that_is_not_this_machine_is_said(run: Inside, data: Path, host: str, another: str) -> None:
    assert f"Try another {another}." in refused(run("serve", "--host", host, "--data-dir", data, status=1))
    assert not data.exists()


def test_a_second_server_on_a_directory_answers_too_and_takes_the_jobs_over(data: Path, port: int) -> None:
    own = {"BUCKETLINK_ADMIN_API_KEY": "k" * 40}
    with Running("serve", "--port", str(free_port()), "--data-dir", data, variables=own) as first:
        first.wait_for(READY)
        wait_until(lambda: not DirectoryLock(data).is_free())
        with Running("serve", "--port", str(port), "--data-dir", data, variables=own) as second:
            second.wait_for("Another process does the jobs of this directory")
            with Client("k" * 40, f"http://127.0.0.1:{port}") as client:
                assert client.projects() == []
            assert workers(second.process.pid, data) == []
            first.process.kill()
            wait_until(lambda: bool(workers(second.process.pid, data)))


def test_a_directory_that_cannot_be_made_is_said(run: Inside, port: int) -> None:
    said = refused(run("serve", "--port", str(port), "--data-dir", "/sys/bucketlink", status=1))
    assert "The data directory /sys/bucketlink cannot be used" in said
    assert "--data-dir" in said


def test_a_disk_that_takes_no_more_is_said_and_nothing_is_left_half_made(data: Path, port: int) -> None:
    # A file that may not grow is as full as a disk, and can be had without one.
    limited = "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)); "
    words = [sys.executable, "-c", limited + "from bucketlink.cli import main; sys.exit(main())", "serve"]
    done = subprocess.run(
        [*words, "--port", str(port), "--data-dir", str(data)],
        env=CommandLine().environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert f"{data / DATABASE_FILE} cannot be opened" in done.stderr
    with Running("serve", "--port", str(port), "--data-dir", data) as server:
        server.wait_for("A first key:")


def test_a_server_that_others_can_reach_says_what_to_put_before_it(data: Path, port: int) -> None:
    with Running("serve", "--host", "0.0.0.0", "--port", str(port), "--data-dir", data) as server:  # noqa: S104
        server.wait_for("not encrypted")
        server.wait_for(f"http://localhost:{port}")
    with Running("serve", "--host", "localhost", "--port", str(port), "--data-dir", data) as server:
        server.wait_for("A first key:")
        server.end()
        assert "encrypted" not in server.err


# The database elsewhere


POSTGRES = "postgresql+psycopg://ana:the-password@db.example.com/bucketlink"


def test_postgresql_is_refused_and_its_password_not_repeated(
    run: Inside, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for command in ("serve", "worker"):
        said = refused(run(command, "--database", POSTGRES, "--data-dir", data, status=2))
        assert "PostgreSQL cannot be used yet" in said
        assert "the-password" not in said
    monkeypatch.setenv("BUCKETLINK_DATABASE_URL", POSTGRES)
    for words in (["serve"], ["worker"], ["keys", "create", "--email", "a@example.com"], ["projects", "list"]):
        said = refused(run(*words, "--data-dir", data, status=1))
        assert "BUCKETLINK_DATABASE_URL" in said
        assert "the-password" not in said
    assert not data.exists()


@pytest.mark.parametrize(
    "url",
    ["mysql://u:the-password@h/b", "sqlite://", "sqlite:///:memory:", "sqlite://host/b", "/var/b.db", "sqlite:///b?x"],
)
def test_other_urls_are_refused(run: Inside, data: Path, url: str) -> None:
    said = refused(run("serve", "--database", url, "--data-dir", data, status=2))
    assert "sqlite:////absolute/path.db" in said
    assert "the-password" not in said


def test_the_database_lies_where_its_url_says_and_every_command_finds_it(data: Path, port: int, tmp_path: Path) -> None:
    file = tmp_path / "disk" / "ours.db"
    left_behind, of_others = file.with_name("ours.db.tmp") / "listing-1", data / "listing-2"
    left_behind.mkdir(parents=True)
    of_others.mkdir(parents=True)
    with Running(
        "serve", "--port", str(port), "--data-dir", data, "--database", "sqlite:///disk/ours.db", cwd=tmp_path
    ) as server:
        server.wait_for("A first key:")
        assert str(file) in server.out
        assert f"BUCKETLINK_DATABASE_URL=sqlite:///{file} bucketlink keys create" in server.out
        shell = CommandLine(BUCKETLINK_DATABASE_URL=f"sqlite:///{file}", BUCKETLINK_DATA_DIR=str(data))
        key = shell("keys", "create", "--email", "ana@example.com").stdout.strip()
        with Client(key, f"http://127.0.0.1:{port}") as client:
            assert client.create_project("Bears", input_type="IMAGE")["id"] == "prj1"
        wait_until(lambda: not DirectoryLock(file.parent, "ours.db.lock").is_free())
        server.end()
    assert [row["title"] for row in shell.json("projects", "list")] == ["Bears"]
    assert sorted(path.name for path in data.iterdir()) == [of_others.name, "secret.key"]
    assert not left_behind.exists()


def test_two_data_directories_with_one_database_never_both_do_its_jobs(tmp_path: Path) -> None:
    own = {
        "BUCKETLINK_DATABASE_URL": f"sqlite:///{tmp_path / 'first' / DATABASE_FILE}",
        "BUCKETLINK_SECRET_KEY": "s" * 40,
    }
    words = ("serve", "--port")
    with Running(
        *words, str(free_port()), "--data-dir", tmp_path / "first", variables={"BUCKETLINK_SECRET_KEY": "s" * 40}
    ) as first:
        first.wait_for("A first key:")
        wait_until(lambda: bool(workers(first.process.pid, tmp_path / "first")))
        wait_until(lambda: not DirectoryLock(tmp_path / "first").is_free())
        with Running(*words, str(free_port()), "--data-dir", tmp_path / "second", variables=own) as second:
            second.wait_for("Another process does the jobs")
            assert workers(second.process.pid, tmp_path / "second") == []
            first.process.kill()
            wait_until(lambda: bool(workers(second.process.pid, tmp_path / "second")))


# Waiting for another Bucketlink


def test_waiting_for_another_bucketlink_is_said_after_a_second(data: Path, port: int) -> None:
    data.mkdir()
    lock = DirectoryLock(data)
    assert lock.acquire()
    with Running("serve", "--port", str(port), "--data-dir", data) as server:
        server.wait_for(f"bucketlink: Another Bucketlink is at work on {data}")
        lock.release()
        server.wait_for("A first key:")
