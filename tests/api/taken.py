"""What a bucket is whose credentials are taken away, and given back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count

import pytest

Fields = dict[str, object]
End = Callable[[], object]
Mend = Callable[[], Mapping[str, object]]
NOTHING: Fields = {}

numbers = count(1)
"""For names that nothing else has."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A bucket that can be read, until that is ended.

    Attributes:
        data: what registers it.
        put: writes an object.
        delete: removes one.
        end: takes the credentials' worth away, where the bucket is.
        mend: gives it back; the fields to change, none where the same credentials hold again.
        says: a regular expression for what is told meanwhile.

    """

    data: Fields
    put: Callable[[str], object]
    delete: Callable[[str], object]
    end: End
    mend: Mend
    says: str


Make = Callable[[pytest.FixtureRequest], Taken]
