"""The API in process, for whoever holds the data directory: the local administrator."""

import os
import weakref
from types import TracebackType
from typing import Any, Self

import orjson
from sqlalchemy.exc import SQLAlchemyError

from bucketlink.api.application import Application, refusal
from bucketlink.api.objects import read_object
from bucketlink.delivery import Embedded
from bucketlink.errors import DataDirectoryError, InvalidInput
from bucketlink.home import Home, open_home
from bucketlink.logs import level_of_environment
from bucketlink.settings import Settings
from bucketlink.store import accounts, runs
from bucketlink.store.database import explain


class LocalApi:
    """An opened data directory and its API. Work goes on in a process of its own until `close`.

    Who forgets to close it, or is interrupted before, has it closed with the interpreter.
    """

    def __init__(self, settings: Settings) -> None:
        """Open the data directory; raises DataDirectoryError, SealingError, or InvalidInput of the environment."""
        level_of_environment()  # by which no worker would start
        home = open_home(settings)
        try:
            with home.database.write() as tx:
                self._caller = accounts.ensure_local_administrator(tx)
                unfinished = runs.any_unfinished(tx)
        except BaseException as error:
            home.close()
            if isinstance(error, SQLAlchemyError):
                raise DataDirectoryError(explain(error)) from error
            raise
        # Why a run fails is told by the API to whoever waits for it; only what nobody expects is for the log.
        delivery = Embedded(settings, log_level="ERROR")
        self._application = Application(home, delivery)
        self._process = os.getpid()
        self._end = weakref.finalize(self, _end, self._process, home, delivery)
        if unfinished:
            delivery.deliver()

    def execute(self, query: str, variables: dict[str, object], call_id: str) -> dict[str, Any]:
        """Answer a GraphQL request as the local administrator; see `Application.execute`."""
        try:
            self._check_open()
            # As over HTTP: what is not JSON, text that is not Unicode for one, gets no further.
            payload = orjson.loads(orjson.dumps({"query": query, "variables": variables}))
        except InvalidInput as error:
            return {"errors": [refusal(error)]}
        except orjson.JSONEncodeError:
            return {"errors": [refusal(InvalidInput("A value is not Unicode text, or no JSON at all."))]}
        return self._application.execute(payload, self._caller, call_id)

    def read_object(self, project_id: str, asset_id: str, url: str | None, most: int) -> bytes:  # noqa: ARG002
        """Answer the first bytes of an asset's object, which needs no URL here; raises a kind of BucketlinkError."""
        self._check_open()
        return read_object(self._application, self._caller, project_id, asset_id, most)

    def close(self) -> None:
        """Stop working. What is unfinished goes on when the directory is next opened."""
        self._end()

    def _check_open(self) -> None:
        if not self._end.alive:
            raise InvalidInput("This client is closed: open another one.")
        if self._process != os.getpid():
            # SQLite's connections cannot be carried across a fork, nor used beside new ones.
            raise InvalidInput("This client was opened before the process was forked: open another in the child.")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _end(process: int, home: Home, delivery: Embedded) -> None:
    if os.getpid() == process:
        delivery.close()
        home.close()
