"""``bucketlink doctor``."""

import os
from typing import TYPE_CHECKING

import click

from bucketlink.cli.common import State, common, example, with_state
from bucketlink.cli.operating import database_option, given_settings
from bucketlink.cli.text import count
from bucketlink.text import safe

if TYPE_CHECKING:
    from bucketlink.doctor.findings import Finding

SOUND, UNSOUND = 0, 1
_COLOURS = {"ok": "green", "warning": "yellow", "wrong": "red", "skipped": "bright_black"}
_WIDTH = 20
"""Characters of what was looked at."""


@click.command(
    short_help="Say what is wrong, and how to mend it.",
    epilog=example(
        "bucketlink doctor",
        "bucketlink doctor --data-dir /var/lib/bucketlink",
        "bucketlink doctor --endpoint https://bucketlink.example.com",
    ),
)
@database_option
@common
@with_state
def doctor(state: State, database: str | None) -> int:
    """Look for what is wrong with a set-up, and say how to mend it.

    It looks at the data directory, or with --endpoint at a server; at both where the environment names a server and
    the directory is there. It changes nothing, and shows no secret. The exit status is 1 if anything is wrong.
    """
    from bucketlink.doctor.examination import examine  # noqa: PLC0415 - loads the whole application

    server = state.server
    given = given_settings(state, database)
    api_key = (state.server_key() or os.environ.get("BUCKETLINK_API_KEY")) if server else None
    found: list[Finding] = []
    for finding in examine(given, endpoint=server, api_key=api_key, alone=bool(state.endpoint)):
        found.append(finding)
        if not state.as_json:
            _write(finding)
    is_sound = all(finding.verdict != "wrong" for finding in found)
    state.emit({"ok": is_sound, "findings": [_document(finding) for finding in found]}, "", _summary(found))
    return SOUND if is_sound else UNSOUND


def _write(finding: "Finding") -> None:
    """Write one line on what was seen, and one on what to do about it."""
    colour = None if os.environ.get("NO_COLOR") else _COLOURS[finding.verdict]
    verdict = click.style(f"{finding.verdict:<9}", fg=colour, bold=finding.verdict == "wrong" and colour is not None)
    click.echo(f"{verdict}{finding.check:<{_WIDTH}} {safe(finding.text)}")
    if finding.mend:
        click.echo(" " * (10 + _WIDTH) + f"→ {safe(finding.mend)}")


def _document(finding: "Finding") -> dict[str, str | None]:
    return {
        "check": finding.check,
        "verdict": finding.verdict.value,
        "text": finding.text,
        "mend": finding.mend or None,
    }


def _summary(found: "list[Finding]") -> str:
    """Say how many of each verdict there are."""
    numbers = [(sum(one.verdict == verdict for one in found), verdict) for verdict in ("wrong", "warning")]
    said = [count(numbers[0][0], "thing") + " wrong", count(numbers[1][0], "warning")]
    return "Nothing is wrong." if not any(number for number, _ in numbers) else ", ".join(said) + "."
