"""Tables as wide as the terminal: nothing is cut, whatever its width, and colours can be silenced."""

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from bucketlink.cli import common
from bucketlink.cli.tables import Table, console
from bucketlink.text import safe

COLUMNS = ("id", "integration", "assets", "last checked", "error")
ROWS = [
    ("con1", "int1 Street scenes of the whole city", 1_234_567, "2026-01-31 12:00:00", ""),
    (
        "con2",
        "int2 東京の街並みと空の写真のバケット",
        0,
        "",
        "There is no bucket called street-scenes; check its name.",
    ),
]


def written(width: int, columns: tuple[str, ...] = COLUMNS, rows: list[tuple[str | int, ...]] | None = None) -> str:
    board = Console(file=io.StringIO(), width=width, markup=False, emoji=False, highlight=False)
    board.print(Table(columns, ROWS if rows is None else rows))
    assert isinstance(board.file, io.StringIO)
    return board.file.getvalue()


@pytest.mark.parametrize("width", [*range(20, 130), 200, 100_000])
def test_nothing_is_cut_and_no_line_is_too_long(width: int) -> None:
    text = written(width)
    assert max(cell_len(line.rstrip()) for line in text.splitlines()) <= width
    assert "…" not in text
    for row in ROWS:
        for cell in row:
            shown = f"{cell:,}" if isinstance(cell, int) else cell
            assert sorted(set(shown) - set(text)) == []


def test_a_wide_terminal_shows_a_row_in_a_line_and_a_narrow_one_a_cell() -> None:
    line = next(line for line in written(200).splitlines() if "con1" in line)
    assert line.rstrip().endswith("2026-01-31 12:00:00")
    assert written(40).splitlines()[:4] == [
        "id            con1                      ",
        "integration   int1 Street scenes of the ",
        "              whole city                ",
        "assets        1,234,567                 ",
    ]


@given(
    st.integers(20, 120),
    st.lists(st.tuples(st.text(max_size=60), st.integers(0, 10**9), st.text(max_size=60)), max_size=5),
)
def test_every_character_is_shown_at_any_width(width: int, rows: list[tuple[str, int, str]]) -> None:
    text = written(width, ("key", "size", "why"), [*rows])
    kept = re.sub(r"\s", "", text)
    for key, size, why in rows:
        assert f"{size:,}" in kept
        for cell in (key, why):
            assert set(re.sub(r"\s", "", safe(cell))) <= set(kept)


def test_where_there_is_no_terminal_a_row_is_a_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    common.State().table(COLUMNS, ROWS)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0] for line in lines if line.startswith("con")] == ["con1", "con2"]
    assert lines[-1].rstrip().endswith(str(ROWS[1][4]))


@pytest.mark.parametrize(
    ("variables", "coloured"),
    [
        ({}, False),
        ({"FORCE_COLOR": "1"}, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": ""}, True),
        ({"FORCE_COLOR": "1", "TERM": "dumb"}, False),
    ],
)
def test_colours_are_silenced_as_usual(
    variables: dict[str, str],
    coloured: bool,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    console(stderr=False).print(Table(COLUMNS, ROWS))
    assert ("\x1b[" in capsys.readouterr().out) is coloured
