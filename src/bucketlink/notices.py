"""What a computation has to tell beside its differences: what is wrong, of how many things, and of which for one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, NamedTuple

from bucketlink.text import in_shell

MOST_NOTICES = 50
"""Different notices that are kept of a computation."""
LONGEST_KEPT, LONGEST_SHOWN = 1024, 200
"""Characters of an example that are stored, and that a sentence repeats."""


class Kind(StrEnum):
    """What is wrong. The values are stored."""

    TEXT = "TEXT"
    """Said in words, by a client that lists the bucket itself."""
    TOO_LONG = "TOO_LONG"
    HOLDS_NUL = "HOLDS_NUL"
    NOT_UTF8 = "NOT_UTF8"
    LINK_OUTSIDE = "LINK_OUTSIDE"
    LINK_BACK = "LINK_BACK"
    NO_CONTENT_TYPE = "NO_CONTENT_TYPE"
    OTHER_CONTENT_TYPE = "OTHER_CONTENT_TYPE"
    NOT_ALLOWED = "NOT_ALLOWED"
    EMPTY_BUCKET = "EMPTY_BUCKET"
    EMPTY_FOLDER = "EMPTY_FOLDER"
    EMPTY_PREFIX = "EMPTY_PREFIX"
    EMPTY_ALLOWED_PATH = "EMPTY_ALLOWED_PATH"
    UNMATCHED_INCLUDE = "UNMATCHED_INCLUDE"
    UNMATCHED_EXCLUDE = "UNMATCHED_EXCLUDE"


class LeftOut(NamedTuple):
    """The name of what a bucket has and no listing can show, its bytes that are not UTF-8 as surrogates, and why."""

    name: str
    why: Kind

    @property
    def place(self) -> bytes:
        """The name's bytes, by which it stands among keys."""
        return self.name.encode("utf-8", "surrogateescape")

    @classmethod
    def at(cls, place: bytes, why: Kind) -> "LeftOut":
        """Make one of the name's bytes."""
        return cls(place.decode("utf-8", "surrogateescape"), why)


_WIRE = {
    Kind.NO_CONTENT_TYPE: "Objects with missing content-type were ignored",
    Kind.OTHER_CONTENT_TYPE: "Objects with unsupported content-type for this type of project were ignored",
}
"""What existing clients know to be said, letter by letter."""

_ONE_AND_MORE = {
    Kind.TOO_LONG: (
        "The key {example} was left out, since it is longer than 1,024 bytes.",
        "{count:,} keys were left out, since they are longer than 1,024 bytes, such as {example}.",
    ),
    Kind.HOLDS_NUL: (
        "The key {example} was left out, since it holds a NUL character.",
        "{count:,} keys were left out, since they hold a NUL character, such as {example}.",
    ),
    Kind.NOT_UTF8: (
        "{example} was left out, since its name is not UTF-8.",
        "{count:,} names were left out, since they are not UTF-8, such as {example}.",
    ),
    Kind.LINK_OUTSIDE: (
        "The link {example} was left out, since it leads out of the folder.",
        "{count:,} links were left out, since they lead out of the folder, such as {example}.",
    ),
    Kind.LINK_BACK: (
        "The link {example} was left out, since it leads back to a folder in which it is.",
        "{count:,} links were left out, since they lead back to a folder in which they are, such as {example}.",
    ),
    Kind.NO_CONTENT_TYPE: (
        "The object {example} was left out, since nothing tells its content type.",
        "{count:,} objects were left out, since nothing tells their content types, such as {example}.",
    ),
    Kind.OTHER_CONTENT_TYPE: (
        "The object {example} was left out, since the project takes no content of its type.",
        "{count:,} objects were left out, since the project takes no content of their types, such as {example}.",
    ),
    Kind.NOT_ALLOWED: (
        "Nothing is taken from {example}, which is outside of the paths that the integration allows.",
        "Nothing is taken from {count:,} folders outside of the paths that the integration allows, such as {example}.",
    ),
    Kind.EMPTY_BUCKET: ("The bucket holds no object.",) * 2,
    Kind.EMPTY_FOLDER: (
        "The folder {example} holds no object in the bucket.",
        "{count:,} of the selected folders hold no object in the bucket, such as {example}.",
    ),
    Kind.EMPTY_PREFIX: ("No key in the bucket starts with {example}.",) * 2,
    Kind.EMPTY_ALLOWED_PATH: (
        "The path {example}, which the integration allows, holds no object in the bucket.",
        "{count:,} of the paths that the integration allows hold no object in the bucket, such as {example}.",
    ),
    Kind.UNMATCHED_INCLUDE: (
        "No key matches the include pattern {example}.",
        "No key matches {count:,} of the include patterns, such as {example}.",
    ),
    Kind.UNMATCHED_EXCLUDE: (
        "No key matches the exclude pattern {example}.",
        "No key matches {count:,} of the exclude patterns, such as {example}.",
    ),
}


@dataclass(frozen=True, slots=True)
class Notice:
    """What is wrong, of how many things, and of which of them for one.

    Of `Kind.TEXT` the example is the text; how many things it is about is not known then, and 0.
    """

    kind: Kind
    count: int
    example: str

    @property
    def text(self) -> str:
        """A sentence."""
        if self.kind is Kind.TEXT:
            return f"{self.example.removesuffix('.')}."
        return _ONE_AND_MORE[self.kind][self.count != 1].format(count=self.count, example=_shown(self.example))

    @property
    def on_the_wire(self) -> str:
        """What existing clients are told: no number where they know the very words."""
        return self.example if self.kind is Kind.TEXT else _WIRE.get(self.kind, self.text)

    def row(self) -> dict[str, Any]:
        """As it is stored; `stored` reads it again."""
        # Neither NUL nor bytes that are not UTF-8 can be stored as text.
        plain = self.example.replace("\0", "\N{SYMBOL FOR NULL}").encode("utf-8", "surrogateescape")
        example = _cut(plain.decode("utf-8", "replace"), LONGEST_KEPT)
        return {"kind": self.kind, "count": self.count, "example": example}


def said(text: str) -> Notice:
    """What somebody said in words."""
    return Notice(Kind.TEXT, 0, text)


def stored(row: Mapping[str, Any] | str) -> Notice:
    """A notice as it is stored; before there were any, they were texts."""
    return said(row) if isinstance(row, str) else Notice(Kind(row["kind"]), row["count"], row["example"])


def counted(kind: Kind, examples: Iterable[str]) -> list[Notice]:
    """One notice of all of these, of which the first one is named; none where there is none."""
    names = list(examples)
    return [Notice(kind, len(names), names[0])] if names else []


def of_left_out(left_out: Iterable[LeftOut]) -> list[Notice]:
    """A notice for each reason, of which the first of its names is named."""
    by_reason: dict[Kind, list[str]] = {}
    for name, why in left_out:
        by_reason.setdefault(why, []).append(name)
    return [notice for why, names in by_reason.items() for notice in counted(why, names)]


def merged(notices: Iterable[Notice]) -> list[Notice]:
    """Notices of one kind as one, in the order in which they first come; a text counts once."""
    found: dict[tuple[Kind, str], Notice] = {}
    for one in notices:
        about = (one.kind, one.example if one.kind is Kind.TEXT else "")
        before = found.get(about)
        found[about] = one if before is None else replace(before, count=before.count + one.count)
    return list(found.values())[:MOST_NOTICES]


def _shown(example: str) -> str:
    return in_shell(_cut(example, LONGEST_SHOWN))


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}…"
