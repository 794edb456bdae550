"""The API over HTTP: one route for GraphQL, one for the version, behind API keys."""

import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bucketlink.api.application import VERSION, Application
from bucketlink.api.limits import LONGEST_BODY
from bucketlink.model import Caller
from bucketlink.store import accounts

PATH = "/api/label/v2"
SCHEME = "X-API-Key: "
CALL_ID = "kili-client-call-uuid"
THREADS = 100
"""Requests answered at once; those that wait for work that they started hold a thread each."""
AUTHENTICATIONS = 8


class _TooLong(Exception):
    pass


def web_application(application: Application) -> Starlette:
    """The ASGI application."""
    limiters: list[anyio.CapacityLimiter] = []

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        # Telling whose key it is must not wait for answers that wait for work.
        limiters.extend((anyio.CapacityLimiter(THREADS), anyio.CapacityLimiter(AUTHENTICATIONS)))
        yield

    async def answer(request: Request) -> Response:
        answering, authenticating = limiters
        key = _key(request)
        caller = None
        if key:
            caller = await anyio.to_thread.run_sync(_authenticate, application, key, limiter=authenticating)
        if caller is None:
            return _refusal(
                401,
                "UNAUTHENTICATED",
                "The API key is missing, unknown or expired: make one with `bucketlink keys create`.",
            )
        try:
            body = await _received(request)
        except _TooLong:
            return _TOO_LONG
        zipped = request.headers.get("content-encoding", "").lower() == "gzip"
        call_id = request.headers.get(CALL_ID)
        return await anyio.to_thread.run_sync(_answered, application, caller, body, zipped, call_id, limiter=answering)

    async def version(_: Request) -> Response:
        return JSONResponse({"version": VERSION})

    return Starlette(
        routes=[
            Route(f"{PATH}/graphql", answer, methods=["POST"]),
            Route(f"{PATH}/version", version, methods=["GET"]),
        ],
        lifespan=lifespan,
    )


def _key(request: Request) -> str | None:
    header = request.headers.get("authorization", "")
    return header.removeprefix(SCHEME).strip() if header.startswith(SCHEME) else None


def _authenticate(application: Application, key: str) -> Caller | None:
    with application.home.database.read() as tx:
        return accounts.authenticate(tx, key)


async def _received(request: Request) -> bytes:
    """The body as it was sent; raises _TooLong before holding more than is allowed."""
    received = bytearray()
    async for chunk in request.stream():
        received += chunk
        if len(received) > LONGEST_BODY:
            raise _TooLong
    return bytes(received)


def _answered(
    application: Application,
    caller: Caller,
    body: bytes,
    zipped: bool,
    call_id: str | None,
) -> Response:
    try:
        payload = orjson.loads(_unzipped(body, LONGEST_BODY) if zipped else body)
    except _TooLong:
        return _TOO_LONG
    except (EOFError, zlib.error):
        return _refusal(400, "BAD_USER_INPUT", "The body is not gzip, as its header says.")
    except orjson.JSONDecodeError:
        payload = None
    if not isinstance(payload, dict) or not isinstance(payload.get("query"), str):
        return _refusal(400, "BAD_USER_INPUT", "The body is not a GraphQL request: send JSON with a query.")
    return Response(orjson.dumps(application.execute(payload, caller, call_id)), media_type="application/json")


def _unzipped(body: bytes, longest: int) -> bytes:
    decoder = zlib.decompressobj(zlib.MAX_WBITS | 16)
    text = decoder.decompress(body, longest)
    if decoder.unconsumed_tail:
        raise _TooLong
    if not decoder.eof:
        raise EOFError
    return text


def _refusal(status: int, code: str, message: str) -> Response:
    return JSONResponse(
        {"errors": [{"message": message, "extensions": {"code": code, "context": {}}}]}, status_code=status
    )


_TOO_LONG = _refusal(413, "BAD_USER_INPUT", "The request is too long: ask for less at once.")
