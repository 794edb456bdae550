"""A project whose assets are put straight into the database: any number of them, with any keys."""

import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bucketlink import Client
from tests.api.reached import reached

_DATABASE, _KEPT = "bucketlink.db", "kept.db"
CREATED = 1_800_000_000_000
"""Milliseconds; each asset comes a second after the one before."""
_INSERT = (
    "INSERT INTO assets (project_id, integration_id, key, id, connection_id, size, etag, content_type, archived,"
    " run_id, created_at, updated_at) VALUES (1, 1, ?, ?, 1, ?, ?, ?, ?, 1, ?, ?)"
)
_CONNECT = (
    "INSERT INTO connections (organization_id, project_id, integration_id, created_at, updated_at)"
    " SELECT organization_id, 1, id, created_at, created_at FROM integrations"
)
"""Connects the project without computing what differs, which would take a worker."""


@dataclass(frozen=True, slots=True)
class Imported:
    """The first project of a data directory, connected to an empty folder."""

    client: Client
    data_dir: Path
    folder: Path
    project: str = "prj1"

    @contextmanager
    def database(self) -> Iterator[sqlite3.Connection]:
        """What is done in the block is committed at its end."""
        with closing(sqlite3.connect(self.data_dir / _DATABASE, timeout=30)) as database, database:
            yield database

    def add(self, keys: Iterable[str], start: int = 1, size: int = 10) -> None:
        """Add an asset for each key, of ids from ``start`` on."""
        with self.database() as database:
            database.executemany(
                _INSERT,
                (
                    (key, number, size, f"etag{number}", "image/jpeg", None, *[CREATED + number * 1000] * 2)
                    for number, key in enumerate(keys, start)
                ),
            )
            database.execute("UPDATE projects SET number_of_assets = (SELECT count(*) FROM assets) WHERE id = 1")

    def keep(self) -> None:
        """Keep everything as it is now, for `restore`."""
        self._copy(_DATABASE, _KEPT)

    def restore(self) -> None:
        """Let everything be as it was kept, and the folder empty; no run may be under way."""
        self._copy(_KEPT, _DATABASE)
        shutil.rmtree(self.folder)
        self.folder.mkdir()

    def _copy(self, source: str, target: str) -> None:
        with (
            closing(sqlite3.connect(self.data_dir / source)) as old,
            closing(sqlite3.connect(self.data_dir / target)) as new,
        ):
            old.backup(new)

    def remove(self, ids: Iterable[int]) -> None:
        """Remove assets by the numbers of their ids."""
        with self.database() as database:
            database.executemany("DELETE FROM assets WHERE project_id = 1 AND id = ?", ((id_,) for id_ in ids))
            database.execute("UPDATE projects SET number_of_assets = (SELECT count(*) FROM assets) WHERE id = 1")


def imported(client: Client, data_dir: Path, folder: Path) -> Imported:
    """Make the project, over a folder that the client may read."""
    folder.mkdir(parents=True, exist_ok=True)
    project = client.create_project("Bears", input_type="IMAGE")["id"]
    client.create_cloud_storage_integration("Folder", "bears", folder_path=str(folder))
    made = Imported(client, data_dir, folder, project)
    with made.database() as database:
        database.execute(_CONNECT)
    return made


def numbered(count: int, start: int = 1) -> list[str]:
    """Keys that stand in the order of creation."""
    return [f"bears/{number:08d}.jpg" for number in range(start, start + count)]


def opened(way: str, directory: Path) -> Iterator[Imported]:
    """The project, by a way of `tests.api.reached`; for a fixture to yield from."""
    with reached(way, directory) as there:
        yield imported(there.client, there.data_dir, there.root / "bucket")
