"""The root command, and what becomes of errors: one line and an exit status."""

import difflib
import importlib
import io
import logging
import os
import sys
import traceback
from collections.abc import Sequence

import click

from bucketlink.cli.asking import Interrupted
from bucketlink.cli.common import State, common
from bucketlink.cli.failing import asks_for_json, written
from bucketlink.cli.names import at, in_options
from bucketlink.errors import BucketlinkError, GuardRefusal

DONE, FAILED, WRONG_USAGE, INTERRUPTED = 0, 1, 2, Interrupted.exit_code

_SECTIONS = {
    "To try it": {"demo": "demo"},
    "What there is": {
        "projects": "projects",
        "integrations": "integrations",
        "connections": "connections",
        "assets": "assets",
    },
    "Keeping in step": {
        "diff": "sync",
        "sync": "sync",
        "runs": "history",
        "cancel": "history",
        "undo": "history",
    },
    "Running a server": {
        "serve": "serve",
        "worker": "worker",
        "keys": "keys",
        "doctor": "doctor",
    },
    "In the shell": {"completion": "completion"},
}
"""Commands in the order of help, and the module of each, which is loaded when the command is used."""
_COMMANDS = {name: module for section in _SECTIONS.values() for name, module in section.items()}

FIRST_STEPS = """\
  bucketlink demo                            see it work, on sample pictures

  bucketlink projects create "Streets"       make a project: prints prj1
  bucketlink integrations add --bucket streets --access-key AKIA…
                                             register a bucket: prints int1
  bucketlink connections add --project prj1 --integration int1
                                             use it there: prints con1
  bucketlink diff con1                       see what would be done
  bucketlink sync con1                       do it\
"""


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

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is named; for a name that is none, the nearest one is told."""
        name = args[0]
        near = difflib.get_close_matches(name, _COMMANDS, 1)
        if name not in _COMMANDS and near and not name.startswith("-"):
            ctx.fail(f"There is no command {name!r}; did you mean {near[0]}?")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands, sorted by what they are for."""
        width = max(map(len, _COMMANDS))
        for title, names in _SECTIONS.items():
            rows = []
            for name in names:
                command = self.get_command(ctx, name)
                if command is not None:
                    rows.append((name.ljust(width), command.get_short_help_str(formatter.width - width - 6)))
            with formatter.section(title):
                formatter.write_dl(rows)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands before the options, which all of them share."""
        self.format_commands(ctx, formatter)
        click.Command.format_options(self, ctx, formatter)

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
    epilog="\b\nExamples:\n" + FIRST_STEPS.replace("\n\n", "\n"),
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
        state.as_json = state.as_json or asks_for_json(sys.argv[1:] if args is None else args)
        return _report(error, state)
    return status if isinstance(status, int) else DONE


def _report(error: Exception, state: State) -> int:
    """Write one line about an error, as JSON where that is asked for, and answer the exit status."""
    status = FAILED
    match error:
        case click.exceptions.NoArgsIsHelpError():
            click.echo(_what_to_do(error.ctx), err=True)
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
            sentence = in_options(str(error))
        case OSError():
            sentence = f"{error.filename or 'Cannot go on'}: {error.strerror or error}."
        case _:
            sentence = f"This should not have happened: {type(error).__name__}: {error}. --verbose shows where."
    if isinstance(error, GuardRefusal):
        sentence = at(state.place, sentence)
    if state.verbose:
        traceback.print_exception(error)
    click.echo(written(error, sentence, as_json=state.as_json), err=True)
    return status


def _what_to_do(context: click.Context) -> str:
    """What a command that needs another one behind it says where there is none."""
    if context.parent is not None:
        return context.get_help()
    return (
        f"{context.command.get_short_help_str(80)}\n\nWhat to do first:\n\n{FIRST_STEPS}\n\n"
        "bucketlink --help shows every command, and COMMAND --help how to use it."
    )


def _forget_output() -> None:
    """Whoever read our output has gone; nothing must be written to it when Python ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
