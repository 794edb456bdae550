"""The API over HTTP and WebSocket: one path for GraphQL, one for the version, behind API keys."""

import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

import anyio
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from bucketlink.api.application import VERSION, Application, refusal
from bucketlink.api.limits import LONGEST_BODY
from bucketlink.api.sockets import Socket
from bucketlink.api.threads import NO_CALLER, Threads, key_of
from bucketlink.errors import InvalidInput

PATH = "/api/label/v2"
CALL_ID = "kili-client-call-uuid"


TOO_LONG = "The request is too long: ask for less at once."
NOT_GZIP = "The body is not gzip, as its header says."


class _Refused(Exception):
    """A body that is no request; with the HTTP status that says so."""

    def __init__(self, status: HTTPStatus, sentence: str) -> None:
        super().__init__(sentence)
        self.response = JSONResponse({"errors": [refusal(InvalidInput(sentence))]}, status_code=status)


def web_application(application: Application) -> Starlette:
    """The ASGI application."""
    made: list[Threads] = []

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        made.append(Threads(application))
        yield

    async def answer(request: Request) -> Response:
        key = key_of(request.headers.get("authorization", ""))
        caller = await made[0].authenticate(key) if key else None
        if caller is None:
            return JSONResponse({"errors": [NO_CALLER]}, status_code=HTTPStatus.UNAUTHORIZED)
        try:
            body = await _received(request)
            zipped = request.headers.get("content-encoding", "").lower() == "gzip"
            payload = await anyio.to_thread.run_sync(_payload, body, zipped)
        except _Refused as refused:
            return refused.response
        answered = await made[0].execute(payload, caller, request.headers.get(CALL_ID))
        return Response(orjson.dumps(answered), media_type="application/json")

    async def connect(websocket: WebSocket) -> None:
        await Socket(websocket, made[0]).serve()

    async def version(_: Request) -> Response:
        return JSONResponse({"version": VERSION})

    return Starlette(
        routes=[
            Route(f"{PATH}/graphql", answer, methods=["POST"]),
            WebSocketRoute(f"{PATH}/graphql", connect),
            Route(f"{PATH}/version", version, methods=["GET"]),
        ],
        lifespan=lifespan,
    )


async def _received(request: Request) -> bytes:
    """The body as it was sent, of which no more than is allowed is ever held."""
    received = bytearray()
    async for chunk in request.stream():
        received += chunk
        if len(received) > LONGEST_BODY:
            raise _Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, TOO_LONG)
    return bytes(received)


def _payload(body: bytes, zipped: bool) -> dict[str, Any]:
    try:
        payload = orjson.loads(_unzipped(body) if zipped else body)
    except orjson.JSONDecodeError:
        payload = None
    if not isinstance(payload, dict) or not isinstance(payload.get("query"), str):
        raise _Refused(HTTPStatus.BAD_REQUEST, "The body is not a GraphQL request: send JSON with a query.")
    return payload


def _unzipped(body: bytes) -> bytes:
    decoder = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        text = decoder.decompress(body, LONGEST_BODY)
    except zlib.error:
        raise _Refused(HTTPStatus.BAD_REQUEST, NOT_GZIP) from None
    if decoder.unconsumed_tail:
        raise _Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, TOO_LONG)
    if not decoder.eof:
        raise _Refused(HTTPStatus.BAD_REQUEST, NOT_GZIP)
    return text
