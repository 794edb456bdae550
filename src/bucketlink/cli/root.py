"""The root command, and what becomes of errors: one line and an exit status."""

import importlib
import io
import logging
import os
import sys
import traceback
from collections.abc import Sequence

import click

from bucketlink.cli.common import State, common, example
from bucketlink.cli.text import safe
from bucketlink.errors import BucketlinkError

DONE, FAILED, WRONG_USAGE, INTERRUPTED = 0, 1, 2, 130

_COMMANDS = {
    "demo": "demo",
    "serve": "serve",
    "keys": "projects",
    "projects": "projects",
    "integrations": "integrations",
    "connections": "connections",
    "diff": "sync",
    "sync": "sync",
    "assets": "assets",
    "runs": "history",
    "undo": "history",
    "cancel": "history",
}
"""Commands in the order of help, and the module of each, which is loaded when the command is used."""


class Interrupted(click.ClickException):
    """The user pressed Ctrl-C."""

    exit_code = INTERRUPTED

    def __init__(self) -> None:
        super().__init__("Interrupted. What was queued stays queued, and goes on where a Bucketlink runs.")


class Root(click.Group):
    """Loads commands by need, and hears Ctrl-C."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Name the commands in a useful order."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Load a command's module and answer the command; None if there is none of this name."""
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"bucketlink.cli.{_COMMANDS[cmd_name]}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run the command."""
        log = logging.getLogger("bucketlink")
        level = log.level
        log.setLevel(logging.WARNING)
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise Interrupted from None
        finally:
            log.setLevel(level)


@click.group(
    cls=Root,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=example("bucketlink demo", "bucketlink demo --from ~/Pictures", "bucketlink serve"),
)
@click.version_option(package_name="bucketlink", message="%(prog)s %(version)s")
@common
def root() -> None:
    """Keep annotation projects in step with the buckets where their data lives.

    Without --endpoint, commands work without a server, on a data directory.
    """


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line and answer its exit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    state = State(verbose=os.environ.get("BUCKETLINK_DEBUG", "") not in {"", "0"})
    try:
        status = root.main(args, prog_name="bucketlink", obj=state, standalone_mode=False)
    except Exception as error:  # noqa: BLE001 - a user gets a sentence, whatever happens
        return _report(error, state)
    return status if isinstance(status, int) else DONE


def _report(error: Exception, state: State) -> int:
    """Write one line about an error and answer the exit status."""
    status = FAILED
    match error:
        case click.exceptions.NoArgsIsHelpError():
            click.echo(error.format_message(), err=True)
            return WRONG_USAGE
        case BrokenPipeError():
            _forget_output()
            return FAILED
        case click.UsageError():
            about = error.ctx.command_path if error.ctx else "bucketlink"
            sentence, status = f"{error.format_message()} (See {about} --help.)", WRONG_USAGE
        case click.ClickException():
            sentence, status = error.format_message(), error.exit_code
        case click.Abort():
            sentence, status = Interrupted().format_message(), INTERRUPTED
        case BucketlinkError():
            sentence = str(error)
        case OSError():
            sentence = f"{error.filename or 'Cannot go on'}: {error.strerror or error}."
        case _:
            sentence = f"This should not have happened: {type(error).__name__}: {error}. --verbose shows where."
    if state.verbose:
        traceback.print_exception(error)
    click.echo(f"bucketlink: {safe(sentence)}", err=True)
    return status


def _forget_output() -> None:
    """Whoever read our output has gone; nothing must be written to it when Python ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
