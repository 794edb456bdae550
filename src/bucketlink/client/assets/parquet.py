"""Assets as Parquet, by pyarrow, which is an extra."""

import io
from collections.abc import Iterable, Iterator
from importlib import import_module
from types import ModuleType
from typing import Any, TypeAlias

from bucketlink.client.assets.exporting import Writable
from bucketlink.client.assets.kinds import as_text, kind_of
from bucketlink.client.assets.pages import Columns
from bucketlink.errors import InvalidInput

ROWS, BYTES = 100_000, 32 * 1024 * 1024
"""What a row group holds at most, or little more: so much waits in memory until it is written."""
Arrow: TypeAlias = Any
"""Something of pyarrow, which has no types."""


def arrow() -> ModuleType:
    """Load pyarrow.

    Raises:
        InvalidInput: it is not installed.

    """
    try:
        return import_module("pyarrow")
    except ImportError:
        raise InvalidInput(
            'Parquet needs pyarrow, which is not installed here: pip install "bucketlink[parquet]".'
        ) from None


def write_parquet(pages: Iterable[Columns], names: list[str], file: Writable) -> int:
    """Write pages as one file, a row group after the other, compressed by zstd; answers how many assets that were.

    Ids and texts are strings, sizes are int64, moments are timestamps in microseconds, UTC.
    """
    pyarrow = arrow()
    schema = pyarrow.schema([(name, _type(pyarrow, name)) for name in names])
    sink = _Sink(file)
    writer = import_module("pyarrow.parquet").ParquetWriter(sink, schema, compression="zstd")
    count = 0
    try:
        for group in _groups(pyarrow, schema, pages):
            writer.write_table(group, row_group_size=group.num_rows)
            count += group.num_rows
        writer.close()
    except BaseException:
        # Pyarrow ends a file whatever happens, and what is cut short must not look like a whole one.
        sink.is_given_up = True
        raise
    return count


def _groups(pyarrow: ModuleType, schema: Arrow, pages: Iterable[Columns]) -> Iterator[Arrow]:
    waiting: list[Arrow] = []
    rows = size = 0
    for page in pages:
        batch = pyarrow.record_batch([_array(pyarrow, field, page[field.name]) for field in schema], schema=schema)
        waiting.append(batch)
        rows, size = rows + batch.num_rows, size + batch.nbytes
        if rows >= ROWS or size >= BYTES:
            yield pyarrow.Table.from_batches(waiting)
            waiting, rows, size = [], 0, 0
    if waiting:
        yield pyarrow.Table.from_batches(waiting)


def _type(pyarrow: ModuleType, name: str) -> Arrow:
    match kind_of(name):
        case "whole":
            return pyarrow.int64()
        case "number":
            return pyarrow.float64()
        case "flag":
            return pyarrow.bool_()
        case "moment":
            return pyarrow.timestamp("us", tz="UTC")
        case _:
            return pyarrow.string()


def _array(pyarrow: ModuleType, field: Arrow, values: list[Any]) -> Arrow:
    match kind_of(field.name):
        case "moment":
            return pyarrow.array(values, pyarrow.string()).cast(field.type)
        case "any":
            return pyarrow.array([as_text(value) for value in values], field.type)
        case _:
            return pyarrow.array(values, field.type)


class _Sink(io.RawIOBase):
    """Hands bytes on and counts them, since pyarrow asks where it is, which a pipe does not know."""

    def __init__(self, file: Writable) -> None:
        super().__init__()
        self.is_given_up = False
        self._file = file
        self._written = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Arrow) -> int:
        if not self.is_given_up:
            self._file.write(data)
        self._written += len(data)
        return len(data)

    def tell(self) -> int:
        return self._written
