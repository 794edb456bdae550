"""Text for people: what others wrote, so that nothing in it steers what shows it, and sizes."""

import unicodedata

_STEERING = frozenset({"Cc", "Cs", "Zl", "Zp"})
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Marks that turn the direction of the text around them."""


def safe(text: str) -> str:
    """Write out, as escapes, the characters that move a cursor, end a line or turn the direction of text.

    What remains is one line. Letters, emoji and spaces are as they were.
    """
    return "".join(map(_safe, text))


def size(number: float) -> str:
    """Write a number of bytes to be read at a glance: ``12 GB``."""
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.0f} {unit}" if unit == "B" or number >= 10 else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:,.1f} TB"


def _safe(character: str) -> str:
    if character in _TURNING or unicodedata.category(character) in _STEERING:
        return character.encode("unicode_escape", "surrogatepass").decode("ascii")
    return character
