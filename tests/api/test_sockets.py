"""GraphQL over WebSocket, message by message; `tests/clients` subscribes with the real clients."""

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import update
from starlette.testclient import TestClient, WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from bucketlink.api import sockets
from bucketlink.api.web import PATH, web_application
from bucketlink.store.tables import api_keys
from tests.api.conftest import World

LABELS = "subscription ($projectID: ID!) { data: labelCreatedOrUpdated(projectID: $projectID) { id } }"
Connect = Callable[[], WebSocketTestSession]
Payload = dict[str, Any]


@pytest.fixture
def connect(world: World) -> Iterator[Connect]:
    with TestClient(web_application(world.api.application)) as client:
        yield lambda: client.websocket_connect(f"{PATH}/graphql", subprotocols=["graphql-ws"])


def opened(socket: WebSocketTestSession, key: str) -> Payload:
    """What the first message is answered with; the key comes as in the newest clients."""
    headers = {"Accept": "application/json"}
    payload = {"headers": headers, "Authorization": f"X-API-Key: {key}"}
    socket.send_json({"type": "connection_init", "payload": payload})
    return received(socket)


def start(socket: WebSocketTestSession, query: str, id_: str = "a", **variables: object) -> None:
    socket.send_json({"id": id_, "type": "start", "payload": {"query": query, "variables": variables}})


def received(socket: WebSocketTestSession) -> Payload:
    message: Payload = socket.receive_json()
    return message


def code_of(message: Payload) -> str:
    assert message["type"] == "error"
    assert message["payload"]["message"]
    return str(message["payload"]["extensions"]["code"])


def test_a_subscription_is_open_and_silent_until_it_is_stopped(connect: Connect, world: World) -> None:
    with connect() as socket:
        assert opened(socket, world.ours.key) == {"type": "connection_ack"}
        start(socket, LABELS, projectID=world.ours.ids["project"])
        start(socket, "{ me { id } }", "b")
        assert received(socket) == {
            "type": "data",
            "id": "b",
            "payload": {"data": {"me": {"id": world.ours.ids["user"]}}},
        }
        assert received(socket) == {"type": "complete", "id": "b"}
        socket.send_json({"id": "a", "type": "stop"})
        assert received(socket) == {"type": "complete", "id": "a"}


def test_what_is_stopped_before_it_has_begun_leaves_the_others_alone(connect: Connect, world: World) -> None:
    with connect() as socket:
        opened(socket, world.ours.key)
        for number in range(50):
            start(socket, LABELS, str(number), projectID=world.ours.ids["project"])
            socket.send_json({"id": str(number), "type": "stop"})
        answers = [received(socket) for _ in range(50)]
        assert answers == [{"type": "complete", "id": str(number)} for number in range(50)]
        start(socket, "{ me { id } }")
        assert received(socket)["type"] == "data"


def test_a_client_that_hears_nothing_is_told_that_the_server_lives(
    connect: Connect, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "KEEP_ALIVE_SECONDS", 0.01)
    with connect() as socket:
        opened(socket, world.ours.key)
        start(socket, LABELS, projectID=world.ours.ids["project"])
        assert [received(socket) for _ in range(3)] == [{"type": "ka"}] * 3


@pytest.mark.parametrize("change", [{"expires_at": 1}, {"revoked_at": 1}], ids=["expired", "revoked"])
def test_what_a_key_has_opened_ends_with_it(
    connect: Connect, world: World, monkeypatch: pytest.MonkeyPatch, change: dict[str, int]
) -> None:
    monkeypatch.setattr(sockets, "KEEP_ALIVE_SECONDS", 0.01)
    with connect() as socket:
        opened(socket, world.ours.key)
        start(socket, LABELS, projectID=world.ours.ids["project"])
        assert received(socket) == {"type": "ka"}
        with world.api.home.database.write() as tx:
            tx.execute(update(api_keys).values(**change))
        with pytest.raises(WebSocketDisconnect):
            deque(iter(lambda: received(socket), None), maxlen=0)


def test_the_key_is_taken_from_the_headers_too(connect: Connect, world: World) -> None:
    with connect() as socket:
        headers = {"Authorization": f"X-API-Key: {world.ours.key}"}
        socket.send_json({"type": "connection_init", "payload": {"headers": headers, "Authorization": None}})
        assert received(socket) == {"type": "connection_ack"}


@pytest.mark.parametrize("payload", [None, {}, [], {"headers": None}, {"Authorization": "X-API-Key: nonsense"}])
def test_whoever_has_no_key_is_told_so_twice(connect: Connect, payload: object) -> None:
    with connect() as socket:
        socket.send_json({"type": "connection_init", "payload": payload})
        refused = received(socket)
        assert refused["type"] == "connection_error"
        assert "API key" in refused["payload"]["message"]
        start(socket, "{ me { id email } }")
        assert code_of(received(socket)) == "UNAUTHENTICATED"
        socket.send_json({"id": "a", "type": "stop"})
        assert received(socket) == {"type": "complete", "id": "a"}


def test_whoever_has_no_key_is_not_kept(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "INIT_SECONDS", 0.5)
    with connect() as socket:
        assert opened(socket, "nonsense")["type"] == "connection_error"
        with pytest.raises(WebSocketDisconnect) as ended:
            received(socket)
        assert ended.value.code == 1000


def test_a_key_that_has_expired_meanwhile_starts_nothing(connect: Connect, world: World) -> None:
    with connect() as socket:
        opened(socket, world.ours.key)
        with world.api.home.database.write() as tx:
            tx.execute(update(api_keys).values(expires_at=0))
        start(socket, "{ me { id email } }")
        assert code_of(received(socket)) == "UNAUTHENTICATED"


@pytest.mark.parametrize("project", ["prj999", "nonsense", "", "theirs"])
def test_a_project_of_nobody_or_of_others_is_unknown(connect: Connect, world: World, project: str) -> None:
    with connect() as socket:
        opened(socket, world.ours.key)
        start(socket, LABELS, projectID=world.theirs.ids["project"] if project == "theirs" else project)
        assert code_of(received(socket)) == "NOT_FOUND"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("subscription { data: assetCreated { id } }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { data: labelCreatedOrUpdated { id } }", "GRAPHQL_VALIDATION_FAILED"),
        (5, "BAD_USER_INPUT"),
    ],
)
def test_what_cannot_be_subscribed_to_is_refused(connect: Connect, world: World, query: str, code: str) -> None:
    with connect() as socket:
        opened(socket, world.ours.key)
        start(socket, query)
        assert code_of(received(socket)) == code


def test_a_query_that_cannot_be_read_is_answered_as_over_http(connect: Connect, world: World) -> None:
    with connect() as socket:
        opened(socket, world.ours.key)
        start(socket, "{ me { ")
        answer = received(socket)
        assert (answer["type"], answer["payload"]["errors"][0]["extensions"]["code"]) == (
            "data",
            "GRAPHQL_VALIDATION_FAILED",
        )


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "[]",
        '{"type": "start"}',
        '{"type": "stop", "id": 5}',
        '{"type": "connection_init"}',
        '{"type": "x", "id": "a"}',
    ],
)
@pytest.mark.parametrize("first", [True, False], ids=["as the first message", "later"])
def test_what_is_out_of_protocol_ends_the_connection(connect: Connect, world: World, text: str, first: bool) -> None:
    with connect() as socket:
        if not first:
            opened(socket, world.ours.key)
        socket.send_text(text)
        if first and "init" in text:
            assert received(socket)["type"] == "connection_error"
            socket.send_text(text)
        with pytest.raises(WebSocketDisconnect) as ended:
            received(socket)
        assert ended.value.code == sockets.OUT_OF_PROTOCOL


def test_more_operations_than_anybody_needs_end_the_connection(connect: Connect, world: World) -> None:
    with connect() as socket:
        opened(socket, world.ours.key)
        for number in range(sockets.MOST_OPERATIONS + 1):
            start(socket, LABELS, str(number), projectID=world.ours.ids["project"])
        with pytest.raises(WebSocketDisconnect):
            received(socket)


def test_a_client_that_says_nothing_at_all_is_not_waited_for(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "INIT_SECONDS", 0.01)
    with connect() as socket, pytest.raises(WebSocketDisconnect):
        received(socket)


def test_a_client_may_end_the_connection(connect: Connect, world: World) -> None:
    with connect() as socket:
        opened(socket, world.ours.key)
        start(socket, LABELS, projectID=world.ours.ids["project"])
        socket.send_json({"type": "connection_terminate"})
        with pytest.raises(WebSocketDisconnect) as ended:
            received(socket)
        assert ended.value.code == 1000


def test_urls_of_the_server_lead_to_it_as_over_http(connect: Connect, world: World) -> None:
    query = "query ($id: ID!) { assets(where: {project: {id: $id}}, first: 1, skip: 0) { content } }"
    with connect() as socket:
        opened(socket, world.ours.key)
        start(socket, query, id=world.ours.ids["project"])
        (asset,) = received(socket)["payload"]["data"]["assets"]
    assert asset["content"].startswith("http://testserver/api/label/v2/content/")
