"""Reckoning with keys: where, by what has been seen of a bucket, keys lie that nobody has listed yet.

A key is read as a fraction, whose digits, place by place, are the characters that have been seen there behind one of
the same kind. "As far behind this key as that one is behind the other" is then an addition, which carries as a bucket's
own numbering does: from frame to frame, then to the next folder, the next day, the next year. A wrong guess costs a
request and nothing else.
"""

from bisect import bisect_left
from collections.abc import Sequence
from fractions import Fraction

PLACES = 200
"""Characters of a key that are looked at."""
PRECISION = 6
"""Places behind the first difference that still count."""

_DECIMAL = frozenset("0123456789")
_LOWER = frozenset("abcdefghijklmnopqrstuvwxyz")
_UPPER = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_SYSTEMS = (_DECIMAL, frozenset("0123456789abcdef"), frozenset("0123456789ABCDEF"))
_CLASSES = (_DECIMAL, _LOWER, _UPPER)

Place = tuple[int, int, int]
"""The folder's depth, how many characters of the name stand before, and of what kind the last of them is."""


class KeySpace:
    """What characters keys have at which place."""

    def __init__(self) -> None:
        self._seen: dict[Place, set[str]] = {}
        self._turned: set[Place] = set()
        self._digits: dict[Place, Sequence[str]] = {}

    def see(self, keys: Sequence[str]) -> None:
        """Learn from some keys, which ascend, and with no others between them that matter."""
        before = ""
        for key in keys:
            differ = shared(before, key)
            for number in range(differ, min(len(key) + 1, PLACES)):
                place, character = _place(key, number), key[number : number + 1]
                seen = self._seen.setdefault(place, set())
                if character not in seen:
                    seen.add(character)
                    self._digits.pop(place, None)
            for number in range(differ + 1, min(len(before), PLACES)):
                place = _place(before, number)
                if before[number].isalnum() and place not in self._turned:
                    self._turned.add(place)
                    self._digits.pop(place, None)
            before = key

    def beyond(self, key: str, first: str, last: str, times: Fraction) -> str | None:
        """A key about ``times`` as far behind ``key`` as ``last`` is behind ``first``; None where nothing can be."""
        differ = shared(first, last)
        start = at_key = min(differ, shared(last, key))
        if start < differ:
            # In another folder, the same holds for the part of the name that is as deep.
            folder = last.rfind("/", 0, differ) + 1
            start, at_key = folder, _folder(key, last.count("/", 0, folder))
        end = min(differ + PRECISION, PLACES)
        step = (self._fraction(last, start, end) - self._fraction(first, start, end)) * times
        end += at_key - start
        start = at_key
        at = self._fraction(key, start, end) + step
        while at >= 1:
            if not start:
                return None
            start -= 1
            digits, rank = self._rank(key, start)
            at = (rank + at) / len(digits)
        return self._key(key[:start], at, end)

    def _fraction(self, key: str, start: int, end: int) -> Fraction:
        """Where a key lies among all that start with the same characters, from 0 to below 1."""
        number, whole = 0, 1
        for place in range(start, min(end, len(key))):
            digits, rank = self._rank(key, place)
            number, whole = number * len(digits) + rank, whole * len(digits)
        return Fraction(number, whole)

    def _key(self, start: str, at: Fraction, end: int) -> str:
        """The key that lies at a fraction among those that start with the same characters."""
        key = start
        while at > 0 and len(key) < end:
            digits = self._characters(_place(key, len(key)))
            rank, at = divmod(at * len(digits), 1)
            if not digits[int(rank)]:
                break
            key += digits[int(rank)]
        return key

    def _rank(self, key: str, number: int) -> tuple[Sequence[str], int]:
        """What may stand where a key has this character, and its place among that."""
        digits = self._characters(_place(key, number))
        return digits, min(bisect_left(digits, key[number]), len(digits) - 1)

    def _characters(self, place: Place) -> Sequence[str]:
        """What may stand at a place, in order: with one letter or digit all, until the last has been seen."""
        known = self._digits.get(place)
        if known is None:
            seen = self._seen.get(place, {""})
            letters = seen - {""}
            system = next((system for system in _SYSTEMS if letters <= system), None)
            possible = set(system or ()).union(*(kind for kind in _CLASSES if not system and letters & kind))
            first, last = min(letters, default=""), max(seen)
            if place in self._turned:
                possible = {one for one in possible if first <= one <= last}
            elif last.isalpha() and last not in possible:
                possible.add(chr(ord(last) + 1))
            known = self._digits[place] = sorted(seen | possible) if letters else [""]
        return known


def shared(first: str, second: str) -> int:
    """How many characters two keys start with together."""
    for place, (one, other) in enumerate(zip(first, second, strict=False)):
        if one != other:
            return place
    return min(len(first), len(second))


def _folder(key: str, depth: int) -> int:
    """Where a key's name goes on below so many folders, or fewer where it has no more."""
    place = 0
    for _ in range(depth):
        place = key.find("/", place) + 1 or place
    return place


def _place(key: str, number: int) -> Place:
    before = key[number - 1] if number else "/"
    kind = next((kind for kind, characters in enumerate(_CLASSES) if before in characters), len(_CLASSES))
    return key.count("/", 0, number), number - 1 - key.rfind("/", 0, number), kind
