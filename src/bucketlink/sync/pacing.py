"""How much one write transaction takes, so that it stays short and leaves room for others."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from bucketlink.store.database import Database

SHORT, LONG = 0.05, 0.15
"""Seconds between which a transaction's time is kept."""
FIRST, FEWEST, MOST = 2000, 250, 20_000
"""Rows of a transaction."""
PAUSE = 0.003
"""Seconds left to others after each transaction; who waits for SQLite's one writer looks every millisecond."""


class Pace:
    """Opens one write transaction after the other; each is to take `rows` rows."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.rows = FIRST

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A write transaction whose time decides how many rows the next one is to take."""
        with self._database.write() as tx:
            started = time.monotonic()
            yield tx
        taken = time.monotonic() - started
        if taken < SHORT:
            self.rows = min(self.rows * 2, MOST)
        elif taken > LONG:
            self.rows = max(self.rows // 2, FEWEST)
        time.sleep(PAUSE)
