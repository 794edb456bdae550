"""Assets as a data frame of pandas or Polars, whichever is there."""

from collections.abc import Callable, Iterable
from importlib import import_module
from types import ModuleType
from typing import Any, Literal, TypeAlias

from bucketlink.client.assets.kinds import kind_of
from bucketlink.client.assets.pages import Columns
from bucketlink.errors import InvalidInput

FrameFormat: TypeAlias = Literal["pandas", "polars"]
Frame: TypeAlias = Any
"""A DataFrame, of a library that need not be there."""
Column: TypeAlias = Any
"""A Series of it."""


def framer(format_: str, names: list[str]) -> Callable[[Iterable[Columns]], Frame]:
    """What makes a frame of pages of columns; it has all of these columns, each with its type, without any row too.

    Raises:
        InvalidInput: there is no such format, or its library is not installed.

    """
    if format_ not in _MAKERS:
        raise InvalidInput("format is None for dictionaries, 'pandas' or 'polars' for a DataFrame.")
    try:
        library = import_module(format_)
    except ImportError:
        raise InvalidInput(
            f"format={format_!r} needs {format_}, which is not installed here: pip install {format_}."
        ) from None
    make = _MAKERS[format_]

    def made(pages: Iterable[Columns]) -> Frame:
        columns: Columns = {name: [] for name in names}
        for page in pages:
            for name in names:
                columns[name] += page[name]
        return library.DataFrame({name: make(library, name, values) for name, values in columns.items()})

    return made


def _of_pandas(pandas: ModuleType, name: str, values: list[Any]) -> Column:
    match kind_of(name):
        case "text":
            return pandas.Series(values, dtype="string")
        case "whole":
            return pandas.Series(values, dtype="Int64")
        case "number":
            return pandas.Series(values, dtype="Float64")
        case "flag":
            return pandas.Series(values, dtype="boolean")
        case "moment":
            moments = pandas.to_datetime(pandas.Series(values, dtype="object"), utc=True, format="ISO8601")
            return moments.astype("datetime64[us, UTC]")
        case _:
            return pandas.Series(values, dtype="object")


def _of_polars(polars: ModuleType, name: str, values: list[Any]) -> Column:
    match kind_of(name):
        case "text":
            return polars.Series(values, dtype=polars.String)
        case "whole":
            return polars.Series(values, dtype=polars.Int64)
        case "number":
            return polars.Series(values, dtype=polars.Float64)
        case "flag":
            return polars.Series(values, dtype=polars.Boolean)
        case "moment":
            texts = polars.Series(values, dtype=polars.String)
            return texts.str.to_datetime("%Y-%m-%dT%H:%M:%S%.fZ", time_unit="us").dt.replace_time_zone("UTC")
        case _:
            return polars.Series(values, dtype=polars.Object)


_MAKERS: dict[str, Callable[[ModuleType, str, list[Any]], Column]] = {"pandas": _of_pandas, "polars": _of_polars}
