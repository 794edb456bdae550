"""Markdown: anchors, tables, pages with a table of contents, and the markup of docstrings."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

_CODE = re.compile(r"``(.+?)``|`([^`]+)`", re.DOTALL)
_CODE_OR_TEXT = re.compile(r"(`+)(.+?)\1", re.DOTALL)
_STEERING = re.compile(r"([*<])")


def anchor(title: str) -> str:
    """What leads to a heading: its letters, digits, ``_`` and ``-``, in small, with ``-`` for each space."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def escaped(text: str) -> str:
    """Text in which nothing outside of code is markup."""
    parts, last = [], 0
    for code in _CODE_OR_TEXT.finditer(text):
        parts += [_STEERING.sub(r"\\\1", text[last : code.start()]), code[0]]
        last = code.end()
    return "".join([*parts, _STEERING.sub(r"\\\1", text[last:])])


def prose(text: str, links: Mapping[str, str]) -> str:
    """A docstring's text as Markdown.

    Names in single backquotes become links where there is something to lead to; those in double ones are code, and
    lead to other pages alone.
    """
    linked: list[str] = []

    def code(found: re.Match[str]) -> str:
        quoted = found[1] or found[2]
        target = links.get(quoted)
        if target is None or (found[1] and target.startswith("#")):
            return f"`{quoted}`"
        linked.append(f"[`{quoted}`]({target})")
        return f"\0{len(linked) - 1}\0"

    plain = escaped(_CODE.sub(code, text))
    return re.sub("\0([0-9]+)\0", lambda found: linked[int(found[1])], plain)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; cells are Markdown already."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


@dataclass(slots=True)
class Page:
    """A page that grows by headings and blocks, and whose contents stand at its beginning."""

    title: str
    introduction: str
    _blocks: list[str] = field(default_factory=list)
    _contents: list[tuple[int, str]] = field(default_factory=list)

    def heading(self, level: int, title: str) -> None:
        """Begin a section; its anchor is made of its title alone, so that links to it stay."""
        if anchor(title) in {anchor(one) for _, one in self._contents}:
            raise ValueError(f"Two headings of {self.title} have one anchor: {title}.")
        self._contents.append((level, title))
        self._blocks.append(f"{'#' * level} {title}")

    def add(self, *blocks: str) -> None:
        """Add paragraphs, tables or code; empty ones are left out."""
        self._blocks += [block.strip("\n") for block in blocks if block.strip()]

    def code(self, language: str, text: str) -> None:
        """Add a block of code."""
        self._blocks.append(f"```{language}\n{text}\n```")

    def text(self) -> str:
        """The page as it is written."""
        contents = "\n".join(
            f"{'  ' * (level - 2)}- [{escaped(title)}](#{anchor(title)})" for level, title in self._contents
        )
        return "\n\n".join([f"# {self.title}", self.introduction, contents, *self._blocks]) + "\n"
