"""Lists of rows, which notebooks show as tables."""

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any, SupportsIndex, TypeVar, overload

from bucketlink.text import safe

R = TypeVar("R", bound=Mapping[str, Any])

MOST_ROWS = 100
MOST_COLUMNS = 30
MOST_CHARACTERS = 200
"""What a table shows at most; the list holds everything."""


class Rows(list[R]):
    """A list of dictionaries, and nothing but a list, save that notebooks show it as a table.

    Methods that list answer one; ``Rows(client.runs("con1"))`` makes one of rows that come one by one.
    """

    @overload
    def __getitem__(self, place: SupportsIndex, /) -> R: ...
    @overload
    def __getitem__(self, place: slice, /) -> "Rows[R]": ...
    def __getitem__(self, place: SupportsIndex | slice, /) -> "R | Rows[R]":
        found = super().__getitem__(place)
        return Rows(found) if isinstance(found, list) else found

    def _repr_html_(self) -> str:
        rows = self[:MOST_ROWS]
        names = list(dict.fromkeys(name for row in rows for name in row))
        columns = names[:MOST_COLUMNS]
        body = "".join(_line("td", (row.get(name) for name in columns)) for row in rows)
        # These classes keep notebooks from reading what stands between two $ as a formula.
        return (
            '<table class="tex2jax_ignore mathjax_ignore">'
            f"<thead>{_line('th', columns)}</thead><tbody>{body}</tbody></table>"
            f"<p>{_count(len(self), len(rows), 'row')}, {_count(len(names), len(columns), 'column')}</p>"
        )


def _count(there: int, shown: int, noun: str) -> str:
    counted = f"{there:,} {noun}{'' if there == 1 else 's'}"
    return counted if shown == there else f"{counted} ({shown:,} shown)"


def _line(tag: str, cells: Iterable[object]) -> str:
    return f"<tr>{''.join(f'<{tag}>{_cell(cell)}</{tag}>' for cell in cells)}</tr>"


def _cell(value: object) -> str:
    text = "" if value is None else value if isinstance(value, str) else str(value)
    return escape(safe(text[:MOST_CHARACTERS])) + ("…" if len(text) > MOST_CHARACTERS else "")
