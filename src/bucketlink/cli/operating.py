"""What the operator's commands share: where the database is, and other commands that work beside them."""

import shlex
from typing import TYPE_CHECKING, Any

import click

from bucketlink.cli.common import F, State

if TYPE_CHECKING:
    from bucketlink.settings import Settings


def database_option(command: F) -> F:
    """Give a command ``--database``, which it takes as ``database``."""
    return click.option(
        "--database",
        metavar="URL",
        callback=_check,
        help="The database's file, as sqlite:////path/to.db; else it is in the data directory.  "
        "[env: BUCKETLINK_DATABASE_URL]",
    )(command)


def given_settings(state: State, database: str | None) -> dict[str, Any]:
    """What the command line says instead of the environment, as `bucketlink.settings.read_settings` takes it."""
    given: dict[str, Any] = {} if state.data_dir is None else {"data_dir": state.data_dir}
    return given if database is None else {**given, "database_url": database}


def beside(settings: "Settings", words: str) -> str:
    """Write a command that works on the same data directory and database from another terminal."""
    from bucketlink.settings import default_data_dir  # noqa: PLC0415 - slow to load

    database = f"BUCKETLINK_DATABASE_URL={shlex.quote(settings.database_url)} " if settings.database_url else ""
    is_usual = settings.data_dir == default_data_dir()
    return f"{database}bucketlink {words}" + ("" if is_usual else f" --data-dir {shlex.quote(str(settings.data_dir))}")


def _check(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    from bucketlink.settings import database_of  # noqa: PLC0415 - slow to load

    if value is not None:
        try:
            database_of(value)
        except ValueError as error:
            raise click.BadParameter(str(error)) from None
    return value
