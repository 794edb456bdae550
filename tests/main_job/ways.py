"""The three ways in, which have to do the same: the SDK over HTTP, the SDK embedded, the command line."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pytest

from bucketlink import Client
from bucketlink.client.types import RunRow, SummaryRow
from tests.api.command_line import Inside
from tests.api.server import PRIVATE, Server
from tests.servers.rgw import Bucket


class Asset(NamedTuple):
    """What an asset has beside its key."""

    id: str
    size: int
    etag: str


class Found(NamedTuple):
    """Differences: their counts, and the type and key of each."""

    counts: SummaryRow
    rows: list[tuple[str, str]]


class Way(Protocol):
    """A way in, on a data directory of its own."""

    def create_project(self, title: str) -> str: ...
    def add_integration(self, bucket: Bucket) -> str: ...
    def add_connection(self, project: str, integration: str, folders: Sequence[str]) -> str: ...
    def sync(self, connection: str, *, dry_run: bool = False, removing: bool = False) -> int:
        """Returns the number of the connection's assets afterwards."""
        ...

    def find(self, connection: str) -> Found:
        """Compute the differences, and answer them."""
        ...

    def runs(self, connection: str) -> list[RunRow]:
        """Newest first."""
        ...

    def undo(self, run: str) -> int:
        """Undo a removal; returns how many assets came back."""
        ...

    def assets(self, project: str) -> dict[str, Asset]:
        """All assets, by key."""
        ...


@dataclass(frozen=True)
class Sdk:
    """The Python SDK, wherever its client leads."""

    client: Client

    def create_project(self, title: str) -> str:
        return self.client.create_project(title, input_type="IMAGE")["id"]

    def add_integration(self, bucket: Bucket) -> str:
        made = self.client.create_cloud_storage_integration(
            "CustomS3",
            "Ten thousand",
            s3_bucket_name=bucket.name,
            s3_endpoint=bucket.endpoint,
            s3_access_key=bucket.access_key,
            s3_secret_key=bucket.secret_key,
        )
        assert made["status"] == "CONNECTED"
        return str(made["id"])

    def add_connection(self, project: str, integration: str, folders: Sequence[str]) -> str:
        return self.client.add_cloud_storage_connection(project, integration, list(folders))["id"]

    def sync(self, connection: str, *, dry_run: bool = False, removing: bool = False) -> int:
        done = self.client.synchronize_cloud_storage_connection(connection, removing, dry_run)
        assert done["id"] == connection
        return done["numberOfAssets"]

    def find(self, connection: str) -> Found:
        counts = self.client.compute_differences(connection)
        return Found(counts, [(row["type"], row["bucketKey"]) for row in self.client.differences(connection)])

    def runs(self, connection: str) -> list[RunRow]:
        return list(self.client.runs(connection))

    def undo(self, run: str) -> int:
        undone = self.client.undo(run)
        assert (undone["state"], undone["left"]) == ("SUCCEEDED", 0)
        return undone["summary"]["added"]

    def assets(self, project: str) -> dict[str, Asset]:
        rows = self.client.assets(project, fields=["externalId", "id", "size", "etag"])
        found = {row["externalId"]: Asset(row["id"], int(row["size"]), row["etag"]) for row in rows}
        assert len(found) == self.client.count_assets(project)
        return found


@dataclass(frozen=True)
class Shell:
    """The command line on a data directory, each command opening it anew."""

    run: Inside
    data_dir: Path

    def create_project(self, title: str) -> str:
        return str(self._json("projects", "create", title)["id"])

    def add_integration(self, bucket: Bucket) -> str:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("BUCKETLINK_S3_ACCESS_KEY", bucket.access_key)
            patch.setenv("BUCKETLINK_S3_SECRET_KEY", bucket.secret_key)
            made = self._json("integrations", "add", "--bucket", bucket.name, "--endpoint-url", bucket.endpoint)
        assert made["status"] == "CONNECTED"
        return str(made["id"])

    def add_connection(self, project: str, integration: str, folders: Sequence[str]) -> str:
        chosen = [part for folder in folders for part in ("--folder", folder)]
        made = self._json("connections", "add", "--project", project, "--integration", integration, *chosen)
        return str(made["id"])

    def sync(self, connection: str, *, dry_run: bool = False, removing: bool = False) -> int:
        options = ["--dry-run"] * dry_run + ["--delete-extraneous-files"] * removing
        done = self._json("sync", connection, *options)
        assert (done["id"], done["dryRun"]) == (connection, dry_run)
        return int(done["numberOfAssets"])

    def find(self, connection: str) -> Found:
        shown = self._json("diff", connection, "--list")
        return Found(shown["summary"], [(row["type"], row["bucketKey"]) for row in shown["differences"]])

    def runs(self, connection: str) -> list[RunRow]:
        rows: list[RunRow] = self._json("runs", connection)
        return rows

    def undo(self, run: str) -> int:
        undone = self._json("undo", run)
        assert (undone["state"], undone["left"]) == ("SUCCEEDED", 0)
        return int(undone["summary"]["added"])

    def assets(self, project: str) -> dict[str, Asset]:
        # The command line only counts them; the SDK shows them, on the same directory.
        with Client.embedded(self.data_dir) as client:
            return Sdk(client).assets(project)

    def _json(self, *args: str) -> Any:  # noqa: ANN401
        return self.run.json(*args, "--data-dir", self.data_dir)


def open_way(name: str, directory: Path, stack: ExitStack, run: Inside) -> Way:
    """Open a way in, which is closed with the stack."""
    if name == "command line":
        return Shell(run, directory / "data")
    if name == "SDK embedded":
        return Sdk(stack.enter_context(Client.embedded(directory / "data")))
    server = stack.enter_context(Server(directory, PRIVATE))
    return Sdk(stack.enter_context(Client(server.api_key, server.endpoint)))
