"""A home directory as the documents expect it."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.command_line import jobs_done
from tests.docs.pictures import paint
from tests.docs.session import Session
from tests.unit.documents import DOCS

PROGRAMS = Path(sys.executable).parent
FIRST_PAGE = DOCS / "guides" / "README.md"


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    """A reader who has a folder of pictures, and nothing of Bucketlink but the program."""
    home = tmp_path / "home"
    paint(home / "Pictures")
    opened = Session(monkeypatch, home)
    opened.open(PROGRAMS)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def beginning(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A home directory, and a copy of it, as the first page of the guides leaves it."""
    home = tmp_path_factory.mktemp("reader") / "home"
    paint(home / "Pictures")
    (home / ".venvs" / "bucketlink").mkdir(parents=True)
    (home / ".venvs" / "bucketlink" / "bin").symlink_to(PROGRAMS)
    with pytest.MonkeyPatch.context() as patch:
        opened = Session(patch, home)
        opened.open(PROGRAMS)
        opened.read(FIRST_PAGE)
        opened.close()
    copy = home.with_name("copy")
    shutil.copytree(home, copy, symlinks=True)
    return home, copy


@pytest.fixture
def guided(beginning: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    """A reader who has read the first page of the guides."""
    home, copy = beginning
    shutil.rmtree(home)
    shutil.copytree(copy, home, symlinks=True)
    opened = Session(monkeypatch, home)
    opened.open(PROGRAMS)
    with jobs_done():
        yield opened
        opened.close()
