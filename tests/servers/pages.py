"""A page server of our own: listings and objects of S3, Google Cloud Storage and Azure, with faults.

Which of them is spoken shows in the request; keys are in memory or by a formula. In a test's own process it is a thread
(`PageServer`); for measuring memory it is a process (`PageProcess`, or by hand ``python -m tests.servers.pages --count
200000``), set and asked through ``/-/faults`` and ``/-/counts``. It checks no signatures.
"""

import argparse
import json
import re
import signal
import subprocess
import sys
import threading
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO, Self
from urllib.parse import parse_qs
from urllib.request import Request, urlopen

from tests.servers.pages_azure import Azure, HierarchicalAzure
from tests.servers.pages_core import ALIVE, COMMON, NONE, Dialect, Faults, Formula, Sent, Stored, listed
from tests.servers.pages_gcs import Gcs
from tests.servers.pages_s3 import S3

__all__ = ["ALIVE", "Faults", "Formula", "PageProcess", "PageServer", "Stored"]

RANGE = re.compile(r"bytes=(\d+)-(\d*)")


class PageServer:
    """The server as a thread of this process; whatever bucket is asked for, it holds ``keys``.

    ``hierarchical`` is whether Azure's namespace is.
    """

    def __init__(
        self, keys: Iterable[str] = (), *, faults: Faults = NONE, port: int = 0, hierarchical: bool = False
    ) -> None:
        self.faults = faults
        self.counts: Counter[str] = Counter()
        """Requests by kind: LIST, HEAD (or what tells as much), GET, TOKEN; and LIST 503 for those refused."""
        self.stored: dict[str, Stored] = {}
        self.dialects: tuple[Dialect, ...] = (Gcs(), HierarchicalAzure() if hierarchical else Azure(), S3())
        self._given: Sequence[str] = keys if isinstance(keys, Formula) else list(keys)
        self._sorted: dict[Dialect, Sequence[str]] = {}
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.pages = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    @property
    def endpoint(self) -> str:
        """The URL to read from. Azure's accounts are below it."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def put(self, key: str, stored: Stored = COMMON) -> None:
        """Add or replace an object."""
        self.put_all({key: stored})

    def put_all(self, objects: Mapping[str, Stored]) -> None:
        """Add or replace many objects."""
        self.stored.update(objects)
        self._set([*(known for known in self._given if known not in objects), *objects])

    def delete(self, key: str) -> None:
        """Remove an object."""
        self.stored.pop(key, None)
        self._set([known for known in self._given if known != key])

    def replace(self, keys: Iterable[str]) -> None:
        """Hold these keys instead of those from before."""
        self._set(list(keys))

    def _set(self, keys: list[str]) -> None:
        self._given, self._sorted = keys, {}

    def start(self) -> Self:
        """Begin to answer."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop, and wait for those requests that are being answered."""
        self._server.shutdown()
        self._thread.join()
        self._server.end_connections()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def take(self, fault: str) -> bool:
        """Whether a fault that counts requests applies to this one, which it then has counted."""
        with self._lock:
            left = getattr(self.faults, fault)
            if left > 0:
                self.faults = replace(self.faults, **{fault: left - 1})
            return bool(left)

    def count(self, kind: str) -> int:
        """Count a request; how many of its kind there were."""
        with self._lock:
            self.counts[kind] += 1
            return self.counts[kind]

    def holds(self, key: str) -> bool:
        """Whether there is such an object."""
        keys = self._keys(self.dialects[-1])
        place = bisect_left(keys, key)
        return place < len(keys) and keys[place] == key

    def dialect(self, sent: Sent) -> Dialect:
        """How a request speaks."""
        return next(dialect for dialect in self.dialects if dialect.knows(sent))

    def page(self, dialect: Dialect, sent: Sent, number: int) -> tuple[str, bool]:
        """The page that the so-manieth request for a listing asks for, and whether it is the last one."""
        asked = dialect.asked(sent, old=self.faults.old)
        keys = self._given if self.faults.unordered else self._keys(dialect)
        part = listed(keys, asked, dialect.order, self.faults, number)
        return dialect.page(asked, part, self.stored, miscount=self.faults.miscount), part.is_last

    def _keys(self, dialect: Dialect) -> Sequence[str]:
        known, given = self._sorted, self._given  # in this order: what is put meanwhile makes another `_sorted`
        if dialect not in known:
            known[dialect] = given if isinstance(given, Formula) else dialect.sorted(set(given))
        return known[dialect]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    pages: PageServer

    def __init__(self, *args: tuple[str, int] | type[BaseHTTPRequestHandler]) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self.open: set[_Handler] = set()

    def end_connections(self) -> None:
        for handler in list(self.open):
            handler.end()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that go away."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.open.add(self)

    def finish(self) -> None:
        self.server.open.discard(self)
        super().finish()

    def end(self) -> None:
        """Wake up a connection that waits for its next request, by its end."""
        try:
            self.connection.shutdown(2)
        except OSError:
            return

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing is logged."""

    def do_GET(self) -> None:
        if self.path == "/-/counts":
            self._answer(200, json.dumps(self.server.pages.counts).encode())
            return
        path, _, query = self.path.partition("?")
        sent = Sent(
            method=self.command,
            path=path,
            query={name: values[-1] for name, values in parse_qs(query, keep_blank_values=True).items()},
            headers={name.lower(): value for name, value in self.headers.items()},
        )
        dialect = self.server.pages.dialect(sent)
        key = dialect.key(sent)
        if key is None:
            self._list(dialect, sent)
        else:
            self._object(dialect, sent, key)

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_PUT(self) -> None:
        given = json.loads(self._sent_body())
        given["ignore"] = tuple(given["ignore"])
        self.server.pages.faults = Faults(**given)
        self._answer(200, b"")

    def do_POST(self) -> None:
        """Give whoever asks a token of Google's."""
        self._sent_body()
        self.server.pages.count("TOKEN")
        self._answer(200, json.dumps({"access_token": "t", "token_type": "Bearer", "expires_in": 3600}).encode())

    def _sent_body(self) -> bytes:
        return self.rfile.read(int(self.headers["Content-Length"]))

    def _list(self, dialect: Dialect, sent: Sent) -> None:
        pages, faults = self.server.pages, self.server.pages.faults
        number = pages.count("LIST")
        if faults.latency:
            time.sleep(faults.latency)
        if self._refuses(dialect, "LIST"):
            return
        if pages.take("throttle"):
            self._fail(dialect, "LIST", 503, dialect.errors[503])
        elif pages.take("drop"):
            self.close_connection = True
        elif faults.body:
            self._answer(200, faults.body.encode())
        else:
            text, is_last = pages.page(dialect, sent, number)
            body = text.encode()
            half = body[: len(body) // 2]
            if is_last and faults.last_status:
                self._fail(dialect, "LIST", faults.last_status, dialect.errors.get(faults.last_status, ""))
            elif pages.take("cut"):
                self._answer(200, body, cut=True)
            else:
                self._answer(200, half if is_last and faults.truncate_last else body)

    def _object(self, dialect: Dialect, sent: Sent, key: str) -> None:
        pages = self.server.pages
        stored = pages.stored.get(key, COMMON)
        resource = dialect.resource(sent, key, stored)
        is_told_alone = self.command == "HEAD" or resource is not None
        kind = "HEAD" if is_told_alone else "GET"
        pages.count(kind)
        if self._refuses(dialect, kind):
            return
        if not pages.holds(key):
            self._fail(dialect, kind, 404, dialect.gone)
        elif not is_told_alone and stored.storage_class in dialect.unreadable:
            self._fail(dialect, kind, *dialect.unreadable[stored.storage_class])
        elif resource is not None:
            self._answer(200, resource.encode(), {"Content-Type": "application/json; charset=UTF-8"})
        else:
            self._content(dialect, stored)

    def _content(self, dialect: Dialect, stored: Stored) -> None:
        told = {**dialect.described(stored), "Accept-Ranges": "bytes"}
        if stored.content_type is not None:
            told["Content-Type"] = stored.content_type
        body = bytes(stored.size) if stored.body is None else stored.body
        asked = RANGE.fullmatch(self.headers.get("x-ms-range") or self.headers.get("Range") or "")
        cut = self.command == "GET" and self.server.pages.take("cut_reads")
        if asked is None:
            self._answer(200, body, told, cut=cut)
            return
        first, last = int(asked[1]), min(int(asked[2] or len(body)), len(body) - 1)
        if first >= len(body):
            self._fail(dialect, "GET", 416, "InvalidRange", {"Content-Range": f"bytes */{len(body)}"})
        else:
            told["Content-Range"] = f"bytes {first}-{last}/{len(body)}"
            self._answer(206, body[first : last + 1], told, cut=cut)

    def _refuses(self, dialect: Dialect, kind: str) -> bool:
        """Answer what every request is answered with, if it is."""
        faults = self.server.pages.faults
        if faults.missing:
            self._fail(dialect, kind, 404, dialect.errors[404])
        elif faults.status:
            self._fail(dialect, kind, faults.status, faults.code)
        return faults.missing or bool(faults.status)

    def _fail(
        self, dialect: Dialect, kind: str, status: int, code: str, headers: Mapping[str, str] | None = None
    ) -> None:
        self.server.pages.count(f"{kind} {status}")
        told, text = dialect.error(status, code)
        self._answer(status, text.encode(), {**told, **(headers or {})})

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str] | None = None, *, cut: bool = False) -> None:
        faults = self.server.pages.faults
        told = {"Content-Length": str(len(body)), "Date": faults.date, "x-amz-bucket-region": faults.region}
        lines = [f"{name}: {value}\r\n" for name, value in {**told, **(headers or {})}.items() if value]
        start = f"HTTP/1.1 {status} Status\r\n{''.join(lines)}\r\n".encode()
        self.close_connection = cut
        self.wfile.write(start + (b"" if self.command == "HEAD" else body[: len(body) // 2] if cut else body))


class PageProcess:
    """The server as a process of its own, over keys made by a formula."""

    def __init__(self, count: int, faults: Faults = NONE) -> None:
        root = Path(__file__).parents[2]
        command = [sys.executable, "-m", "tests.servers.pages", "--count", str(count)]
        self._process = subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True)
        self.endpoint = self._output().readline().strip()
        self.set(faults)

    def set(self, faults: Faults) -> None:
        """Change what goes wrong."""
        body = json.dumps(asdict(faults)).encode()
        with urlopen(Request(f"{self.endpoint}/-/faults", data=body, method="PUT")):  # noqa: S310
            pass

    def counts(self) -> dict[str, int]:
        """Requests answered so far, by kind."""
        with urlopen(f"{self.endpoint}/-/counts") as answer:  # noqa: S310
            counts: dict[str, int] = json.load(answer)
            return counts

    def pause(self) -> None:
        """Answer nothing until `resume`."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Go on with what was asked meanwhile."""
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        self._output().close()

    def _output(self) -> IO[str]:
        assert self._process.stdout is not None
        return self._process.stdout

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description="A page server over keys made by a formula.")
    parser.add_argument("--count", type=int, default=200_000)
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    server = PageServer(Formula(options.count), port=options.port)
    print(server.endpoint, flush=True)  # noqa: T201
    server.start()
    threading.Event().wait()


if __name__ == "__main__":
    main()
