"""``bucketlink assets``."""

import json
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import click

from bucketlink.cli.asset_options import Filters, Names, choice, filtered
from bucketlink.cli.choice import Choice
from bucketlink.cli.common import Ordered, State, common, example, with_state
from bucketlink.cli.text import count, moment
from bucketlink.errors import InvalidInput
from bucketlink.text import in_shell, safe

if TYPE_CHECKING:
    from bucketlink.client.assets.exporting import ExportFormat
    from bucketlink.client.client import Client
    from bucketlink.client.types import Row

SHOWN = 100
"""Assets that a list shows unless it is asked for more."""
TOGETHER = 1000
"""Assets that one table holds; a longer list is several, so that memory does not grow with it."""
FIELDS = ("id", "externalId", "size", "contentType", "archived", "createdAt")
URL_FIELDS = ("signedUrl.url", "signedUrl.reason")


@click.group(cls=Ordered, epilog=example("bucketlink assets export prj1 --output assets.parquet"))
def assets() -> None:
    """List, count and export the assets of a project."""


@assets.command(
    "list",
    epilog=example(
        "bucketlink assets list prj1",
        "bucketlink assets list prj1 --key bears/ --created-since 2026-01-31",
        "bucketlink assets list prj1 --first 1000 --urls",
    ),
)
@click.argument("project")
@click.option("--first", type=click.IntRange(min=0), default=SHOWN, show_default=True, help="How many at most.")
@click.option("--skip", type=click.IntRange(min=0), default=0, help="How many to leave out.")
@click.option("--urls", is_flag=True, help="A line for each: id, key, and a URL to read it by for an hour.")
@filtered
@common
@with_state
def list_assets(state: State, project: str, first: int, skip: int, urls: bool, **filters: Unpack[Filters]) -> None:
    """List a project's assets, in the order in which they came.

    Dates are days or moments in UTC. With --urls, where an asset has no URL, the reason stands in its place.
    """
    chosen = choice(filters)
    with state.client() as client:
        _check_project(client, project)
        fields = (*FIELDS, *(URL_FIELDS if urls else ()))
        rows = client.assets(project, fields=fields, first=first, skip=skip, as_generator=True, **chosen)
        if state.as_json:
            _write_json(rows)
            return
        shown = _write_urls(rows) if urls else _write_tables(state, rows)
        left = client.count_assets(project, **chosen) - skip - shown
    if left > 0:
        state.hint(f"{left:,} more: --skip {skip + shown} goes on, --first shows more at once.")
    elif not shown:
        state.hint("There is no such asset.")


def _write_json(rows: "Iterable[Row]") -> None:
    """Write one document, without ever holding all rows."""
    separator = "["
    for row in rows:
        click.echo(f"{separator}\n  {json.dumps(row)}", nl=False)
        separator = ","
    click.echo("[]" if separator == "[" else "\n]")


def _write_urls(rows: "Iterable[Row]") -> int:
    number = 0
    for number, row in enumerate(rows, 1):  # noqa: B007 - told afterwards
        located = row["signedUrl"]
        click.echo(f"{row['id']}\t{in_shell(row['externalId'])}\t{located['url'] or safe(located['reason'])}")
    return number


def _write_tables(state: State, rows: "Iterator[Row]") -> int:
    shown = 0
    while some := list(islice(rows, TOGETHER)):
        state.table(("id", "key", "size", "type", "archived", "added"), [_cells(row) for row in some])
        shown += len(some)
    return shown


def _cells(row: "Row") -> tuple[str | int, ...]:
    size = "" if row["size"] is None else row["size"]
    told = (size, row["contentType"] or "", row["archived"] or "", moment(row["createdAt"]))
    return (row["id"], in_shell(row["externalId"]), *told)


@assets.command(
    "count", epilog=example("bucketlink assets count prj1", "bucketlink assets count prj1 --key bears/ --key wolves/")
)
@click.argument("project")
@filtered
@common
@with_state
def count_assets(state: State, project: str, **filters: Unpack[Filters]) -> None:
    """Count a project's assets, or those of them that are meant."""
    with state.client() as client:
        _check_project(client, project)
        number = client.count_assets(project, **choice(filters))
    state.emit({"count": number}, str(number))


@assets.command(
    "export",
    epilog=example(
        "bucketlink assets export prj1 > assets.csv",
        "bucketlink assets export prj1 --output assets.parquet",
        "bucketlink assets export prj1 --key bears/ --fields id,externalId | wc -l",
    ),
)
@click.argument("project")
@click.option(
    "--format",
    "format_",
    type=Choice(["csv", "jsonl", "parquet"]),
    help="By the file's name if not given; CSV on standard output.",
)
@click.option("--output", type=click.Path(path_type=Path), help="A file; standard output if not given.")
@click.option("--fields", type=Names(), metavar="NAMES", help="What to write of each: names with commas between.")
@click.option("--urls", is_flag=True, help="Also a URL by which each can be read for an hour.")
@filtered
@common
@with_state
def export_assets(
    state: State,
    project: str,
    format_: "ExportFormat | None",
    output: Path | None,
    fields: list[str] | None,
    urls: bool,
    **filters: Unpack[Filters],
) -> None:
    """Write a project's assets to a file, as CSV, JSON Lines or Parquet.

    They come in the order in which they were added. A file appears whole or not at all, and memory does not
    grow with it. Its name tells the format: .csv, .jsonl, .ndjson or .parquet, which needs pyarrow. Fields are
    those of the schema's Asset: id, externalId (the key), size, etag, contentType, archived, createdAt,
    updatedAt if not given, and projectId, dataIntegrationId, dataConnectionId and others.
    """
    from bucketlink.client.assets.exporting import EXPORT_FIELDS  # noqa: PLC0415 - --help needs none

    chosen = format_ or _format(output)
    to_terminal = output is None and sys.stdout.isatty()
    if chosen == "parquet" and to_terminal:
        raise click.UsageError("Parquet is nothing for a terminal: give --output, or lead standard output elsewhere.")
    names = [*(fields or EXPORT_FIELDS), *(("content",) if urls else ())]
    with state.client() as client:
        _check_project(client, project)
        number = client.export_assets(
            project,
            sys.stdout.buffer if output is None else output,
            chosen,
            fields=names,
            progress=False if to_terminal or state.as_json else None,
            **choice(filters),
        )
    if output is None:
        sys.stdout.buffer.flush()
    elif state.as_json:
        state.emit({"count": number, "output": str(output)})
    state.hint(f"Exported {count(number, 'asset')}{f' to {safe(str(output))}' if output else ''}.")


def _format(output: Path | None) -> "ExportFormat":
    from bucketlink.client.assets.exporting import format_of  # noqa: PLC0415

    # A pipe or a device is named for other things.
    if output is None or (output.exists() and not output.is_file() and not output.is_dir()):
        return "csv"
    try:
        return format_of(output)
    except InvalidInput as error:
        raise click.UsageError(safe(str(error))) from None


def _check_project(client: "Client", project: str) -> None:
    """Raise NotFound for a project that is not there, before anything is written."""
    client.wire.check_project(project)
