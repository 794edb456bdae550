"""Ids as people and clients see them: a few letters that say of what, and a number. Opaque to clients."""

import re
from enum import StrEnum

from bucketlink.errors import NotFound

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
        return self.name.lower().replace("_", " ")

    def show(self, number: int) -> str:
        """The id of the noun with this number."""
        return f"{self}{number}"

    def number(self, text: str) -> int:
        """The number in an id; raises NotFound for what cannot be an id of this noun."""
        found = self.number_or_none(text)
        if found is not None:
            return found
        parts = _FORM.fullmatch(text)
        if parts and parts[1] in set(Noun):
            raise NotFound(f"{text!r} is an id of the kind {Noun(parts[1]).word}, where {self.word} is wanted.")
        raise NotFound(f"There is no {self.word} with the id {text[:60]!r}.")

    def number_or_none(self, text: str) -> int | None:
        """The number in an id, or None for what cannot be an id of this noun."""
        parts = _FORM.fullmatch(text)
        return int(parts[2]) if parts and parts[1] == self else None
