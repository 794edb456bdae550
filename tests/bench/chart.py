"""A chart of bars as SVG, on a scale of powers of ten: what is compared differs by hundreds."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from xml.sax.saxutils import escape

WIDTH = 860
LABELS = 250
NUMBERS = 90
BAR, GAP, TITLE, SCALE = 18, 6, 46, 24
OURS_COLOUR, COLOUR, GRID, TEXT, PAPER = "#d9622b", "#8296a9", "#dde3e8", "#1f2933", "#ffffff"
TICK = f"text-anchor='middle' font-size='11' fill='{COLOUR}'"


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar; ``shown`` is its number in words, and ours stand out."""

    label: str
    value: float
    shown: str
    is_ours: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """Bars below a title, on a scale of their own."""

    title: str
    bars: Sequence[Bar]


def svg(panels: Sequence[Panel]) -> str:
    """The chart; panels without bars are left out."""
    parts: list[str] = []
    top = 0
    for panel in panels:
        if panel.bars:
            parts += _panel(panel, top)
            top += TITLE + len(panel.bars) * (BAR + GAP) + SCALE
    style = "font-family='Helvetica, Arial, DejaVu Sans, sans-serif' font-size='13'"
    start = (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {top}' width='{WIDTH}' height='{top}' {style}>"
    )
    return "\n".join([start, f"<rect width='{WIDTH}' height='{top}' fill='{PAPER}'/>", *parts, "</svg>", ""])


def _panel(panel: Panel, top: int) -> list[str]:
    lowest = floor(log10(min(bar.value for bar in panel.bars)) - 0.1)
    highest = max(lowest + 1, ceil(log10(max(bar.value for bar in panel.bars))))
    scale = (WIDTH - LABELS - NUMBERS) / (highest - lowest)
    first, last = top + TITLE - GAP, top + TITLE + len(panel.bars) * (BAR + GAP)
    parts = [
        f"<text x='12' y='{top + 28}' font-weight='bold' font-size='15' fill='{TEXT}'>{escape(panel.title)}</text>"
    ]
    for power in range(lowest, highest + 1):
        x = LABELS + (power - lowest) * scale
        parts += [
            f"<line x1='{x:.1f}' y1='{first}' x2='{x:.1f}' y2='{last}' stroke='{GRID}'/>",
            f"<text x='{x:.1f}' y='{last + 12}' {TICK}>{10.0**power:,g}</text>",
        ]
    for number, bar in enumerate(panel.bars):
        y = top + TITLE + number * (BAR + GAP)
        length = (log10(bar.value) - lowest) * scale
        colour, weight = (OURS_COLOUR, "font-weight='bold'") if bar.is_ours else (COLOUR, "")
        parts += [
            f"<text x='{LABELS - 8}' y='{y + 13}' text-anchor='end' {weight} fill='{TEXT}'>{escape(bar.label)}</text>",
            f"<rect x='{LABELS}' y='{y}' width='{length:.1f}' height='{BAR}' fill='{colour}'/>",
            f"<text x='{LABELS + length + 6:.1f}' y='{y + 13}' fill='{TEXT}'>{escape(bar.shown)}</text>",
        ]
    return parts
