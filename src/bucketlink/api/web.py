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
from bucketlink.api.limits import LONGEST_BODY, LONGEST_PATHS_BODY
from bucketlink.model import Caller
from bucketlink.store import accounts

PATH = "/api/label/v2"
SCHEME = "X-API-Key: "
CALL_ID = "kili-client-call-uuid"
THREADS = 100
"""Requests answered at once; those that wait for work that they started hold a thread each."""


class _TooLong(Exception):
    pass


def web_application(application: Application) -> Starlette:
    """The ASGI application."""
    limiter: list[anyio.CapacityLimiter] = []

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        limiter.append(anyio.CapacityLimiter(THREADS))
        yield

    async def answer(request: Request) -> Response:
        key = _key(request)
        caller = None
        if key:
            caller = await anyio.to_thread.run_sync(_authenticate, application, key, limiter=limiter[0])
        if caller is None:
            return _refusal(
                401,
                "UNAUTHENTICATED",
                "The API key is missing, unknown or expired: make one with `bucketlink keys create`.",
            )
        try:
            body = await _body(request)
        except _TooLong:
            return _refusal(413, "BAD_USER_INPUT", "The request is too long: ask for less at once.")
        except (OSError, EOFError, zlib.error):
            return _refusal(400, "BAD_USER_INPUT", "The body is not gzip, as its header says.")
        try:
            payload = orjson.loads(body)
        except orjson.JSONDecodeError:
            payload = None
        if not isinstance(payload, dict) or not isinstance(payload.get("query"), str):
            return _refusal(400, "BAD_USER_INPUT", "The body is not a GraphQL request: send JSON with a query.")
        response = await anyio.to_thread.run_sync(
            application.execute, payload, caller, request.headers.get(CALL_ID), limiter=limiter[0]
        )
        return Response(orjson.dumps(response), media_type="application/json")

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


async def _body(request: Request) -> bytes:
    """The whole body, decoded; raises _TooLong before holding more than is allowed."""
    longest = LONGEST_PATHS_BODY
    received = bytearray()
    async for chunk in request.stream():
        received += chunk
        if len(received) > longest:
            raise _TooLong
    if request.headers.get("content-encoding", "").lower() == "gzip":
        received = bytearray(_unzipped(bytes(received), longest))
    if len(received) > LONGEST_BODY and b"computeDifferences" not in received[: 64 * 1024] + received[-64 * 1024 :]:
        raise _TooLong
    return bytes(received)


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
