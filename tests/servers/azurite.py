"""A real server of Azure's protocol: Azurite, Microsoft's emulator, which keeps everything in memory."""

import base64
import http.client
import json
import os
import re
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import quote, urlsplit

from bucketlink.buckets.azure_address import AzurePlace, place
from bucketlink.buckets.azure_sign import VERSION, shared_key
from bucketlink.model import BucketAddress, Platform
from tests.servers.rgw import free_port

HOME = Path(__file__).parents[2] / ".cache" / "azurite"
"""Where ``tests/servers/install_azurite.sh`` puts it."""
PROGRAM = HOME / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"
OWN_NODE = HOME / "node" / "bin" / "node"
START_SECONDS = 60
UPLOAD_THREADS = 8
UNLISTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def available() -> bool:
    """Whether it is installed; if not, ``tests/servers/install_azurite.sh`` says why."""
    return (HOME / "installed.json").is_file() and PROGRAM.is_file()


def unfit(key: str) -> str | None:
    """Why Azurite cannot hold a key, or not list it again; None if it can."""
    if "\\" in key:
        return "Azure takes a backslash for a slash"
    if UNLISTED.search(key):
        return "Azure holds no control characters, and Azurite answers no listing of what XML cannot hold"
    return None


@dataclass(slots=True)
class Azurite:
    """A running server. Use as a context manager, or call `stop`.

    It ends with the thread that started it, however that ends. With ``certificate``, a file that holds a certificate
    and its key, it speaks TLS, and takes bearer tokens, of which it looks at the claims alone.
    """

    account: str = "bucketlink"
    key: str = field(default_factory=lambda: base64.b64encode(secrets.token_bytes(64)).decode())
    certificate: Path | None = None
    authority: str | None = None
    """The certificate, in PEM, of the CA that signed this one."""
    port: int = field(default_factory=free_port)
    _directory: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="azurite-")))
    _process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        """The URL of the account."""
        return f"{'https' if self.certificate else 'http'}://127.0.0.1:{self.port}/{self.account}"

    def start(self) -> Self:
        """Start it and wait until it answers; takes some seconds."""
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End it and remove what it wrote."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None
        shutil.rmtree(self._directory, ignore_errors=True)

    def container(self, name: str, *, public: bool = False) -> "Container":
        """Create a container, which everybody may list if it is public."""
        container = Container(self, name)
        container.create(public=public)
        return container

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _start(self) -> None:
        leash = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
        node = str(OWN_NODE) if OWN_NODE.exists() else "node"
        options = ["--inMemoryPersistence", "--disableTelemetry", "--silent"]
        if self.certificate is not None:
            options += ["--cert", str(self.certificate), "--key", str(self.certificate), "--oauth", "basic"]
        with (self._directory / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [*leash, node, str(PROGRAM), "--blobPort", str(self.port), *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd=self._directory,
                env={**os.environ, "AZURITE_ACCOUNTS": f"{self.account}:{self.key}"},
            )
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    told = (self._directory / "log").read_text("utf-8", errors="replace")
                    raise RuntimeError(f"Azurite does not come up: {told[-500:]}") from None
                time.sleep(0.05)
            else:
                return


class Container:
    """A container to put objects in, by requests of its own that hold keys exactly. Safe to share between threads."""

    def __init__(self, server: Azurite, name: str) -> None:
        self.server = server
        self.name = name
        self.endpoint = server.endpoint
        self._at: AzurePlace = place(BucketAddress(Platform.AZURE, name, server.endpoint))
        self._key = base64.b64decode(server.key)
        self._local = threading.local()
        self._connections: list[http.client.HTTPConnection] = []

    def create(self, *, public: bool = False) -> None:
        """Create the container itself."""
        headers = {"x-ms-blob-public-access": "container"} if public else {}
        self._send("PUT", f"{self._at.path}?restype=container", headers=headers)

    def remove(self) -> None:
        """Remove the container."""
        self._send("DELETE", f"{self._at.path}?restype=container")

    def put(self, key: str, body: bytes = b"", *, content_type: str | None = None, tier: str | None = None) -> None:
        """Write one object."""
        headers = {"x-ms-blob-type": "BlockBlob"}
        headers |= {"x-ms-blob-content-type": content_type} if content_type else {}
        headers |= {"x-ms-access-tier": tier} if tier else {}
        self._send("PUT", self._target(key), body, headers)

    def delete(self, key: str) -> None:
        """Remove one object."""
        self._send("DELETE", self._target(key))

    def put_many(self, objects: Mapping[str, bytes] | Iterable[str], *, content_type: str | None = None) -> None:
        """Write many objects side by side; empty ones where only keys are given."""
        items = objects.items() if isinstance(objects, Mapping) else ((key, b"") for key in objects)
        with ThreadPoolExecutor(UPLOAD_THREADS) as pool:
            for _ in pool.map(lambda item: self.put(*item, content_type=content_type), items):
                pass

    def close(self) -> None:
        """Close all connections."""
        for connection in self._connections:
            connection.close()
        self._connections.clear()
        self._local = threading.local()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _target(self, key: str) -> str:
        return f"{self._at.path}/{quote(key, safe='~')}"

    def _connection(self) -> http.client.HTTPConnection:
        connection: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if connection is None:
            parts = urlsplit(self.endpoint)
            host = parts.hostname or ""
            if self.server.authority is None:
                connection = http.client.HTTPConnection(host, parts.port, timeout=30)
            else:
                context = ssl.create_default_context(cadata=self.server.authority)
                connection = http.client.HTTPSConnection(host, parts.port, timeout=30, context=context)
            self._local.connection = connection
            self._connections.append(connection)
        return connection

    def _send(self, method: str, target: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
        headers = {"x-ms-version": VERSION, **(headers or {})}
        signed = shared_key(method, target, headers, self._at, self._key, length=len(body))
        answer, text = self._exchanged(method, target, body, signed)
        if answer.status >= 300:
            raise RuntimeError(f"{method} {target} was answered with {answer.status}: {text[:300]!r}")

    def _exchanged(
        self, method: str, target: str, body: bytes, headers: Mapping[str, str]
    ) -> tuple[http.client.HTTPResponse, bytes]:
        connection = self._connection()
        is_new = connection.sock is None
        try:
            connection.request(method, target, body=body, headers=headers)
            answer = connection.getresponse()
            return answer, answer.read()
        except ConnectionError:
            # The server closes what was not used for some seconds, maybe just as it is used again.
            if is_new:
                raise
            connection.close()
            return self._exchanged(method, target, body, headers)


def main() -> None:
    """Run a server until interrupted, for trying things out by hand."""
    with Azurite() as server:
        print(json.dumps({"endpoint": server.endpoint, "key": server.key}), flush=True)  # noqa: T201
        signal.sigwait({signal.SIGINT, signal.SIGTERM})


if __name__ == "__main__":
    main()
