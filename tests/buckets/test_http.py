"""What is sent, and what is made of what comes back."""

import contextlib
import itertools
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bucketlink.buckets.http import PACE_BYTES, PACE_SECONDS, Http, Request
from bucketlink.buckets.reach import Origin, Patience
from bucketlink.errors import BucketError, BucketMisbehaved, BucketUnreachable
from tests.buckets.asking import OK, QUICK, Names, client, get
from tests.buckets.canned import raw_server
from tests.servers.pages import Faults, Formula, PageServer


def test_what_was_looked_at_is_what_is_connected_to() -> None:
    names = Names(**{"bucket.example": ["127.0.0.1"]})
    with raw_server(OK) as (port, asked), client(names=names) as http:
        assert http.send(Origin("http", "bucket.example", port), get, limit=100).body == b"hi"
    assert names.asked == 1
    assert f"Host: bucket.example:{port}".encode() in asked[0]


def test_the_next_address_is_tried_if_one_does_not_answer() -> None:
    names = Names(**{"bucket.example": ["127.0.0.2", "127.0.0.1"]})
    with raw_server(OK) as (port, _), client(names=names) as http:
        assert http.send(Origin("http", "bucket.example", port), get, limit=100).status == 200


def test_an_unknown_name_is_unreachable() -> None:
    names = Names()
    with client(names=names) as http, pytest.raises(BucketUnreachable, match=r"host nowhere\.example is not known"):
        http.send(Origin("http", "nowhere.example", 80), get, limit=100)
    assert names.asked == 3


def test_connections_are_kept() -> None:
    names = Names(**{"bucket.example": ["127.0.0.1"]})
    with PageServer(Formula(1)) as server, client(names=names) as http:
        origin = Origin("http", "bucket.example", int(server.endpoint.rpartition(":")[2]))
        for _ in range(5):
            assert http.send(origin, lambda: get("/bucket?list-type=2"), limit=10_000).status == 200
        server.faults = Faults(status=403)
        for _ in range(5):
            assert http.send(origin, lambda: get("/bucket?list-type=2"), limit=10_000).status == 403
    assert names.asked == 1


def test_redirects_are_not_followed() -> None:
    with raw_server(OK) as (other, asked):
        answer = f"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{other}/\r\nContent-Length: 0\r\n\r\n".encode()
        with raw_server(answer) as (port, _), client() as http:
            assert http.send(Origin("http", "127.0.0.1", port), get, limit=100).status == 302
    assert asked == []


def test_proxies_of_the_environment_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with raw_server(OK) as (port, _), raw_server(b"") as (proxy, asked), client() as http:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy}")
        assert http.send(Origin("http", "127.0.0.1", port), get, limit=100).body == b"hi"
    assert asked == []


@pytest.mark.parametrize(
    "target", ["/a/../b", "/a//b", "/.", "/..", "//a", "/a%2Fb%3F", "/?a=%2F..%2F", "/%ff", "/a/./b/"]
)
def test_a_target_is_sent_as_it_stands(target: str) -> None:
    with raw_server(OK) as (port, asked), client() as http:
        http.send(Origin("http", "127.0.0.1", port), lambda: get(target), limit=100)
    assert asked[0].split(b" ")[1].upper() == target.encode().upper()


def test_an_answer_that_is_too_long_is_refused() -> None:
    endless = b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 101
    with (
        raw_server(endless) as (port, asked),
        client() as http,
        pytest.raises(BucketMisbehaved, match="more than a listing may hold"),
    ):
        http.send(Origin("http", "127.0.0.1", port), get, limit=100)
    assert len(asked) == 1


def test_what_does_not_speak_http_misbehaves() -> None:
    with (
        raw_server(b"220 mail.example ESMTP\r\n") as (port, _),
        client() as http,
        pytest.raises(BucketMisbehaved, match="does not speak HTTP"),
    ):
        http.send(Origin("http", "127.0.0.1", port), get, limit=100)


@pytest.mark.parametrize(
    ("answer", "error", "sentence"),
    [
        (b"", BucketUnreachable, "was lost"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi", BucketMisbehaved, "cut short"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhi", BucketMisbehaved, "cut short"),
    ],
)
def test_a_lost_connection_is_tried_again(answer: bytes, error: type[Exception], sentence: str) -> None:
    with raw_server(answer) as (port, asked), client() as http, pytest.raises(error, match=sentence):
        http.send(Origin("http", "127.0.0.1", port), get, limit=100)
    assert len(asked) == QUICK.attempts


def test_every_attempt_is_a_request_of_its_own() -> None:
    made: list[Request] = []

    def build() -> Request:
        made.append(get(f"/{len(made)}"))
        return made[-1]

    with (
        raw_server(b"HTTP/1.1 503 Slow\r\nConnection: close\r\nContent-Length: 0\r\n\r\n") as (port, asked),
        client() as http,
        pytest.raises(Exception, match="503"),
    ):
        http.send(Origin("http", "127.0.0.1", port), build, limit=100)
    assert [request.split(b" ")[1] for request in asked] == [b"/0", b"/1", b"/2"]


@pytest.mark.parametrize(
    "answer",
    [
        OK,
        b"HTTP/1.1 503 Slow\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nno header\r\nA: b\r\n\r\nhi",
        b"",
    ],
)
def test_no_log_holds_what_was_asked_for(answer: bytes, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with raw_server(answer) as (port, asked), client() as http, contextlib.suppress(BucketError):
        http.send(Origin("http", "127.0.0.1", port), lambda: get("/a?sig=canary"), limit=100)
    assert b"sig=canary" in asked[0]
    assert "canary" not in caplog.text


@contextmanager
def dripping_server(start: bytes) -> Iterator[tuple[int, threading.Semaphore]]:
    """A server that sends one object of many bytes: some at once, and another each time that it may."""
    may, is_over = threading.Semaphore(1), threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection, contextlib.suppress(OSError):
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + start)
                while may.acquire() and not is_over.is_set():
                    connection.sendall(b"x")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1], may
        finally:
            is_over.set()
            may.release()
            thread.join()


def taken(parts: Iterator[bytes], may: threading.Semaphore, times: int) -> None:
    for _ in range(times):
        next(parts)
        may.release()


@pytest.mark.parametrize("start", [0, 2 * PACE_BYTES])
def test_an_object_that_drips_is_given_up(start: int) -> None:
    ticks = itertools.count(step=10.0)
    http = Http(allow_private=True, patience=Patience(clock=lambda: next(ticks)))
    with dripping_server(bytes(start)) as (port, may):
        parts = http.stream(Origin("http", "127.0.0.1", port), get()).parts
        taken(parts, may, int(PACE_SECONDS / 10))
        with pytest.raises(BucketUnreachable, match="too slowly"):
            taken(parts, may, 50)
        http.close()


def test_an_object_that_comes_at_a_walk_is_read_however_long_it_takes() -> None:
    ticks = itertools.count(step=0.5)
    http = Http(allow_private=True, patience=Patience(clock=lambda: next(ticks)))
    body = bytes(4 << 20)
    with raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body) as (port, _):
        streamed = http.stream(Origin("http", "127.0.0.1", port), get())
        assert sum(map(len, streamed.parts)) == len(body)
    http.close()


def test_whoever_takes_an_object_slowly_gets_it_all() -> None:
    now = [0.0]
    http = Http(allow_private=True, patience=Patience(clock=lambda: now[0]))
    with raw_server(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 9 + b"0\r\n\r\n") as (
        port,
        _,
    ):
        came = b""
        for part in http.stream(Origin("http", "127.0.0.1", port), get()).parts:
            came += part
            now[0] += 100.0
        assert came == b"x" * 9
    http.close()
