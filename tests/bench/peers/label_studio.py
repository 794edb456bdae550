"""Label Studio: a server of its own on SQLite, and the first sync of an S3 storage, as its page asks for it."""

import importlib.metadata
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from tests.bench.peers.task import Clock, Found, given

TOKEN = "benchmark" * 4
START = 600
"""Seconds that it may take to come up; its first start makes a database."""
SYNC = 1800
TICKS = os.sysconf("SC_CLK_TCK")
VARIABLES = {
    "SSRF_PROTECTION_ENABLED": "false",  # the bucket is on this machine
    "COLLECT_ANALYTICS": "false",
    "SENTRY_DSN": "",
    "FRONTEND_SENTRY_DSN": "",
    "LATEST_VERSION_CHECK": "false",
}


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


class Server:
    """A Label Studio that runs."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self._process = process
        self._port = port

    def ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """What the API answers."""
        connection = HTTPConnection("127.0.0.1", self._port, timeout=SYNC)
        try:
            headers = {"Authorization": f"Token {TOKEN}", "Content-Type": "application/json"}
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            reply = connection.getresponse()
            text = reply.read().decode()
        finally:
            connection.close()
        if reply.status >= 400:
            raise RuntimeError(f"{method} {path} was answered with {reply.status}: {text[:2000]}")
        answered: dict[str, Any] = json.loads(text)
        return answered

    def wait(self) -> None:
        """Wait until it answers."""
        end = time.monotonic() + START
        while self._process.poll() is None and time.monotonic() < end:
            try:
                self.ask("GET", "/api/version")
            except OSError:
                time.sleep(0.5)
            else:
                return
        raise RuntimeError("Label Studio did not start.")

    def used(self) -> float:
        """Seconds of CPU time that it has used."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text("ascii").rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / TICKS


@contextmanager
def started() -> Iterator[Server]:
    """A server with one user, all of whose files are below the home directory that the benchmark gives."""
    port = free_port()
    directory = Path.home()
    command = ["label-studio", "start", "--no-browser", "--internal-host", "127.0.0.1", "--port", str(port)]
    command += ["--data-dir", str(directory), "--enable-legacy-api-token", "--user-token", TOKEN]
    command += ["--username", "benchmark@example.com", "--password", "benchmark-benchmark", "--log-level", "ERROR"]
    leash = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []  # it ends with this script
    log = directory / "server.log"
    with log.open("wb") as file:
        process = subprocess.Popen([*leash, *command], stdout=file, stderr=file, env=os.environ | VARIABLES)
        try:
            yield Server(process, port)
        except Exception as error:
            error.add_note(log.read_text("utf-8", "replace")[-2000:])
            raise
        finally:
            process.kill()
            process.wait()


task = given()
with started() as server:
    server.wait()
    config = '<View><Image name="image" value="$image"/></View>'
    project = server.ask("POST", "/api/projects", {"title": "Benchmark", "label_config": config})["id"]
    storage = {
        "project": project,
        "bucket": task.bucket,
        "s3_endpoint": task.endpoint,
        "region_name": "us-east-1",
        "aws_access_key_id": "benchmark",
        "aws_secret_access_key": "benchmark",
        "use_blob_urls": True,
        "recursive_scan": True,
        "presign": False,
    }
    number = server.ask("POST", "/api/storages/s3", storage)["id"]
    with Clock(server.used) as clock:
        synced = server.ask("POST", f"/api/storages/s3/{number}/sync")
    if synced["status"] != "completed":
        raise RuntimeError(f"The sync ended as {synced['status']}: {synced.get('traceback')}")
    found = Found(server.ask("GET", f"/api/projects/{project}")["task_number"])
task.answer(clock, importlib.metadata.version("label-studio"), found)
