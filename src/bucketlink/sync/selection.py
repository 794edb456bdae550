"""Which objects a connection wants, and which stretches of the key space need asking the bucket for.

Order of the rules: the integration's allowed paths; the prefix, or where there is none the selected folders; include;
exclude. Content types come after, in `bucketlink.sync.media`.
"""

import hashlib
import json
from collections.abc import Iterable

from bucketlink.errors import InvalidInput
from bucketlink.model import MAX_KEY_BYTES, Restriction, Scan, Selection, Span

MAX_PATTERNS = 1000
_FIRST_CHARACTER = "\x01"
"""The lowest character that a key may hold: NUL is in no key that is read."""


class Selector:
    """The effective selection: what an integration allows and a connection asks for, together."""

    def __init__(self, selection: Selection, restriction: Restriction) -> None:
        """Raises InvalidInput for patterns that cannot be used."""
        self._prefix = selection.prefix or ""
        folders = None if self._prefix else selection.selected_folders
        self._folders = None if folders is None else tuple(folder_prefix(folder) for folder in folders)
        allowed = restriction.allowed_paths
        self._allowed = None if allowed is None else tuple(folder_prefix(path) for path in allowed)
        self._root_files = restriction.include_root_files
        self._include = _Patterns(selection.include)
        self._exclude = _Patterns(selection.exclude)

    def takes(self, key: str) -> bool:
        """Whether the connection wants an object of this key, its content type aside."""
        return (
            self._within(key, self._allowed)
            and (key.startswith(self._prefix) if self._prefix else self._within(key, self._folders))
            and (not self._include or self._include.match(key))
            and not self._exclude.match(key)
        )

    def _within(self, key: str, prefixes: tuple[str, ...] | None) -> bool:
        if prefixes is None or key.startswith(prefixes):
            return True
        return bool(prefixes) and self._root_files and "/" not in key

    def spans(self) -> list[Span]:
        """The whole key space, cut so that each part says how the bucket is read there; ascending, without gaps."""
        scopes = (self._prefix,) if self._prefix else self._folders
        prefixes = _outermost(_intersection(self._allowed, scopes))
        gap = Scan.ROOT_FILES if self._wants_root_files() else Scan.NOTHING
        spans = []
        reached: str | None = ""
        for prefix in prefixes:
            assert reached is not None  # noqa: S101 - only the last of disjoint prefixes can reach the end
            if reached < prefix:
                spans.append(Span(reached, prefix, gap))
            end = after_prefix(prefix)
            spans.append(Span(prefix, end, Scan.OBJECTS, prefix))
            reached = end
        if reached is not None:
            spans.append(Span(reached, None, gap))
        return spans

    def _wants_root_files(self) -> bool:
        lists = [prefixes for prefixes in (self._allowed, self._folders) if prefixes is not None]
        return bool(lists) and all(lists) and self._root_files

    def outside_allowed(self) -> list[str]:
        """Selected folders (or the prefix), as given to the listing, of which the integration allows nothing."""
        scopes = (self._prefix,) if self._prefix else self._folders or ()
        return [scope for scope in scopes if not _intersection(self._allowed, (scope,))]

    def digest(self, *more: object) -> bytes:
        """A digest of everything that decides `takes`, and of `more` that decides with it; 32 bytes."""
        parts = [
            self._prefix,
            self._folders and sorted(self._folders),
            self._folders is None,
            self._allowed and sorted(self._allowed),
            self._allowed is None,
            self._root_files,
            sorted(self._include.patterns),
            sorted(self._exclude.patterns),
            *more,
        ]
        return hashlib.sha256(json.dumps(parts).encode()).digest()


class _Patterns:
    """Patterns, any of which may match.

    Without ``*`` a pattern matches keys that start with it; with ``*`` the whole key, each standing for one or more
    characters of any kind.
    """

    def __init__(self, patterns: tuple[str, ...]) -> None:
        if len(patterns) > MAX_PATTERNS:
            raise InvalidInput(f"{len(patterns)} patterns are too many: give at most {MAX_PATTERNS}.")
        for pattern in patterns:
            if len(pattern.encode("utf-8", "replace")) > MAX_KEY_BYTES:
                raise InvalidInput(f"The pattern {pattern[:40]!r}… is longer than a key can be: shorten it.")
        self.patterns = patterns
        self._starts = tuple(pattern for pattern in patterns if "*" not in pattern)
        self._stars = [pattern.split("*") for pattern in patterns if "*" in pattern]

    def __bool__(self) -> bool:
        return bool(self.patterns)

    def match(self, key: str) -> bool:
        return key.startswith(self._starts) or any(_fits(key, parts) for parts in self._stars)


def _fits(key: str, parts: list[str]) -> bool:
    """Whether the parts stand in the key in this order, first and last at its ends, a character or more between them.

    The leftmost place of each part leaves the most room for the rest, so nothing is ever tried twice: there is no
    pattern that takes more than one pass.
    """
    first, *middle, last = parts
    if not (key.startswith(first) and key.endswith(last)):
        return False
    reached = len(first)
    for part in middle:
        place = key.find(part, reached + 1)
        if place < 0:
            return False
        reached = place + len(part)
    return len(key) - len(last) > reached


def folder_prefix(folder: str) -> str:
    """What every key of a folder starts with; one trailing slash does not matter. The empty folder is the bucket."""
    return folder if folder.endswith("/") or not folder else f"{folder}/"


def after_prefix(prefix: str) -> str | None:
    """The first key, by bytes, behind every key that starts with `prefix`; None where there is none."""
    while prefix:
        last = ord(prefix[-1])
        if last < 0x10FFFF:
            following = 0xE000 if last == 0xD7FF else last + 1
            return prefix[:-1] + chr(following)
        prefix = prefix[:-1]
    return None


def first_after(key: str) -> str:
    """The first key, by bytes, that can come behind `key`."""
    return key + _FIRST_CHARACTER


def listed_after(span: Span, cursor: str | None) -> str | None:
    """Behind which key the listing of a span starts; nothing that lies between that and the span can be shown."""
    if cursor is not None:
        return cursor
    if not span.start or span.start == span.prefix:
        return None
    if span.start.endswith(_FIRST_CHARACTER):
        return span.start[:-1]
    # The span follows one of a folder, so it starts with the folder's prefix, its slash moved on by one.
    return span.start[:-1] + "/"


def _intersection(first: Iterable[str] | None, second: Iterable[str] | None) -> set[str]:
    firsts = [""] if first is None else list(first)
    seconds = [""] if second is None else list(second)
    return {
        max(one, other, key=len)
        for one in firsts
        for other in seconds
        if one.startswith(other) or other.startswith(one)
    }


def _outermost(prefixes: set[str]) -> list[str]:
    outermost: list[str] = []
    for prefix in sorted(prefixes):
        if not outermost or not prefix.startswith(outermost[-1]):
            outermost.append(prefix)
    return outermost
