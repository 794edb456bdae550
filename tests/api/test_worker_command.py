"""`bucketlink worker`: the jobs of a data directory, done by a process of their own that may end at any time."""

import json
import os
import signal
import sqlite3
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from bucketlink import Client
from bucketlink.delivery import Embedded
from bucketlink.errors import ServerError
from bucketlink.home import DATABASE_FILE, DirectoryLock
from bucketlink.settings import read_settings
from tests.api.command_line import PROGRAM, CommandLine
from tests.api.running import Running
from tests.api.server import wait_until
from tests.faults.processes import descendants, kill_all, workers
from tests.servers.pages import Faults, PageProcess
from tests.servers.process import free_port

OURS, THEIRS = "It does the jobs now.", "Another process does the jobs"
KEY = "k" * 40
VARIABLES = {"BUCKETLINK_ADMIN_API_KEY": KEY, "BUCKETLINK_ALLOW_PRIVATE_ENDPOINTS": "true"}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture(scope="module")
def bucket() -> Iterator[PageProcess]:
    """A bucket of ten pages, each of which takes its time."""
    with PageProcess(10_000, Faults(latency=0.3)) as pages:
        yield pages


@dataclass(frozen=True)
class Served:
    """A server that leaves the jobs of a data directory to others."""

    data: Path
    address: str

    def client(self) -> Client:
        return Client(KEY, self.address)

    def queue(self, bucket: PageProcess, count: int = 1) -> None:
        """Have so many computations queued, each on a connection of its own."""
        with self.client() as client:
            integration = client.create_cloud_storage_integration(
                "CustomS3", "pages", s3_bucket_name="bucket", s3_endpoint=bucket.endpoint
            )["id"]
            projects = [client.create_project(f"project {n}", input_type="IMAGE")["id"] for n in range(count)]
        for project in projects:
            threading.Thread(target=self._connect, args=(project, integration), daemon=True).start()
        wait_until(lambda: len(states(self.data, "COMPUTE")) == count)

    def _connect(self, project: str, integration: str) -> None:
        # The answer waits for the computation, and the server may be gone by then.
        with suppress(ServerError), self.client() as client:
            client.add_cloud_storage_connection(project, integration)


@contextmanager
def serving(data: Path) -> Iterator[Served]:
    port = str(free_port())
    with Running("serve", "--no-worker", "--port", port, "--data-dir", data, variables=VARIABLES) as server:
        server.wait_for("Jobs wait for:")
        yield Served(data, f"http://127.0.0.1:{port}")
        assert descendants(server.process.pid) == []


def working(data: Path, *words: str) -> Running:
    return Running("worker", "--data-dir", data, *words, variables=VARIABLES)


def states(data: Path, kind: str) -> list[str]:
    with closing(sqlite3.connect(data / DATABASE_FILE)) as database:
        return [row[0] for row in database.execute("SELECT state FROM runs WHERE kind = ? ORDER BY id", [kind])]


def seen(data: Path) -> int:
    with closing(sqlite3.connect(data / DATABASE_FILE)) as database:
        return int(database.execute("SELECT max(objects) FROM runs").fetchone()[0])


def test_a_worker_does_what_a_server_without_one_has_queued(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "bucket"
    folder.mkdir()
    for n in range(10):
        (folder / f"{n}.jpg").write_text("picture")
    with serving(data) as served, working(data) as worker, served.client() as client:
        (data / "folder-roots").write_text(f"{folder}\n")
        worker.wait_for(OURS)
        assert worker.out == f"Bucketlink worker for {data / DATABASE_FILE}, 4 runs at once  (Ctrl-C stops it)\n"
        client.create_project("Bears", input_type="IMAGE")
        client.create_cloud_storage_integration("Folder", "bears", folder_path=str(folder))
        client.add_cloud_storage_connection("prj1", "int1")
        assert client.synchronize_cloud_storage_connection("con1")["numberOfAssets"] == 10


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_worker_ends_quickly_and_well(data: Path, number: signal.Signals) -> None:
    with working(data, "--json") as worker:
        worker.wait_for("}\n")
        document = {"dataDir": str(data), "database": str(data / DATABASE_FILE), "concurrency": 4}
        assert json.loads(worker.out) == document
        wait_until(lambda: bool(workers(worker.process.pid, data)))
        assert worker.end(number) < 3
        assert worker.err == ""
    assert DirectoryLock(data).is_free()


def test_a_second_worker_waits_and_goes_on_where_the_first_was_killed(data: Path, bucket: PageProcess) -> None:
    with working(data) as first:
        first.wait_for(OURS)
        wait_until(lambda: not DirectoryLock(data).is_free())
        with serving(data) as served, working(data) as second:
            second.wait_for(THEIRS)
            served.queue(bucket)
            wait_until(lambda: states(data, "COMPUTE") == ["RUNNING"] and seen(data) > 0)
            before = seen(data)
            assert before < 10_000
            kill_all([first.process.pid, *descendants(first.process.pid)])
            second.wait_for(OURS)
            wait_until(lambda: states(data, "COMPUTE") == ["SUCCEEDED"], 60)
            with served.client() as client:
                assert next(client.runs("con1"))["summary"]["added"] == 10_000
            with closing(sqlite3.connect(data / DATABASE_FILE)) as database:
                assert database.execute("SELECT attempt FROM runs WHERE kind = 'COMPUTE'").fetchall() == [(2,)]


def test_a_worker_whose_process_for_the_work_is_killed_starts_another(data: Path) -> None:
    with working(data) as worker:
        worker.wait_for(OURS)
        wait_until(lambda: not DirectoryLock(data).is_free())
        killed = workers(worker.process.pid, data)
        kill_all(killed)
        wait_until(lambda: workers(worker.process.pid, data) not in ([], killed))


def test_the_work_goes_on_where_nobody_reads_any_more_what_is_said(data: Path) -> None:
    with unheard("worker", "--data-dir", data) as worker:
        first = until_working(worker.pid, data)
        kill_all(first)
        assert until_working(worker.pid, data, but=first)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(30) == 0


def test_a_server_that_nobody_hears_ends_well(data: Path) -> None:
    with unheard("serve", "--port", str(free_port()), "--data-dir", data) as server:
        until_working(server.pid, data)
        server.send_signal(signal.SIGTERM)
        assert server.wait(30) == 0


def test_whoever_fails_to_be_told_keeps_no_job_from_being_done(data: Path) -> None:
    told = []

    def fail(is_ours: bool) -> None:
        told.append(is_ours)
        raise RuntimeError

    Client.embedded(data).close()
    delivery = Embedded(read_settings(data_dir=data), on_change=fail)
    delivery.deliver()
    first = until_working(os.getpid(), data)
    wait_until(lambda: bool(told))
    kill_all(first)
    assert until_working(os.getpid(), data, but=first)
    delivery.close()
    assert told == [True]


@contextmanager
def unheard(*words: str | Path) -> Iterator[subprocess.Popen[bytes]]:
    """A command whose standard error nobody reads any more."""
    ours, theirs = os.pipe()
    os.close(ours)
    process = subprocess.Popen(
        [*PROGRAM, *map(str, words)],
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        env=CommandLine(**VARIABLES).environment,
    )
    os.close(theirs)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def until_working(pid: int, data: Path, but: Sequence[int] = ()) -> list[int]:
    """The processes that do the jobs, once there are others than these."""
    found: list[int] = []

    def is_there() -> bool:
        found[:] = [child for child in workers(pid, data) if child not in but]
        return bool(found) and not DirectoryLock(data).is_free()

    wait_until(is_there, 30)
    return found


def test_the_work_ends_with_a_worker_that_is_killed(data: Path) -> None:
    with working(data) as worker:
        worker.wait_for(OURS)
        (child,) = workers(worker.process.pid, data)
        worker.process.kill()
        wait_until(lambda: not Path(f"/proc/{child}").exists())


@pytest.mark.parametrize(("concurrency", "computing"), [("1", 1), ("3", 2)])
def test_of_runs_at_once_one_less_list_buckets(
    data: Path, bucket: PageProcess, concurrency: str, computing: int
) -> None:
    with serving(data) as served:
        served.queue(bucket, 3)
        most = 0
        with working(data, "--concurrency", concurrency):
            while states(data, "COMPUTE") != ["SUCCEEDED"] * 3:
                most = max(most, states(data, "COMPUTE").count("RUNNING"))
    assert most == computing


@pytest.mark.parametrize(
    "words", [["--concurrency", "0"], ["--concurrency", "many"], ["--endpoint", "http://localhost:8000"]]
)
def test_wrong_usage_is_one_line_and_status_2(words: list[str]) -> None:
    CommandLine()("worker", *words, status=2)


def test_a_directory_that_cannot_be_used_is_said_in_one_line() -> None:
    assert "/sys/bucketlink" in CommandLine()("worker", "--data-dir", "/sys/bucketlink", status=1).stderr
