"""What all tests share."""

import pytest

pytest_plugins = ["tests.servers.fixtures", "tests.clients.matrix"]

LONGEST = ("tests/main_job/test_main_job.py", "tests/faults/", "tests/sync/", "tests/clients/", "tests/main_job/")
"""Where tests take longest: started first, so that none of them is left for the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the longest; otherwise the order stays."""
    items.sort(key=lambda item: next((at for at, name in enumerate(LONGEST) if name in item.nodeid), len(LONGEST)))
