"""Two shells, a notebook and a server on one data directory at once, all synchronizing, and one of them is killed."""

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from bucketlink import Client
from tests.api.server import PRIVATE, Server, wait_until
from tests.faults.processes import descendants, kill_all, workers
from tests.servers.pages import Faults, PageProcess

OBJECTS = 30_000
SECONDS = 120.0
NOTEBOOK = """
import asyncio, json, sys
from bucketlink import Client

async def cell():
    client = Client.embedded(sys.argv[1])
    print(json.dumps(client.synchronize_cloud_storage_connection(sys.argv[2], progress=False)), flush=True)

asyncio.run(cell())
"""
"""A cell of a notebook: code inside a running event loop, that closes nothing."""


class Desk:
    """A data directory, what it takes to work there, and the processes that do."""

    def __init__(self, directory: Path, bucket: PageProcess) -> None:
        self.server = Server(directory, PRIVATE)
        self._started: list[subprocess.Popen[str]] = []
        with Client.embedded(self.server.data_dir) as client:
            self.project = client.create_project("Bears", input_type="IMAGE")["id"]
            integration = client.create_cloud_storage_integration(
                "CustomS3", "pages", s3_bucket_name="bucket", s3_endpoint=bucket.endpoint
            )["id"]
            self.connection = client.add_cloud_storage_connection(self.project, integration)["id"]
            self.first_run = next(client.runs(self.connection))["id"]

    def shell(self) -> subprocess.Popen[str]:
        """Synchronize by the command line."""
        program = str(Path(sys.executable).with_name("bucketlink"))
        return self._start(program, "sync", self.connection, "--data-dir", str(self.server.data_dir), "--json")

    def notebook(self) -> subprocess.Popen[str]:
        """Synchronize in a program of one's own."""
        return self._start(sys.executable, "-W", "error", "-c", NOTEBOOK, str(self.server.data_dir), self.connection)

    def through_the_server(self, answers: list[Any]) -> threading.Thread:
        """Synchronize by a client of the server."""

        def synchronize() -> None:
            with Client(self.server.api_key, self.server.endpoint) as client:
                answers.append(client.synchronize_cloud_storage_connection(self.connection))

        thread = threading.Thread(target=synchronize)
        thread.start()
        return thread

    def _start(self, *command: str) -> subprocess.Popen[str]:
        started = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self._started.append(started)
        return started

    def close(self) -> None:
        self.server.stop()
        for process in self._started:
            process.kill()
            process.communicate()


@pytest.fixture
def bucket() -> Iterator[PageProcess]:
    """A bucket that takes its time: thirty pages, a tenth of a second each."""
    with PageProcess(OBJECTS, Faults(latency=0.1)) as pages:
        yield pages


@pytest.fixture
def desk(tmp_path: Path, bucket: PageProcess, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setenv("BUCKETLINK_ALLOW_PRIVATE_ENDPOINTS", "true")
    made = Desk(tmp_path, bucket)
    yield made
    made.close()


def has_begun(client: Client, connection: str, kind: str, since: str) -> bool:
    """Whether a run of this kind, behind the one of this id, has done something."""
    newest = next((run for run in client.runs(connection) if run["kind"] == kind), None)
    if newest is None or newest["id"] == since or newest["state"] == "QUEUED":
        return False
    return bool(newest["objects"] if kind == "COMPUTE" else newest["summary"]["added"])


@pytest.mark.parametrize("killed_in", ["COMPUTE", "APPLY"])
def test_everything_ends_and_is_done_once(desk: Desk, bucket: PageProcess, killed_in: str) -> None:
    directory, connection = desk.server.data_dir, desk.connection
    with ExitStack() as opened:
        bucket.pause()
        victim = desk.shell()
        wait_until(lambda: bool(workers(victim.pid, directory)))
        desk.server.start()
        answers: list[Any] = []
        others = [desk.shell(), desk.notebook()]
        client = opened.enter_context(Client(desk.server.api_key, desk.server.endpoint))
        thread = desk.through_the_server(answers)
        bucket.resume()
        wait_until(lambda: has_begun(client, connection, killed_in, desk.first_run), SECONDS)
        kill_all([victim.pid, *descendants(victim.pid)])
        thread.join(SECONDS)
        assert not thread.is_alive()
        for process in others:
            out, err = process.communicate(timeout=SECONDS)
            assert (process.returncode, "Traceback" in err) == (0, False), err
            answers.append(json.loads(out))
        assert victim.wait() == -signal.SIGKILL

        assert len(answers) == 3
        assert answers[0]["numberOfAssets"] == answers[2]["numberOfAssets"] == OBJECTS
        assert client.count_assets(desk.project) == OBJECTS
        rows = list(client.assets(desk.project, fields=("id", "externalId"), as_generator=True))
        assert len({row["externalId"] for row in rows}) == len({row["id"] for row in rows}) == OBJECTS

        runs = list(client.runs(connection))
        assert {run["state"] for run in runs} <= {"SUCCEEDED"}
        applied = [run for run in runs if run["kind"] == "APPLY"]
        assert sum(run["summary"]["added"] for run in applied) == OBJECTS
        assert [run["summary"] for run in applied if run["summary"]["removed"] or run["summary"]["changed"]] == []
        assert client.compute_differences(connection)["total"] == 0
        undone = client.undo(next(run["id"] for run in applied if run["summary"]["added"] == OBJECTS))
        assert (undone["summary"]["removed"], client.count_assets(desk.project)) == (OBJECTS, 0)
