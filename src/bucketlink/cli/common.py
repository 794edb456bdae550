"""What all commands share: where they work, how they write, and how they wait."""

import contextlib
import gc
import json
import logging
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from bucketlink.cli.asking import ask_secret, interrupted, text_of
from bucketlink.cli.names import at
from bucketlink.cli.tables import Table, console
from bucketlink.cli.text import count
from bucketlink.cli.waiting import say, waits_said
from bucketlink.text import quoted, safe

if TYPE_CHECKING:
    from bucketlink.client.client import Client
    from bucketlink.client.types import Observer, Progress, RunKindName
    from bucketlink.settings import Settings

API_KEY = "BUCKETLINK_API_KEY"
API_ENDPOINT = "BUCKETLINK_API_ENDPOINT"
SYNCHRONIZING: "tuple[RunKindName, ...]" = ("COMPUTE", "APPLY")
"""Runs that synchronizing waits for."""

SPINNER = 2
"""Columns of what turns before a line that waits."""

F = TypeVar("F", bound=Callable[..., object])


@dataclass(slots=True)
class State:
    """What was given before or behind the command's name, that every command takes."""

    data_dir: Path | None = None
    endpoint: str | None = None
    api_key: str | None = None
    api_key_file: Path | None = None
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
        return self.endpoint or os.environ.get(API_ENDPOINT) or None

    def settings(self) -> "Settings":
        """Read the settings of the data directory's owner, for commands that work without a server."""
        from bucketlink.settings import read_settings  # noqa: PLC0415 - slow to load

        return read_settings(**({"data_dir": self.data_dir} if self.data_dir else {}))

    @contextlib.contextmanager
    def client(self) -> "Iterator[Client]":
        """Open a client of the server, or of the data directory."""
        server = self.server
        is_new = not server and self.data_dir is not None and not self.data_dir.exists()
        key = self.server_key() if server else None
        with self._log_shown():
            with _loading():
                from bucketlink.client.client import Client  # noqa: PLC0415 - --help needs none

                if server:
                    client = Client(key, server)
                else:
                    with waits_said():
                        client = Client.embedded(self.settings().data_dir)
            if is_new:
                self.hint(f"Made a data directory: {safe(str(self.data_dir))}")
            with client:
                yield client

    @property
    def place(self) -> str:
        """The option by which a command was told where to work, for the commands that it suggests."""
        if self.endpoint:
            return f"--endpoint {quoted(self.endpoint)}"
        return f"--data-dir {quoted(str(self.data_dir))}" if self.data_dir else ""

    def server_key(self) -> str | None:
        """The key for the server: as given, or asked for; None where the environment has it, or nobody."""
        if self.api_key and self.api_key_file:
            raise click.UsageError("--api-key and --api-key-file are two keys: give one of them.")
        if self.api_key_file:
            return text_of(self.api_key_file, "API key")
        if self.api_key or os.environ.get(API_KEY) or not sys.stdin.isatty():
            return self.api_key
        return ask_secret("API key")

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
                say(at(self.place, line))

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[str | int]]) -> None:
        """Write a table to standard output, as wide as the terminal; numbers stand to the right."""
        console(stderr=False).print(Table(columns, rows))

    @contextlib.contextmanager
    def waiting(
        self,
        client: "Client | None" = None,
        connection: str | Callable[[], str | None] = "",
        kinds: "tuple[RunKindName, ...]" = SYNCHRONIZING,
    ) -> "Iterator[Observer | None]":
        """Show on standard error how far a wait has come, if that is a terminal; None where nobody looks.

        On Ctrl-C it asks whether the run that is waited for is to be cancelled.

        Args:
            client: whom it is waited for.
            connection: whose run is waited for, or how to find that out.
            kinds: of runs that are waited for.

        """
        try:
            with self._drawn() as observe:
                yield observe
        except KeyboardInterrupt:
            if client is None:
                raise
            raise interrupted(client, connection, kinds, embedded=self.server is None) from None

    @contextlib.contextmanager
    def _drawn(self) -> "Iterator[Observer | None]":
        board = console(stderr=True)
        if not sys.stderr.isatty() or board.is_dumb_terminal:
            yield None
            return
        from rich.text import Text  # noqa: PLC0415 - slow to load

        def draw(progress: "Progress") -> None:
            room = board.width - SPINNER
            line = Text(described(progress, room))
            line.truncate(room, overflow="ellipsis")
            status.update(line)

        with board.status("Starting …") as status:
            yield draw


@contextlib.contextmanager
def _loading() -> Iterator[None]:
    """Look for no garbage within this block: modules that are loaded make none, and looking takes its time."""
    was_looking = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_looking:
            gc.enable()


def described(progress: "Progress", room: int | None = None) -> str:
    """Say how far a wait has come, as far as that is known: less of it where there is room for so many characters."""
    noun, verb = ("object", "seen") if progress.activity == "computing" else ("asset", "done")
    said = pace(progress.rate, progress.share)
    if progress.remaining is not None:
        minutes, seconds = divmod(round(progress.remaining), 60)
        said.append(f"{minutes:,}:{seconds:02} left")
    done = [f"{count(progress.done, noun)} {verb}", f"{progress.done:,}"] if progress.done else []
    tries = [f"{progress.title}: {', '.join(parts)}" for parts in (*([one, *said] for one in done), said) if parts]
    return next((line for line in tries if room is None or len(line) <= room), [*tries, f"{progress.title} …"][-1])


def pace(rate: float | None, share: float | None) -> list[str]:
    """Write how many are done a second, and how much of all: ``12,000/s`` and ``45%``; nothing where it is unknown."""
    said = [] if rate is None else [f"{rate:,.0f}/s" if rate >= 10 else f"{rate:.1f}/s"]
    return said if share is None else [*said, f"{int(share * 100)}%"]


def _remember(context: click.Context, parameter: click.Parameter, value: object) -> None:
    if value and parameter.name:
        setattr(context.ensure_object(State), parameter.name, value)


_SHARED: dict[str, Any] = {"expose_value": False, "callback": _remember}


def common(command: F) -> F:
    """Give a command the options that all of them take; they fill the `State`."""
    return _with_options(command, speaks_to_server=True)


def common_without_server(command: F) -> F:
    """Give a command that speaks to no server the same, but show none that is about one; it refuses these itself."""
    return _with_options(command, speaks_to_server=False)


def _with_options(command: F, *, speaks_to_server: bool) -> F:
    about_server: dict[str, Any] = {**_SHARED, "hidden": not speaks_to_server}
    for option in reversed(
        (
            click.option(
                "--data-dir",
                type=click.Path(path_type=Path, readable=False),
                metavar="DIRECTORY",
                help=f"{'Work without a server, on this' if speaks_to_server else 'The data'} directory.  "
                "[env: BUCKETLINK_DATA_DIR]",
                **_SHARED,
            ),
            click.option(
                "--endpoint",
                metavar="URL",
                help="Speak to this Bucketlink server.  [env: BUCKETLINK_API_ENDPOINT]",
                **about_server,
            ),
            click.option(
                "--api-key",
                metavar="KEY",
                help="Key for the server. Others on this machine can see it here.  [env: BUCKETLINK_API_KEY]",
                **about_server,
            ),
            click.option(
                "--api-key-file",
                type=click.Path(exists=True, dir_okay=False, path_type=Path, allow_dash=True),
                metavar="FILE",
                help="A file that holds the key; - for standard input, or to be asked.",
                **about_server,
            ),
            click.option(
                "--json",
                "as_json",
                is_flag=True,
                help="Write one JSON document to standard output; of an error one to standard error.",
                **_SHARED,
            ),
            click.option("--verbose", is_flag=True, help="Say more; show where an error comes from.", **_SHARED),
        )
    ):
        command = option(command)
    return command


yes_option = click.option("--yes", "-y", is_flag=True, help="Do not ask: it is meant.")
"""Gives a command the answer to what it asks."""


class Ordered(click.Group):
    """A group whose commands stand in the order in which they are defined."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Name the commands in that order."""
        return list(self.commands)


def example(*lines: str) -> str:
    """Write an epilog that shows a command in use, line by line."""
    return "\n".join(["\b", "Example:" if len(lines) == 1 else "Examples:", *(f"  {line}" for line in lines)])


with_state = click.make_pass_decorator(State, ensure=True)
"""Passes the `State` as the first argument."""
