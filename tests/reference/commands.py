"""``docs/reference/command-line.md``: every command, from its help."""

import inspect
import re
from collections.abc import Iterator

import click

from bucketlink.cli.common import common
from bucketlink.cli.root import root
from tests.reference.markdown import Page, escaped, table

INTRODUCTION = """\
Written by `make reference` from the help texts of the commands; do not change it by hand.

Without a server, a command works on a data directory; with `--endpoint`, or `BUCKETLINK_API_ENDPOINT` in the
environment, it speaks to a server. Results go to standard output, everything else to standard error. For how to do
things, see the [guides](../guides/README.md); for variables of the environment, the [settings](settings.md)."""

STATUSES = (
    ("0", "done"),
    ("1", 'failed; one line on standard error says why; with `--json` it is `{"error": {"type": …, "message": …}}`'),
    ("2", "wrong usage: an argument or option is missing, unknown or makes no sense"),
    ("130", "interrupted by Ctrl-C"),
)
_NO_WRAP = "\b"


def _root_context() -> click.Context:
    return click.Context(root, info_name="bucketlink", **root.context_settings)


def all_commands() -> dict[str, tuple[click.Command, click.Context]]:
    """Every command that does something, by how it is called, in the order of help."""
    return dict(_below(root, _root_context()))


def _below(group: click.Group, context: click.Context) -> Iterator[tuple[str, tuple[click.Command, click.Context]]]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None or command.hidden:
            continue
        inner = click.Context(command, info_name=name, parent=context)
        yield inner.command_path, (command, inner)
        if isinstance(command, click.Group):
            yield from _below(command, inner)


def shared_options() -> list[click.Parameter]:
    """The options that all commands take."""
    bare = common(click.Command("bare", params=[]))
    return list(reversed(bare.params))


def command_line_page() -> str:
    """The whole page."""
    page = Page("Command line reference", INTRODUCTION)
    page.heading(2, "Exit status")
    page.add(table(("status", "means"), STATUSES))
    page.heading(2, "Options of every command")
    context = _root_context()
    shared = shared_options()
    help_option = root.get_help_option(context)
    page.add(_options([*shared, *([help_option] if help_option else [])], context))
    page.add(f"They may stand before or behind the command's name. {_own(root, context, shared)}")
    for path, (command, inner) in all_commands().items():
        page.heading(2 if path.count(" ") == 1 else 3, path)
        if not isinstance(command, click.Group):
            page.code("text", " ".join([path, *command.collect_usage_pieces(inner)]))
        page.add(*_paragraphs(command.help or ""))
        names = {one.name for one in shared}
        page.add(_options([one for one in command.params if one.name not in names], inner))
        page.add(*_examples(command.epilog or ""))
    return page.text()


def _own(command: click.Command, context: click.Context, shared: list[click.Parameter]) -> str:
    """What a command takes beside the shared options, in a sentence; it is the root's version."""
    names = {one.name for one in shared}
    records = [one.get_help_record(context) for one in command.params if one.name not in names]
    return " ".join(f"`bucketlink {record[0]}`: {record[1]}" for record in records if record)


def _options(parameters: list[click.Parameter], context: click.Context) -> str:
    rows = []
    for one in parameters:
        record = one.get_help_record(context)
        if record is not None and record[1]:
            name, text = record
            rows.append((f"`{name}`", escaped(_with_code(" ".join(text.split())))))
    return table(("option", "what it does"), rows) if rows else ""


def _paragraphs(text: str) -> Iterator[str]:
    r"""Paragraphs of a help text; one that begins with ``\b`` keeps its lines."""
    for part in re.split(r"\n\s*\n", inspect.cleandoc(text)):
        if part.startswith(_NO_WRAP):
            yield f"```text\n{part.removeprefix(_NO_WRAP).strip()}\n```"
        else:
            yield escaped(_with_code(" ".join(part.split())))


def _with_code(text: str) -> str:
    """Help texts are plain: options in them are set as code, unless they stand in code already."""
    return re.sub(r"(`[^`]*`)|(?<![\w-])(--[a-z][a-z-]*)", lambda found: found[1] or f"`{found[2]}`", text)


def _examples(epilog: str) -> Iterator[str]:
    """Examples as the lines of a shell; a line that goes on in the next one ends with a backslash."""
    lines = [line.strip() for line in inspect.cleandoc(epilog).splitlines()]
    shown = [line for line in lines if line and line not in {_NO_WRAP, "Example:", "Examples:"}]
    if shown:
        before = ["", *shown]
        yield (
            "```console\n"
            + "\n".join(
                f"    {line}" if last.endswith("\\") else f"$ {line}" for last, line in zip(before, shown, strict=False)
            )
            + "\n```"
        )
