"""Errors of the command line as a line for people, and as JSON for programs."""

import json

import click
import pytest

from bucketlink.cli import main
from bucketlink.cli.asking import Interrupted
from bucketlink.cli.failing import asks_for_json, written
from bucketlink.errors import BucketRefused, GuardRefusal


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (BucketRefused("no"), "BUCKET_REFUSED"),
        (click.UsageError("no"), "WRONG_USAGE"),
        (click.BadParameter("no"), "WRONG_USAGE"),
        (click.ClickException("no"), "NOT_DONE"),
        (Interrupted("no"), "INTERRUPTED"),
        (click.Abort(), "INTERRUPTED"),
        (PermissionError("no"), "SYSTEM"),
        (KeyError("no"), "INTERNAL"),
    ],
)
def test_a_program_is_told_the_kind_of_an_error_by_a_word(error: Exception, kind: str) -> None:
    assert json.loads(written(error, "no\n", as_json=True)) == {"error": {"type": kind, "message": "no\n"}}
    assert written(error, "no\n", as_json=False) == "bucketlink: no\\n"


def test_a_program_is_told_the_numbers_of_an_error() -> None:
    told = json.loads(written(GuardRefusal("no", removed=7, owned=9), "no", as_json=True))
    assert told["error"] == {"type": "GUARD_REFUSED", "message": "no", "removed": 7, "owned": 9}


@pytest.mark.parametrize(
    ("line", "asks"), [("sync con1 --json", True), ("--json nosuch", True), ("sync -- --json", False), ("sync", False)]
)
def test_a_wrong_command_line_too_may_ask_for_json(
    line: str, *, asks: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    assert asks_for_json(line.split()) is asks
    assert main([*line.split(), "too", "many"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith('{"error": ' if asks else "bucketlink: ")
    assert captured.err.count("\n") == 1
