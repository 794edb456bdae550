"""The API in process, for whoever holds the data directory: the local administrator."""

import threading
from types import TracebackType
from typing import Any, Self

import orjson

from bucketlink.api.application import Application, refusal
from bucketlink.delivery import Embedded
from bucketlink.errors import InvalidInput
from bucketlink.home import open_home
from bucketlink.settings import Settings
from bucketlink.store import accounts, runs


class LocalApi:
    """An opened data directory and its API. Work goes on in a process of its own until `close`."""

    def __init__(self, settings: Settings) -> None:
        """Open the data directory; raises DataDirectoryError or SealingError."""
        self._home = open_home(settings)
        # Why a run fails is told by the API to whoever waits for it; only what nobody expects is for the log.
        self._delivery = Embedded(settings, log_level="ERROR")
        self._application = Application(self._home, self._delivery)
        self._closed = threading.Lock()
        with self._home.database.write() as tx:
            self._caller = accounts.ensure_local_administrator(tx)
            unfinished = runs.any_unfinished(tx)
        if unfinished:
            self._delivery.deliver()

    def execute(self, query: str, variables: dict[str, object], call_id: str) -> dict[str, Any]:
        """Answer a GraphQL request as the local administrator; see `Application.execute`."""
        if self._closed.locked():
            return {"errors": [refusal(InvalidInput("This client is closed: open another one."))]}
        try:
            # As over HTTP: what is not JSON, text that is not Unicode for one, gets no further.
            payload = orjson.loads(orjson.dumps({"query": query, "variables": variables}))
        except orjson.JSONEncodeError:
            return {"errors": [refusal(InvalidInput("A value is not Unicode text, or no JSON at all."))]}
        return self._application.execute(payload, self._caller, call_id)

    def close(self) -> None:
        """Stop working. What is unfinished goes on when the directory is next opened."""
        if self._closed.acquire(blocking=False):
            self._delivery.close()
            self._home.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
