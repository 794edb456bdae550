"""Operations in, their data out, errors as exceptions, pages as rows; and what a transport is, which carries them."""

import sys
import uuid
from collections.abc import Callable, Generator, Iterable
from typing import Any, Protocol

from bucketlink.client.bars import progress_bar
from bucketlink.client.graphql.queries import CONNECTION, LATER_RUN_FIELDS, PAGED, RUNS, OfRuns, query
from bucketlink.client.types import Row
from bucketlink.errors import BucketlinkError, InvalidInput, NotFound, ServerError, kinds
from bucketlink.ids import Noun

PAGE = 100
"""Rows to ask for at once; other servers of this wire answer no more."""

_NOT_KNOWN = "GRAPHQL_VALIDATION_FAILED"
"""The code of the error where a server's schema has not what is asked for; nothing has been done then."""
KINDS: dict[str, type[BucketlinkError]] = {**kinds(), _NOT_KNOWN: InvalidInput, "GRAPHQL_PARSE_FAILED": InvalidInput}
"""The exception for each code of an error on the wire."""
_PROJECTS = query("countProjects", {"where": "ProjectWhere!"}, None)
_INTEGRATIONS = query("dataIntegrations", {"where": "DataIntegrationWhere!", **PAGED}, ("id",))
_NOT_DESCRIBED = "The server answered with an error that it does not describe."


class Transport(Protocol):
    """Carries one operation to the application and its answer back."""

    def execute(self, query: str, variables: dict[str, object], call_id: str) -> dict[str, object]:
        """Answer what GraphQL answers: ``data``, or ``errors``, or both.

        ``call_id`` is one for each call: an operation that arrives twice with the same one is done once.
        """
        ...

    def read_object(self, project_id: str, asset_id: str, url: str | None, most: int) -> bytes:
        """Answer the first bytes of an asset's object, ``most`` at most.

        ``url`` is where the server says that it can be read. Raises a kind of `BucketlinkError`.
        """
        ...

    def close(self) -> None:
        """Give back what is held. No operation follows."""
        ...


class Wire:
    """What the SDK's methods ask the application through; as safe between threads as the transport."""

    def __init__(self, transport: Transport) -> None:
        self.disable_tqdm: bool | None = None
        """Progress bars where a call does not say: True for none, None for those on terminals and in notebooks."""
        self._transport = transport
        self._knows_ours: bool | None = None
        self._knows_later = True

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

    def ask_runs(self, document: OfRuns, **variables: object) -> Any:  # noqa: ANN401 - a run, several, or none
        """As `ask`, of runs: what an earlier release of Bucketlink does not tell of them is None."""
        if self._knows_later:
            try:
                return self.ask(document.whole, **variables)
            except InvalidInput as error:
                if error.code != _NOT_KNOWN:
                    raise
        answered = self.ask(document.earlier, **variables)
        self._knows_later = False
        for row in answered if isinstance(answered, list) else [answered]:
            if row is not None:
                row.update(dict.fromkeys(LATER_RUN_FIELDS))
        return answered

    def runs(self, connection_id: str, *, first: int | None, skip: int) -> Generator[Row, None, None]:
        """Answer the runs of a connection as `rows` does, newest first."""

        def page(first: int, skip: int) -> Any:  # noqa: ANN401 - it may not be rows
            return self.ask_runs(RUNS, where={"connectionId": connection_id}, first=first, skip=skip)

        return self._pages(page, first, skip)

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
        whole: Callable[[], None] | None = None,
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
            whole: called where a page behind the first is empty; raises if what the rows belong to is gone, so that
                what was answered is not all.

        Raises:
            InvalidInput: a field name that cannot be sent; at once, not with the first row.

        """
        document = query(root_field, {"where": where[0], **PAGED}, fields)

        def page(first: int, skip: int) -> Any:  # noqa: ANN401 - it may not be rows
            return self.ask(document, where=where[1], first=first, skip=skip)

        return self._pages(page, first, skip, disable_tqdm, count, whole)

    def _pages(
        self,
        ask: Callable[[int, int], Any],
        first: int | None,
        skip: int,
        disable_tqdm: bool | None = True,
        count: Callable[[], int] | None = None,
        whole: Callable[[], None] | None = None,
    ) -> Generator[Row, None, None]:
        hidden = True if count is None and first is None else self.hides_bars(disable_tqdm)
        with progress_bar(total=first, disable=hidden) as bar:
            if count is not None and not bar.disable:
                there = max(count() - skip, 0)
                bar.total = there if first is None else min(there, first)
            had = 0
            while first is None or had < first:
                wanted = PAGE if first is None else min(PAGE, first - had)
                page = ask(wanted, skip + had)
                if not isinstance(page, list):
                    raise ServerError("The server's answer holds no rows; is this a Bucketlink server?")
                for row in page:
                    bar.update()
                    yield row
                if whole is not None and had and not page:
                    whole()
                had += len(page)
                if len(page) < wanted:
                    return

    def connection(self, connection_id: str, fields: Iterable[str]) -> Row:
        """Answer fields of one connection.

        Raises:
            NotFound: there is no such connection.
            InvalidInput: there is no such field.

        """
        document = query("dataConnection", CONNECTION, fields)
        try:
            found: Row | None = self.ask(document, where={"id": connection_id})
        except NotFound:
            found = None
        if found is None:
            raise Noun.CONNECTION.absent(connection_id)
        return found

    def check_project(self, project_id: str) -> None:
        """Raise NotFound where a project is not there: asked for what is in it, a server answers nothing."""
        if not self.ask(_PROJECTS, where={"id": project_id}):
            raise Noun.PROJECT.absent(project_id)

    def check_integration(self, integration_id: str) -> None:
        """Raise NotFound where an integration is not there."""
        if not self.ask(_INTEGRATIONS, where={"id": integration_id}, first=1, skip=0):
            raise Noun.INTEGRATION.absent(integration_id)

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
    code = str(told.get("code") or ServerError.code)
    error = KINDS.get(code, BucketlinkError)(str(first.get("message") or _NOT_DESCRIBED))
    error.code = code
    context = told.get("context")
    for name in error.details:
        value = context.get(name) if isinstance(context, dict) else None
        if isinstance(value, int):
            setattr(error, name, value)
    return error
