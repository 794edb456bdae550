"""A proxy between a client and a real server that loses replies on order, after the server has acted.

It understands just enough of what passes to tell operations apart: each request's root field, and the name that the
client gave its call, which it repeats when it sends again. What passed is kept in order (`DroppingProxy.seen`).
"""

import gzip
import http.client
import json
import socket
import struct
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from graphql import FieldNode, OperationDefinitionNode, OperationType, parse

Json = Any

CALL_ID = "kili-client-call-uuid"
SECONDS = 60.0
LOOK_SECONDS = 0.005
RESET_AT_ONCE = struct.pack("ii", 1, 0)
HOP_BY_HOP = {"connection", "content-length", "host", "keep-alive", "transfer-encoding"}


class Loss(Enum):
    """How a reply is lost: the value is its name, or the status that a gateway answers in its stead."""

    CLOSED = "closed"
    """The connection ends with no byte sent."""
    RESET = "reset"
    """As CLOSED, by a reset."""
    HALF = "half"
    """The connection ends in the middle of the reply."""
    EARLY = "early"
    """The connection ends when the server has acted (`DroppingProxy.has_acted`) and not replied yet."""
    TOO_MANY_REQUESTS = 429
    INTERNAL_SERVER_ERROR = 500
    BAD_GATEWAY = 502
    SERVICE_UNAVAILABLE = 503
    GATEWAY_TIMEOUT = 504


@dataclass(frozen=True, slots=True)
class Exchange:
    """A GraphQL request, and what the server answered, whether or not that reached the client."""

    operation: str
    """The root field, with what tells its uses apart: ``validateDataDifferences ADD``."""
    is_mutation: bool
    call: str | None
    variables: Mapping[str, Json]
    answer: Json
    """The root field's value; None if there was an error."""
    loss: Loss | None


class DroppingProxy:
    """Forwards to the server at `port` of this machine. Use as a context manager.

    Attributes:
        has_acted: tells, for `Loss.EARLY`, when the server has done what it was asked for.
        before_loss: called when the server has acted and before the client knows that the reply is lost.
        seen: every GraphQL request that was forwarded, in the order of the server's answers.
        lost: how many replies were lost, by operation and loss.
        begun: how many requests went to the server, by operation.
        under_way: how many of them the server has not answered yet.
        most_at_once: how many of them were under way at one time, at most.

    """

    def __init__(self, port: int) -> None:
        self.upstream = port
        self.has_acted: Callable[[], bool] = lambda: True
        self.before_loss: Callable[[], None] = lambda: None
        self.seen: list[Exchange] = []
        self.lost: Counter[tuple[str, Loss]] = Counter()
        self.most_at_once: Counter[str] = Counter()
        self.begun: Counter[str] = Counter()
        self.under_way: Counter[str] = Counter()
        self._of_every_mutation: tuple[Loss, ...] = ()
        self._to_lose: defaultdict[str, list[Loss]] = defaultdict(lambda: list(self._of_every_mutation))
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.proxy = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_port)

    def lose(self, operation: str, *losses: Loss) -> None:
        """Lose the next replies of one operation, each in its way; then let pass."""
        self._to_lose[operation] = list(losses)

    def lose_of_every_mutation(self, *losses: Loss) -> None:
        """Lose the first replies of every mutation, each in its way; then let pass."""
        self._of_every_mutation = losses

    def mutations(self) -> list[Exchange]:
        """Those of `seen` that ask for a change."""
        return [one for one in self.seen if one.is_mutation]

    def begin(self, operation: str, *, is_mutation: bool) -> Loss | None:
        """Note that a request goes to the server; how its reply is to be lost."""
        with self._lock:
            self.begun[operation] += 1
            self.under_way[operation] += 1
            self.most_at_once[operation] = max(self.most_at_once[operation], self.under_way[operation])
            losses = self._to_lose[operation] if is_mutation else []
            if not losses:
                return None
            self.lost[operation, losses[0]] += 1
            return losses.pop(0)

    def end(self, exchange: Exchange) -> None:
        """Note that the server has answered, or will not."""
        with self._lock:
            self.under_way[exchange.operation] -= 1
            self.seen.append(exchange)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.end_connections()
        self._server.server_close()


@dataclass(frozen=True, slots=True)
class _Reply:
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def value(self) -> Json:
        if not self.body.startswith(b"{"):
            return None
        data = json.loads(self.body).get("data") or {}
        return next(iter(data.values()), None)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    proxy: DroppingProxy

    def __init__(self, *args: tuple[str, int] | type[BaseHTTPRequestHandler]) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self.open: set[_Handler] = set()

    def end_connections(self) -> None:
        for handler in list(self.open):
            handler.hang_up()

    def handle_error(self, request: Json, client_address: Json) -> None:
        """Say nothing of clients that go away."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


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

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing is logged."""

    def do_GET(self) -> None:
        self._pass(self._ask(b""))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        document = json.loads(gzip.decompress(body) if self.headers["Content-Encoding"] == "gzip" else body)
        variables = document.get("variables") or {}
        operation, is_mutation = _operation(document["query"], variables)
        proxy = self.server.proxy
        loss = proxy.begin(operation, is_mutation=is_mutation)
        reply = None
        try:
            reply = self._ask(body, give_up=loss is Loss.EARLY)
        finally:
            answer = None if reply is None else reply.value()
            proxy.end(Exchange(operation, is_mutation, self.headers[CALL_ID], variables, answer, loss))
        if loss is None:
            self._pass(reply)
        elif loss is not Loss.EARLY:
            proxy.before_loss()
            self._lose(reply, loss)

    def _ask(self, body: bytes, *, give_up: bool = False) -> _Reply | None:
        """Send the request on; None where the server does not answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.proxy.upstream, timeout=SECONDS)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
        try:
            connection.request(self.command, self.path, body or None, headers)
            if give_up:
                self._give_up()
            answer = connection.getresponse()
            return _Reply(answer.status, answer.getheaders(), answer.read())
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def _give_up(self) -> None:
        proxy = self.server.proxy
        deadline = time.monotonic() + SECONDS
        while not proxy.has_acted() and time.monotonic() < deadline:
            time.sleep(LOOK_SECONDS)
        proxy.before_loss()
        self.hang_up()

    def _pass(self, reply: _Reply | None, *, bytes_of_body: int | None = None) -> None:
        if reply is None:
            self.hang_up()
            return
        kept = [f"{name}: {value}" for name, value in reply.headers if name.lower() not in HOP_BY_HOP]
        lines = [f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}", *kept]
        head = "\r\n".join([*lines, f"Content-Length: {len(reply.body)}", "", ""]).encode("latin-1")
        self.wfile.write(head + reply.body[:bytes_of_body])

    def _lose(self, reply: _Reply | None, loss: Loss) -> None:
        if loss is Loss.HALF and reply is not None:
            self._pass(reply, bytes_of_body=len(reply.body) // 2)
            self.hang_up()
        elif isinstance(loss.value, int):
            page = f"<html><title>{HTTPStatus(loss.value).phrase}</title></html>"
            self._pass(_Reply(loss.value, [("Content-Type", "text/html")], page.encode()))
        elif loss is Loss.RESET:
            # Nothing is flushed by a reset: whatever else holds the socket is closed with it.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_ONCE)
            self.close_connection = True
            self.rfile.close()
            self.connection.close()
        else:
            self.hang_up()

    def hang_up(self) -> None:
        """End the connection to the client."""
        self.close_connection = True
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            return


def _operation(query: str, variables: Mapping[str, Json]) -> tuple[str, bool]:
    for definition in parse(query).definitions:
        if isinstance(definition, OperationDefinitionNode):
            fields = [one.name.value for one in definition.selection_set.selections if isinstance(one, FieldNode)]
            name = fields[0]
            if name == "validateDataDifferences":
                name = f"{name} {variables['where']['type']}"
            elif name == "updatePropertiesInProject" and variables.get("data", variables).get("archived") is not None:
                name = f"{name} archived"
            return name, definition.operation is OperationType.MUTATION
    raise ValueError(query)
