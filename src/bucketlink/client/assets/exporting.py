"""Writing a project's assets to a file, page by page, in constant memory."""

import csv
import io
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

import orjson

from bucketlink.client.assets.kinds import as_text
from bucketlink.client.assets.pages import Columns, length
from bucketlink.errors import InvalidInput

ExportFormat: TypeAlias = Literal["csv", "jsonl", "parquet"]
EXPORT_FIELDS = ("id", "externalId", "size", "etag", "contentType", "archived", "createdAt", "updatedAt")
"""What is written of each asset; ``externalId`` is its object's key, exactly."""
FORMATS: dict[str, ExportFormat] = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}
"""The format that a file's ending means."""


if TYPE_CHECKING:

    class Writable(Protocol):
        """A file, open for writing bytes."""

        def write(self, data: bytes, /) -> object:
            """Write some bytes."""
            ...

else:
    # What is a file is not told by its class: those of the standard library hand on to others.
    Writable = Any


def format_of(path: str | os.PathLike[str]) -> ExportFormat:
    """Tell the format by a file's ending, in letters of either case.

    Raises:
        InvalidInput: it is none of those that are known.

    """
    ending = Path(path).suffix.lower()
    if ending not in FORMATS:
        raise InvalidInput(
            f"The name {Path(path).name!r} tells no format: let it end in .csv, .jsonl, .ndjson or .parquet, "
            "or give the format (csv, jsonl, parquet)."
        )
    return FORMATS[ending]


def write(pages: Iterable[Columns], names: list[str], file: Writable, format_: ExportFormat) -> int:
    """Write pages, which hold columns of these names, in a format; answers how many assets that were.

    CSV is as RFC 4180 has it, with a head line; what is not known is empty there. JSON Lines holds an object a line.
    Both are UTF-8. In CSV and Parquet, lists and objects are JSON text.

    Raises:
        InvalidInput: Parquet, where pyarrow is not installed.

    """
    if format_ == "parquet":
        from bucketlink.client.assets.parquet import write_parquet  # noqa: PLC0415 - what it needs is an extra

        return write_parquet(pages, names, file)
    if format_ == "csv":
        file.write(_csv([names]))
    count = 0
    for page in pages:
        file.write(_csv(zip(*map(_cells, page.values()), strict=True)) if format_ == "csv" else _json(page))
        count += length(page)
    return count


@contextmanager
def opened(path: str | os.PathLike[str]) -> Iterator[Writable]:
    """Open a file that takes its name when the block has ended well; if it has not, there is none.

    What is no file, a pipe or a device, is written as it is.

    Raises:
        InvalidInput: there is no such directory, or it is one.
        OSError: it cannot be written; its ``filename`` is the path.

    """
    given, output = Path(path), Path(os.path.realpath(path))
    try:
        # As it was given: a pipe's name, such as /dev/stdout, leads to one that nobody can open.
        if given.exists() and not given.is_file() and not given.is_dir():
            with given.open("wb") as special:
                yield special
            return
        if not output.parent.is_dir():
            raise InvalidInput(f"There is no directory {str(output.parent)!r}: make it first.")
        if output.is_dir():
            raise InvalidInput(f"{str(output)!r} is a directory: give the name of a file.")
        with _named_at_the_end(output) as file:
            yield file
    except OSError as error:
        error.filename = str(path)
        raise


@contextmanager
def _named_at_the_end(output: Path) -> Iterator[Writable]:
    unfinished = output.with_name(f".bucketlink-{secrets.token_hex(8)}")
    try:
        with unfinished.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(output)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def _csv(lines: Iterable[Iterable[Any]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(lines)
    return text.getvalue().encode()


def _cells(values: list[Any]) -> list[Any]:
    """Values as CSV shows them; what is neither text nor number as JSON."""
    plain = (str, int, float, type(None))
    return [one if isinstance(one, plain) and not isinstance(one, bool) else as_text(one) for one in values]


def _json(page: Columns) -> bytes:
    names = list(page)
    lines = (orjson.dumps(dict(zip(names, row, strict=True))) for row in zip(*page.values(), strict=True))
    return b"".join(line + b"\n" for line in lines)
