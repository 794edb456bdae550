"""The SDK in process, on a real data directory and real folders."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bucketlink import Client


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("buckets")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Iterator[Client]:
    with Client.embedded(tmp_path_factory.mktemp("data"), folder_roots=[root]) as opened:
        yield opened


@pytest.fixture
def bucket(root: Path, request: pytest.FixtureRequest) -> Path:
    made = root / str(request.node.name)
    made.mkdir()
    return made
