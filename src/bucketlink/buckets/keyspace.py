"""Reckoning with keys: where, by what has been seen of a bucket, keys lie that nobody has listed yet.

A key is read as a fraction. Its digits are the characters that have been seen at their place, or whole numbers where
all numbers at a place are as long; a place is told by the folder's depth and by what stands before it in the name. "As
far behind this key as that one is behind the other" is then an addition, which carries as a bucket's own numbering
does: from frame to frame, then to the next folder, the next day, the next year. A wrong guess costs a request and
nothing else, and tells where numbering turns.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

PLACES = 200
"""Characters of a key that are looked at."""
LONGEST = 18
"""Digits of a number that counts as a whole."""
PRECISION = 10_000
"""Into how many parts a step is told apart at least."""

_DECIMAL = frozenset("0123456789")
_LOWER = frozenset("abcdefghijklmnopqrstuvwxyz")
_UPPER = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_SYSTEMS = (_DECIMAL, frozenset("0123456789abcdef"), frozenset("0123456789ABCDEF"))
_CLASSES = (_DECIMAL, _LOWER, _UPPER)
_KINDS = {character: kind for kind, characters in enumerate(_CLASSES) for character in characters}
_NONE, _MIXED = 0, -1

Place = tuple[int, int, int, int]
"""The folder's depth, separators before in the name, characters since the last of them, the kind of the last one."""


@dataclass(slots=True)
class _Seen:
    """What has been seen at a place.

    Attributes:
        characters: there; an empty one where a key ended.
        turned: whether what stands there began anew in keys that followed.
        width: digits of each number that begins there; _NONE without one, _MIXED where they differ.
        lowest: of these numbers.
        highest: of these numbers.
        bound: which they do not exceed, as far as is known from where there was nothing.
        digits: what may stand there, in order, once it was needed.

    """

    characters: set[str] = field(default_factory=set)
    turned: bool = False
    width: int = _NONE
    lowest: int = 0
    highest: int = 0
    bound: int | None = None
    digits: Sequence[str] | None = None

    def see(self, character: str, number: str) -> None:
        """Note a character, and the number that begins with it."""
        if character not in self.characters:
            self.characters.add(character)
            self.digits = None
        if not 0 < len(number) <= LONGEST:
            self.width = _MIXED
        elif self.width == _NONE:
            self.width, self.lowest, self.highest = len(number), int(number), int(number)
        elif self.width == len(number):
            self.lowest, self.highest = min(self.lowest, int(number)), max(self.highest, int(number))
        else:
            self.width = _MIXED

    def turn(self, missed: str = "") -> None:
        """Note that it began anew: in keys that were seen, or before a number that nothing was found at."""
        if not missed:
            self.bound = 0
        elif self.width > 0:
            bound = _value(missed, self.width) - 1
            self.bound = bound if self.bound is None else min(bound, self.bound)
        if not self.turned:
            self.turned = True
            self.digits = None

    @property
    def is_number(self) -> bool:
        """Whether numbers stand there, all as long."""
        return self.width > 0

    def size(self, *, endless: bool) -> int:
        """How many numbers may stand there; ``endless``: if they do not turn where they did."""
        most = max(self.highest, self.bound or 0) if self.turned and not endless else 10**self.width - 1
        return most - self.lowest + 1

    def possible(self, *, endless: bool) -> Sequence[str]:
        """What characters may stand there, in order: a letter that never varied is part of a word, and does not count.

        ``endless``: as if all could vary, and none had turned.
        """
        letters = self.characters - {""}
        if not letters:
            return [""]
        first, last = min(letters), max(letters)
        system = next((system for system in _SYSTEMS if letters <= system), None)
        possible = set(system or ()).union(*(kind for kind in _CLASSES if not system and letters & kind))
        if not endless and sum(map(str.isalpha, letters)) == 1 and letters.isdisjoint(_DECIMAL):
            possible = set()
        elif not endless and self.turned:
            possible = {one for one in possible if first <= one <= last}
        elif last.isalpha() and last not in possible:
            possible.add(chr(ord(last) + 1))
        return sorted(self.characters | possible)


class KeySpace:
    """What keys have at which place."""

    def __init__(self) -> None:
        self._seen: dict[Place, _Seen] = {}
        self._endless = False

    def see(self, keys: Sequence[str]) -> None:
        """Learn from some keys, which ascend, and with no others between them that matter."""
        before, places = "", _places("")
        for key in keys:
            differ = shared(before, key)
            for place, number in zip(places[differ + 1 :], range(differ + 1, len(before)), strict=False):
                seen = self._at(place)
                if (seen.bound != 0 or not seen.turned) and before[number].isalnum():
                    seen.turn()
            before, places = key, _places(key)
            for number in range(_beginning(key, min(differ, len(places) - 1)), len(places)):
                seen, character = self._at(places[number]), key[number : number + 1]
                if seen.width != _MIXED or character not in seen.characters:
                    seen.see(character, _number(key, number))

    def missed(self, guess: str, key: str) -> None:
        """Learn that no key lies between a guess and this one, which is greater: what stands there may have ended."""
        places = _places(guess)
        for number in range(shared(guess, key) + 1, len(places) - 1):
            seen = self._at(places[number])
            if _beginning(guess, number) != number and self._at(places[_beginning(guess, number)]).is_number:
                continue
            if seen.is_number or (guess[number].isalnum() and len(self._characters(places[number])) > 1):
                seen.turn(_number(guess, number))
                return

    def beyond(self, key: str, first: str, last: str, times: Fraction, *, stop: str | None = None) -> str | None:
        """A key about ``times`` as far behind ``key`` as ``last`` is behind ``first``; None where nothing can be.

        What would lie behind ``stop`` is sought before it, as if numbering did not turn yet.
        """
        guess = self._beyond(key, first, last, times)
        if guess is None or (stop is not None and guess >= stop):
            self._endless = True
            guess = self._beyond(key, first, last, times)
            self._endless = False
        return guess if guess is not None and guess > key else None

    def _beyond(self, key: str, first: str, last: str, times: Fraction) -> str | None:
        differ = shared(first, last)
        start = at_key = min(differ, shared(last, key))
        if start < differ:
            # In another folder, the same holds for the part of the name that is at the same place.
            start, at_key = _aligned(last, differ, key)
        start, at_key = self._whole(last, start), self._whole(key, at_key)
        step = (self._fraction(last, start, differ) - self._fraction(first, start, differ)) * times
        if step <= 0:
            return None
        at = self._fraction(key, at_key, differ + at_key - start) + step
        start, least = at_key, step / PRECISION
        while at >= 1:
            if not start:
                return None
            start = self._whole(key, start - 1)
            size, rank, _ = self._rank(key, start, _places(key[:start])[-1])
            at, least = (rank + at) / size, least / size
        return self._key(key[:start], at, least)

    def _at(self, place: Place) -> _Seen:
        seen = self._seen.get(place)
        if seen is None:
            seen = self._seen[place] = _Seen()
        return seen

    def _whole(self, key: str, number: int) -> int:
        """Where the number begins that this place is a digit of, if it counts as a whole."""
        begins = _beginning(key, number)
        return begins if begins < number and self._at(_places(key[:begins])[-1]).is_number else number

    def _fraction(self, key: str, start: int, exact: int) -> Fraction:
        """Where a key lies among all that start with the same characters, from 0 to below 1.

        Characters before ``exact`` count, and of others as many as make a difference.
        """
        number, whole, places, fine = 0, 1, _places(key), 1
        while start < len(places) - 1 and fine < PRECISION:
            size, rank, length = self._rank(key, start, places[start])
            number, whole = number * size + rank, whole * size
            start += length
            fine *= size if start > exact else 1
        return Fraction(number, whole)

    def _key(self, start: str, at: Fraction, least: Fraction) -> str:
        """The key that lies at a fraction among those that start with the same characters, but for so little."""
        key = start
        while at > least and len(key) < PLACES - 1:
            place = _places(key)[-1]
            seen = self._at(place)
            if seen.is_number:
                size = seen.size(endless=self._endless)
                (rank, at), least = divmod(at * size, 1), least * size
                key += f"{seen.lowest + int(rank):0{seen.width}}"
                continue
            digits = self._characters(place)
            (rank, at), least = divmod(at * len(digits), 1), least * len(digits)
            if not digits[int(rank)]:
                break
            key += digits[int(rank)]
        return key

    def _rank(self, key: str, number: int, place: Place) -> tuple[int, int, int]:
        """How much may stand where a key has this character, its place among that, and how long it is."""
        seen = self._at(place)
        if seen.is_number and (digits := _number(key, number)):
            rank = _value(digits, seen.width) - seen.lowest
            size = seen.size(endless=self._endless)
            return size, min(max(rank, 0), size - 1), len(digits)
        characters = self._characters(place)
        return len(characters), min(bisect_left(characters, key[number]), len(characters) - 1), 1

    def _characters(self, place: Place) -> Sequence[str]:
        """What characters may stand at a place, in order."""
        seen = self._at(place)
        if self._endless:
            return seen.possible(endless=True)
        if seen.digits is None:
            seen.digits = seen.possible(endless=False)
        return seen.digits


def shared(first: str, second: str) -> int:
    """How many characters two keys start with together."""
    for place, (one, other) in enumerate(zip(first, second, strict=False)):
        if one != other:
            return place
    return min(len(first), len(second))


def _aligned(last: str, differ: int, key: str) -> tuple[int, int]:
    """Where the part of a name begins in which a key differs, and where the same part of another does."""
    depth, separators, offset, _ = _places(last[:differ])[-1]
    parts = [number for number, place in enumerate(_places(key)) if place[:2] <= (depth, separators) and not place[2]]
    return differ - offset, parts[-1]


def _beginning(key: str, number: int) -> int:
    """Where the run of digits begins that goes on at a place; the place itself where none does."""
    if key[number : number + 1] in _DECIMAL:
        while number and key[number - 1] in _DECIMAL:
            number -= 1
    return number


def _number(key: str, number: int) -> str:
    """The digits from a place on."""
    end = number
    while key[end : end + 1] in _DECIMAL:
        end += 1
    return key[number:end]


def _value(digits: str, width: int) -> int:
    return int(digits[:width].ljust(width, "0"))


def _places(key: str) -> list[Place]:
    """The place of each character, and of what would stand behind the last."""
    places: list[Place] = []
    depth = separators = offset = 0
    kind = len(_CLASSES)
    for character in key[: PLACES - 1]:
        places.append((depth, separators, offset, kind))
        kind = _KINDS.get(character, len(_CLASSES))
        if kind < len(_CLASSES) or character.isalnum():
            offset += 1
        elif character == "/":
            depth, separators, offset = depth + 1, 0, 0
        else:
            separators, offset = separators + 1, 0
    return [*places, (depth, separators, offset, kind)]
