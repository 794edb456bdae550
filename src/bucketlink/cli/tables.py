"""Tables as wide as the terminal, and as wide as they need where there is none."""

import os
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from bucketlink.text import safe

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult

SHORT = 20
"""Columns of the terminal that a cell takes which is never broken in two, and that others are given at least."""
UNBOUNDED = 100_000
"""Columns of what is no terminal: programs read a row in a line."""
BETWEEN = 2
"""Columns between two cells."""


def console(*, stderr: bool) -> "Console":
    """Open a console that takes text as it is: no markup, no emoji codes, no guessing what a number is.

    It styles nothing where ``NO_COLOR`` is set, and is as wide as ``COLUMNS`` says before anything else.
    """
    from rich.console import Console  # noqa: PLC0415 - slow to load

    stream = sys.stderr if stderr else sys.stdout
    return Console(
        file=stream,
        width=None if stream.isatty() or os.environ.get("COLUMNS", "").isdigit() else UNBOUNDED,
        color_system=None if os.environ.get("NO_COLOR") else "auto",
        markup=False,
        emoji=False,
        highlight=False,
    )


class Table:
    """Rows in columns, numbers to the right; where the terminal is too narrow, a line for each cell instead.

    Nothing is ever cut: long texts go on in the next line.
    """

    def __init__(self, columns: Sequence[str], rows: Iterable[Sequence[str | int]]) -> None:
        given = list(rows)
        self._columns = list(columns)
        self._body = [[f"{cell:,}" if isinstance(cell, int) else safe(cell) for cell in row] for row in given]
        self._numbers = [all(isinstance(row[index], int) for row in given) for index in range(len(columns))]

    def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> "RenderResult":
        """Give way to a narrow terminal, as rich asks for it."""
        widths = self._widths()
        # rich keeps a column free behind the last one.
        least = sum(min(width, SHORT) for width in widths) + BETWEEN * (len(widths) - 1) + 1
        yield self._beside(widths) if least <= options.max_width else self._below(options.max_width)

    def _widths(self) -> list[int]:
        from rich.cells import cell_len  # noqa: PLC0415

        return [
            max(cell_len(text) for text in (name, *(row[index] for row in self._body)))
            for index, name in enumerate(self._columns)
        ]

    def _beside(self, widths: Sequence[int]) -> "RenderableType":
        from rich import box  # noqa: PLC0415
        from rich.table import Table as Grid  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        laid = Grid(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
        for name, number, width in zip(self._columns, self._numbers, widths, strict=True):
            laid.add_column(
                name,
                justify="right" if number else "left",
                min_width=min(width, SHORT),
                no_wrap=width <= SHORT,
                overflow="fold",
            )
        for row in self._body:
            laid.add_row(*(Text(cell) for cell in row))
        return laid

    def _below(self, width: int) -> "RenderableType":
        """Each cell in a line of its own, behind its column's name; rows apart by an empty line."""
        from rich.console import Group  # noqa: PLC0415
        from rich.table import Table as Grid  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        names = min(max(len(name) for name in self._columns), width // 2)
        rows: list[RenderableType] = []
        for place, row in enumerate(self._body):
            laid = Grid.grid(padding=(0, BETWEEN, 0, 0))
            laid.add_column(style="bold", width=names, overflow="fold")
            laid.add_column(overflow="fold")
            for name, cell in zip(self._columns, row, strict=True):
                laid.add_row(Text(name), Text(cell))
            rows += [Text(), laid] if place else [laid]
        return Group(*rows)
