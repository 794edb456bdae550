"""What all tests share."""

import os

import pytest

pytest_plugins = ["tests.servers.fixtures", "tests.clients.matrix"]

LONGEST = (
    "tests/clients/test_lost_replies.py",
    "tests/main_job/test_main_job.py",
    "tests/faults/",
    "tests/docs/",
    "tests/sync/",
    "tests/clients/",
    "tests/main_job/",
)
"""Where tests take longest: started first, so that none of them is left for the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the longest; otherwise the order stays."""
    items.sort(key=lambda item: next((at for at, name in enumerate(LONGEST) if name in item.nodeid), len(LONGEST)))


@pytest.fixture(autouse=True, scope="session")
def _nothing_of_ours() -> None:
    """No variable of Bucketlink's is in the environment, but those that a test sets."""
    for name in os.environ:
        if name.startswith("BUCKETLINK_"):
            del os.environ[name]
