"""Whether it pays to ask if a stretch of the listing is the same as the assets, and what was found to be."""

import time

SAME_KEYS = 10_000
"""Keys of the listing that are looked at together, unless a single page holds more."""
NOTE_SECONDS = 0.5
"""How long what was found the same may stay unwritten."""
MOST_PASSED_OVER = 16


class Same:
    """Counts what was found the same and is not written down yet.

    Asking costs a third of comparing in full, which is lost where something differs. So after each time in vain it is
    not asked for a while, for longer and longer.
    """

    def __init__(self) -> None:
        self._objects = 0
        self._since = time.monotonic()
        self._pause, self._passed_over = 0, 0

    @property
    def is_likely(self) -> bool:
        """Whether to ask."""
        return self._passed_over >= self._pause

    @property
    def is_due(self) -> bool:
        """Whether what was found should be written down."""
        return self._objects > 0 and time.monotonic() - self._since > NOTE_SECONDS

    def pass_over(self) -> None:
        """It was not asked."""
        self._passed_over += 1

    def note(self, objects: int, *, is_same: bool) -> None:
        """It was asked of so many objects."""
        self._passed_over = 0
        self._pause = 0 if is_same else min(self._pause * 2 + 1, MOST_PASSED_OVER)
        self._objects += objects if is_same else 0

    def take(self) -> int:
        """How many objects were found the same since this was last asked, which are now written down."""
        objects, self._objects, self._since = self._objects, 0, time.monotonic()
        return objects
