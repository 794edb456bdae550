"""What a bucket refuses is raised in its own kind, with the run that failed; embedded and over HTTP."""

import re
from collections.abc import Callable, Iterator

import pytest

from bucketlink import (
    BucketError,
    BucketMisbehaved,
    BucketNotFound,
    BucketRefused,
    BucketUnreachable,
    Client,
    Conflict,
    RunFailed,
)
from bucketlink.client.types import Progress
from tests.api.reached import WAYS, reached
from tests.servers.pages import Faults, PageServer


@pytest.fixture(params=WAYS, scope="module")
def client(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with reached(request.param, tmp_path_factory.mktemp("there")) as found:
        yield found.client


@pytest.fixture
def bucket() -> Iterator[PageServer]:
    with PageServer(f"{number:06}.jpg" for number in range(2000)) as pages:
        yield pages


@pytest.fixture
def connection(client: Client, bucket: PageServer) -> str:
    project = client.create_project("Bears", input_type="IMAGE")["id"]
    integration = client.create_cloud_storage_integration(
        "CustomS3", "pages", s3_bucket_name="bucket", s3_endpoint=bucket.endpoint
    )["id"]
    return client.add_cloud_storage_connection(project, integration)["id"]


def last(client: Client, connection: str) -> str:
    return next(client.runs(connection, first=1))["id"]


@pytest.mark.parametrize(
    ("faults", "kind"),
    [
        (Faults(last_status=403), BucketRefused),
        (Faults(missing=True), BucketNotFound),
        (Faults(truncate_last=True), BucketMisbehaved),
        (None, BucketUnreachable),
    ],
    ids=["refused", "gone", "cut short", "not there"],
)
def test_a_bucket_that_cannot_be_read(
    client: Client, bucket: PageServer, connection: str, faults: Faults | None, kind: type[BucketError]
) -> None:
    client.synchronize_cloud_storage_connection(connection, progress=False)
    if faults is None:
        bucket.stop()
    else:
        bucket.faults = faults
    calls: list[Callable[[], object]] = [
        lambda: client.synchronize_cloud_storage_connection(connection, progress=False),
        lambda: client.compute_differences(connection),
        lambda: client.differences_summary(connection),
        lambda: client.wait(last(client, connection), progress=False),
    ]
    for fails in calls:
        with pytest.raises(BucketError) as caught:
            fails()
        assert type(caught.value) is kind
    failed = client.run(last(client, connection))
    assert caught.value.run == failed
    assert (failed["state"], failed["errorKind"], failed["error"]) == ("FAILED", kind.code, str(caught.value))


def test_what_somebody_cancels_is_a_failed_run(client: Client, bucket: PageServer, connection: str) -> None:
    bucket.faults = Faults(latency=0.5)

    def cancel(progress: Progress) -> None:
        run = client.run(last(client, connection))
        if progress.activity == "computing" and run["state"] == "RUNNING":
            client.cancel(run["id"])

    with pytest.raises(RunFailed, match="was cancelled by") as caught:
        client.synchronize_cloud_storage_connection(connection, progress=cancel)
    assert caught.value.run is not None
    assert (caught.value.run["state"], caught.value.run["errorKind"]) == ("CANCELLED", None)


def test_what_was_undone_says_so_and_by_what(client: Client, connection: str) -> None:
    client.synchronize_cloud_storage_connection(connection, progress=False)
    applied = last(client, connection)
    undone = client.undo(applied)["id"]
    with pytest.raises(Conflict, match=re.escape(f"{applied} was undone already, by {undone}")):
        client.undo(applied)
    told = {run["id"]: run["undoneBy"] for run in client.runs(connection)}
    assert told.pop(applied) == undone
    assert set(told.values()) == {None}
    again = client.undo(undone)["id"]
    with pytest.raises(
        Conflict, match=re.escape(f"by {undone}, and that by {again}: undoing {again} undoes {applied}")
    ):
        client.undo(applied)
    assert client.run(undone)["undoneBy"] == again
