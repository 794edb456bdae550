"""Bodies of requests: bounded, unpacked, and read as the GraphQL request that they must be.

One mutation may be long, since its clients have listed a whole container themselves. Long bodies wait in files, few at
once; they are unpacked, read and answered one at a time. So memory is bounded too.
"""

import tempfile
import zlib
from contextlib import AsyncExitStack
from http import HTTPStatus
from typing import IO, Any

import anyio
import orjson
from graphql import FieldNode, GraphQLError, OperationDefinitionNode, parse
from starlette.requests import Request
from starlette.responses import JSONResponse

from bucketlink.api.application import refusal
from bucketlink.api.limits import (
    LONGEST_BODY,
    LONGEST_LISTING,
    LONGEST_LISTING_QUERY,
    LONGEST_LISTING_SECONDS,
    MOST_LISTED,
    MOST_LONG_BODIES,
    MOST_TOKENS,
)
from bucketlink.errors import InvalidInput

LONG_MUTATION = "computeDifferences"
TOO_LONG = "The request is too long: ask for less at once."
TOO_SLOW = "The request did not arrive in time: send it again."
TOO_MANY = "Other long requests are under way: send this one again in a minute."
NOT_GZIP = "The body is not gzip, as its header says."


class Refused(Exception):
    """A body that is no request; with the HTTP status that says so."""

    def __init__(self, status: HTTPStatus, sentence: str) -> None:
        super().__init__(sentence)
        headers = {"Retry-After": "60"} if status is HTTPStatus.SERVICE_UNAVAILABLE else None
        self.response = JSONResponse({"errors": [refusal(InvalidInput(sentence))]}, status, headers)


class Bodies:
    """Receives bodies; made where an event loop runs."""

    def __init__(self) -> None:
        self._turn = anyio.CapacityLimiter(1)
        self._long = 0

    async def receive(self, request: Request, held: AsyncExitStack) -> dict[str, Any]:
        """The request in a body. What a long one takes is given back when ``held`` is closed; raises Refused."""
        zipped = request.headers.get("content-encoding", "").lower() == "gzip"
        file = held.enter_context(tempfile.SpooledTemporaryFile(LONGEST_BODY))  # noqa: SIM115 - held closes it
        with anyio.move_on_after(LONGEST_LISTING_SECONDS) as in_time:
            length = await self._spooled(request, file, held)
        if in_time.cancelled_caught:
            raise Refused(HTTPStatus.REQUEST_TIMEOUT, TOO_SLOW)
        if length <= LONGEST_BODY:
            payload = await anyio.to_thread.run_sync(_read, file, zipped, LONGEST_BODY)
            if payload is not None:
                return payload
            self._count(held)  # a short body that unpacks into a long one
        await held.enter_async_context(self._turn)
        payload = await anyio.to_thread.run_sync(_read, file, zipped, LONGEST_LISTING)
        if payload is None:
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, TOO_LONG)
        return payload

    async def _spooled(self, request: Request, file: IO[bytes], held: AsyncExitStack) -> int:
        """Write the body down as it comes; returns its length."""
        length = 0
        async for chunk in request.stream():
            if length <= LONGEST_BODY < length + len(chunk):
                self._count(held)
            length += len(chunk)
            if length > LONGEST_LISTING:
                raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, TOO_LONG)
            if length > LONGEST_BODY:
                await anyio.to_thread.run_sync(file.write, chunk)
            else:
                file.write(chunk)
        return length

    def _count(self, held: AsyncExitStack) -> None:
        """Be one of the few long bodies that are there at once."""
        if self._long >= MOST_LONG_BODIES:
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, TOO_MANY)
        self._long += 1
        held.callback(self._done)

    def _done(self) -> None:
        self._long -= 1


def _read(file: IO[bytes], zipped: bool, limit: int) -> dict[str, Any] | None:
    """The request in a file; None if the body is longer than the limit."""
    file.seek(0)
    body = _unzipped(file, limit) if zipped else file.read()
    if body is None:
        return None
    is_long = len(body) > LONGEST_BODY
    # What is read takes many times the room of what stands in the body; names and types are all that may be many.
    if is_long and body.count(b",") > MOST_LISTED:
        raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, TOO_LONG)
    try:
        payload = orjson.loads(body)
    except orjson.JSONDecodeError:
        payload = None
    if not isinstance(payload, dict) or not isinstance(payload.get("query"), str):
        raise Refused(HTTPStatus.BAD_REQUEST, "The body is not a GraphQL request: send JSON with a query.")
    if is_long and not _may_be_long(payload["query"]):
        raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, TOO_LONG)
    return payload


def _may_be_long(query: str) -> bool:
    """Whether all that is asked for is the one mutation that may be long."""
    if len(query) > LONGEST_LISTING_QUERY:
        return False
    try:
        document = parse(query, no_location=True, max_tokens=MOST_TOKENS)
    except GraphQLError:
        return False
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    fields = [field for operation in operations for field in operation.selection_set.selections]
    return len(fields) == 1 and all(isinstance(one, FieldNode) and one.name.value == LONG_MUTATION for one in fields)


def _unzipped(file: IO[bytes], limit: int) -> bytes | None:
    """The body unpacked; None if that is longer than the limit."""
    decoder = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        text = decoder.decompress(file.read(), limit)
    except zlib.error:
        raise Refused(HTTPStatus.BAD_REQUEST, NOT_GZIP) from None
    if decoder.unconsumed_tail:
        return None
    if not decoder.eof:
        raise Refused(HTTPStatus.BAD_REQUEST, NOT_GZIP)
    return text
