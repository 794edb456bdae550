"""How much one write transaction takes, so that it stays short and leaves room for others."""

import time
from types import TracebackType
from typing import Self

SHORT, LONG = 0.05, 0.15
"""Seconds between which a transaction's time is kept."""
FIRST, FEWEST, MOST = 2000, 250, 5000
"""Rows of a transaction."""
PAUSE = 0.003
"""Seconds left to others after each transaction; who waits for SQLite's one writer looks every millisecond."""


class Pace:
    """Wrap each transaction in ``with pace`` and let it take `rows` rows."""

    def __init__(self) -> None:
        self.rows = FIRST
        self._started = 0.0

    def __enter__(self) -> Self:
        self._started = time.monotonic()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        taken = time.monotonic() - self._started
        if taken < SHORT:
            self.rows = min(self.rows * 2, MOST)
        elif taken > LONG:
            self.rows = max(self.rows // 2, FEWEST)
        time.sleep(PAUSE)
