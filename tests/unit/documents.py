"""The documents, and how to take them apart."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent

HOME = Path(__file__).parents[2]
DOCS = HOME / "docs"
DOCUMENTS = [*sorted(HOME.glob("*.md")), *sorted(DOCS.rglob("*.md"))]
PLATFORM_GUIDES = sorted((DOCS / "platforms").glob("*.md"))
TASK_GUIDES = sorted((DOCS / "guides").glob("*.md"))
REFERENCE = sorted((DOCS / "reference").glob("*.md"))

INLINE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block, with the number of the line on which its text begins."""

    document: Path
    line: int
    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Command:
    """A command of ours that a document shows, and what was exported before it."""

    words: list[str]
    exported: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return " ".join(self.words)


def name(document: Path) -> str:
    return str(document.relative_to(HOME))


def blocks(document: Path) -> list[Block]:
    text = document.read_text("utf-8")
    return [
        Block(document, text.count("\n", 0, found.start(3)) + 1, found[2], dedent(found[3]))
        for found in _FENCE.finditer(text)
    ]


def texts(document: Path, language: str) -> list[str]:
    return [block.text for block in blocks(document) if block.language == language]


def prose(document: Path) -> str:
    return _FENCE.sub("", document.read_text("utf-8"))


def anchors(document: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", prose(document), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def commands(document: Path) -> Iterator[Command]:
    """Commands of ours: of shells, of tables of cron and of units of systemd."""
    for block in blocks(document):
        if block.language == "console":
            yield from _of_console(block.text)
        elif block.language == "cron":
            lines = (line.split(None, 5)[5] for line in block.text.splitlines() if line and line[0] != "#")
            yield from filter(None, map(_ours, lines))
        elif block.language == "ini":
            yield from filter(None, map(_ours, re.findall(r"^ExecStart=(.+)$", block.text, re.MULTILINE)))


def _of_console(text: str) -> Iterator[Command]:
    exported: dict[str, str] = {}
    for line in text.replace("\\\n", " ").splitlines():
        if not line.startswith("$ "):
            continue
        words = shlex.split(line.removeprefix("$ "), comments=True)
        if words[0] == "export":
            exported |= dict(word.split("=", 1) for word in words[1:])
        elif words[0] == "bucketlink":
            yield Command(until_shell(words[1:]), dict(exported))


def _ours(line: str) -> Command | None:
    words = shlex.split(line)
    return Command(until_shell(words[1:])) if Path(words[0]).name == "bucketlink" else None


def until_shell(words: list[str]) -> list[str]:
    """The words of one program; what comes behind is the shell's."""
    end = next((n for n, word in enumerate(words) if word in {"|", "&&", ";", ">", ">>", "<", "2>"}), len(words))
    return words[:end]
