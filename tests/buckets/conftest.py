"""What tests of buckets share; and the table of properties by kind of bucket, with ``--table``."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.buckets.kinds import KINDS
from tests.buckets.roles import MANY, USER, Clock
from tests.buckets.table import Table, note
from tests.servers.sts import Sts


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("table") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Table(list(KINDS)))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    note(items, list(KINDS))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sts(clock: Clock) -> Iterator[Sts]:
    with Sts(clock, USER, keys=MANY) as server:
        yield server


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """An empty folder, to be read as a bucket."""
    (tmp_path / "folder").mkdir()
    return tmp_path / "folder"
