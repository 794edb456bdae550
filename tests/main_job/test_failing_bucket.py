"""Buckets that fail in the middle of the work: nothing is lost, the reason is told, and once mended all goes on."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bucketlink import Client, jobs
from bucketlink.buckets import http
from bucketlink.buckets.reach import Patience
from bucketlink.client.types import SummaryRow
from bucketlink.errors import BucketError
from bucketlink.home import DirectoryLock, open_home
from bucketlink.settings import read_settings
from tests.main_job.ways import Asset, Sdk
from tests.servers.pages import Faults, PageServer, Stored
from tests.servers.rgw import Bucket, Rgw

NOTHING = {"added": 0, "removed": 0, "changed": 0, "total": 0}
KEYS = [f"scans/{n:04d}.jpg" for n in range(2500)]


@dataclass(frozen=True)
class Place:
    """A project that was in step with its bucket."""

    client: Client
    project: str
    integration: str
    connection: str

    def assets(self) -> dict[str, Asset]:
        return Sdk(self.client).assets(self.project)

    def shown(self) -> tuple[SummaryRow, list[tuple[str, str]]]:
        """The differences that are published, without computing any; as a list shows them, after failures too."""
        rows = [(str(row["type"]), row["bucketKey"]) for row in self.client.differences(self.connection)]
        fields = [f"dataDifferencesSummary.{count}" for count in SummaryRow.__annotations__]
        (connection,) = self.client.cloud_storage_connections(project_id=self.project, fields=fields)
        return connection["dataDifferencesSummary"], rows

    def error(self) -> str | None:
        found: str | None = self.client.cloud_storage_connections(self.connection, fields=["error"])[0]["error"]
        return found

    def status(self) -> tuple[str, str | None]:
        fields = ["status", "statusReason"]
        row = self.client.cloud_storage_integrations(self.integration, fields=fields, disable_tqdm=True)[0]
        return row["status"], row["statusReason"]

    def refuses_to_sync(self) -> str:
        """Have a synchronization fail that would remove what it can; the sentence, which history tells too."""
        with pytest.raises(BucketError) as caught:
            self.client.synchronize_cloud_storage_connection(self.connection, delete_extraneous_files=True)
        newest = next(self.client.runs(self.connection))
        assert (newest["kind"], newest["state"], newest["error"]) == ("COMPUTE", "FAILED", str(caught.value))
        assert self.error() == str(caught.value)
        return str(caught.value)


@contextmanager
def in_step(directory: Path, bucket: Bucket) -> Iterator[Place]:
    with Client.embedded(directory) as client:
        way = Sdk(client)
        project, integration = way.create_project("Scans"), way.add_integration(bucket)
        connection = way.add_connection(project, integration, ["scans"])
        way.sync(connection)
        yield Place(client, project, integration, connection)


# The last page


@pytest.fixture
def pages() -> Iterator[PageServer]:
    with PageServer(KEYS) as server:
        yield server


@pytest.mark.parametrize(
    ("faults", "reason", "status"),
    [
        (Faults(last_status=403), "does not let these keys list", "DISCONNECTED"),
        (Faults(truncate_last=True), "cut short", "CONNECTED"),
    ],
    ids=["refused", "truncated"],
)
def test_a_listing_that_fails_on_its_last_page_changes_nothing_and_says_why(
    tmp_path: Path, pages: PageServer, faults: Faults, reason: str, status: str
) -> None:
    with in_step(tmp_path, Bucket(pages.endpoint, "bucket", "access", "secret")) as place:
        fails_on_its_last_page(place, pages, faults, reason, status)


def test_a_last_page_that_is_answered_with_500_for_ever_changes_nothing_and_says_why(
    tmp_path: Path, pages: PageServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    impatient = Patience(sleep=lambda _: None)
    monkeypatch.setattr(http, "Patience", lambda: impatient)
    bucket = Bucket(pages.endpoint, "bucket", "access", "secret")
    with worker_in_this_process(tmp_path), in_step(tmp_path, bucket) as place:
        fails_on_its_last_page(place, pages, Faults(last_status=500), "status 500", "CONNECTED")
    # The last page may be asked for by two requests side by side.
    assert pages.counts["LIST 500"] in {impatient.attempts, 2 * impatient.attempts}


def fails_on_its_last_page(place: Place, pages: PageServer, faults: Faults, reason: str, status: str) -> None:
    before = place.assets()
    assert before.keys() == set(KEYS)
    change(pages, "scans/1")
    published = (
        {"added": 1, "removed": 1, "changed": 1, "total": 2},
        [("ADD", "scans/1new.jpg"), ("REMOVE", "scans/1000.jpg"), ("CHANGED", "scans/1001.jpg")],
    )
    assert place.client.compute_differences(place.connection) == published[0]
    change(pages, "scans/0")

    pages.faults = faults
    assert reason in place.refuses_to_sync()

    with pytest.raises(BucketError, match=re.escape(reason)):
        place.client.differences_summary(place.connection)
    assert place.shown() == published
    assert place.assets() == before
    assert place.status()[0] == status

    pages.faults = Faults()
    place.client.synchronize_cloud_storage_connection(place.connection, delete_extraneous_files=True)
    after = place.assets()
    gone, replaced = {"scans/0000.jpg", "scans/1000.jpg"}, {"scans/0001.jpg", "scans/1001.jpg"}
    assert after.keys() == before.keys() - gone | {"scans/0new.jpg", "scans/1new.jpg"}
    assert {key for key in before.keys() & after.keys() if before[key] != after[key]} == replaced
    assert all(after[key] == (before[key].id, 9, "another") for key in replaced)
    assert (place.error(), place.status(), place.shown()) == (None, ("CONNECTED", None), (NOTHING, []))


def change(pages: PageServer, start: str) -> None:
    """Add, delete and replace an object."""
    pages.put(f"{start}new.jpg")
    pages.delete(f"{start}000.jpg")
    pages.put(f"{start}001.jpg", Stored(9, "another"))


@contextmanager
def worker_in_this_process(data_dir: Path) -> Iterator[None]:
    """Do the jobs of a data directory in a thread, where a test can say how patient they are."""
    lock, ended = DirectoryLock(data_dir), threading.Event()
    assert lock.acquire()
    home = open_home(read_settings(data_dir=data_dir), lock=lock)

    def work() -> None:
        while not ended.wait(0.01):
            claim = jobs.take(home)
            if claim is not None:
                jobs.perform(home, claim)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        home.close()
        lock.release()


# Credentials


def test_credentials_that_are_revoked_disconnect_until_they_are_valid_again(tmp_path: Path, rgw: Rgw) -> None:
    user, access, secret = "scanner", "SCANNERSACCESSKEY", "scanners-secret-key"
    keys = ("--access-key", access, "--secret-key", secret)
    rgw._run("radosgw-admin", "user", "create", "--uid", user, "--display-name", user, *keys)
    with Bucket(rgw.endpoint, "revoked", access, secret) as bucket:
        bucket.create()
        bucket.put_many(KEYS[:20])
        with in_step(tmp_path, bucket) as place:
            before = place.assets()
            assert len(before) == 20
            bucket.delete_many(KEYS[:3])
            bucket.put_many(KEYS[20:24])

            rgw._run("radosgw-admin", "key", "rm", "--uid", user, "--key-type", "s3", "--access-key", access)
            reason = place.refuses_to_sync()
            assert "does not know this access key" in reason
            assert secret not in reason
            assert place.status() == ("DISCONNECTED", reason)
            assert (place.assets(), place.shown()) == (before, (NOTHING, []))

            rgw._run("radosgw-admin", "key", "create", "--uid", user, "--key-type", "s3", *keys)
            place.client.synchronize_cloud_storage_connection(place.connection, delete_extraneous_files=True)
            assert place.assets().keys() == set(KEYS[3:24])
            assert (place.error(), place.status()) == (None, ("CONNECTED", None))
