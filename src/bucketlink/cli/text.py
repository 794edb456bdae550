"""Numbers and moments, written for people."""

from datetime import datetime


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
