"""Large answers are worked on one at a time, and none that is still to come holds up others."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from bucketlink.buckets.http import Http, Request
from bucketlink.buckets.reach import Origin, Patience
from bucketlink.buckets.turns import TAIL_BYTES, Turns, has_come
from tests.buckets.canned import certificate

BODY = bytes(range(256)) * 1024
HALF = len(BODY) // 2
SECONDS = 10


class Bodies:
    """A server whose answers are `BODY`: ``/rest`` has its second half come when it is `let`, ``/again`` fails once."""

    def __init__(self, *, in_chunks: bool, context: ssl.SSLContext | None) -> None:
        self.let = threading.Event()
        self.halfway = threading.Event()
        self.failed = False
        self._in_chunks = in_chunks
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self.let.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=[connection], daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        if self._context is not None:
            connection = self._context.wrap_socket(connection, server_side=True)
        with connection:
            while asked := connection.recv(65536):
                self._answer(connection, asked.split()[1])

    def _answer(self, connection: socket.socket, path: bytes) -> None:
        fails = path == b"/again" and not self.failed
        self.failed |= fails
        length = b"Transfer-Encoding: chunked" if self._in_chunks else b"Content-Length: %d" % len(BODY)
        connection.sendall(b"HTTP/1.1 %s\r\n%s\r\n\r\n" % (b"503 Busy" if fails else b"200 OK", length))
        connection.sendall(self._part(BODY[:HALF]))
        if path == b"/rest":
            self.halfway.set()
            self.let.wait(SECONDS)
        connection.sendall(self._part(BODY[HALF:]) + (b"0\r\n\r\n" if self._in_chunks else b""))

    def _part(self, part: bytes) -> bytes:
        return b"%x\r\n%s\r\n" % (len(part), part) if self._in_chunks else part


class Asked:
    """Asks a server of `Bodies`, in a turn that lasts until ``then`` has ended."""

    def __init__(self, port: int, *, certificates: str | None, sleep: Callable[[float], None]) -> None:
        self._origin = Origin("http" if certificates is None else "https", "localhost", port)
        patience = Patience(attempts=3, sleep=sleep)
        self._http = Http(allow_private=True, patience=patience, ca_certificates=certificates)

    def __call__(self, path: str, then: Callable[[], object] = lambda: None) -> bytes:
        with self._http.in_turn():
            body = self._http.send(self._origin, lambda: Request("GET", path), limit=1 << 20).body
            then()
        return body


@pytest.fixture(params=["http, length", "http, chunks", "https, length", "https, chunks"])
def bodies(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Bodies, Callable[..., Asked]]]:
    scheme, _, way = request.param.partition(", ")
    context = certificate(tmp_path, "localhost") if scheme == "https" else None
    certificates = (tmp_path / "authority.pem").read_text() if context else None
    server = Bodies(in_chunks=way == "chunks", context=context)

    def asked(sleep: Callable[[float], None] = time.sleep) -> Asked:
        return Asked(server.port, certificates=certificates, sleep=sleep)

    try:
        yield server, asked
    finally:
        server.close()


@contextmanager
def side_by_side() -> Iterator[Callable[..., "Future[bytes]"]]:
    with ThreadPoolExecutor(8) as pool:
        yield pool.submit


def test_answers_are_worked_on_one_at_a_time(bodies: tuple[Bodies, Callable[..., Asked]]) -> None:
    at_work, most = 0, 0

    def work() -> None:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        time.sleep(0.01)
        at_work -= 1

    ask = bodies[1]()
    with side_by_side() as submit:
        answers = [submit(ask, "/", work) for _ in range(8)]
        assert all(answer.result(SECONDS) == BODY for answer in answers)
    assert most == 1


def test_what_has_not_come_yet_holds_nobody_up(bodies: tuple[Bodies, Callable[..., Asked]]) -> None:
    server, new = bodies
    ask = new()
    assert ask("/") == BODY
    with side_by_side() as submit:
        slow = submit(ask, "/rest")
        assert server.halfway.wait(SECONDS)
        for _ in range(3):
            assert submit(ask, "/").result(SECONDS) == BODY
        assert not slow.done()
        server.let.set()
        assert slow.result(SECONDS) == BODY


def test_who_waits_to_ask_again_holds_nobody_up(bodies: tuple[Bodies, Callable[..., Asked]]) -> None:
    others: list[bytes] = []
    with side_by_side() as submit:

        def sleep(_seconds: float) -> None:
            others.append(submit(ask, "/").result(SECONDS))

        ask: Asked = bodies[1](sleep)
        assert ask("/again") == BODY
    assert others == [BODY]


def test_a_turn_ends_with_its_work_however_that_ends(bodies: tuple[Bodies, Callable[..., Asked]]) -> None:
    def fail() -> None:
        raise KeyError

    ask = bodies[1]()
    with pytest.raises(KeyError):
        ask("/", fail)
    with side_by_side() as submit:
        assert submit(ask, "/").result(SECONDS) == BODY


def test_outside_of_turns_nothing_is_taken() -> None:
    turns = Turns()
    turns.take()
    with side_by_side() as submit:
        assert submit(_taken, turns).result(SECONDS)


def _taken(turns: Turns) -> bool:
    with turns.offered():
        turns.take()
        turns.take()
    return True


@pytest.mark.parametrize(
    ("sent", "size", "expected"),
    [
        (0, len(BODY), False),
        (1, len(BODY), False),
        (HALF, len(BODY), False),
        (len(BODY) - TAIL_BYTES, len(BODY), True),
        (len(BODY), len(BODY), True),
        (TAIL_BYTES, TAIL_BYTES, False),
    ],
)
def test_a_body_has_come_when_all_but_its_tail_is_there(sent: int, size: int, expected: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as ours:
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * len(BODY))
        ours.connect(listener.getsockname())
        theirs, _ = listener.accept()
        with theirs, side_by_side() as submit:
            submit(theirs.sendall, BODY[:sent])
            assert has_come(ours, size) == expected
            assert sum(len(part) for part in _parts(ours, sent)) == sent


def _parts(connection: socket.socket, count: int) -> Iterator[bytes]:
    """What a connection brings, until so many bytes have come."""
    while count > 0:
        yield (part := connection.recv(1 << 20))
        count -= len(part)
