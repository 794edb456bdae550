"""Docstrings in sections, as the project writes them (``Args:``, ``Returns:``, ``Raises:``, ``Example:``)."""

import inspect
import re
from dataclasses import dataclass, field
from textwrap import dedent

_HEAD = re.compile(r"^(Args|Attributes|Returns|Yields|Raises|Example|Examples):$")
_ITEM = re.compile(r"^(\*{0,2}\w+(?:, \w+)*): (.*)$")
_SKIP = re.compile(r" *# doctest: \+\w+")


@dataclass(slots=True)
class Docstring:
    """What a docstring says; texts keep the markup that they have there."""

    text: list[str]
    """Paragraphs."""
    arguments: dict[str, str] = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=dict)
    returns: str = ""
    raises: list[tuple[str, str]] = field(default_factory=list)
    """Names of errors, and when each is raised."""
    example: str = ""


def parse(text: str | None) -> Docstring:
    """Take a docstring apart; it may have none of the sections."""
    sections: dict[str, list[str]] = {"": []}
    name = ""
    for line in inspect.cleandoc(text or "").splitlines():
        head = _HEAD.match(line)
        name = head[1] if head else name
        if head:
            sections[name] = []
        elif name and line and not line.startswith(" "):
            name = ""
            sections[""] += ["", line]
        else:
            sections[name].append(line)
    bodies = {name: dedent("\n".join(lines)).strip("\n") for name, lines in sections.items()}
    return Docstring(
        text=_paragraphs(bodies[""]),
        arguments=dict(_items(bodies.get("Args", ""))),
        attributes=dict(_items(bodies.get("Attributes", ""))),
        returns=_line(bodies.get("Returns", "") or bodies.get("Yields", "")),
        raises=_items(bodies.get("Raises", "")),
        example=_SKIP.sub("", bodies.get("Example", "") or bodies.get("Examples", "")),
    )


def _paragraphs(text: str) -> list[str]:
    return [part.strip("\n") for part in re.split(r"\n\s*\n", text) if part.strip()]


def _line(text: str) -> str:
    return " ".join(text.split())


def _items(text: str) -> list[tuple[str, str]]:
    """Items of the form ``name: text``, whose further lines are indented."""
    found: list[tuple[str, str]] = []
    for line in text.splitlines():
        item = _ITEM.match(line)
        if item:
            found.append((item[1], item[2]))
        elif found and line.strip():
            name, before = found[-1]
            found[-1] = (name, f"{before} {line.strip()}")
    return found
