"""Lists of rows, which notebooks show as tables."""

import unicodedata
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any, TypeVar

R = TypeVar("R", bound=Mapping[str, Any])

MOST_ROWS = 100
MOST_COLUMNS = 30
MOST_CHARACTERS = 200
"""What a table shows at most; the list holds everything."""
_INVISIBLE = frozenset({"Cc", "Cs", "Zl", "Zp"})
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Marks that turn the direction of the text around them."""


class Rows(list[R]):
    """A list of dictionaries, and nothing but a list, save that notebooks show it as a table.

    Methods that list answer one; ``Rows(client.runs("con1"))`` makes one of rows that come one by one.
    """

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
    return escape(visible(text[:MOST_CHARACTERS])) + ("…" if len(text) > MOST_CHARACTERS else "")


def visible(text: str) -> str:
    """Write out, as escapes, what cannot be seen in a text and what turns the direction of the text around it."""
    return "".join(map(_visible, text))


def _visible(character: str) -> str:
    if character in _TURNING or unicodedata.category(character) in _INVISIBLE:
        return character.encode("unicode_escape", "surrogatepass").decode("ascii")
    return character
