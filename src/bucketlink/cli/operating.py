"""What the operator's commands share: where the database is."""

from typing import Any

import click

from bucketlink.cli.common import F, State


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


def _check(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    from bucketlink.settings import database_of  # noqa: PLC0415 - slow to load

    if value is not None:
        try:
            database_of(value)
        except ValueError as error:
            raise click.BadParameter(str(error)) from None
    return value
