"""Waiting for runs that are really under way."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bucketlink import BucketRefused, Client, RunFailed, StillRunning
from bucketlink.client.types import Progress
from tests.servers.pages import Faults, PageServer

OBJECTS = 15_000
COMPUTE = "mutation ($where: DataConnectionIdWhere!) { data: computeDifferences(where: $where) { id } }"


@pytest.fixture
def bucket() -> Iterator[PageServer]:
    with PageServer(f"{n // 1000:02}/{n:06}.jpg" for n in range(OBJECTS)) as pages:
        yield pages


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    monkeypatch.setenv("BUCKETLINK_ALLOW_PRIVATE_ENDPOINTS", "true")
    with Client.embedded(tmp_path / "data") as opened:
        yield opened


@pytest.fixture
def connection(client: Client, bucket: PageServer) -> str:
    project = client.create_project("Bears", input_type="IMAGE")["id"]
    integration = client.create_cloud_storage_integration(
        "CustomS3", "pages", s3_bucket_name="bucket", s3_endpoint=bucket.endpoint
    )["id"]
    return client.add_cloud_storage_connection(project, integration)["id"]


def begin(client: Client, connection: str) -> str:
    """Have a connection's differences computed, without waiting; answers the run's id."""
    client.wire.ask(COMPUTE, where={"id": connection})
    return next(run["id"] for run in client.runs(connection) if run["kind"] == "COMPUTE")


def test_a_run_that_takes_long_is_waited_for_in_portions(client: Client, bucket: PageServer, connection: str) -> None:
    bucket.faults = Faults(latency=0.5)
    run = begin(client, connection)
    with pytest.raises(StillRunning, match="It goes on") as caught:
        client.wait(run, timeout=0.3)
    assert caught.value.run is not None
    assert caught.value.run["state"] in {"QUEUED", "RUNNING"}
    seen: list[Progress] = []
    done = client.wait(run, progress=seen.append, timeout=60)
    assert (done["state"], done["objects"]) == ("SUCCEEDED", OBJECTS)
    assert seen[-1].activity == "computing"


def test_a_run_that_somebody_cancels_ends_the_wait_for_it(client: Client, bucket: PageServer, connection: str) -> None:
    bucket.faults = Faults(latency=0.5)
    run = begin(client, connection)

    def cancel(_: Progress) -> None:
        if client.run(run)["state"] != "CANCELLED":
            client.cancel(run)

    with pytest.raises(RunFailed, match="was cancelled by") as caught:
        client.wait(run, progress=cancel)
    assert caught.value.run is not None
    assert caught.value.run["state"] == "CANCELLED"


def test_a_run_that_fails_tells_why(client: Client, bucket: PageServer, connection: str) -> None:
    bucket.faults = Faults(last_status=403)
    with pytest.raises(BucketRefused, match="bucket") as caught:
        client.wait(begin(client, connection), progress=False)
    assert caught.value.run is not None
    assert caught.value.run["errorKind"] == "BUCKET_REFUSED"


def test_an_undoing_is_waited_for(client: Client, connection: str) -> None:
    client.synchronize_cloud_storage_connection(connection, progress=False)
    applied = next(run["id"] for run in client.runs(connection) if run["kind"] == "APPLY")
    undone = client.wait(client.undo(applied, wait=False)["id"], timeout=60)
    assert (undone["kind"], undone["summary"]["removed"], undone["left"]) == ("UNDO", OBJECTS, 0)
