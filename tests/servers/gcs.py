"""An emulator of Google Cloud Storage (gcp-storage-emulator) as a process of its own, which keeps everything in memory.

It checks no credentials, and answers a whole bucket at once: `tests.servers.gcs_login` is put before it.
"""

import argparse
import http.client
import json
import secrets
import sys
from base64 import b64encode
from collections.abc import Mapping
from http.server import HTTPServer
from pathlib import Path
from urllib.parse import quote

from tests.servers.process import ServerProcess

ROOT = Path(__file__).parents[2]


class GcsEmulator(ServerProcess):
    """A running emulator."""

    def create(self, bucket: str) -> None:
        """Create a bucket."""
        self._send("POST", "/storage/v1/b", json.dumps({"name": bucket}).encode(), "application/json")

    def put(self, bucket: str, key: str, body: bytes = b"", *, content_type: str | None = None) -> None:
        """Write one object."""
        mark = secrets.token_hex(16)
        about = {"name": key, "contentType": content_type or "application/octet-stream"}
        parts = (
            f"--{mark}\r\nContent-Type: application/json\r\n\r\n{json.dumps(about)}\r\n",
            f"--{mark}\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n",
            f"{b64encode(body).decode()}\r\n--{mark}--\r\n",
        )
        target = f"/upload/storage/v1/b/{bucket}/o?uploadType=multipart"
        self._send("POST", target, "".join(parts).encode(), f"multipart/related; boundary={mark}")

    def put_many(self, bucket: str, objects: Mapping[str, bytes], *, content_type: str | None = None) -> None:
        """Write many objects."""
        for key, body in objects.items():
            self.put(bucket, key, body, content_type=content_type)

    def delete(self, bucket: str, key: str) -> None:
        """Remove one object."""
        self._send("DELETE", f"/storage/v1/b/{bucket}/o/{quote(key, safe='')}")

    def _start(self) -> None:
        self._wait(self._spawn(sys.executable, "-m", "tests.servers.gcs", str(self.port), cwd=ROOT), self.port)

    def _send(self, method: str, target: str, body: bytes = b"", content_type: str | None = None) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, target, body or None, {"Content-Type": content_type} if content_type else {})
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {target} was answered with {answer.status}: {text[:300]!r}")


def main() -> None:
    """Run the emulator at a port until it is ended."""
    from gcp_storage_emulator.server import create_server  # type: ignore[import-untyped] # noqa: PLC0415
    from gcp_storage_emulator.storage import Storage  # type: ignore[import-untyped] # noqa: PLC0415

    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    # After every object it writes all of them down, which nobody reads where they are kept in memory.
    Storage._write_config_to_file = lambda _: None
    HTTPServer.request_queue_size = 128
    create_server("127.0.0.1", parser.parse_args().port, in_memory=True).run()


if __name__ == "__main__":
    main()
