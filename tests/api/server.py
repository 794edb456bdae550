"""A real ``bucketlink serve`` in a process of its own, and a plain way to ask it."""

import http.client
import json
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.request import Request, urlopen

from tests.servers.process import free_port, without_ours

START_SECONDS = 30.0
WAIT_SECONDS = 30.0
LOOK_SECONDS = 0.02
API = "/api/label/v2"
PRIVATE = {"BUCKETLINK_ALLOW_PRIVATE_ENDPOINTS": "true"}
"""Settings by which the tests' own buckets are read."""

Json = Any
"""What an answer holds; a test looks into it, and fails where something else is there."""


@dataclass(slots=True)
class Server:
    """Serves a data directory below ``directory``; ``root`` is a folder that integrations may read."""

    directory: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    api_key: str = field(default_factory=lambda: f"admin-{secrets.token_hex(16)}")
    port: int = field(default_factory=free_port)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def data_dir(self) -> Path:
        return self.directory / "data"

    @property
    def root(self) -> Path:
        return self.directory / "buckets"

    @property
    def log(self) -> Path:
        """What the server and its worker wrote."""
        return self.directory / "server.log"

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}{API}/graphql"

    def start(self) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        own = {
            "BUCKETLINK_ADMIN_API_KEY": self.api_key,
            "BUCKETLINK_FOLDER_ROOTS": str(self.root),
            "BUCKETLINK_DATA_DIR": str(self.data_dir),
            **self.settings,
        }
        program = Path(sys.executable).with_name("bucketlink")
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [program, "serve", "--port", str(self.port)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=without_ours(**own),
            )
        wait_until(self._answers, START_SECONDS)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The process that serves."""
        assert self._process is not None
        return self._process.pid

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self.wait()

    def wait(self) -> None:
        """Wait for the process's end."""
        if self._process is not None:
            self._process.wait(START_SECONDS)

    def ask(
        self, query: str, variables: Mapping[str, object] | None = None, *, key: str | None = None, call: str = ""
    ) -> dict[str, Any]:
        """Send one GraphQL request; answers the whole response."""
        body = json.dumps({"query": query, "variables": variables or {}}).encode()
        headers = {"Authorization": f"X-API-Key: {key or self.api_key}", "Content-Type": "application/json"}
        if call:
            headers["kili-client-call-uuid"] = call
        with urlopen(Request(self.endpoint, body, headers), timeout=WAIT_SECONDS) as answer:  # noqa: S310 - our own
            response: dict[str, Any] = json.load(answer)
        return response

    def data(self, query: str, variables: Mapping[str, object] | None = None) -> Json:
        """As `ask`, for a request that has to succeed; answers its ``data``."""
        response = self.ask(query, variables)
        assert "errors" not in response, response["errors"]
        return response["data"]["data"]

    def create_folder_integration(self, name: str, files: Mapping[str, bytes] | list[str], **fields: object) -> str:
        """Make a folder of files and an integration that reads it; answers the integration's id."""
        folder = self.root / name
        folder.mkdir()
        for key in files:
            path = folder / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(files[key] if isinstance(files, Mapping) else key.encode())
        data = {"name": name, "platform": "Folder", "folderPath": str(folder), **fields}
        return self.create_integration(data)

    def create_integration(self, data: Mapping[str, object]) -> str:
        made = self.data(
            "mutation ($data: DataIntegrationData!) { data: createDataIntegration(data: $data) { id status } }",
            {"data": data},
        )
        assert made["status"] == "CONNECTED"
        return str(made["id"])

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log.read_text("utf-8")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT_SECONDS)
        try:
            connection.request("GET", f"{API}/version")
            return connection.getresponse().status == http.HTTPStatus.OK
        except OSError:
            return False
        finally:
            connection.close()


def wait_until(done: Callable[[], bool], seconds: float = WAIT_SECONDS) -> None:
    """Look again and again until something is so; fails after some seconds."""
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, f"not so after {seconds} seconds"
        time.sleep(LOOK_SECONDS)
