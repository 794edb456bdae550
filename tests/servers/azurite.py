"""A real server of Azure's protocol: Azurite, Microsoft's emulator, which keeps everything in memory."""

import base64
import http.client
import json
import re
import secrets
import signal
import ssl
import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import quote, urlsplit

from bucketlink.buckets.azure_address import AzurePlace, place
from bucketlink.buckets.azure_sign import VERSION, shared_key
from bucketlink.model import BucketAddress, Platform
from tests.servers.process import ServerProcess

HOME = Path(__file__).parents[2] / ".cache" / "azurite"
"""Where ``tests/servers/install_azurite.sh`` puts it."""
PROGRAM = HOME / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"
OWN_NODE = HOME / "node" / "bin" / "node"
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


@dataclass(slots=True, kw_only=True)
class Azurite(ServerProcess):
    """A running server. With ``certificate``, a file that holds a certificate
    and its key, it speaks TLS, and takes bearer tokens, of which it looks at the claims alone.
    """

    account: str = "bucketlink"
    key: str = field(default_factory=lambda: base64.b64encode(secrets.token_bytes(64)).decode())
    certificate: Path | None = None
    authority: str | None = None
    """The certificate, in PEM, of the CA that signed this one."""

    @property
    def endpoint(self) -> str:
        """The URL of the account."""
        return f"{'https' if self.certificate else 'http'}://127.0.0.1:{self.port}/{self.account}"

    def container(self, name: str, *, public: bool = False) -> "Container":
        """Create a container, which everybody may list if it is public."""
        container = Container(self, name)
        container.create(public=public)
        return container

    def _start(self) -> None:
        node = str(OWN_NODE) if OWN_NODE.exists() else "node"
        # A connection that the server drops while a test pauses would look like a fault of the reader's.
        options = ["--inMemoryPersistence", "--disableTelemetry", "--silent", "--blobKeepAliveTimeout", "600"]
        if self.certificate is not None:
            options += ["--cert", str(self.certificate), "--key", str(self.certificate), "--oauth", "basic"]
        command = (node, str(PROGRAM), "--blobPort", str(self.port), *options)
        self._wait(self._spawn(*command, env={"AZURITE_ACCOUNTS": f"{self.account}:{self.key}"}), self.port)


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
