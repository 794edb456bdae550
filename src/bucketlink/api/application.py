"""The API as one function: a GraphQL request and who sends it in, the response out; transports call it in a thread."""

import hashlib
import re
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from inspect import isawaitable
from threading import Semaphore
from typing import Any, cast

import orjson
from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    OperationType,
    execute_sync,
    get_operation_ast,
    parse,
    specified_rules,
    subscribe,
)
from sqlalchemy.exc import SQLAlchemyError

from bucketlink.api import differences, integration_mutations, mutations, people, queries, scalars, subscriptions
from bucketlink.api.binding import bound_schema
from bucketlink.api.context import Context
from bucketlink.api.limits import MOST_TOKENS, BoundedQuery
from bucketlink.api.operations import KnownOperation, validate
from bucketlink.api.readers import Readers
from bucketlink.delivery import Delivery
from bucketlink.errors import BucketlinkError, InvalidInput
from bucketlink.home import Home
from bucketlink.logs import Logger
from bucketlink.model import Caller
from bucketlink.store.database import explain

log = Logger("bucketlink.api")

SCHEMA = bound_schema(
    files("bucketlink.api").joinpath("schema.graphql").read_text("utf-8"),
    people.query,
    queries.query,
    differences.query,
    subscriptions.subscription,
    mutations.mutation,
    integration_mutations.mutation,
    *scalars.ALL,
)
RULES = (*specified_rules, KnownOperation, BoundedQuery)
"""What a request must keep to."""

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
        try:
            _check_parts(payload)
            document = _parse(payload)
            wrong = validate(SCHEMA, document, RULES)
            if not wrong and _is_subscription(document, payload):
                wrong = [GraphQLError("Subscription operations can only be executed over a WebSocket connection.")]
            if wrong:
                return {"errors": [_formatted(error) for error in wrong]}
            result = execute_sync(
                SCHEMA,
                document,
                context_value=self._context(caller, digest, base_url),
                variable_values=payload.get("variables"),
                operation_name=payload.get("operationName"),
            )
        except GraphQLError as error:
            return {"errors": [_formatted(error)]}
        answered: Response = {"data": result.data}
        if result.errors:
            answered["errors"] = [_formatted(error) for error in result.errors]
        return answered

    async def subscribe(
        self, payload: Mapping[str, Any], read: "ReadSubscription", caller: Caller
    ) -> AsyncGenerator[ExecutionResult] | Response:
        """Answer the results of a subscription as they come, or the error that refuses it.

        Args:
            payload: as `execute` takes it.
            read: what `read_subscription` made of it.
            caller: who sends it.

        """
        try:
            _check_parts(payload)
            if read.errors:
                return _formatted(read.errors[0])
            answer = subscribe(
                SCHEMA,
                read.document,
                context_value=self._context(caller, None),
                variable_values=payload.get("variables"),
                operation_name=payload.get("operationName"),
            )
            results = await answer if isawaitable(answer) else answer
        except GraphQLError as error:
            return _formatted(error)
        if isinstance(results, ExecutionResult):
            return _formatted((results.errors or [])[0])
        return cast("AsyncGenerator[ExecutionResult]", results)

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
        _check_parts(payload)
        document = _parse(payload)
    except GraphQLError:
        return None
    if not _is_subscription(document, payload):
        return None
    return ReadSubscription(document, validate(SCHEMA, document, RULES))


def refusal(error: BucketlinkError) -> Response:
    """An error as GraphQL answers it."""
    return {"message": str(error), "extensions": {"code": error.code, "context": error.context}}


def _check_parts(payload: Mapping[str, Any]) -> None:
    query, variables, name = (payload.get(part) for part in _REQUEST_PARTS)
    if not query or not isinstance(query, str):
        raise GraphQLError("The query must be a string.")
    if not isinstance(variables, dict | None):
        raise GraphQLError("Query variables must be a null or an object.")
    if not isinstance(name, str | None):
        raise GraphQLError(f'"{name}" is not a valid operation name.')


def _parse(payload: Mapping[str, Any]) -> DocumentNode:
    return parse(payload["query"], max_tokens=MOST_TOKENS)


def _is_subscription(document: DocumentNode, payload: Mapping[str, Any]) -> bool:
    operation = get_operation_ast(document, payload.get("operationName"))
    return operation is not None and operation.operation is OperationType.SUBSCRIPTION


def _request_digest(payload: Mapping[str, Any], caller: Caller, call_id: str | None) -> bytes | None:
    if not call_id:
        return None
    said = (caller.api_key_id, caller.user_id, call_id, *(payload.get(part) for part in _REQUEST_PARTS))
    return hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).digest()


def _formatted(error: GraphQLError) -> Response:
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
