"""Synchronizing within what a caller agrees to, and telling them how far it is; in process and over HTTP."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bucketlink import Client
from bucketlink.client.connections import synchronize
from bucketlink.client.types import Progress, SummaryRow
from bucketlink.errors import GuardRefusal, InvalidInput
from bucketlink.kili import Kili
from tests.api.server import Server

VALIDATE = (
    "mutation ($id: ID!, $type: DataDifferenceType!, $given: String) "
    "{ data: validateDataDifferences(where: {connectionId: $id, type: $type}, processingParameters: $given) { id } }"
)


@pytest.fixture(scope="module", params=["embedded", "server"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Client, Path]]:
    """A client, and a folder below which it may read."""
    directory = tmp_path_factory.mktemp("place")
    if request.param == "embedded":
        (directory / "buckets").mkdir()
        with Client.embedded(directory / "data", folder_roots=[directory / "buckets"]) as client:
            yield client, directory / "buckets"
        return
    with Server(directory) as server, Kili(server.api_key, server.endpoint) as kili:
        yield kili, server.root


class Bucket:
    """A synchronized folder of ten pictures, of which three are gone, one is another, and two are new."""

    def __init__(self, client: Client, folder: Path) -> None:
        self.client, self.folder = client, folder
        folder.mkdir()
        for number in range(10):
            self.put(f"{number}.jpg")
        self.project = client.create_project(folder.name, input_type="IMAGE")["id"]
        integration = client.create_cloud_storage_integration("Folder", folder.name, folder_path=str(folder))["id"]
        self.connection = client.add_cloud_storage_connection(self.project, integration)["id"]
        self.synchronize()
        for number in range(3):
            (folder / f"{number}.jpg").unlink()
        self.put("5.jpg", "another picture")
        self.put("new1.jpg")
        self.put("new2.jpg")
        self.before = self.assets()

    def put(self, name: str, content: str = "picture") -> None:
        (self.folder / name).write_text(content)

    def synchronize(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401
        return self.client.synchronize_cloud_storage_connection(self.connection, *args, progress=None, **options)

    def assets(self) -> dict[str, str]:
        rows = self.client.assets(self.project, fields=("externalId", "etag"), disable_tqdm=True)
        return {row["externalId"]: row["etag"] for row in rows}

    def left(self) -> SummaryRow:
        return self.client.differences_summary(self.connection)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synchronize, "FIRST_WAIT", 0.01)


@pytest.fixture
def bucket(place: tuple[Client, Path], request: pytest.FixtureRequest) -> Bucket:
    client, root = place
    return Bucket(client, root / request.node.name)


@pytest.mark.parametrize("most", [0, 2])
@pytest.mark.parametrize("force", [False, True])
def test_if_more_would_go_than_agreed_nothing_is_changed_at_all(bucket: Bucket, most: int, force: bool) -> None:
    with pytest.raises(GuardRefusal, match=f"remove 3 assets, more than the {most}") as caught:
        bucket.synchronize(True, max_delete=most, force=force)
    assert (caught.value.removed, caught.value.owned) == (3, 10)
    assert f"bucketlink diff {bucket.connection} --list --type REMOVE" in str(caught.value)
    assert bucket.assets() == bucket.before
    assert bucket.left() == {"added": 2, "removed": 3, "changed": 1, "total": 5}


def test_as_many_as_agreed_may_go(bucket: Bucket) -> None:
    assert bucket.synchronize(True, max_delete=3)["numberOfAssets"] == 9
    assert bucket.left()["total"] == 0


def test_a_limit_hinders_nothing_where_nothing_is_removed(bucket: Bucket) -> None:
    assert bucket.synchronize(dry_run=True, delete_extraneous_files=True, max_delete=0)["numberOfAssets"] == 10
    assert bucket.assets() == bucket.before
    assert bucket.synchronize(max_delete=0)["numberOfAssets"] == 12
    assert bucket.left() == {"added": 0, "removed": 3, "changed": 0, "total": 3}


@pytest.mark.parametrize("most", [-1, True])
def test_a_limit_that_is_none_is_refused(bucket: Bucket, most: int) -> None:
    with pytest.raises(InvalidInput, match="max_delete"):
        bucket.synchronize(True, max_delete=most)
    assert bucket.assets() == bucket.before


def test_what_vanishes_while_it_synchronizes_is_not_removed_beyond_the_limit(bucket: Bucket) -> None:
    def meddle(progress: Progress) -> None:
        if progress.activity == "applying" and (bucket.folder / "3.jpg").exists():
            (bucket.folder / "3.jpg").unlink()
            bucket.client.compute_differences(bucket.connection)

    with pytest.raises(GuardRefusal, match="remove 4 assets, more than the 3"):
        bucket.client.synchronize_cloud_storage_connection(bucket.connection, True, max_delete=3, progress=meddle)
    assert bucket.assets().keys() == bucket.before.keys() | {"new1.jpg", "new2.jpg"}


def test_what_vanishes_before_anything_is_applied_hinders_all_of_it(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = synchronize.summary

    def meanwhile(*given: Any) -> Any:  # noqa: ANN401
        monkeypatch.setattr(synchronize, "summary", summary)
        found = summary(*given)
        (bucket.folder / "3.jpg").unlink()
        bucket.client.compute_differences(bucket.connection)
        return found

    monkeypatch.setattr(synchronize, "summary", meanwhile)
    with pytest.raises(GuardRefusal, match="remove 4 assets, more than the 3"):
        bucket.synchronize(True, max_delete=3)
    assert bucket.assets() == bucket.before


def test_the_server_itself_keeps_to_what_was_agreed(bucket: Bucket) -> None:
    bucket.client.compute_differences(bucket.connection)

    def ask(type_: str, given: object) -> None:
        bucket.client.wire.ask(VALIDATE, id=bucket.connection, type=type_, given=json.dumps(given))

    with pytest.raises(GuardRefusal, match="none is removed"):
        ask("REMOVE", {"force": True, "maxDelete": 2})
    wrongs: list[object] = [-1, 1.5, "3", True, []]
    for wrong in wrongs:
        with pytest.raises(InvalidInput, match="maxDelete"):
            ask("REMOVE", {"maxDelete": wrong})
    assert [run for run in bucket.client.runs(bucket.connection) if run["types"] == ["REMOVE"]] == []
    with pytest.raises(GuardRefusal, match="none is removed"):
        ask("ADD", {"maxDelete": 2})
    ask("REMOVE", {"maxDelete": 3})
    ask("ADD", {"maxDelete": 3})
    for run in bucket.client.runs(bucket.connection, first=2):
        assert list(bucket.client.watch(run["id"]))[-1]["state"] == "SUCCEEDED"
    assert bucket.assets().keys() == {*(f"{number}.jpg" for number in range(3, 10)), "new1.jpg", "new2.jpg"}


def test_changed_assets_can_be_left_as_they_are(bucket: Bucket) -> None:
    assert bucket.synchronize(True, apply_changed=False)["numberOfAssets"] == 9
    assert bucket.assets()["5.jpg"] == bucket.before["5.jpg"]
    assert bucket.left() == {"added": 0, "removed": 0, "changed": 1, "total": 0}
    assert bucket.synchronize()["numberOfAssets"] == 9
    assert bucket.assets()["5.jpg"] != bucket.before["5.jpg"]


def test_whoever_wants_to_is_told_how_far_it_is(bucket: Bucket) -> None:
    seen: list[Progress] = []
    bucket.client.synchronize_cloud_storage_connection(bucket.connection, True, progress=seen.append)
    ends = [(one.activity, one.done) for one in seen if one.share == 1]
    assert ends == [("computing", 9), ("applying", 2), ("applying", 1), ("applying", 3)]


def test_what_is_told_may_end_the_wait_and_the_work_goes_on(bucket: Bucket) -> None:
    def enough(progress: Progress) -> None:
        raise KeyError(progress.title)

    with pytest.raises(KeyError):
        bucket.client.synchronize_cloud_storage_connection(bucket.connection, progress=enough)
    (newest,) = bucket.client.runs(bucket.connection, first=1)
    assert list(bucket.client.watch(newest["id"]))[-1]["state"] == "SUCCEEDED"
    assert bucket.left()["total"] == 5


@pytest.mark.parametrize("progress", [1, "yes", lambda: None])
def test_what_cannot_be_told_anything_is_refused(bucket: Bucket, progress: Any) -> None:  # noqa: ANN401
    with pytest.raises(TypeError, match="progress"):
        bucket.client.synchronize_cloud_storage_connection(bucket.connection, progress=progress)
    assert bucket.assets() == bucket.before
