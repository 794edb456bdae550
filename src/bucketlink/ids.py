"""Ids as people and clients see them: a few letters that say of what, and a number. Opaque to clients."""

import re
from enum import StrEnum

from bucketlink.errors import NotFound
from bucketlink.text import shown

_FORM = re.compile(r"([a-z]{3})([1-9][0-9]{0,17})", re.ASCII)


class Noun(StrEnum):
    """What an id is of."""

    ORGANIZATION = "org"
    USER = "usr"
    API_KEY = "key"
    PROJECT = "prj"
    INTEGRATION = "int"
    CONNECTION = "con"
    ASSET = "ast"
    RUN = "run"

    @property
    def word(self) -> str:
        """What people call it."""
        return "API key" if self is Noun.API_KEY else self.name.lower()

    def show(self, number: int) -> str:
        """The id of the noun with this number."""
        return f"{self}{number}"

    def number(self, text: str) -> int:
        """The number in an id; raises NotFound for what cannot be an id of this noun."""
        found = self.number_or_none(text)
        if found is None:
            raise self.absent(text)
        return found

    def sought(self, text: str) -> int:
        """The number in an id to look for, 0 for what can be none; raises NotFound for an id of another noun."""
        found = self.number_or_none(text)
        if found is None and _noun_of(text):
            raise self.absent(text)
        return found or 0

    def absent(self, id_: str | int) -> NotFound:
        """What is raised where there is nothing of this noun with an id, or number, and where the ids are shown."""
        text = self.show(id_) if isinstance(id_, int) else id_
        other = _noun_of(text)
        if other is not None and other is not self:
            return NotFound(f"{text} is the id of {_one(other)}, not of {_one(self)}: {_LISTINGS[self]}.")
        if self is Noun.API_KEY and other is None:
            # It may be a key itself, which is not repeated.
            return NotFound(f"That is no id of an API key: {_LISTINGS[self]}.")
        return NotFound(f"There is no {self.word} with the id {shown(text)}: {_LISTINGS[self]}.")

    def number_or_none(self, text: str) -> int | None:
        """The number in an id, or None for what cannot be an id of this noun."""
        parts = _FORM.fullmatch(text)
        return int(parts[2]) if parts and parts[1] == self else None


_LISTINGS = {
    Noun.ORGANIZATION: "the client's organizations() shows yours",
    Noun.USER: "the client's users() shows all of them",
    Noun.API_KEY: "bucketlink keys list shows all of them",
    Noun.PROJECT: "bucketlink projects list shows all of them",
    Noun.INTEGRATION: "bucketlink integrations list shows all of them",
    Noun.CONNECTION: "bucketlink connections list shows all of them",
    Noun.ASSET: "bucketlink assets list PROJECT shows those of a project",
    Noun.RUN: "bucketlink runs CONNECTION shows those of a connection",
}
"""Where the ids of each noun are shown."""


def _noun_of(text: str) -> Noun | None:
    parts = _FORM.fullmatch(text)
    return Noun(parts[1]) if parts and parts[1] in set(Noun) else None


def _one(noun: Noun) -> str:
    return f"{'an' if noun.word[0] in 'aeioA' else 'a'} {noun.word}"
