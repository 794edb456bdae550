"""What every resolver is given: who asks, where the data is, and how to do a thing once."""

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Semaphore
from typing import Any, TypeVar

from graphql import GraphQLResolveInfo
from sqlalchemy import Connection as Transaction

from bucketlink.api.limits import MOST_COLUMN_ROWS, MOST_NESTED_ROWS
from bucketlink.api.readers import Readers
from bucketlink.delivery import Delivery
from bucketlink.errors import InvalidInput, NotAllowed
from bucketlink.home import Home
from bucketlink.ids import Noun
from bucketlink.model import Caller, Role
from bucketlink.store import accounts

Info = GraphQLResolveInfo
Shape = dict[str, Any]
"""A noun as the wire shows it."""
Where = dict[str, Any]
"""A filter as it was sent."""
Result = TypeVar("Result")
Item = TypeVar("Item")

LONGEST_NAME = 500
"""Characters of a title or name."""
LOOK = 0.02
"""Seconds between two looks at work that an answer waits for."""


@dataclass(frozen=True, slots=True)
class Context:
    """One request.

    Attributes:
        home: the data directory.
        delivery: to be told of new runs.
        caller: who asks; every query is scoped to their organization.
        request: a digest that two requests share only if one is the other sent again; None if nothing tells.
        patience: seconds that an answer waits at most for work that it started.
        waiters: who may wait; the others are answered at once, so that those who wait never hold up everybody.
        readers: buckets that are open for reading single objects.
        base_url: where the server is reached, without a slash at its end; None where there is none.

    """

    home: Home
    delivery: Delivery
    caller: Caller
    request: bytes | None
    patience: float
    waiters: Semaphore
    readers: Readers
    base_url: str | None
    loaded: dict[tuple[str, int], Any] = field(default_factory=dict)
    rows: Counter[str] = field(default_factory=Counter)

    def read(self, query: Callable[[Transaction], Result]) -> Result:
        """Run a query in a read transaction."""
        with self.home.database.read() as tx:
            return query(tx)

    def load(self, kind: str, number: int, query: Callable[[Transaction], Result]) -> Result:
        """As `read`, once for each thing within a request."""
        return self.remember(kind, number, lambda: self.read(query))

    def remember(self, kind: str, number: int, make: Callable[[], Result]) -> Result:
        """What is made, once for each thing within a request; outside of any transaction."""
        if (kind, number) not in self.loaded:
            self.loaded[kind, number] = make()
        result: Result = self.loaded[kind, number]
        return result

    def list_within(self, kind: str, number: int, query: Callable[[Transaction], list[Item]]) -> list[Item]:
        """As `load`, for a list inside of a row; raises InvalidInput where these add up to too many rows."""
        found = self.load(kind, number, query)
        self.rows[kind] += len(found)
        if self.rows.total() > MOST_NESTED_ROWS:
            raise InvalidInput(
                f"The query asks for more than {MOST_NESTED_ROWS} rows inside of other rows: ask for fewer at once."
            )
        return found

    def count_column_rows(self, asked: int) -> None:
        """Count rows that are asked for as columns; raises InvalidInput where the request asks for too many in all."""
        self.rows["columns"] += asked
        if asked < 0 or self.rows["columns"] > MOST_COLUMN_ROWS:
            raise InvalidInput(
                f"first of assetColumns must be a whole number from 0 to {MOST_COLUMN_ROWS}, in all of a request."
            )

    def administrate(self) -> None:
        """Raise NotAllowed unless the caller is an administrator."""
        if self.caller.role is not Role.ADMIN:
            raise NotAllowed("Only an administrator of your organization may do this: ask one of them.")

    def wait(self, done: Callable[[], bool]) -> bool:
        """Wait until something is done, with patience; returns whether it is."""
        with self.patient() as patience:
            deadline = time.monotonic() + patience
            while not done():
                if time.monotonic() > deadline:
                    return False
                time.sleep(LOOK)
            return True

    @contextmanager
    def patient(self) -> Iterator[float]:
        """Seconds that may be waited: none where too many wait already."""
        if not self.waiters.acquire(blocking=False):
            yield 0.0
            return
        try:
            yield self.patience
        finally:
            self.waiters.release()


def context(info: Info) -> Context:
    """The context of the request that is being resolved."""
    found: Context = info.context
    return found


def once(info: Info, act: Callable[[Transaction], str]) -> str:
    """Do what a mutation asks for in one transaction, unless the same request did it before; returns its answer."""
    asked = context(info)
    identity = _identity(info)
    with asked.home.database.write() as tx:
        if identity is not None:
            answered = accounts.recall_reply(tx, identity)
            if answered is not None:
                return answered
        answer = act(tx)
        if identity is not None:
            accounts.keep_reply(tx, identity, answer)
    asked.delivery.deliver()
    return answer


def was_answered(info: Info) -> bool:
    """Whether the same request has done what it asks for before, so that `once` will do nothing."""
    identity = _identity(info)
    return identity is not None and context(info).read(lambda tx: accounts.recall_reply(tx, identity)) is not None


def is_own(info: Info, organization_id: str) -> bool:
    """Whether this is the id of the caller's organization."""
    return organization_id == Noun.ORGANIZATION.show(context(info).caller.organization_id)


def checked_skip(skip: int) -> int:
    """How many rows to leave out; raises InvalidInput for less than none."""
    if skip < 0:
        raise InvalidInput(f"skip must not be negative, but is {skip}.")
    return skip


def nameable(value: str | None, field: str) -> str:
    """What a thing can be called; raises InvalidInput where it is nothing, or too long."""
    if value is None or not value.strip():
        raise InvalidInput(f"{field} is missing or empty: give a name.")
    if len(value) > LONGEST_NAME or "\0" in value:
        raise InvalidInput(f"{field} is too long, or holds a NUL character: give at most {LONGEST_NAME} characters.")
    return value


def key_text(text: str) -> str:
    """Text that can be compared with keys; raises InvalidInput for what no key can hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidInput(f"{text!r} is not Unicode text: no key can match it.") from None
    if "\0" in text:
        raise InvalidInput(f"{text!r} holds a NUL character: no key can match it.")
    return text


def _identity(info: Info) -> bytes | None:
    request = context(info).request
    if request is None:
        return None
    path = "/".join(str(part) for part in info.path.as_list())
    return hashlib.sha256(request + path.encode()).digest()
