"""Bodies of requests: bounded, unpacked, and read as the GraphQL request that they must be.

One mutation may be long, since its clients have listed a whole container themselves. Such requests are taken one at a
time, so that memory is bounded too.
"""

import zlib
from contextlib import AsyncExitStack
from http import HTTPStatus
from typing import Any

import anyio
import orjson
from graphql import FieldNode, GraphQLError, OperationDefinitionNode, parse
from starlette.requests import Request
from starlette.responses import JSONResponse

from bucketlink.api.application import refusal
from bucketlink.api.limits import LONGEST_BODY, LONGEST_LISTING, LONGEST_LISTING_SECONDS, MOST_TOKENS
from bucketlink.errors import InvalidInput

LONG_MUTATION = "computeDifferences"
TOO_LONG = "The request is too long: ask for less at once."
NOT_GZIP = "The body is not gzip, as its header says."


class Refused(Exception):
    """A body that is no request; with the HTTP status that says so."""

    def __init__(self, status: HTTPStatus, sentence: str) -> None:
        super().__init__(sentence)
        self.response = JSONResponse({"errors": [refusal(InvalidInput(sentence))]}, status_code=status)


class Bodies:
    """Receives bodies; made where an event loop runs."""

    def __init__(self) -> None:
        self._long = anyio.CapacityLimiter(1)

    async def receive(self, request: Request, held: AsyncExitStack) -> dict[str, Any]:
        """The request in a body. What a long one takes is given back when ``held`` is closed; raises Refused."""
        zipped = request.headers.get("content-encoding", "").lower() == "gzip"
        received = bytearray()
        is_long = False
        async for chunk in request.stream():
            received += chunk
            if len(received) > LONGEST_BODY and not is_long:
                is_long = True
                await self._take_turn(held)
            if len(received) > LONGEST_LISTING:
                raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, TOO_LONG)
        body = bytes(received)
        received.clear()
        if zipped:
            unzipped = await anyio.to_thread.run_sync(_unzipped, body, LONGEST_LISTING if is_long else LONGEST_BODY)
            if unzipped is None and not is_long:
                is_long = True
                await self._take_turn(held)
                unzipped = await anyio.to_thread.run_sync(_unzipped, body, LONGEST_LISTING)
            if unzipped is None:
                raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, TOO_LONG)
            body = unzipped
        payload = await anyio.to_thread.run_sync(_payload, body)
        if len(body) > LONGEST_BODY and not _may_be_long(payload):
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, TOO_LONG)
        return payload

    async def _take_turn(self, held: AsyncExitStack) -> None:
        """Wait for the turn of a long request, which then has its time and no more."""
        await held.enter_async_context(self._long)
        deadline = anyio.fail_after(LONGEST_LISTING_SECONDS)
        held.enter_context(deadline)


def _may_be_long(payload: dict[str, Any]) -> bool:
    """Whether all that is asked for is the one mutation that may be long."""
    if len(payload["query"]) > LONGEST_BODY:
        return False
    try:
        document = parse(payload["query"], no_location=True, max_tokens=MOST_TOKENS)
    except GraphQLError:
        return False
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    fields = [field for operation in operations for field in operation.selection_set.selections]
    return len(fields) == 1 and all(isinstance(one, FieldNode) and one.name.value == LONG_MUTATION for one in fields)


def _payload(body: bytes) -> dict[str, Any]:
    try:
        payload = orjson.loads(body)
    except orjson.JSONDecodeError:
        payload = None
    if not isinstance(payload, dict) or not isinstance(payload.get("query"), str):
        raise Refused(HTTPStatus.BAD_REQUEST, "The body is not a GraphQL request: send JSON with a query.")
    return payload


def _unzipped(body: bytes, limit: int) -> bytes | None:
    """The body unpacked; None if that is longer than the limit."""
    decoder = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        text = decoder.decompress(body, limit)
    except zlib.error:
        raise Refused(HTTPStatus.BAD_REQUEST, NOT_GZIP) from None
    if decoder.unconsumed_tail:
        return None
    if not decoder.eof:
        raise Refused(HTTPStatus.BAD_REQUEST, NOT_GZIP)
    return text
