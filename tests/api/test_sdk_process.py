"""The SDK as part of somebody's program: how that ends, is interrupted, forks, and uses threads."""

import copy
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bucketlink import Client, InvalidInput
from tests.api.server import PRIVATE, Server, wait_until
from tests.faults.processes import workers
from tests.servers.pages import Faults, PageServer

OBJECTS = 15_000
STRICT = ("-X", "dev", "-W", "error", "-c")
"""Whatever is left open when Python ends is told on standard error."""
SETUP = """
import os, sys
from bucketlink import Client

client = Client.embedded({directory!r})
project = client.create_project("Bears", input_type="IMAGE")["id"]
integration = client.create_cloud_storage_integration(
    "CustomS3", "pages", s3_bucket_name="bucket", s3_endpoint={endpoint!r}
)["id"]
"""
SYNCHRONIZE = """
connection = client.add_cloud_storage_connection(project, integration)["id"]
print(connection, flush=True)
client.synchronize_cloud_storage_connection(connection, progress={progress})
"""
INTERRUPTED = """
import threading, time
def connected():
    while not client.cloud_storage_connections(project_id=project):
        time.sleep(0.01)
    print(client.cloud_storage_connections(project_id=project)[0]["id"], flush=True)
threading.Thread(target=connected, daemon=True).start()
try:
    connection = client.add_cloud_storage_connection(project, integration)["id"]
    client.synchronize_cloud_storage_connection(connection, progress={progress})
except KeyboardInterrupt:
    print("interrupted", flush=True)
{end}
"""


@pytest.fixture(autouse=True)
def _private(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUCKETLINK_ALLOW_PRIVATE_ENDPOINTS", "true")


@pytest.fixture
def bucket() -> Iterator[PageServer]:
    """Fifteen pages of keys."""
    with PageServer(f"{n // 1000:02}/{n:06}.jpg" for n in range(OBJECTS)) as pages:
        yield pages


def program(script: str, bucket: PageServer, directory: Path, **more: object) -> subprocess.Popen[str]:
    text = (SETUP + script).format(directory=str(directory), endpoint=bucket.endpoint, **more)
    return subprocess.Popen(
        [sys.executable, *STRICT, text],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_a_program_that_does_not_close_its_client_ends_at_once_and_quietly(tmp_path: Path, bucket: PageServer) -> None:
    process = program(SYNCHRONIZE, bucket, tmp_path / "data", progress=False)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out.strip(), err) == (0, "con1", "")


def test_a_client_over_http_that_is_not_closed_ends_quietly_too(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        script = (
            f"from bucketlink import Client\nprint(Client({server.api_key!r}, {server.endpoint!r}).count_projects())"
        )
        done = subprocess.run([sys.executable, *STRICT, script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "0\n", "")


@pytest.mark.parametrize("progress", [True, False])
@pytest.mark.parametrize("end", ["client.close()", ""], ids=["closed", "not closed"])
def test_an_interrupt_ends_a_wait_at_once_and_the_work_goes_on_later(
    tmp_path: Path, bucket: PageServer, progress: bool, end: str
) -> None:
    bucket.faults = Faults(latency=0.3)
    process = program(INTERRUPTED, bucket, tmp_path / "data", progress=progress, end=end)
    assert process.stdout is not None
    connection = process.stdout.readline().strip()
    wait_until(lambda: bucket.counts["LIST"] > 2)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: everything that the program started, too
    out, err = process.communicate(timeout=10)
    assert (process.returncode, out) == (0, "interrupted\n")
    assert "Traceback" not in err
    assert not err.strip() if not progress else "Error" not in err
    bucket.faults = Faults()
    with Client.embedded(tmp_path / "data") as client:
        assert client.synchronize_cloud_storage_connection(connection)["numberOfAssets"] == OBJECTS


def test_a_forked_child_of_an_embedded_client_is_refused_and_harms_nothing(tmp_path: Path) -> None:
    with Client.embedded(tmp_path) as client:
        project = client.create_project("before", input_type="IMAGE")["id"]
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                client.projects()
            except InvalidInput as error:
                os.write(writing, str(error).encode())
            client.close()
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as told:
            assert "open another in the child" in told.read()
        assert os.waitpid(child, 0)[1] == 0
        assert client.count_projects() == 1
        assert client.delete_project(project) == project


def test_a_client_that_nobody_holds_any_more_is_closed(tmp_path: Path, bucket: PageServer) -> None:
    client = Client.embedded(tmp_path / "data")
    integration = client.create_cloud_storage_integration(
        "CustomS3", "pages", s3_bucket_name="bucket", s3_endpoint=bucket.endpoint
    )["id"]
    client.add_cloud_storage_connection(client.create_project("Bears", input_type="IMAGE")["id"], integration)
    assert workers(os.getpid(), tmp_path / "data")
    del client
    assert workers(os.getpid(), tmp_path / "data") == []


def test_threads_share_a_client(tmp_path: Path) -> None:
    with (
        Server(tmp_path) as server,
        Client(server.api_key, server.endpoint) as over_http,
        Client.embedded(server.data_dir) as embedded,
    ):
        begin = threading.Barrier(8)

        def work(number: int) -> int:
            begin.wait()
            client = (over_http, embedded)[number % 2]
            made = [client.create_project(f"{number}", input_type="IMAGE")["id"] for _ in range(5)]
            return sum(client.count_projects(project) for project in made)

        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(work, range(8))) == [5] * 8
        assert over_http.count_projects() == embedded.count_projects() == 40


def test_a_server_that_is_started_anew_does_not_end_the_wait_for_it(tmp_path: Path, bucket: PageServer) -> None:
    bucket.faults = Faults(latency=0.3)
    with (
        Server(tmp_path, PRIVATE) as server,
        Client(server.api_key, server.endpoint) as client,
        ThreadPoolExecutor(1) as elsewhere,
    ):
        project = client.create_project("Bears", input_type="IMAGE")["id"]
        integration = client.create_cloud_storage_integration(
            "CustomS3", "pages", s3_bucket_name="bucket", s3_endpoint=bucket.endpoint
        )["id"]
        connection = client.add_cloud_storage_connection(project, integration)["id"]
        listed = bucket.counts["LIST"]
        waiting = elsewhere.submit(client.synchronize_cloud_storage_connection, connection)
        wait_until(lambda: bucket.counts["LIST"] > listed + 2)
        server.stop()
        server.start()
        assert waiting.result(60)["numberOfAssets"] == OBJECTS


def test_a_client_cannot_be_copied(tmp_path: Path) -> None:
    with Client.embedded(tmp_path) as client:
        for copied in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match="Client cannot be pickled or copied"):
                copied(client)
