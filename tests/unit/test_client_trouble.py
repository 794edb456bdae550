"""Every way in which a server can fail to answer ends as our own error, in a sentence, and without the API key."""

import json
import os
import pickle
import re
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import httpx2
import pytest
import trustme

from bucketlink.client.graphql import transport as module
from bucketlink.client.graphql.transport import HttpTransport
from bucketlink.client.graphql.trouble import LONGEST_ASKED_WAIT, asked_wait
from bucketlink.errors import BucketlinkError, InvalidInput, NotAuthenticated, ServerError, ServerUnreachable

KEY = "bl_0123456789abcdef0123456789abcdef"
GOOD = b'{"data": {"data": 1}}'

WHERE_TYPES_ARE_CHECKED = "bucketlink.client.wrong_type"

Answer = Callable[[socket.socket], object]


def reply(body: bytes, status: str = "200 OK", *headers: str, length: int | None = None) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def sends(content: bytes) -> Answer:
    return lambda connection: connection.sendall(content)


def resets(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class Raw:
    """A server of bare sockets: each connection is read from, and answered in the next way of a list."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.answers: list[Answer] = []
        self.connections = 0
        self.requests: list[bytes] = []
        self._tls = tls
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._socket.getsockname()[1]}"

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            held = connection
            try:
                if self._tls:
                    held = self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
                    held.do_handshake()
                self.requests.append(_request(held))
                (self.answers.pop(0) if self.answers else sends(reply(GOOD)))(held)
            except OSError:
                continue
            finally:
                held.close()

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()


def _request(connection: socket.socket) -> bytes:
    """What came; of HTTP the whole request, since closing before all is read takes the answer back."""
    came = connection.recv(65536)
    length = re.search(rb"(?i)content-length: (\d+)", came)
    while length and len(came.partition(b"\r\n\r\n")[2]) < int(length[1]):
        part = connection.recv(65536)
        if not part:
            break
        came += part
    return came


@pytest.fixture
def server() -> Iterator[Raw]:
    raw = Raw()
    yield raw
    raw.close()


def ask(address: str, *, verify: bool | str = True, waits: tuple[float, ...] = (0, 0)) -> dict[str, object]:
    with closing(HttpTransport(address, KEY, verify=verify, waits=waits)) as transport:
        return transport.execute("{ data: x }", {}, "call")


def refusal(address: str, kind: type[BucketlinkError] = ServerUnreachable, *, verify: bool | str = True) -> str:
    with pytest.raises(kind) as caught:
        ask(address, verify=verify)
    seen: BaseException | None = caught.value
    while seen is not None:
        assert KEY not in repr(seen) + str(getattr(seen, "__dict__", ""))
        seen = seen.__cause__ or seen.__context__
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert sentence.endswith((".", "?"))
    return sentence


@pytest.mark.parametrize("lost", [resets, sends(b""), sends(reply(GOOD, length=99)), sends(b"HTTP/1.1 200 OK\r\nCo")])
def test_a_connection_that_is_lost_is_tried_again(server: Raw, lost: Answer) -> None:
    server.answers = [lost, lost]
    assert ask(f"http://{server.address}") == {"data": {"data": 1}}
    server.answers = [lost] * 3
    assert "the connection was lost" in refusal(f"http://{server.address}")


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert "nobody listens there. Is the server running" in refusal(f"http://127.0.0.1:{port}")


def test_a_host_that_is_not_known() -> None:
    assert "the host bucketlink.invalid is not known" in refusal("http://bucketlink.invalid")


def test_an_answer_that_does_not_come(server: Raw, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TIMEOUT", httpx2.Timeout(0.05))
    answered = threading.Event()
    server.answers = [lambda _: answered.wait()]
    with pytest.raises(ServerUnreachable, match="none in time"):
        ask(f"http://{server.address}", waits=())
    answered.set()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def secure(authority: trustme.CA) -> Iterator[Raw]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    raw = Raw(context)
    yield raw
    raw.close()


def test_a_certificate_is_trusted_by_its_bundle_and_else_refused_at_once(
    secure: Raw, authority: trustme.CA, tmp_path: Path
) -> None:
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    assert ask(f"https://{secure.address}", verify=str(bundle)) == {"data": {"data": 1}}
    before = secure.connections
    assert "certificate is not trusted" in refusal(f"https://{secure.address}")
    assert secure.connections == before + 1
    assert ask(f"https://{secure.address}", verify=False) == {"data": {"data": 1}}


def test_tls_with_a_server_that_has_none(server: Raw) -> None:
    server.answers = [sends(b"HTTP/1.1 400 Bad Request\r\n\r\n")]
    assert "does not speak TLS; does its address begin with http://" in refusal(f"https://{server.address}")
    assert server.connections == 1


def test_certificates_of_the_environment_that_are_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    with pytest.raises(InvalidInput, match="SSL_CERT_FILE"):
        HttpTransport("https://bucketlink.invalid", KEY)


PAGE = b"<html><body>Squid</body></html>"


@pytest.mark.parametrize(
    ("status", "says"),
    [
        ("200 OK", "answered 200 with text/html, which is not Bucketlink's API; check the address."),
        ("302 Found", "answered 302, which redirects to another address"),
        ("400 Bad Request", "not Bucketlink's API"),
        ("403 Forbidden", r"refuses the request \(403\)"),
        ("404 Not Found", "not Bucketlink's API"),
        ("413 Content Too Large", r"as large as this one \(413\)"),
        ("429 Too Many Requests", r"called less often \(429\)"),
        ("500 Internal Server Error", "answered 500 with text/html: the server, or what stands before it, is not"),
        ("502 Bad Gateway", "is not ready"),
    ],
)
def test_a_page_of_whoever_stands_before_the_server(server: Raw, status: str, says: str) -> None:
    page = reply(PAGE, status, "Content-Type: text/html; charset=utf-8", "Location: http://elsewhere/?token=secret")
    server.answers = [sends(page)] * 3
    with pytest.raises(ServerError, match=says) as caught:
        ask(f"http://{server.address}")
    assert caught.value.status == int(status[:3])
    assert not isinstance(caught.value, ServerUnreachable)
    assert "secret" not in str(caught.value)


def test_a_content_type_cannot_steer_a_terminal(server: Raw) -> None:
    server.answers = [sends(reply(PAGE, "200 OK", "Content-Type: text/\x1b[2J"))]
    assert "\x1b" not in refusal(f"http://{server.address}", ServerError)


def test_a_refused_key(server: Raw) -> None:
    server.answers = [sends(reply(b'{"data": {"data": 1}}', "401 Unauthorized"))]
    assert "refuses the API key" in refusal(f"http://{server.address}", NotAuthenticated)


def test_what_cannot_be_unpacked(server: Raw) -> None:
    server.answers = [sends(reply(GOOD, "200 OK", "Content-Encoding: gzip"))]
    assert "cannot be unpacked" in refusal(f"http://{server.address}")


def test_an_answer_nested_without_end(server: Raw) -> None:
    server.answers = [sends(reply(b'{"data": ' + b"[" * 100_000))]
    assert "not Bucketlink's API" in refusal(f"http://{server.address}", ServerError)


@pytest.mark.parametrize("value", ["\ud800", object(), 1 << 64])
def test_what_cannot_be_sent_is_not(server: Raw, value: object) -> None:
    with (
        closing(HttpTransport(f"http://{server.address}", KEY)) as transport,
        pytest.raises(InvalidInput, match="not Unicode text, or no JSON"),
    ):
        transport.execute("{ data: x }", {"value": value}, "call")
    assert server.connections == 0


@pytest.mark.parametrize("address", ["http://a b", "http://ex\x00ample", "http://é..example", f"http://{'a' * 300}.b"])
def test_an_address_that_no_host_can_have(address: str) -> None:
    with pytest.raises((InvalidInput, ServerUnreachable)):
        ask(address)


def test_a_server_that_has_answered_before_is_waited_for_longer(server: Raw) -> None:
    transport = HttpTransport(f"http://{server.address}", KEY, waits=(0,), longer_waits=(0, 0, 0))
    server.answers = [resets, resets]
    with closing(transport), pytest.raises(ServerUnreachable):
        transport.execute("{ data: x }", {}, "call")
    transport = HttpTransport(f"http://{server.address}", KEY, waits=(0,), longer_waits=(0, 0, 0))
    with closing(transport):
        transport.execute("{ data: x }", {}, "call")
        server.answers = [sends(reply(b"", "503 Starting")), resets, resets, resets]
        assert transport.execute("{ data: x }", {}, "call") == {"data": {"data": 1}}


# Objects, by their URLs


def read(server: Raw, url: str | None, most: int = 1000) -> bytes:
    with closing(HttpTransport(f"http://{server.address}", KEY)) as transport:
        return transport.read_object("prj1", "ast1", url, most)


def test_an_object_is_read_without_showing_the_key_to_whoever_holds_it(server: Raw) -> None:
    server.answers = [sends(reply(b"x" * 100_000)), sends(reply(b"abc"))]
    assert read(server, f"http://{server.address}/1.jpg?signature=s", 1000) == b"x" * 1000
    assert read(server, f"http://{server.address}/1.jpg") == b"abc"
    for request in server.requests:
        assert request.startswith(b"GET /1.jpg")
        assert KEY.encode() not in request
        assert b"authorization" not in request.lower()


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (reply(b"no", "403 Forbidden"), "answered 403"),
        (reply(b"", "302 Found", "Location: http://127.0.0.1:1/"), "answered 302"),
        (reply(b"abc", length=9), "the connection was lost"),
    ],
)
def test_an_object_that_cannot_be_read_tells_nobody_its_url(server: Raw, answer: bytes, says: str) -> None:
    server.answers = [sends(answer)]
    with pytest.raises(ServerError, match=says) as caught:
        read(server, f"http://{server.address}/1.jpg?signature=very-secret")
    assert "very-secret" not in str(caught.value)
    assert caught.value.__cause__ is caught.value.__context__ is None
    assert len(server.requests) == 1


@pytest.mark.parametrize("url", [None, "http://a b/?very-secret", "/1.jpg", "file:///etc/passwd"])
def test_what_is_no_url_is_not_read(server: Raw, url: str | None) -> None:
    with pytest.raises((InvalidInput, ServerError)) as caught:
        read(server, url)
    assert "very-secret" not in str(caught.value)
    assert server.requests == []


# Waits that a server asks for


def response(asked: str) -> httpx2.Response:
    return httpx2.Response(429, headers={"Retry-After": asked})


def test_a_server_says_how_long_to_wait_by_seconds_or_a_date() -> None:
    assert asked_wait(response("7")) == 7
    assert asked_wait(response("100000")) == LONGEST_ASKED_WAIT
    in_ten = asked_wait(response(format_datetime(datetime.now(UTC) + timedelta(seconds=10), usegmt=True)))
    assert 8 < in_ten <= 10
    past = format_datetime(datetime.now(UTC) - timedelta(days=1), usegmt=True)
    for nothing in ("", "soon", "-5", "1e9", past, "Wed, 99 Foo 2026 00:00:00 GMT"):
        assert asked_wait(response(nothing)) == 0


# Closing, forking, copying


def test_a_closed_client_says_so(server: Raw) -> None:
    transport = HttpTransport(f"http://{server.address}", KEY)
    transport.close()
    transport.close()
    with pytest.raises(InvalidInput, match="closed: open another"):
        transport.execute("{ data: x }", {}, "call")


def test_a_forked_child_opens_connections_of_its_own(server: Raw) -> None:
    with closing(HttpTransport(f"http://{server.address}", KEY)) as transport:
        transport.execute("{ data: x }", {}, "call")
        ours = transport._http
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            answer = transport.execute("{ data: x }", {}, "call")
            os.write(writing, json.dumps([answer, transport._http is not ours]).encode())
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as told:
            assert json.loads(told.read()) == [{"data": {"data": 1}}, True]
        assert os.waitpid(child, 0)[1] == 0
        assert transport.execute("{ data: x }", {}, "call") == {"data": {"data": 1}}
        assert transport._http is ours


# The tree


def tree(root: type[BucketlinkError]) -> list[type[BucketlinkError]]:
    public = (
        kind for kind in root.__subclasses__() if kind.__module__ in {"bucketlink.errors", WHERE_TYPES_ARE_CHECKED}
    )
    return [root, *(below for kind in public for below in tree(kind))]


@pytest.mark.parametrize("kind", tree(BucketlinkError), ids=lambda kind: kind.__name__)
def test_every_error_has_a_place_a_code_and_survives_pickling(kind: type[BucketlinkError]) -> None:
    import bucketlink  # noqa: PLC0415 - looked into
    from bucketlink import errors  # noqa: PLC0415

    assert kind.__name__ in (errors.__doc__ or "")
    assert getattr(bucketlink, kind.__name__) is kind
    assert [other for other in tree(BucketlinkError) if other.code == kind.code] == [kind]
    error = kind("A sentence.")
    for name, value in {"removed": 3, "owned": 4, "status": 503, "run": {"id": "run7"}}.items():
        if hasattr(error, name):
            setattr(error, name, value)
    copied = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert type(copied) is kind
    assert str(copied) == str(error) == "A sentence."
    assert copied.__dict__ == error.__dict__
