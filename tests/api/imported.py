"""A project whose assets are put straight into the database: any number of them, with any keys."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bucketlink import Client
from tests.api.server import Server

CREATED = 1_800_000_000_000
"""Milliseconds; each asset comes a second after the one before."""
_INSERT = (
    "INSERT INTO assets (project_id, integration_id, key, id, connection_id, size, etag, content_type, archived,"
    " run_id, created_at, updated_at) VALUES (1, 1, ?, ?, 1, ?, ?, ?, ?, 1, ?, ?)"
)


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
        with closing(sqlite3.connect(self.data_dir / "bucketlink.db", timeout=30)) as database, database:
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

    def remove(self, ids: Iterable[int]) -> None:
        """Remove assets by the numbers of their ids."""
        with self.database() as database:
            database.executemany("DELETE FROM assets WHERE project_id = 1 AND id = ?", ((id_,) for id_ in ids))
            database.execute("UPDATE projects SET number_of_assets = (SELECT count(*) FROM assets) WHERE id = 1")


def imported(client: Client, data_dir: Path, folder: Path) -> Imported:
    """Make the project, over a folder that the client may read."""
    folder.mkdir(parents=True, exist_ok=True)
    project = client.create_project("Bears", input_type="IMAGE")["id"]
    integration = client.create_cloud_storage_integration("Folder", "bears", folder_path=str(folder))["id"]
    client.add_cloud_storage_connection(project, integration)
    return Imported(client, data_dir, folder, project)


def numbered(count: int, start: int = 1) -> list[str]:
    """Keys that stand in the order of creation."""
    return [f"bears/{number:08d}.jpg" for number in range(start, start + count)]


def opened(way: str, directory: Path, **settings: str) -> Iterator[Imported]:
    """The project, ``embedded`` or over ``http``; for a fixture to yield from."""
    if way == "embedded":
        with Client.embedded(directory / "data", folder_roots=[directory / "bucket"]) as client:
            yield imported(client, directory / "data", directory / "bucket")
        return
    server = Server(directory, settings)
    server.start()
    try:
        with Client(server.api_key, server.endpoint) as client:
            yield imported(client, server.data_dir, server.root / "bucket")
    finally:
        server.stop()
