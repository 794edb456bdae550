"""What is asked of whoever sits at the terminal, and what happens where nobody does."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bucketlink.errors import BucketlinkError
from bucketlink.text import quoted

if TYPE_CHECKING:
    from bucketlink.client.client import Client
    from bucketlink.client.types import RunKindName, RunRow


class Interrupted(click.ClickException):
    """The user pressed Ctrl-C."""

    exit_code = 130

    def __init__(
        self, sentence: str = "Interrupted. There was no run to wait for yet; what was done before stays done."
    ) -> None:
        super().__init__(sentence)


def is_at_terminal() -> bool:
    """Whether somebody can be asked something, and sees it."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def confirm(what: str, *, yes: bool) -> None:
    """Ask whether to do what cannot simply be taken back; ``what`` is a sentence that names what goes, and how much.

    Raises UsageError where nobody can be asked, and ClickException where the answer is no.
    """
    if yes:
        return
    if not is_at_terminal():
        raise click.UsageError(f"{what} Nobody can be asked whether that is meant: say --yes.")
    if not click.confirm(f"{what} Go on?", default=False, err=True):
        raise click.ClickException("Nothing was changed.")


def ask_secret(name: str) -> str:
    """Ask for a secret, which is not shown as it is typed."""
    answered: str = click.prompt(name, hide_input=True, err=True)
    return answered.strip()


def text_of(file: Path, name: str) -> str:
    """What a file holds, or standard input for ``-``, which is asked for where that is a terminal; UsageError."""
    if str(file) == "-" and sys.stdin.isatty():
        return ask_secret(name)
    try:
        text = (sys.stdin.read() if str(file) == "-" else file.read_text("utf-8")).strip()
    except UnicodeDecodeError:
        raise click.UsageError(f"{file} holds no text, and so nothing that is meant here.") from None
    if not text:
        shown = "Standard input" if str(file) == "-" else str(file)
        raise click.UsageError(f"{shown} is empty; it should hold the {name}.")
    return text


def interrupted(
    client: "Client",
    connection: str | Callable[[], str | None],
    kinds: "tuple[RunKindName, ...]",
    *,
    embedded: bool,
) -> Interrupted:
    """Ask what is to become of the run that was waited for, and answer what to tell of that.

    Args:
        client: whom to ask what is under way.
        connection: of which one, or how to find that out.
        kinds: of runs that may have been waited for.
        embedded: whether jobs are run by this very program, for as long as it runs.

    """
    try:
        id_ = connection if isinstance(connection, str) else connection()
        run = _under_way(client, id_, kinds) if id_ else None
        if id_ is None:
            return Interrupted()
        if run is None:
            return Interrupted(f"Interrupted. No run is under way: bucketlink runs {quoted(id_)} shows what was done.")
        if _is_to_be_cancelled(run):
            client.cancel(run["id"])
            return Interrupted(f"Cancelled {run['id']}; what it did so far stays. bucketlink runs {id_} shows it.")
    except BucketlinkError as error:
        return Interrupted(f"Interrupted. {error}")
    return Interrupted(
        f"Left {run['id']}, which {goes_on(embedded=embedded)}. "
        f"bucketlink runs {id_} shows how far it is, bucketlink cancel {run['id']} ends it."
    )


def goes_on(*, embedded: bool) -> str:
    """What becomes of a run that nobody waits for."""
    if embedded:
        return "goes on whenever a Bucketlink works on this data directory, such as bucketlink worker"
    return "goes on at the server"


def _under_way(client: "Client", connection: str, kinds: "tuple[RunKindName, ...]") -> "RunRow | None":
    from bucketlink.client.connections.progress import UNFINISHED, newest_runs  # noqa: PLC0415 - slow to load

    rows = newest_runs(client.wire, connection)
    return next((row for row in rows if row["kind"] in kinds and row["state"] in UNFINISHED), None)


def _is_to_be_cancelled(run: "RunRow") -> bool:
    if not is_at_terminal():
        return False
    doing = " ".join([run["kind"], *run["types"]])
    try:
        return click.confirm(f"\n{run['id']} ({doing}) is not done. Cancel it?", default=False, err=True)
    except click.Abort:
        click.echo(err=True)
        return False
