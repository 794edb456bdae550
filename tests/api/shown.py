"""A connection that shows the differences that a test wrote for it, of whatever keys."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import update

from bucketlink import Client
from bucketlink.client.types import DifferenceTypeName, FolderRow
from bucketlink.home import Home, open_home
from bucketlink.ids import Noun
from bucketlink.model import DifferenceType
from bucketlink.settings import Settings
from bucketlink.store.differences import Batch, write
from bucketlink.store.tables import connections, differences

RUN = 1000
"""A run of which only the differences are there."""
Differences = Mapping[DifferenceTypeName, list[str]]


class Shown:
    """A connection of a client that shows what a test wrote for it."""

    def __init__(self, client: Client, home: Home, folder: Path) -> None:
        self.client, self.home = client, home
        project = client.create_project("Differences", input_type="IMAGE")["id"]
        integration = client.create_cloud_storage_integration("Folder", "empty", folder_path=str(folder))["id"]
        self.connection = client.add_cloud_storage_connection(project, integration)["id"]

    def show(self, shown: Differences) -> None:
        number = Noun.CONNECTION.number(self.connection)
        with self.home.database.write() as tx:
            tx.execute(differences.delete().where(differences.c.run_id == RUN))
            for type_, keys in shown.items():
                write(tx, RUN, [Batch(DifferenceType[type_], keys, range(len(keys)), [""] * len(keys))])
            tx.execute(update(connections).where(connections.c.id == number).values(published_run_id=RUN))

    def rows(self, **narrowing: Any) -> list[tuple[str, str]]:  # noqa: ANN401
        return [(row["type"], row["bucketKey"]) for row in self.client.differences(self.connection, **narrowing)]

    def folders(self, *args: Any, **narrowing: Any) -> list[FolderRow]:  # noqa: ANN401
        return self.client.difference_folders(self.connection, *args, **narrowing)


@contextmanager
def opened(directory: Path) -> Iterator[Shown]:
    """Open a client on ``directory``'s ``data``."""
    empty = directory / "empty"
    empty.mkdir()
    data = directory / "data"
    with Client.embedded(data, folder_roots=[empty]) as client, closing(open_home(Settings(data_dir=data))) as home:
        yield Shown(client, home, empty)
