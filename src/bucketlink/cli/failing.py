"""How an error is written: a line for people or, where a program reads, a JSON object."""

import json
from collections.abc import Sequence

import click

from bucketlink.cli.asking import Interrupted
from bucketlink.errors import BucketlinkError
from bucketlink.text import safe

JSON_OPTION = "--json"


def asks_for_json(args: Sequence[str]) -> bool:
    """Whether a command line says --json, though it may be no right one."""
    options = args[: args.index("--")] if "--" in args else args
    return JSON_OPTION in options


def written(error: Exception, sentence: str, *, as_json: bool) -> str:
    """Write an error and what is to be done about it in one line."""
    if not as_json:
        return f"bucketlink: {safe(sentence)}"
    known = error.context if isinstance(error, BucketlinkError) else {}
    return json.dumps({"error": {"type": _type(error), "message": sentence, **known}})


def _type(error: Exception) -> str:
    match error:
        case BucketlinkError():
            return error.code
        case Interrupted() | click.Abort():
            return "INTERRUPTED"
        case click.UsageError():
            return "WRONG_USAGE"
        case click.ClickException():
            return "NOT_DONE"
        case OSError():
            return "SYSTEM"
    return BucketlinkError.code
