"""Where requests may go, and what is made of what comes back."""

import contextlib
import datetime as dt
import itertools
import logging
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bucketlink.buckets.door import is_public, is_telling
from bucketlink.buckets.http import PACE_BYTES, PACE_SECONDS, Http, Origin, Patience, Request
from bucketlink.errors import BucketError, BucketMisbehaved, BucketRefused, BucketUnreachable
from tests.buckets.canned import raw_server
from tests.servers.pages import Faults, Formula, PageServer

QUICK = Patience(attempts=3, sleep=lambda _: None)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


def get(target: str = "/") -> Request:
    return Request("GET", target)


class Names:
    """Looks names up in a table, which can change, and counts how often it is asked."""

    def __init__(self, **addresses: list[str]) -> None:
        self.addresses = addresses
        self.asked = 0

    def __call__(self, host: str, port: int, *, type: socket.SocketKind) -> list[Any]:  # noqa: A002
        self.asked += 1
        if host not in self.addresses:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return [(socket.AF_INET, type, 0, "", (address, port)) for address in self.addresses[host]]


@contextmanager
def client(*, allow_private: bool = True, names: Names | None = None) -> Iterator[Http]:
    http = Http(allow_private=allow_private, patience=QUICK, resolve=names or socket.getaddrinfo)
    yield http
    http.close()


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.255.255.254",
        "0.0.0.0",  # noqa: S104
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "192.0.0.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "fd00:ec2::254",
        "fec0::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::10.0.0.1",
        "2002:7f00:1::",
        "2001:db8::1",
        "2001::1",
    ],
)
def test_addresses_of_own_networks_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["52.218.0.1", "8.8.8.8", "2600:1fa0::1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "172.32.0.1"]
)
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "169.254.0.1",
        "169.254.169.254",
        "168.63.129.16",
        "100.100.100.200",
        "fe80::1",
        "fe80::a9fe:a9fe%eth0",
        "fd00:ec2::254",
        "fd20:ce::254",
        "::ffff:169.254.169.254",
        "::169.254.169.254",
        "64:ff9b::169.254.169.254",
        "64:ff9b:1::169.254.170.2",
        "2002:a9fe:a9fe::1",
    ],
)
def test_addresses_that_tell_secrets_are_known_in_every_form(address: str) -> None:
    assert is_telling(address)


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.0.0.1", "100.64.0.1", "::1", "fd00::1", "::ffff:127.0.0.1", "64:ff9b::10.0.0.1"]
)
def test_other_addresses_of_own_networks_tell_none(address: str) -> None:
    assert not is_telling(address)


@pytest.mark.parametrize("allow_private", [True, False])
def test_an_address_that_tells_secrets_is_refused_whatever_is_set(*, allow_private: bool) -> None:
    names = Names(**{"evil.example": ["169.254.169.254"]})
    with (
        client(allow_private=allow_private, names=names) as http,
        pytest.raises(BucketRefused, match=r"evil\.example is a link-local address") as caught,
    ):
        http.send(Origin("http", "evil.example", 80), get, limit=100)
    assert "BUCKETLINK" not in str(caught.value)
    assert names.asked == 1


def test_of_a_hosts_addresses_those_that_tell_secrets_are_passed_over() -> None:
    names = Names(**{"bucket.example": ["169.254.169.254", "127.0.0.1"]})
    with raw_server(OK) as (port, _), client(names=names) as http:
        assert http.send(Origin("http", "bucket.example", port), get, limit=100).status == 200


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_name_that_leads_into_the_own_network_is_refused_before_connecting(scheme: str) -> None:
    names = Names(**{"evil.example": ["127.0.0.1", "169.254.169.254"]})
    with (
        raw_server(OK) as (port, asked),
        client(allow_private=False, names=names) as http,
        pytest.raises(BucketRefused, match="BUCKETLINK_ALLOW_PRIVATE_ENDPOINTS"),
    ):
        http.send(Origin(scheme, "evil.example", port), get, limit=100)
    assert asked == []
    assert names.asked == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "::1", "::ffff:127.0.0.1"])
def test_no_way_to_write_loopback_is_let_through(host: str) -> None:
    with (
        raw_server(OK) as (port, asked),
        client(allow_private=False) as http,
        pytest.raises((BucketRefused, BucketUnreachable)),
    ):
        http.send(Origin("http", host, port), get, limit=100)
    assert asked == []


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


def certificate(directory: Path, host: str) -> ssl.SSLContext:
    """A context for a server of that name, by an authority whose certificate is in ``authority.pem``."""
    now = dt.datetime.now(dt.UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Authority")])
    key = ec.generate_private_key(ec.SECP256R1())
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (directory / "authority.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    (directory / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "authority.pem", directory / "key.pem")
    return context


def test_a_certificate_of_the_host_is_accepted_and_the_host_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = certificate(tmp_path, "bucket.example")
    named: list[str | None] = []
    context.sni_callback = lambda _socket, name, _context: named.append(name)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    names = Names(**{"bucket.example": ["127.0.0.1"]})
    with raw_server(OK, context) as (port, _), client(names=names) as http:
        assert http.send(Origin("https", "bucket.example", port), get, limit=100).body == b"hi"
    assert named == ["bucket.example"]


def test_a_certificate_of_another_host_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = certificate(tmp_path, "other.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    names = Names(**{"bucket.example": ["127.0.0.1"]})
    with (
        raw_server(OK, context) as (port, asked),
        client(names=names) as http,
        pytest.raises(BucketUnreachable, match=r"certificate of https://bucket\.example"),
    ):
        http.send(Origin("https", "bucket.example", port), get, limit=100)
    assert asked == []
    assert names.asked == 1


def test_a_certificate_of_nobody_known_is_refused(tmp_path: Path) -> None:
    context = certificate(tmp_path, "bucket.example")
    names = Names(**{"bucket.example": ["127.0.0.1"]})
    with (
        raw_server(OK, context) as (port, asked),
        client(names=names) as http,
        pytest.raises(BucketUnreachable, match="certificate"),
    ):
        http.send(Origin("https", "bucket.example", port), get, limit=100)
    assert asked == []


def test_a_server_without_tls_is_unreachable_by_https() -> None:
    with raw_server(OK) as (port, _), client() as http, pytest.raises(BucketUnreachable, match="does it speak TLS"):
        http.send(Origin("https", "127.0.0.1", port), get, limit=100)
