"""A data directory of its own for every test, and who looks at it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bucketlink import Client
from tests.api.command_line import Inside
from tests.api.doctor.asking import Doctor
from tests.servers.pages import PageServer


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def doctor(run: Inside, tmp_path: Path) -> Doctor:
    return Doctor(run, tmp_path)


@pytest.fixture
def made(data: Path) -> Path:
    """A data directory that is set up, and that nobody has open."""
    Client.embedded(data).close()
    return data


@pytest.fixture(scope="module")
def bucket() -> Iterator[PageServer]:
    with PageServer(f"{n}.jpg" for n in range(10)) as pages:
        yield pages
