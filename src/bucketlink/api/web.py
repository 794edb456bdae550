"""The API over HTTP and WebSocket: one path for GraphQL, behind API keys, one for the version, one for objects."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from hashlib import sha256
from http import HTTPStatus

import orjson
from graphql import GraphQLSchema, print_schema
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from bucketlink import __version__
from bucketlink.api import content
from bucketlink.api.application import SCHEMA, Application
from bucketlink.api.bodies import Bodies, Refused
from bucketlink.api.downloads import download
from bucketlink.api.sockets import Socket
from bucketlink.api.threads import NO_CALLER, Threads, key_of

PATH = "/api/label/v2"
CALL_ID = "kili-client-call-uuid"


def version_of(schema: GraphQLSchema) -> str:
    """The release, and a digest of the schema, since clients cache the schema under this name."""
    return f"{__version__}-{sha256(print_schema(schema).encode()).hexdigest()[:12]}"


VERSION = version_of(SCHEMA)


def web_application(application: Application) -> Starlette:
    """The ASGI application."""
    made: list[tuple[Threads, Bodies]] = []

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        made.append((Threads(application), Bodies()))
        yield

    async def answer(request: Request) -> Response:
        threads, bodies = made[0]
        key = key_of(request.headers.get("authorization", ""))
        caller = await threads.authenticate(key) if key else None
        if caller is None:
            return JSONResponse({"errors": [NO_CALLER]}, status_code=HTTPStatus.UNAUTHORIZED)
        try:
            async with AsyncExitStack() as held:
                payload = await bodies.receive(request, held)
                call_id, base_url = request.headers.get(CALL_ID), str(request.base_url)
                answered = await threads.execute(payload, caller, call_id, base_url)
        except Refused as refused:
            return refused.response
        except ClientDisconnect:
            return Response(status_code=HTTPStatus.BAD_REQUEST)
        return Response(orjson.dumps(answered), media_type="application/json")

    async def hand_on(request: Request) -> Response:
        return await download(request, made[0][0])

    async def connect(websocket: WebSocket) -> None:
        await Socket(websocket, made[0][0]).serve()

    async def version(_: Request) -> Response:
        return JSONResponse({"version": VERSION})

    return Starlette(
        routes=[
            Route(f"{PATH}/graphql", answer, methods=["POST"]),
            WebSocketRoute(f"{PATH}/graphql", connect),
            Route(f"{PATH}/version", version, methods=["GET"]),
            Route(f"{content.PATH}/{{token}}", hand_on, methods=["GET", "OPTIONS"]),
        ],
        lifespan=lifespan,
    )
