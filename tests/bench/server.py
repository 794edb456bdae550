"""The benchmark's bucket as a server: one thread, which answers every page at once from memory, or after a latency.

``python -m tests.bench.server`` prints its port as JSON. ``POST /_control`` sets what it holds and how it answers
(`Setting`, any of its fields) and sets the counters to zero; ``GET /_stats`` tells them.
"""

import argparse
import heapq
import json
import selectors
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any, Self
from urllib.request import Request as UrlRequest
from urllib.request import urlopen

from tests.bench.dialects import Answer, Bucket, Piece, Request, answer, parsed, sent

ROOT = Path(__file__).parents[2]
_PIECES = 512
"""How many pieces are given to the kernel at once."""
_RECEIVED = 1 << 16


@dataclass(frozen=True, slots=True)
class Setting:
    """What the bucket holds, in which formats that is rendered before anybody asks, and the latency in ms."""

    layout: str = "flat"
    count: int = 0
    changed: bool = False
    formats: tuple[str, ...] = ()
    latency: float = 0


@dataclass(slots=True)
class Stats:
    """What was asked since the counters were set to zero; ``most_at_once`` is of requests not answered yet."""

    requests: int = 0
    listings: int = 0
    objects: int = 0
    bytes: int = 0
    waiting: int = 0
    most_at_once: int = 0


@dataclass(slots=True, eq=False)
class _Client:
    """A connection: what came and is no whole request yet, and what is still to be sent."""

    socket: socket.socket
    received: bytearray = field(default_factory=bytearray)
    unsent: list[Piece] = field(default_factory=list)
    is_closing: bool = False
    is_watched_for_writing: bool = False


class Server:
    """The server. `serve` never returns."""

    def __init__(self, port: int = 0) -> None:
        self.setting = Setting()
        self.stats = Stats()
        self._bucket = Bucket("flat", 0)
        self._due: list[tuple[float, int, _Client, Request]] = []
        self._numbers = count()
        self._selector = selectors.DefaultSelector()
        self._listener = socket.create_server(("127.0.0.1", port), backlog=1024)
        self._listener.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ)
        self.port: int = self._listener.getsockname()[1]

    def serve(self) -> None:
        """Answer for ever."""
        while True:
            for key, events in self._selector.select(self._wait()):
                client: _Client | None = key.data
                if client is None:
                    self._accept()
                    continue
                with suppress(ConnectionError):
                    if events & selectors.EVENT_WRITE:
                        self._flush(client)
                    if events & selectors.EVENT_READ:
                        self._receive(client)
                    continue
                self._close(client)
            self._answer_due()

    def _wait(self) -> float | None:
        """Seconds until the next answer is due; None if none is."""
        return max(0.0, self._due[0][0] - time.monotonic()) if self._due else None

    def _answer_due(self) -> None:
        now = time.monotonic()
        while self._due and self._due[0][0] <= now:
            _, _, client, request = heapq.heappop(self._due)
            try:
                self._answer(client, request)
            except ConnectionError:
                self._close(client)

    def _accept(self) -> None:
        connection, _ = self._listener.accept()
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._selector.register(connection, selectors.EVENT_READ, _Client(connection))

    def _close(self, client: _Client) -> None:
        if client.socket.fileno() >= 0:
            self._selector.unregister(client.socket)
            client.socket.close()

    def _receive(self, client: _Client) -> None:
        some = client.socket.recv(_RECEIVED)
        if not some:
            self._close(client)
            return
        client.received += some
        while (end := client.received.find(b"\r\n\r\n")) >= 0:
            request = parsed(bytes(client.received[:end]))
            length = _length(request.headers)
            if len(client.received) < end + 4 + length:
                return
            body = bytes(client.received[end + 4 : end + 4 + length])
            del client.received[: end + 4 + length]
            client.is_closing = b"\r\nconnection: close" in request.headers
            self._take(client, request, body)

    def _take(self, client: _Client, request: Request, body: bytes) -> None:
        if request.path.startswith("/_"):
            self._send(client, request, self._control(request, body))
            return
        self.stats.requests += 1
        self.stats.waiting += 1
        self.stats.most_at_once = max(self.stats.most_at_once, self.stats.waiting)
        if self.setting.latency:
            due = time.monotonic() + self.setting.latency / 1000
            heapq.heappush(self._due, (due, next(self._numbers), client, request))
        else:
            self._answer(client, request)

    def _answer(self, client: _Client, request: Request) -> None:
        self.stats.waiting -= 1
        reply = answer(self._bucket, request)
        if reply.listed is not None:
            self.stats.listings += 1
            self.stats.objects += reply.listed
        self._send(client, request, reply)

    def _send(self, client: _Client, request: Request, reply: Answer) -> None:
        if client.socket.fileno() < 0:
            return
        pieces = sent(reply, bare=request.method == "HEAD")
        self.stats.bytes += sum(map(len, pieces))
        client.unsent += pieces
        self._flush(client)

    def _flush(self, client: _Client) -> None:
        while client.unsent:
            try:
                gone = client.socket.sendmsg(client.unsent[:_PIECES])
            except BlockingIOError:
                break
            client.unsent = _after(client.unsent, gone)
        if client.is_watched_for_writing != bool(client.unsent):
            client.is_watched_for_writing = bool(client.unsent)
            writing = selectors.EVENT_WRITE if client.unsent else 0
            self._selector.modify(client.socket, selectors.EVENT_READ | writing, client)
        if client.is_closing and not client.unsent:
            self._close(client)

    def _control(self, request: Request, body: bytes) -> Answer:
        if request.path == "/_control":
            given: dict[str, Any] = json.loads(body)
            given["formats"] = tuple(given.get("formats", ()))
            self._set(replace(self.setting, **given))
            self.stats = Stats()
        return Answer([json.dumps(asdict(self.stats)).encode()], "application/json")

    def _set(self, setting: Setting) -> None:
        old = self.setting
        if (old.layout, old.count, old.changed) != (setting.layout, setting.count, setting.changed):
            self._bucket = Bucket("flat", 0)  # what was there before goes first: it may be most of the memory
            self._bucket = Bucket(setting.layout, setting.count, changed=setting.changed)
        self.setting = setting
        for name in setting.formats:
            self._bucket.rows(name)


def _length(headers: bytes) -> int:
    """How long a request's body is."""
    _, found, rest = headers.partition(b"\r\ncontent-length:")
    return int(rest.partition(b"\r\n")[0]) if found else 0


def _after(pieces: list[Piece], gone: int) -> list[Piece]:
    """What is left of pieces of which so many bytes are gone."""
    for number, piece in enumerate(pieces):
        if gone < len(piece):
            return [memoryview(piece)[gone:], *pieces[number + 1 :]]
        gone -= len(piece)
    return []


class BenchServer:
    """The server as a process, which ends with the thread that started it."""

    def __init__(self) -> None:
        leash = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
        self._process = subprocess.Popen(
            [*leash, sys.executable, "-m", "tests.bench.server"], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        port = json.loads(self._process.stdout.readline())["port"]
        self.endpoint = f"http://127.0.0.1:{port}"
        self.pid = self._process.pid

    def set(self, **setting: object) -> None:
        """Change the fields of a `Setting`, and set the counters to zero; returns when the bucket is rendered."""
        self._asked("/_control", setting)

    def stats(self) -> Stats:
        """What was asked since."""
        return Stats(**self._asked("/_stats"))

    def stop(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _asked(self, path: str, body: Mapping[str, object] | None = None) -> dict[str, int]:
        sent_body = None if body is None else json.dumps(body).encode()
        with urlopen(UrlRequest(f"{self.endpoint}{path}", data=sent_body)) as reply:  # noqa: S310
            counters: dict[str, int] = json.load(reply)
            return counters

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def main() -> None:
    """Serve, with an empty bucket or the one that is named."""
    parser = argparse.ArgumentParser(description="A bucket that answers listings at once.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--layout", default="flat")
    parser.add_argument("--count", type=int, default=0)
    parser.add_argument("--latency", type=float, default=0, help="in milliseconds")
    options = parser.parse_args()
    server = Server(options.port)
    server._set(Setting(options.layout, options.count, latency=options.latency))
    print(json.dumps({"port": server.port}), flush=True)  # noqa: T201
    server.serve()


if __name__ == "__main__":
    main()
