"""How far runs are, while they are: over the API and the SDK, on a bucket that answers when it is told to."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bucketlink import Client
from bucketlink.client.connections import synchronize
from bucketlink.client.connections.history import undo
from bucketlink.client.types import Progress
from bucketlink.errors import NotFound
from tests.api.conftest import COMPUTE, World
from tests.api.hesitant import OBJECTS, SHOWN, Hesitant, connect
from tests.api.server import wait_until


@pytest.fixture
def bucket() -> Iterator[Hesitant]:
    with Hesitant() as server:
        yield server
        server.goes_on.set()


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    monkeypatch.setenv("BUCKETLINK_ALLOW_PRIVATE_ENDPOINTS", "true")
    with Client.embedded(tmp_path / "data") as opened:
        yield opened


FIELDS = "id kind state objects expected share rate startedAt steppedAt finishedAt"
RUN = f"query ($id: ID!) {{ data: run(where: {{id: $id}}) {{ {FIELDS} }} }}"


def test_how_far_a_computation_is_is_told_while_it_runs(client: Client, bucket: Hesitant) -> None:
    connection = connect(client, bucket)
    (first,) = client.runs(connection)
    assert (first["objects"], first["expected"], first["share"]) == (OBJECTS, None, 1.0)

    bucket.goes_on.clear()
    client.wire.ask(COMPUTE, id=connection)
    run = next(client.runs(connection))["id"]
    wait_until(lambda: client.run(run)["objects"] > 0)
    held = client.run(run)
    assert held["state"] == "RUNNING"
    assert 0 < held["objects"] <= SHOWN
    assert held["expected"] == OBJECTS
    assert held["share"] == held["objects"] / OBJECTS
    assert held["rate"] is not None
    assert held["rate"] > 0
    assert held["startedAt"] is not None
    assert held["steppedAt"] is not None
    assert held["startedAt"] < held["steppedAt"]
    assert held["finishedAt"] is None

    seen = [held]
    for row in client.watch(run):
        bucket.goes_on.set()
        seen.append(row)
    assert [row["objects"] for row in seen] == sorted(row["objects"] for row in seen)
    assert all(row["share"] is not None and row["share"] < 1 for row in seen[:-1])
    last = seen[-1]
    assert (last["state"], last["objects"], last["share"]) == ("SUCCEEDED", OBJECTS, 1.0)
    assert last["rate"] is not None


def test_what_waits_behind_a_computation_says_so(client: Client, bucket: Hesitant) -> None:
    connection = connect(client, bucket)
    client.synchronize_cloud_storage_connection(connection)
    applied = next(client.runs(connection, first=1))["id"]
    bucket.goes_on.clear()
    client.wire.ask(COMPUTE, id=connection)
    computing = next(client.runs(connection, first=1))["id"]
    wait_until(lambda: client.run(computing)["state"] == "RUNNING")
    told: list[Progress] = []

    def observe(progress: Progress) -> None:
        told.append(progress)
        bucket.goes_on.set()

    done = undo(client.wire, applied, observe=observe)
    assert (told[0].activity, told[0].behind) == ("waiting", computing)
    assert told[-1].activity == "undoing"
    assert told[-1].done == done["summary"]["removed"] == OBJECTS


def test_a_run_that_is_over_is_watched_once(client: Client, bucket: Hesitant) -> None:
    connection = connect(client, bucket)
    (run,) = client.runs(connection)
    assert list(client.watch(run["id"])) == [run]
    with pytest.raises(NotFound, match="no run"):
        next(client.watch("run99"))


def test_a_synchronization_tells_what_its_own_runs_did(
    client: Client, bucket: Hesitant, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = connect(client, bucket)
    project = client.cloud_storage_connections(connection, fields=["projectId"])[0]["projectId"]
    integration = client.cloud_storage_connections(connection, fields=["dataIntegrationId"])[0]["dataIntegrationId"]
    other = client.add_cloud_storage_connection(project, integration, prefix="000")["id"]
    apply = synchronize._apply

    def meanwhile(*args: Any, **options: Any) -> Any:  # noqa: ANN401
        """Between looking and applying, the other connection adds some of the same objects."""
        monkeypatch.setattr(synchronize, "_apply", apply)
        synchronize.synchronize(client.wire, other)
        return apply(*args, **options)

    monkeypatch.setattr(synchronize, "_apply", meanwhile)
    outcome = synchronize.synchronize(client.wire, connection)
    assert outcome.found["added"] == OBJECTS
    assert outcome.added == OBJECTS - 1000
    assert client.count_assets(project) == OBJECTS


def test_every_kind_of_run_answers_over_the_api(world: World) -> None:
    ours = world.ours
    run = world.api.data(ours.user, RUN, {"id": ours.ids["run"]})
    assert (run["kind"], run["objects"], run["expected"], run["share"]) == ("APPLY", 0, 1, 1.0)
    unfinished = world.api.data(ours.user, RUN, {"id": ours.ids["unfinished run"]})
    assert (unfinished["state"], unfinished["objects"], unfinished["rate"]) == ("RUNNING", 0, None)
    assert (unfinished["expected"], unfinished["share"], unfinished["steppedAt"]) == (None, None, None)
