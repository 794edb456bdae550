"""What all commands share: where they work, how they write, and how they wait."""

import contextlib
import json
import logging
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from bucketlink.cli.text import count, safe
from bucketlink.errors import InvalidInput

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from bucketlink.client.client import Client
    from bucketlink.client.types import Observer, Progress
    from bucketlink.settings import Settings

SHORT = 20
"""Characters of a cell that is never broken in two."""

F = TypeVar("F", bound=Callable[..., object])


@dataclass(slots=True)
class State:
    """What was given before or behind the command's name, that every command takes."""

    data_dir: Path | None = None
    endpoint: str | None = None
    api_key: str | None = None
    as_json: bool = False
    verbose: bool = False

    @property
    def server(self) -> str | None:
        """The address of the server to speak to; None to work on a data directory.

        What is given on the command line counts before the environment.
        """
        if self.endpoint and self.data_dir:
            raise click.UsageError("--endpoint speaks to a server, --data-dir works without one: give one of them.")
        if self.data_dir:
            return None
        return self.endpoint or os.environ.get("BUCKETLINK_API_ENDPOINT") or None

    def settings(self) -> "Settings":
        """Read the settings of the data directory's owner, for commands that work without a server."""
        from pydantic import ValidationError  # noqa: PLC0415 - slow to load

        from bucketlink.settings import Settings  # noqa: PLC0415

        try:
            return Settings(data_dir=self.data_dir.expanduser()) if self.data_dir else Settings()
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            name = "BUCKETLINK_" + "_".join(str(part) for part in first["loc"]).upper()
            raise InvalidInput(f"{name}: {first['msg'].removeprefix('Value error, ')}") from None

    @contextlib.contextmanager
    def client(self) -> "Iterator[Client]":
        """Open a client of the server, or of the data directory."""
        from bucketlink.client.client import Client  # noqa: PLC0415 - --help needs none

        server = self.server
        with self._log_shown():
            client = Client(self.api_key, server) if server else Client.embedded(self.settings().data_dir)
            with client:
                yield client

    @contextlib.contextmanager
    def _log_shown(self) -> Iterator[None]:
        """Write what is logged to standard error, with ``--verbose``."""
        if not self.verbose:
            yield
            return
        handler, log = logging.StreamHandler(), logging.getLogger("bucketlink")
        level = log.level
        log.addHandler(handler)
        log.setLevel(logging.INFO)
        try:
            yield
        finally:
            log.removeHandler(handler)
            log.setLevel(level)

    def emit(self, document: object, *lines: str) -> None:
        """Write a result to standard output: the document with ``--json``, else the lines."""
        if self.as_json:
            click.echo(json.dumps(document, indent=2))
        else:
            for line in lines:
                click.echo(line)

    def hint(self, *lines: str) -> None:
        """Write to standard error what a person may want to know and no program reads."""
        if not self.as_json:
            for line in lines:
                click.echo(line, err=True)

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[str | int]]) -> None:
        """Write a table to standard output, as wide as the terminal; numbers stand to the right."""
        console(stderr=False).print(table(columns, rows))

    @contextlib.contextmanager
    def waiting(self) -> "Iterator[Observer | None]":
        """Show on standard error how far a wait has come, if that is a terminal; None where nobody looks."""
        board = console(stderr=True)
        if not board.is_terminal:
            yield None
            return
        with board.status("Starting …") as status:
            yield lambda progress: status.update(described(progress))


def described(progress: "Progress") -> str:
    """Say how far a wait has come, as far as that is known."""
    noun, verb = ("object", "seen") if progress.activity == "computing" else ("asset", "done")
    said = [count(progress.done, noun) + f" {verb}"] if progress.done else []
    said += pace(progress.rate, progress.share)
    if progress.remaining is not None:
        minutes, seconds = divmod(round(progress.remaining), 60)
        said.append(f"{minutes:,}:{seconds:02} left")
    return f"{progress.title}: {', '.join(said)}" if said else f"{progress.title} …"


def pace(rate: float | None, share: float | None) -> list[str]:
    """Write how many are done a second, and how much of all: ``12,000/s`` and ``45%``; nothing where it is unknown."""
    said = [] if rate is None else [f"{rate:,.0f}/s" if rate >= 10 else f"{rate:.1f}/s"]
    return said if share is None else [*said, f"{int(share * 100)}%"]


def console(*, stderr: bool) -> "Console":
    """Open a console that takes text as it is: no markup, no emoji codes, no guessing what a number is."""
    from rich.console import Console  # noqa: PLC0415 - slow to load

    stream = sys.stderr if stderr else sys.stdout
    return Console(file=stream, markup=False, emoji=False, highlight=False)


def table(columns: Sequence[str], rows: Iterable[Sequence[str | int]]) -> "RenderableType":
    """Lay out a table; numbers stand to the right, and long texts go on in the next line."""
    from rich import box  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    rows = list(rows)
    body = [[f"{cell:,}" if isinstance(cell, int) else safe(cell) for cell in row] for row in rows]
    laid = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for index, name in enumerate(columns):
        number = all(isinstance(row[index], int) for row in rows)
        # The last column gives way where the terminal is narrow.
        short = index < len(columns) - 1 and all(len(row[index]) <= SHORT for row in body)
        laid.add_column(name, justify="right" if number else "left", no_wrap=short, overflow="fold")
    for row in body:
        laid.add_row(*(Text(cell) for cell in row))
    return laid


def _remember(context: click.Context, parameter: click.Parameter, value: object) -> None:
    if value and parameter.name:
        setattr(context.ensure_object(State), parameter.name, value)


_SHARED: dict[str, Any] = {"expose_value": False, "callback": _remember}


def common(command: F) -> F:
    """Give a command the options that all of them take; they fill the `State`."""
    for option in reversed(
        (
            click.option(
                "--data-dir",
                type=click.Path(file_okay=False, path_type=Path),
                help="Work without a server, on this directory.  [env: BUCKETLINK_DATA_DIR]",
                **_SHARED,
            ),
            click.option(
                "--endpoint",
                metavar="URL",
                help="Speak to this Bucketlink server.  [env: BUCKETLINK_API_ENDPOINT]",
                **_SHARED,
            ),
            click.option(
                "--api-key",
                metavar="KEY",
                help="Key for the server; rather set it in the environment.  [env: BUCKETLINK_API_KEY]",
                **_SHARED,
            ),
            click.option(
                "--json",
                "as_json",
                is_flag=True,
                help="Write one JSON document to standard output.",
                **_SHARED,
            ),
            click.option("--verbose", is_flag=True, help="Say more; show where an error comes from.", **_SHARED),
        )
    ):
        command = option(command)
    return command


def example(*lines: str) -> str:
    """Write an epilog that shows a command in use, line by line."""
    return "\n".join(["\b", "Example:" if len(lines) == 1 else "Examples:", *(f"  {line}" for line in lines)])


with_state = click.make_pass_decorator(State, ensure=True)
"""Passes the `State` as the first argument."""
