"""Writing a project's assets down, row by row, in constant memory."""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import IO, Literal

from bucketlink.client.types import Row

ExportFormat = Literal["csv", "jsonl"]
EXPORT_FIELDS = ("id", "externalId", "size", "etag", "contentType", "archived", "createdAt", "updatedAt")
"""What is written of each asset; ``externalId`` is its object's key, exactly."""


def export(rows: Iterable[Row], fields: Iterable[str], file: IO[bytes], format_: ExportFormat) -> int:
    """Write rows, as UTF-8; answers how many.

    CSV is as RFC 4180 has it, with a head line; what is not known is empty there. JSON Lines holds an object a line.
    """
    count = 0
    for line in _csv(rows, list(fields)) if format_ == "csv" else _json(rows, list(fields)):
        file.write(line.encode())
        count += 1
    return count - (format_ == "csv")


def _csv(rows: Iterable[Row], fields: list[str]) -> Iterator[str]:
    line = io.StringIO(newline="")
    writer = csv.writer(line)
    for values in chain([fields], ([row[name] for name in fields] for row in rows)):
        line.seek(0)
        line.truncate()
        writer.writerow(values)
        yield line.getvalue()


def _json(rows: Iterable[Row], fields: list[str]) -> Iterator[str]:
    for row in rows:
        yield json.dumps({name: row[name] for name in fields}, ensure_ascii=False) + "\n"
