import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from bucketlink import Client
from bucketlink.client.graphql.transport import GRAPHQL_PATH, HttpTransport, endpoint_of
from bucketlink.errors import InvalidInput, NotAuthenticated, ServerError

KEY = "bl_0123456789abcdef0123456789abcdef"


class Scripted(ThreadingHTTPServer):
    """A real server that answers by a list: a status and a body, or nothing at all before it hangs up."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script: list[tuple[int, object] | None] = []
        self.seen: list[tuple[str, dict[str, str], dict[str, Any]]] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Scripted

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.seen.append((self.path, headers, json.loads(body)))
        answer = self.server.script.pop(0) if self.server.script else (200, {"data": {"data": 1}})
        if answer is None:
            self.close_connection = True
            return
        status, content = answer
        sent = content.encode() if isinstance(content, str) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html" if isinstance(content, str) else "application/json")
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Scripted]:
    with Scripted() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def transport(server: Scripted) -> Iterator[HttpTransport]:
    opened = HttpTransport(server.address, KEY, waits=(0, 0, 0))
    yield opened
    opened.close()


def test_an_operation_is_posted_with_key_and_call_id(server: Scripted, transport: HttpTransport) -> None:
    assert transport.execute("{ data: x }", {"a": 1}, "call-1") == {"data": {"data": 1}}
    path, headers, body = server.seen[0]
    assert path == GRAPHQL_PATH
    assert headers["authorization"] == f"X-API-Key: {KEY}"
    assert headers["kili-client-call-uuid"] == "call-1"
    assert body == {"query": "{ data: x }", "variables": {"a": 1}}


@pytest.mark.parametrize("trouble", [None, (429, "slow down"), (502, "bad"), (503, {"errors": []}), (504, "late")])
def test_what_may_pass_is_sent_again_with_the_same_call_id(
    server: Scripted, transport: HttpTransport, trouble: tuple[int, object] | None
) -> None:
    server.script = [trouble, trouble]
    assert transport.execute("mutation { data: x }", {}, "call-2") == {"data": {"data": 1}}
    assert [headers["kili-client-call-uuid"] for _, headers, _ in server.seen] == ["call-2"] * 3


def test_trouble_that_does_not_pass_is_a_server_error(server: Scripted, transport: HttpTransport) -> None:
    server.script = [(503, "down")] * 4
    with pytest.raises(ServerError, match="answered 503 with text/html"):
        transport.execute("{ data: x }", {}, "call")
    server.script = [None] * 4
    with pytest.raises(ServerError, match="No answer from"):
        transport.execute("{ data: x }", {}, "call")
    assert len(server.seen) == 8


def test_a_refused_key_is_not_tried_again(server: Scripted, transport: HttpTransport) -> None:
    server.script = [(401, {"errors": [{"message": "no"}]})]
    with pytest.raises(NotAuthenticated, match="refuses the API key"):
        transport.execute("{ data: x }", {}, "call")
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    "answer", [(200, "<html>"), (404, "none"), (200, [1]), (200, {"version": 1}), (301, ""), (200, "{")]
)
def test_what_does_not_speak_graphql_is_a_server_error(
    server: Scripted, transport: HttpTransport, answer: tuple[int, object]
) -> None:
    server.script = [answer]
    with pytest.raises(ServerError, match="not Bucketlink's API"):
        transport.execute("{ data: x }", {}, "call")


def test_errors_in_json_are_answered_whatever_the_status(server: Scripted, transport: HttpTransport) -> None:
    server.script = [(400, {"errors": [{"message": "Cannot query"}]})]
    assert transport.execute("{ data: x }", {}, "call") == {"errors": [{"message": "Cannot query"}]}


def test_no_server_at_all_is_a_server_error() -> None:
    transport = HttpTransport("http://127.0.0.1:9", KEY, waits=())
    with pytest.raises(ServerError, match="Is the server running"):
        transport.execute("{ data: x }", {}, "call")
    transport.close()


@pytest.mark.parametrize(
    ("given", "endpoint"),
    [
        ("http://localhost:8000", f"http://localhost:8000{GRAPHQL_PATH}"),
        (" https://example.com/ ", f"https://example.com{GRAPHQL_PATH}"),
        ("https://example.com/api/label/v2/graphql", "https://example.com/api/label/v2/graphql"),
        ("http://[::1]:80/behind/a/proxy", "http://[::1]:80/behind/a/proxy"),
    ],
)
def test_an_address_without_path_gets_the_apis(given: str, endpoint: str) -> None:
    assert endpoint_of(given) == endpoint


@pytest.mark.parametrize(
    "given", ["", "localhost:8000", "ftp://x", "http://", "http://h:99999", "http://a:b@c", "http://[1"]
)
def test_what_is_no_address_is_refused(given: str) -> None:
    with pytest.raises(InvalidInput, match="API endpoint"):
        endpoint_of(given)


def test_a_ca_bundle_must_be_one(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="does not exist"):
        HttpTransport("https://localhost", KEY, verify=str(tmp_path / "none.pem"))
    bundle = tmp_path / "bundle.pem"
    bundle.write_text("no certificate")
    with pytest.raises(InvalidInput, match="no CA certificates"):
        HttpTransport("https://localhost", KEY, verify=str(bundle))


# The client's construction


def test_a_client_makes_sure_of_its_key_first(server: Scripted) -> None:
    server.script = [(200, {"data": {"data": {"id": "1", "email": "ana@example.com"}}})]
    with Client(KEY, server.address) as client:
        assert server.seen[0][2]["query"] == "{ data: viewer { id email } }"
        assert KEY not in repr(client) + repr(client.wire)


def test_an_older_server_is_asked_for_me(server: Scripted) -> None:
    refusal = {"errors": [{"message": "Cannot query field", "extensions": {"code": "GRAPHQL_VALIDATION_FAILED"}}]}
    server.script = [(400, refusal), (200, {"data": {"data": {"id": "1", "email": "ana@example.com"}}})]
    Client(KEY, server.address).close()
    assert server.seen[1][2]["query"] == "{ data: me { id email } }"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ((401, {"errors": []}), NotAuthenticated),
        ((200, {"data": {"data": None}}), NotAuthenticated),
        ((200, {"data": {"data": {"id": "1"}}}), ServerError),
        ((200, "<html>id email</html>"), ServerError),
    ],
)
def test_a_client_of_no_use_is_not_made(server: Scripted, answer: tuple[int, object], kind: type[Exception]) -> None:
    server.script = [answer]
    with pytest.raises(kind) as caught:
        Client(KEY, server.address)
    assert KEY not in str(caught.value)


def test_key_and_endpoint_come_from_the_environment(server: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUCKETLINK_API_KEY", KEY + "\n")
    monkeypatch.setenv("BUCKETLINK_API_ENDPOINT", server.address)
    server.script = [(200, {"data": {"data": {"id": "1", "email": "ana@example.com"}}})]
    Client().close()
    assert server.seen[0][1]["authorization"] == f"X-API-Key: {KEY}"


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BUCKETLINK_API_KEY", raising=False)
    monkeypatch.delenv("BUCKETLINK_API_ENDPOINT", raising=False)
    with pytest.raises(InvalidInput, match="BUCKETLINK_API_ENDPOINT"):
        Client(KEY)
    with pytest.raises(NotAuthenticated, match="BUCKETLINK_API_KEY"):
        Client(api_endpoint="http://localhost:1")


@pytest.mark.parametrize("key", ["with space", "new\nline", "é", "\x00"])
def test_a_key_that_no_header_can_hold_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(NotAuthenticated) as caught:
        HttpTransport("http://localhost", key)
    assert key not in str(caught.value)
