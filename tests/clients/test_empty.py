"""Where there is nothing yet, clients list nothing and count none."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.server import Server
from tests.clients.conftest import Client
from tests.clients.environments import Environment


@pytest.fixture
def nothing_yet(tmp_path: Path) -> Iterator[Server]:
    """A server that nobody has used."""
    with Server(tmp_path / "server") as server:
        yield server


def test_finds_nothing_where_nothing_is(environment: Environment, nothing_yet: Server, tmp_path: Path) -> None:
    said = Client(environment, nothing_yet, tmp_path).run("empty")

    assert said == {
        "integrations": [[], [], [], 0, 0],
        "projects": [[], [], [], 0],
        "connections": [[], [], []],
        "assets": [[], [], [], 0],
    }
