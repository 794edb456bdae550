"""A data directory with one of everything, and words that ask for what cannot be done."""

import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bucketlink import Client
from bucketlink.ids import Noun
from bucketlink.model import Access, BucketAddress, Credentials, Platform, Restriction
from bucketlink.sealing import open_sealer
from bucketlink.settings import Settings
from bucketlink.store import accounts, integrations
from bucketlink.store.database import Database
from tests.servers.process import free_port
from tests.servers.rgw import Bucket

SECRET = "not-the-secret-of-this-key"
COUNTED = (
    "organizations",
    "users",
    "api_keys",
    "projects",
    "integrations WHERE deleted_at IS NULL",
    "integrations WHERE sealed_credentials IS NOT NULL",
    "connections",
    "assets",
    "removed_assets",
    "differences WHERE run_id IN (SELECT published_run_id FROM connections)",
    "runs WHERE kind != 'CHECK'",
)


@dataclass(frozen=True)
class World:
    """A data directory with one of everything, and an integration of another organization."""

    client: Client
    data_dir: Path
    folder: Path
    """A root that integrations may read."""
    bucket: Bucket
    project: str
    integration: str
    connection: str
    run: str
    """The newest run, which applied differences."""
    foreign: str
    nowhere: str
    """An address at which nothing listens."""
    no_s3: str
    """An address at which a web page is served."""

    @classmethod
    def make(cls, client: Client, data_dir: Path, folder: Path, bucket: Bucket, no_s3: str) -> "World":
        (folder / "in").mkdir(parents=True)
        (folder / "in" / "1.jpg").write_text("picture")
        project = client.create_project("one", input_type="IMAGE")["id"]
        made = client.create_cloud_storage_integration("Folder", "one", folder_path=str(folder / "in"))
        connection = client.add_cloud_storage_connection(project, made["id"])["id"]
        client.synchronize_cloud_storage_connection(connection)
        return cls(
            client=client,
            data_dir=data_dir,
            folder=folder,
            bucket=bucket,
            project=project,
            integration=made["id"],
            connection=connection,
            run=next(client.runs(connection))["id"],
            foreign=add_foreign_integration(data_dir, folder / "in"),
            nowhere=f"http://127.0.0.1:{free_port()}",
            no_s3=no_s3,
        )

    def census(self) -> dict[str, int]:
        """How many of everything the database holds."""
        with closing(sqlite3.connect(self.data_dir / "bucketlink.db")) as database:
            return {what: database.execute(f"SELECT count(*) FROM {what}").fetchone()[0] for what in COUNTED}

    def register(self, **changed: str) -> dict[str, Any]:
        """Register the bucket by the SDK, with something changed."""
        given: dict[str, Any] = {
            "s3_bucket_name": self.bucket.name,
            "s3_endpoint": self.bucket.endpoint,
            "s3_access_key": self.bucket.access_key,
            "s3_secret_key": self.bucket.secret_key,
            **changed,
        }
        return self.client.create_cloud_storage_integration("CustomS3", "wrong", **given)

    def registering(self, **changed: str) -> list[str]:
        """As `register`, in words of the command line."""
        given = {
            "bucket": self.bucket.name,
            "endpoint_url": self.bucket.endpoint,
            "access_key": self.bucket.access_key,
            "secret_key": self.bucket.secret_key,
            **changed,
        }
        options = (word for name, value in given.items() for word in (f"--{name.replace('_', '-')}", value))
        return ["integrations", "add", *options]

    def connecting(self, *, project: str = "", integration: str = "") -> list[str]:
        """Words that connect a project with an integration."""
        options = ("--project", project or self.project, "--integration", integration or self.integration)
        return ["connections", "add", *options]


def add_foreign_integration(data_dir: Path, folder: Path) -> str:
    """Found another organization in a data directory, with an integration; its id."""
    with closing(Database(data_dir / "bucketlink.db")) as database, database.write() as tx:
        made = integrations.add(
            tx,
            open_sealer(Settings(data_dir=data_dir)),
            accounts.add_organization(tx, "Others"),
            name="theirs",
            address=BucketAddress(Platform.FOLDER, str(folder)),
            access=Access(),
            restriction=Restriction(),
            allowed_projects=None,
            credentials=Credentials(),
        )
    return Noun.INTEGRATION.show(made.id)


def in_one_line(sentence: str, says: str) -> None:
    """A sentence that a person can act on, and which tells no secret."""
    assert re.search(says, sentence), sentence
    assert "\n" not in sentence
    assert "Traceback" not in sentence
    assert SECRET not in sentence
