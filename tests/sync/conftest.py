"""A desk for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sync.desk import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Everything set up, nothing in the bucket."""
    made = Desk.open(tmp_path)
    yield made
    made.check_counters()
    made.close()
