"""The main job, end to end on a real S3 server, in each of the three ways in."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.api.command_line import Inside
from tests.main_job import bucket as objects
from tests.main_job.ways import Asset, Way, open_way
from tests.servers.rgw import Bucket


@pytest.fixture(params=["SDK over HTTP", "SDK embedded", "command line"])
def way(request: pytest.FixtureRequest, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Way]:
    with ExitStack() as stack:
        yield open_way(request.param, tmp_path, stack, Inside(capsys))


def test_a_project_follows_ten_thousand_objects(way: Way, bucket: Bucket) -> None:
    project = way.create_project("Street scenes")
    connection = way.add_connection(project, way.add_integration(bucket), objects.FOLDERS)
    wanted = len(objects.SELECTED)

    assert way.sync(connection, dry_run=True) == 0
    assert way.assets(project) == {}

    assert way.sync(connection) == wanted
    before = way.assets(project)
    assert contents(before) == {key: content(objects.first_body(key)) for key in objects.SELECTED}
    assert len({asset.id for asset in before.values()}) == wanted

    assert way.sync(connection) == wanted
    history = way.runs(connection)
    assert (history[0]["kind"], history[0]["summary"]) == ("COMPUTE", counts(0, 0, 0))
    assert [run["types"] for run in history if run["kind"] == "APPLY"] == [["ADD"]]

    change(bucket)
    found = way.find(connection)
    assert found.counts == counts(100, 30, 50)
    assert found.rows == [
        *(("ADD", key) for key in sorted(objects.ADDED)),
        *(("REMOVE", key) for key in sorted(objects.DELETED)),
        *(("CHANGED", key) for key in sorted(objects.REPLACED)),
    ]
    assert way.assets(project) == before

    assert way.sync(connection, removing=True) == wanted + 70
    after = way.assets(project)
    assert contents(after) == {
        **{key: content(objects.first_body(key)) for key in objects.SELECTED if key not in objects.DELETED},
        **{key: content(objects.first_body(key)) for key in objects.ADDED},
        **{key: content(objects.second_body(key)) for key in objects.REPLACED},
    }
    assert {key: after[key].id for key in before if key in after} == {
        key: asset.id for key, asset in before.items() if key not in objects.DELETED
    }
    new_ids = {after[key].id for key in objects.ADDED}
    assert len(new_ids) == 100
    assert new_ids.isdisjoint(asset.id for asset in before.values())

    removal = next(run for run in way.runs(connection) if run["types"] == ["REMOVE"])
    assert removal["summary"] == counts(0, 30, 0)
    assert way.undo(removal["id"]) == 30
    assert way.assets(project) == {**after, **{key: before[key] for key in objects.DELETED}}
    assert way.find(connection) == (counts(0, 30, 0), [("REMOVE", key) for key in sorted(objects.DELETED)])


def change(bucket: Bucket) -> None:
    """Add, replace and delete objects, in the selected folders and elsewhere."""
    bucket.put_many({key: objects.first_body(key) for key in [*objects.ADDED, *objects.ELSEWHERE_ADDED]})
    bucket.put_many({key: objects.second_body(key) for key in [*objects.REPLACED, *objects.ELSEWHERE_REPLACED]})
    bucket.delete_many([*objects.DELETED, *objects.ELSEWHERE_DELETED])


def counts(added: int, removed: int, changed: int) -> dict[str, int]:
    return {"added": added, "removed": removed, "changed": changed, "total": added + removed}


def contents(assets: dict[str, Asset]) -> dict[str, tuple[int, str]]:
    return {key: (asset.size, asset.etag) for key, asset in assets.items()}


def content(body: bytes) -> tuple[int, str]:
    return len(body), objects.etag(body)
