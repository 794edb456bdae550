"""Text for people: nothing that a bucket's owner wrote can steer their terminal."""

import unicodedata
from datetime import datetime

_STEERING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Marks that turn the direction of the text around them."""


def safe(text: str) -> str:
    """Write out, as escapes, the characters that move a cursor, end a line or turn the direction of text.

    What remains is one line. Letters, emoji and spaces are as they were.
    """
    return "".join(_escaped(character) if _steers(character) else character for character in text)


def _steers(character: str) -> bool:
    return character in _STEERING or unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


def count(number: int, noun: str) -> str:
    """Write a number and what it counts: ``1 asset``, ``12,000 assets``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def seconds_between(start: str | None, end: str | None) -> str:
    """Write how long something took, from two dates of the wire; empty if one is missing."""
    if not start or not end:
        return ""
    took = datetime.fromisoformat(end) - datetime.fromisoformat(start)
    return f"{took.total_seconds():,.1f} s"


def moment(date: str | None) -> str:
    """Write a date of the wire in the local time zone, to the second; empty if there is none."""
    return datetime.fromisoformat(date).astimezone().strftime("%Y-%m-%d %H:%M:%S") if date else ""
