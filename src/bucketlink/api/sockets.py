"""GraphQL over WebSocket, in the protocol that existing clients speak: "graphql-ws" of subscriptions-transport-ws.

What that does not say, and clients need: whose key is refused is told so in answer to the operation as well, since
clients read past the refusal of the connection, and open another one without end when theirs is closed.
"""

import math
from typing import Any

import anyio
import orjson
from anyio.abc import TaskGroup
from starlette.websockets import WebSocket, WebSocketDisconnect

from bucketlink.api.application import Response, refusal
from bucketlink.api.threads import NO_CALLER, Threads, key_of
from bucketlink.errors import InvalidInput
from bucketlink.model import Caller

PROTOCOL = "graphql-ws"
INIT_SECONDS = 10.0
KEEP_ALIVE_SECONDS = 20.0
MOST_OPERATIONS = 20
"""Operations under way on one connection."""
OUT_OF_PROTOCOL = 1002
_OVER_HTTP = {"ws": "http", "wss": "https"}
"""Where the same server is reached by HTTP."""

Message = dict[str, Any]


class Socket:
    """One connection of a client, from its first message to its last."""

    def __init__(self, websocket: WebSocket, threads: Threads) -> None:
        self._websocket = websocket
        self._threads = threads
        self._key: str | None = None
        self._operations: dict[str, anyio.CancelScope] = {}

    async def serve(self) -> None:
        """Answer messages until the client goes, or says nothing at all."""
        await self._websocket.accept(PROTOCOL)
        try:
            with anyio.fail_after(INIT_SECONDS):
                is_known = await self._open(await self._receive())
            # Whoever is refused gets time to ask for something and to be told once more, but no more than that.
            with anyio.move_on_after(math.inf if is_known else INIT_SECONDS):
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(self._keep_alive, is_known)
                    while await self._handle(await self._receive(), tasks):
                        pass
                    tasks.cancel_scope.cancel()
            await self._websocket.close()
        except* (TimeoutError, orjson.JSONDecodeError, _OutOfProtocol):
            await self._websocket.close(OUT_OF_PROTOCOL)
        except* WebSocketDisconnect:
            pass

    async def _receive(self) -> Message:
        message = orjson.loads(await self._text())
        if not isinstance(message, dict):
            raise _OutOfProtocol
        return message

    async def _text(self) -> str | bytes:
        event = await self._websocket.receive()
        if event["type"] == "websocket.disconnect":
            raise WebSocketDisconnect
        received: str | bytes | None = event.get("text")
        return event["bytes"] if received is None else received

    async def _send(self, type_: str, id_: str | None = None, payload: object = None) -> None:
        message: Message = {"type": type_}
        if id_ is not None:
            message["id"] = id_
        if payload is not None:
            message["payload"] = payload
        await self._websocket.send_text(orjson.dumps(message).decode())

    async def _keep_alive(self, was_known: bool) -> None:
        while True:
            await anyio.sleep(KEEP_ALIVE_SECONDS)
            if was_known and await self._caller() is None:
                raise _OutOfProtocol  # the key was revoked, or has expired
            await self._send("ka")

    async def _open(self, message: Message) -> bool:
        """Answer the first message; returns whether its key is known."""
        if message.get("type") != "connection_init":
            raise _OutOfProtocol
        self._key = _key(message.get("payload"))
        is_known = await self._caller() is not None
        await self._send("connection_ack" if is_known else "connection_error", payload=None if is_known else NO_CALLER)
        return is_known

    async def _caller(self) -> Caller | None:
        return None if self._key is None else await self._threads.authenticate(self._key)

    async def _handle(self, message: Message, tasks: TaskGroup) -> bool:
        """Do what one message asks; returns whether more may follow."""
        type_, id_ = message.get("type"), message.get("id")
        if type_ == "connection_terminate":
            return False
        if not isinstance(id_, str):
            raise _OutOfProtocol
        if type_ == "stop":
            if id_ in self._operations:
                self._operations.pop(id_).cancel()
            await self._send("complete", id_)
        elif type_ == "start":
            if id_ in self._operations or len(self._operations) >= MOST_OPERATIONS:
                raise _OutOfProtocol
            scope = self._operations[id_] = anyio.CancelScope()
            tasks.start_soon(self._run, id_, scope, message.get("payload"))
        else:
            raise _OutOfProtocol
        return True

    async def _run(self, id_: str, scope: anyio.CancelScope, payload: object) -> None:
        with scope:
            refused = await self._answer(id_, payload)
            if self._operations.get(id_) is scope:
                del self._operations[id_]
            await self._send("complete" if refused is None else "error", id_, refused)

    async def _answer(self, id_: str, payload: object) -> Response | None:
        """Send the results of an operation as they come; returns the error of one that is refused."""
        caller = await self._caller()
        if caller is None:
            return NO_CALLER
        if not isinstance(payload, dict) or not isinstance(payload.get("query"), str):
            return refusal(InvalidInput("The message holds no GraphQL request: send a query."))
        results = await self._threads.subscribe(payload, caller)
        if results is None:
            base_url = str(self._websocket.base_url.replace(scheme=_OVER_HTTP[self._websocket.url.scheme]))
            await self._send("data", id_, await self._threads.execute(payload, caller, None, base_url))
            return None
        if isinstance(results, dict):
            return results
        async for result in results:
            await self._send("data", id_, result.formatted)
        return None


class _OutOfProtocol(Exception):
    pass


def _key(payload: object) -> str | None:
    """The API key of a first message: beside its headers, or among them."""
    if not isinstance(payload, dict):
        return None
    headers = payload.get("headers")
    given = [payload.get("Authorization"), headers.get("Authorization") if isinstance(headers, dict) else None]
    return next((key for text in given if isinstance(text, str) and (key := key_of(text))), None)
