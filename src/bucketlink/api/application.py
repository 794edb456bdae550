"""The API as one function: a GraphQL request and who sends it in, the response out; transports call it in a thread."""

import hashlib
import logging
import re
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version as package_version
from importlib.resources import files
from threading import Semaphore
from typing import Any, cast

import orjson
from ariadne import graphql_sync, make_executable_schema, subscribe
from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    OperationType,
    get_operation_ast,
    parse,
    print_schema,
    specified_rules,
)
from sqlalchemy.exc import SQLAlchemyError

from bucketlink.api import differences, integration_mutations, mutations, people, queries, scalars, subscriptions
from bucketlink.api.context import Context
from bucketlink.api.limits import MOST_TOKENS, BoundedQuery
from bucketlink.api.operations import KnownOperation, validate
from bucketlink.api.readers import Readers
from bucketlink.delivery import Delivery
from bucketlink.errors import BucketlinkError, InvalidInput
from bucketlink.home import Home
from bucketlink.logs import get_logger
from bucketlink.model import Caller
from bucketlink.store.database import explain

log = get_logger("bucketlink.api")
_SILENT = logging.getLogger("bucketlink.api.silent")
_SILENT.setLevel(logging.CRITICAL + 1)  # configuring logging may enable a disabled logger, but lets a level be

SCHEMA = make_executable_schema(
    files("bucketlink.api").joinpath("schema.graphql").read_text("utf-8"),
    people.query,
    queries.query,
    differences.query,
    subscriptions.subscription,
    mutations.mutation,
    integration_mutations.mutation,
    *scalars.ALL,
    convert_names_case=False,
)


def version_of(schema: GraphQLSchema) -> str:
    """The release, and a digest of the schema, since clients cache the schema under this name."""
    return f"{package_version('bucketlink')}-{hashlib.sha256(print_schema(schema).encode()).hexdigest()[:12]}"


VERSION = version_of(SCHEMA)

_QUOTED_INPUT = (
    (re.compile(r"(?:, found|( non[- ][\w ]+ value)): .*", re.DOTALL), r"\1."),
    (re.compile(r", found (?:Block)?String .*", re.DOTALL), ", found a text."),
    (re.compile(r"Value '.*' does not exist in", re.DOTALL), "This value does not exist in"),
)
"""Where GraphQL's own messages quote what was sent, a secret may stand in it; and what they say instead."""

_REQUEST_PARTS = ("query", "variables", "operationName")

PATIENCE = 20.0
"""Seconds that an answer waits at most for work that it started; clients stop waiting after 30."""
MOST_WAITING = 50
"""Answers that wait at once, half of those that a server gives at once."""

Response = dict[str, Any]


@dataclass(frozen=True)
class Application:
    """The API over one data directory."""

    home: Home
    delivery: Delivery
    patience: float = PATIENCE
    waiters: Semaphore = field(default_factory=lambda: Semaphore(MOST_WAITING))
    readers: Readers = field(init=False)

    def __post_init__(self) -> None:
        """Keep buckets open for as long as the application is there."""
        object.__setattr__(self, "readers", Readers(self.home))

    def execute(
        self, payload: Mapping[str, Any], caller: Caller, call_id: str | None, base_url: str | None = None
    ) -> Response:
        """Answer a GraphQL request.

        Args:
            payload: ``query``, and maybe ``variables`` and ``operationName``.
            caller: who sends it.
            call_id: what the client calls this call; a request that is sent again carries the same.
            base_url: where the request was sent to, without path; None where there is no server.

        Returns the response, with ``data`` or ``errors``; raises nothing for what a client can do wrong.

        """
        try:
            digest = _request_digest(payload, caller, call_id)
        except orjson.JSONEncodeError:
            return {"errors": [refusal(InvalidInput("The variables are nested too deeply, or hold what is no JSON."))]}
        _, response = graphql_sync(
            SCHEMA, dict(payload), context_value=self._context(caller, digest, base_url), **_OPTIONS
        )
        return response

    async def subscribe(
        self, payload: Mapping[str, Any], read: "ReadSubscription", caller: Caller
    ) -> AsyncGenerator[ExecutionResult] | Response:
        """Answer the results of a subscription as they come, or the error that refuses it.

        Args:
            payload: as `execute` takes it.
            read: what `read_subscription` made of it.
            caller: who sends it.

        """
        accepted, results = await subscribe(
            SCHEMA,
            dict(payload),
            context_value=self._context(caller, None),
            query_document=read.document,
            **{**_OPTIONS, "query_validator": lambda *_args, **_options: read.errors},
        )
        if accepted:
            return cast("AsyncGenerator[ExecutionResult]", results)
        return cast("list[Response]", results)[0]

    def _context(self, caller: Caller, digest: bytes | None, base_url: str | None = None) -> Context:
        public_url = None if base_url is None else (self.home.settings.public_url or base_url).rstrip("/")
        return Context(self.home, self.delivery, caller, digest, self.patience, self.waiters, self.readers, public_url)


@dataclass(frozen=True, slots=True)
class ReadSubscription:
    """A subscription, and what is wrong with it."""

    document: DocumentNode
    errors: list[GraphQLError]


def read_subscription(payload: Mapping[str, Any]) -> ReadSubscription | None:
    """Read and validate a request, which takes its time; None where it is no subscription, or cannot be read."""
    try:
        document = _parse(None, dict(payload))
    except GraphQLError:
        return None
    operation = get_operation_ast(document, payload.get("operationName"))
    if operation is None or operation.operation is not OperationType.SUBSCRIPTION:
        return None
    return ReadSubscription(document, validate(SCHEMA, document, [*specified_rules, *_OPTIONS["validation_rules"]]))


def refusal(error: BucketlinkError) -> Response:
    """An error as GraphQL answers it."""
    return {"message": str(error), "extensions": {"code": error.code, "context": error.context}}


def _parse(_context: Any, data: dict[str, Any]) -> DocumentNode:
    return parse(data["query"], no_location=False, max_tokens=MOST_TOKENS)


def _request_digest(payload: Mapping[str, Any], caller: Caller, call_id: str | None) -> bytes | None:
    if not call_id:
        return None
    said = (caller.api_key_id, caller.user_id, call_id, *(payload.get(part) for part in _REQUEST_PARTS))
    return hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).digest()


def _format_error(error: GraphQLError, debug: bool = False) -> Response:  # noqa: ARG001 - ariadne's call
    cause = error.original_error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    if isinstance(cause, BucketlinkError):
        return {**error.formatted, **refusal(cause)}
    formatted: Response = dict(error.formatted)
    if cause is None or isinstance(cause, GraphQLError):
        code = "GRAPHQL_VALIDATION_FAILED"
        formatted["message"] = _without_input(formatted["message"])
    else:
        code = "INTERNAL"
        formatted["message"] = _unexpected(cause)
        log.error("request failed unexpectedly", exc_info=cause)
    formatted["extensions"] = {"code": code, "context": {}}
    return formatted


def _without_input(message: str) -> str:
    for quoted, instead in _QUOTED_INPUT:
        message = quoted.sub(instead, message)
    return message


def _unexpected(cause: BaseException) -> str:
    if isinstance(cause, SQLAlchemyError):
        return explain(cause)
    return f"Something unexpected went wrong ({type(cause).__name__}). The log of bucketlink.api says more."


_OPTIONS: dict[str, Any] = {
    "query_parser": _parse,
    "query_validator": validate,
    "validation_rules": [KnownOperation, BoundedQuery],
    "error_formatter": _format_error,
    # What goes wrong is logged here, once, and only if it is not the client's own fault.
    "logger": _SILENT,
}
