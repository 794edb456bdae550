"""The application's calls, which block, from an event loop; and whose key came with a request."""

from collections.abc import AsyncGenerator, Mapping
from typing import Any

import anyio
from graphql import ExecutionResult

from bucketlink.api.application import Application, Response, read_subscription, refusal
from bucketlink.api.content import Opened, open_content
from bucketlink.buckets import Content
from bucketlink.errors import NotAuthenticated
from bucketlink.model import Caller
from bucketlink.store import accounts

SCHEME = "X-API-Key: "
ANSWERS = 100
"""Requests answered at once; those that wait for work that they started hold a thread each."""
AUTHENTICATIONS = 8
OPENINGS, READINGS = 32, 100
"""Objects opened, and parts of objects waited for, at once, where the server reads them itself."""

NO_CALLER = refusal(
    NotAuthenticated("The API key is missing, unknown, expired or revoked: make one with `bucketlink keys create`.")
)
"""What is answered to whoever has no valid key."""


def key_of(authorization: str) -> str | None:
    """The API key in the value of an Authorization header."""
    return authorization.removeprefix(SCHEME).strip() if authorization.startswith(SCHEME) else None


class Threads:
    """Runs the application in threads; made where an event loop runs."""

    def __init__(self, application: Application) -> None:
        self._application = application
        # Telling whose key it is must not wait for answers that wait for work.
        self._answering = anyio.CapacityLimiter(ANSWERS)
        self._authenticating = anyio.CapacityLimiter(AUTHENTICATIONS)
        self._opening, self._reading = anyio.CapacityLimiter(OPENINGS), anyio.CapacityLimiter(READINGS)

    async def authenticate(self, key: str) -> Caller | None:
        """Whose key this is, or None."""

        def look() -> Caller | None:
            with self._application.home.database.read() as tx:
                return accounts.authenticate(tx, key)

        return await anyio.to_thread.run_sync(look, limiter=self._authenticating)

    async def execute(
        self, payload: Mapping[str, Any], caller: Caller, call_id: str | None, base_url: str | None = None
    ) -> Response:
        """See `Application.execute`."""
        return await anyio.to_thread.run_sync(
            self._application.execute, payload, caller, call_id, base_url, limiter=self._answering
        )

    async def open_content(self, token: str, first: int, last: int | None, tail: int | None) -> Opened:
        """See `bucketlink.api.content.open_content`."""
        application = self._application
        return await anyio.to_thread.run_sync(
            open_content, application.home, application.readers, token, first, last, tail, limiter=self._opening
        )

    async def parts(self, content: Content) -> AsyncGenerator[bytes]:
        """What a content holds, part by part; closed at the end, however that comes."""
        parts = iter(content.parts)
        try:
            while part := await anyio.to_thread.run_sync(next, parts, b"", limiter=self._reading):
                yield part
        finally:
            content.close()

    async def subscribe(
        self, payload: Mapping[str, Any], caller: Caller
    ) -> AsyncGenerator[ExecutionResult] | Response | None:
        """See `Application.subscribe`; None where it is no subscription that is asked for."""
        document = await anyio.to_thread.run_sync(read_subscription, payload, limiter=self._answering)
        return None if document is None else await self._application.subscribe(payload, document, caller)
