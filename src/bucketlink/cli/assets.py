"""``bucketlink assets``."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from bucketlink.cli.common import State, common, example, with_state
from bucketlink.cli.text import moment, safe
from bucketlink.errors import InvalidInput

if TYPE_CHECKING:
    from bucketlink.client.client import Client
    from bucketlink.client.exporting import ExportFormat
    from bucketlink.client.types import Row

SHOWN = 100
"""Assets that a list shows unless it is asked for more."""
URL, REASON = "signedUrl.url", "signedUrl.reason"


@click.group()
def assets() -> None:
    """List, count and export the assets of a project."""


@assets.command(
    "list", epilog=example("bucketlink assets list prj1", "bucketlink assets list prj1 --first 1000 --urls")
)
@click.argument("project")
@click.option("--first", type=click.IntRange(min=0), default=SHOWN, show_default=True, help="How many at most.")
@click.option("--skip", type=click.IntRange(min=0), default=0, help="How many to leave out.")
@click.option(
    "--urls", is_flag=True, help="A line for each: id, key, and a URL to read it by for an hour, or why there is none."
)
@common
@with_state
def list_assets(state: State, project: str, first: int, skip: int, urls: bool) -> None:
    """List a project's assets, in the order in which they came."""
    fields = ("id", "externalId", "size", "contentType", "archived", "createdAt", *((URL, REASON) if urls else ()))
    with state.client() as client:
        _check_project(client, project)
        rows = client.assets(project, fields=fields, first=first, skip=skip, disable_tqdm=True)
        there = client.count_assets(project)
    if state.as_json:
        state.emit(rows)
        return
    if urls:
        for row in rows:
            located = row["signedUrl"]
            click.echo(f"{row['id']}\t{safe(row['externalId'])}\t{located['url'] or safe(located['reason'])}")
    else:
        state.table(("id", "key", "size", "type", "archived", "added"), [_cells(row) for row in rows])
    left = there - skip - len(rows)
    if left > 0:
        state.hint(f"{left:,} more: --skip {skip + len(rows)} goes on, --first shows more at once.")


def _cells(row: "Row") -> tuple[str | int, ...]:
    size = "" if row["size"] is None else row["size"]
    told = (size, row["contentType"] or "", row["archived"] or "", moment(row["createdAt"]))
    return (row["id"], row["externalId"], *told)


@assets.command("count", epilog=example("bucketlink assets count prj1"))
@click.argument("project")
@common
@with_state
def count_assets(state: State, project: str) -> None:
    """Count a project's assets."""
    with state.client() as client:
        _check_project(client, project)
        number = client.count_assets(project)
    state.emit({"count": number}, str(number))


@assets.command(
    "export",
    epilog=example("bucketlink assets export prj1 > assets.csv", "bucketlink assets export prj1 --output assets.jsonl"),
)
@click.argument("project")
@click.option("--format", "format_", type=click.Choice(["csv", "jsonl"]), help="By the file's name if not given; csv.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="A file; standard output if not given.")
@click.option("--urls", is_flag=True, help="Also a URL by which each can be read for an hour.")
@common
@with_state
def export_assets(state: State, project: str, format_: "ExportFormat | None", output: Path | None, urls: bool) -> None:
    """Write all assets of a project, one a line, as UTF-8. A file appears whole or not at all."""
    from bucketlink.client.exporting import EXPORT_FIELDS, export  # noqa: PLC0415 - --help needs none

    fields = (*EXPORT_FIELDS, *(("content",) if urls else ()))
    chosen: ExportFormat = format_ or ("jsonl" if output is not None and output.suffix.lower() == ".jsonl" else "csv")
    with state.client() as client:
        _check_project(client, project)
        with _opened(output) as file:
            count = export(client.assets(project, fields=fields, as_generator=True), fields, file, chosen)
    state.hint(f"Exported {count:,} asset(s){f' to {safe(str(output))}' if output else ''}.")


def _check_project(client: "Client", project: str) -> None:
    """Raise InvalidInput for a project that is not there: asked for its assets, a server answers none."""
    if not client.count_projects(project):
        raise InvalidInput(f"There is no project {safe(project)}: bucketlink projects list shows all of them.")


@contextmanager
def _opened(output: Path | None) -> Iterator[IO[bytes]]:
    """Where to write; a file takes its name when all is written."""
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    if not output.parent.is_dir():
        raise InvalidInput(f"There is no directory {safe(str(output.parent))}: make it first.")
    if output.exists() and not output.is_file():
        with output.open("wb") as special:
            yield special
        return
    with tempfile.NamedTemporaryFile(dir=output.parent, prefix=f".{output.name}.", delete=False) as file:
        try:
            yield file
            file.flush()
            os.fsync(file.fileno())
            umask = os.umask(0)
            os.umask(umask)
            Path(file.name).chmod(0o666 & ~umask)
            Path(file.name).replace(output)
        except BaseException:
            with suppress(FileNotFoundError):
                Path(file.name).unlink()
            raise
