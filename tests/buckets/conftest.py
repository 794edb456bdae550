"""The table of properties by kind of bucket, with ``--table``."""

import pytest

from tests.buckets.kinds import KINDS
from tests.buckets.table import Table, note


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("table") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Table(list(KINDS)))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    note(items, list(KINDS))
