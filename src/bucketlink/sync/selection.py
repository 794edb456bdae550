"""Which objects a connection wants, and which stretches of the key space need asking the bucket for.

Order of the rules: the integration's allowed paths; the prefix, or where there is none the selected folders; include;
exclude. Content types come after, in `bucketlink.sync.media`.
"""

import hashlib
import json
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence

from bucketlink.errors import InvalidInput
from bucketlink.model import MAX_KEY_BYTES, Restriction, Selection
from bucketlink.notices import Kind, Notice, counted
from bucketlink.spans import Scan, Span

MAX_PATTERNS = 1000
MAX_FOLDERS = 10_000
MOST_WATCHED = 100
"""Patterns of which it is watched whether any key matches."""
CHEAP_PATTERNS = 16
"""Up to so many patterns are asked for as keys come up, since most keys need no asking."""


class Selector:
    """The effective selection: what an integration allows and a connection asks for, together."""

    def __init__(self, selection: Selection, restriction: Restriction) -> None:
        """Raises InvalidInput for patterns that cannot be used."""
        self._prefix = selection.prefix or ""
        folders = None if self._prefix else selection.selected_folders
        self._folders = _prefixes(folders)
        self._allowed = _prefixes(restriction.allowed_paths)
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

    def _within(self, key: str, prefixes: list[str] | None) -> bool:
        if prefixes is None:
            return True
        if _enclosing(key, prefixes) is not None:
            return True
        return bool(prefixes) and self._root_files and "/" not in key

    def asked_of(self, keys: Sequence[str]) -> Callable[[str], bool]:
        """`takes` for these keys, which ascend; where asking costs, the answers are made now, before anybody waits.

        It is `everything` itself where that is plain to see.
        """
        patterns = len(self._include.patterns) + len(self._exclude.patterns)
        if not patterns and keys and self._holds_between(keys[0], keys[-1]):
            return everything
        if patterns <= CHEAP_PATTERNS:
            return self.takes
        return {key for key in keys if self.takes(key)}.__contains__

    def _holds_between(self, first: str, last: str) -> bool:
        """Whether every key between these starts with an allowed prefix and a wanted one."""
        for prefixes in (self._allowed, [self._prefix] if self._prefix else self._folders):
            if prefixes is not None:
                prefix = _enclosing(first, prefixes)
                if prefix is None or not last.startswith(prefix):
                    return False
        return True

    def spans(self) -> list[Span]:
        """The whole key space, cut so that each part says how the bucket is read there; ascending, without gaps."""
        scopes = [self._prefix] if self._prefix else self._folders
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

    def notices(self) -> list[Notice]:
        """What to tell of folders, or of the prefix, of which the integration allows nothing."""
        scopes = [self._prefix] if self._prefix else self._folders or []
        taken = _outermost(_intersection(self._allowed, scopes))
        return counted(Kind.NOT_ALLOWED, [scope for scope in scopes if not _meets(scope, taken)])

    def watched(self) -> list[tuple[Kind, str]]:
        """Patterns of which it is told if no key matches, and as what; alike for selections of one digest."""
        kinds = ((Kind.UNMATCHED_INCLUDE, self._include), (Kind.UNMATCHED_EXCLUDE, self._exclude))
        return [(kind, pattern) for kind, of in kinds for pattern in sorted(set(of.patterns))][:MOST_WATCHED]

    def unseen(self, seen: Iterable[str]) -> list[Notice]:
        """What to tell of folders, of the prefix, or else of allowed paths, below which there is no object.

        Args:
            seen: of the prefixes that `spans` lists those below which there is one; ascending.

        """
        kind, scopes = Kind.EMPTY_FOLDER, self._folders
        if self._prefix:
            kind, scopes = Kind.EMPTY_PREFIX, [self._prefix]
        elif scopes is None:
            kind, scopes = Kind.EMPTY_ALLOWED_PATH, self._allowed
        found, listed = list(seen), _outermost(_intersection(self._allowed, scopes))
        unseen = [scope for scope in scopes or [""] if _meets(scope, listed) and not _meets(scope, found)]
        return counted(Kind.EMPTY_BUCKET if unseen == [""] else kind, unseen)

    def digest(self, *more: object) -> bytes:
        """A digest of everything that decides `takes`, and of `more` that decides with it; 32 bytes."""
        parts = [
            self._prefix,
            self._folders,
            self._allowed,
            self._root_files,
            sorted(self._include.patterns),
            sorted(self._exclude.patterns),
            *more,
        ]
        return hashlib.sha256(json.dumps(parts).encode()).digest()


def everything(_key: str) -> bool:
    """That any object is wanted; whoever is given this function need not ask for each."""
    return True


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

    The leftmost place of each part leaves the most room for the rest, so no place is ever tried again: there is no
    pattern that takes more searches than it has parts.
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


def matcher(pattern: str) -> Callable[[str], bool]:
    """Whether a key matches this one pattern, as one of ``include``; raises InvalidInput if it cannot be used."""
    return _Patterns((pattern,)).match


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


def listed_after(span: Span, cursor: str | None) -> str | None:
    """Behind which key the listing of a span starts; nothing that lies between that and the span can be shown."""
    if cursor is not None:
        return cursor
    if span.scan is Scan.OBJECTS or not span.start:
        return None
    # Files of the root are listed between folders: the span starts with a folder's prefix, its slash moved on by one.
    return span.start[:-1] + "/"


def _prefixes(folders: tuple[str, ...] | None) -> list[str] | None:
    """What the keys of folders start with: ascending, none within another."""
    if folders is None:
        return None
    if len(folders) > MAX_FOLDERS:
        raise InvalidInput(f"{len(folders):,} folders are too many: give at most {MAX_FOLDERS:,}.")
    return _outermost({folder_prefix(folder) for folder in folders})


def _intersection(first: Sequence[str] | None, second: Sequence[str] | None) -> set[str]:
    """Prefixes of the keys that start with one of the first and with one of the second; both ascend."""
    if first is None:
        return {""} if second is None else set(second)
    if second is None:
        return set(first)
    return _within_any(first, second) | _within_any(second, first)


def _within_any(inner: Sequence[str], outer: Sequence[str]) -> set[str]:
    found = set()
    for prefix in inner:
        if _enclosing(prefix, outer) is not None:
            found.add(prefix)
    return found


def _enclosing(text: str, prefixes: Sequence[str]) -> str | None:
    """Of ascending prefixes, none within another, the one that a text starts with."""
    place = bisect_right(prefixes, text)
    return prefixes[place - 1] if place and text.startswith(prefixes[place - 1]) else None


def _meets(prefix: str, others: Sequence[str]) -> bool:
    """Whether keys can start with a prefix and with one of others, which ascend, none within another."""
    place = bisect_left(others, prefix)
    return (place < len(others) and others[place].startswith(prefix)) or _enclosing(prefix, others) is not None


def _outermost(prefixes: set[str]) -> list[str]:
    outermost: list[str] = []
    for prefix in sorted(prefixes):
        if not outermost or not prefix.startswith(outermost[-1]):
            outermost.append(prefix)
    return outermost
