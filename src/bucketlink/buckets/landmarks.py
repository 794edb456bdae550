"""What an earlier listing leaves for the next one to begin at."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Landmarks:
    """Keys of an earlier listing, ascending, each so many keys (``spacing``) behind the one before."""

    keys: Sequence[str] = ()
    spacing: int = 1


NO_LANDMARKS = Landmarks()
