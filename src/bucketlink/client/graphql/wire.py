"""One step above the transport: operations in, their data out, errors as exceptions, pages as rows."""

import sys
import uuid
from collections.abc import Callable, Generator, Iterable
from typing import Any

from tqdm.auto import tqdm

from bucketlink.client.checks import shown
from bucketlink.client.graphql.queries import CONNECTION, PAGED, query
from bucketlink.client.graphql.transport import Transport
from bucketlink.client.types import Row
from bucketlink.errors import BucketlinkError, InvalidInput, NotAuthenticated, NotFound, ServerError

PAGE = 100
"""Rows to ask for at once; other servers of this wire answer no more."""


def _kinds(root: type[BucketlinkError]) -> dict[str, type[BucketlinkError]]:
    found: dict[str, type[BucketlinkError]] = {}
    for kind in root.__subclasses__():
        found.update(_kinds(kind))
    return {**found, root.code: root}


KINDS: dict[str, type[BucketlinkError]] = {
    **_kinds(BucketlinkError),
    "GRAPHQL_VALIDATION_FAILED": InvalidInput,
    "GRAPHQL_PARSE_FAILED": InvalidInput,
    NotAuthenticated.code: NotAuthenticated,
}
"""The exception for each code of an error on the wire."""
_NOT_DESCRIBED = "The server answered with an error that it does not describe."


class Wire:
    """What the SDK's methods ask the application through; as safe between threads as the transport."""

    def __init__(self, transport: Transport) -> None:
        self.disable_tqdm: bool | None = None
        """Progress bars where a call does not say: True for none, None for those on terminals and in notebooks."""
        self._transport = transport
        self._knows_ours: bool | None = None

    def __repr__(self) -> str:
        return f"Wire({self._transport!r})"

    def hides_bars(self, disable_tqdm: bool | None) -> bool | None:
        """Answer what tqdm takes as ``disable``: what a call says, else what the client says.

        None, for bars on terminals only, shows them in notebooks too, whose output is no terminal to tqdm.
        """
        chosen = self.disable_tqdm if disable_tqdm is None else disable_tqdm
        return False if chosen is None and "ipykernel.zmqshell" in sys.modules else chosen

    def close(self) -> None:
        """Close the transport."""
        self._transport.close()

    def read_object(self, project_id: str, asset_id: str, url: str | None, most: int) -> bytes:
        """Answer the first bytes of an asset's object, as `Transport.read_object`."""
        return self._transport.read_object(project_id, asset_id, url, most)

    def ask(self, document: str, **variables: object) -> Any:  # noqa: ANN401 - the shape is the document's
        """Send one operation and answer what its root field, aliased ``data``, holds.

        Raises a kind of `BucketlinkError` with the server's own sentence.
        """
        answer = self._transport.execute(document, variables, str(uuid.uuid4()))
        errors = answer.get("errors")
        if errors:
            raise _exception(errors)
        data = answer.get("data")
        if not isinstance(data, dict) or "data" not in data:
            raise ServerError("The server's answer holds neither data nor an error; is this a Bucketlink server?")
        return data["data"]

    def rows(
        self,
        root_field: str,
        where: tuple[str, Row],
        fields: Iterable[str],
        *,
        first: int | None,
        skip: int,
        disable_tqdm: bool | None = True,
        count: Callable[[], int] | None = None,
    ) -> Generator[Row, None, None]:
        """Answer rows as they are asked for, a page at a time; nothing is sent before the first one is.

        Args:
            root_field: the field of the schema that answers the rows.
            where: its filter's type and value.
            fields: what to ask of each row, with dots.
            first: how many rows at most; None for all.
            skip: how many rows to leave out.
            disable_tqdm: no progress bar; None means as `disable_tqdm` says for all calls.
            count: tells how many rows there are before ``skip``; asked only to draw a bar.

        Raises:
            InvalidInput: a field name that cannot be sent; at once, not with the first row.

        """
        document = query(root_field, {"where": where[0], **PAGED}, fields)
        return self._pages(document, where[1], first, skip, disable_tqdm, count)

    def _pages(
        self,
        document: str,
        where: Row,
        first: int | None,
        skip: int,
        disable_tqdm: bool | None,
        count: Callable[[], int] | None,
    ) -> Generator[Row, None, None]:
        hidden = True if count is None and first is None else self.hides_bars(disable_tqdm)
        with tqdm(total=first, disable=hidden) as bar:
            if count is not None and not bar.disable:
                there = max(count() - skip, 0)
                bar.total = there if first is None else min(there, first)
            had = 0
            while first is None or had < first:
                wanted = PAGE if first is None else min(PAGE, first - had)
                page = self.ask(document, where=where, first=wanted, skip=skip + had)
                if not isinstance(page, list):
                    raise ServerError("The server's answer holds no rows; is this a Bucketlink server?")
                for row in page:
                    bar.update()
                    yield row
                had += len(page)
                if len(page) < wanted:
                    return

    def connection(self, connection_id: str, fields: Iterable[str]) -> Row:
        """Answer fields of one connection.

        Raises:
            InvalidInput: there is no such connection, or no such field.

        """
        document = query("dataConnection", CONNECTION, fields)
        try:
            found: Row | None = self.ask(document, where={"id": connection_id})
        except NotFound:
            found = None
        if found is None:
            raise InvalidInput(f"There is no cloud storage connection with id {shown(connection_id)}.")
        return found

    def ours(self, connection_id: str) -> Row | None:
        """Answer what only Bucketlink knows of a connection: the ``error`` of its last work.

        None from another server of this wire, which refuses the question because it does not know the field.
        """
        if self._knows_ours is False:
            return None
        document = query("dataConnection", CONNECTION, ("error",))
        try:
            found: Row | None = self.ask(document, where={"id": connection_id})
        except InvalidInput:
            self._knows_ours = False
            return None
        self._knows_ours = True
        return found


def _exception(errors: object) -> BucketlinkError:
    first = errors[0] if isinstance(errors, list) and errors else errors
    if not isinstance(first, dict):
        return ServerError(_NOT_DESCRIBED)
    extensions = first.get("extensions")
    told = extensions if isinstance(extensions, dict) else {}
    error = KINDS.get(str(told.get("code")), BucketlinkError)(str(first.get("message") or _NOT_DESCRIBED))
    context = told.get("context")
    for name in error.details:
        value = context.get(name) if isinstance(context, dict) else None
        if isinstance(value, int):
            setattr(error, name, value)
    return error
