"""Processes killed with SIGKILL in the middle of their work and started again: it ends, nothing is lost or doubled."""

import http.client
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from bucketlink import Client
from tests.api.server import PRIVATE, Server, wait_until
from tests.faults.processes import descendants, kill_all, workers
from tests.servers.pages import Faults, PageProcess

OBJECTS = 15_000
SLOW = Faults(latency=0.1)


@pytest.fixture(scope="module")
def bucket() -> Iterator[PageProcess]:
    """A bucket that takes its time: fifteen pages, a tenth of a second each."""
    with PageProcess(OBJECTS, SLOW) as pages:
        yield pages


class Victim:
    """A server with a project and a connection, that can be killed with everything it started."""

    def __init__(self, directory: Path, bucket: PageProcess) -> None:
        self.server = Server(directory, PRIVATE)
        self.server.start()
        integration = self.server.create_integration(
            {"name": "pages", "platform": "CustomS3", "s3BucketName": "bucket", "s3Endpoint": bucket.endpoint}
        )
        with self.client() as client:
            self.project = client.create_project("Bears", input_type="IMAGE")["id"]
        self.integration = integration

    @contextmanager
    def client(self) -> Iterator[Client]:
        with Client(self.server.api_key, self.server.endpoint) as client:
            yield client

    def connect(self) -> str:
        """Add a connection to everything; its first computation is under way when this returns."""
        document = "mutation ($data: DataConnectionInput!) { data: addDataConnection(data: $data) { id } }"
        data = {"projectId": self.project, "integrationId": self.integration}
        adding = threading.Thread(target=self._add, args=(document, data), daemon=True)
        adding.start()
        with self.client() as client:
            wait_until(lambda: bool(self._connections(client)))
            return self._connections(client)[0]

    def _add(self, document: str, data: dict[str, str]) -> None:
        # The answer waits for the computation, in which the server may be killed.
        with suppress(OSError, http.client.HTTPException):
            self.server.ask(document, {"data": data})

    def _connections(self, client: Client) -> list[str]:
        found = client.cloud_storage_connections(project_id=self.project, fields=("id",), disable_tqdm=True)
        return [str(row["id"]) for row in found]

    def state(self, connection: str) -> dict[str, Any]:
        fields = "isChecking isApplyingDataDifferences numberOfAssets error dataDifferencesSummary { added total }"
        document = f"query ($where: DataConnectionIdWhere!) {{ data: dataConnection(where: $where) {{ {fields} }} }}"
        found: dict[str, Any] = self.server.data(document, {"where": {"id": connection}})
        return found

    def ask(self, mutation: str, connection: str) -> None:
        where = {"id": connection}
        if mutation == "computeDifferences":
            self.server.data(
                "mutation ($where: DataConnectionIdWhere!) { data: computeDifferences(where: $where) { id } }",
                {"where": where},
            )
        else:
            self.server.data(
                "mutation ($where: ValidateDataDifferencesWhere!) "
                "{ data: validateDataDifferences(where: $where) { id } }",
                {"where": {"connectionId": connection, "type": "ADD"}},
            )

    def objects_seen(self, connection: str) -> int:
        document = "query ($where: RunsWhere!) { data: runs(where: $where, first: 1, skip: 0) { objects } }"
        rows = self.server.data(document, {"where": {"connectionId": connection}})
        return int(rows[0]["objects"]) if rows else 0

    def rests(self, connection: str) -> bool:
        state = self.state(connection)
        return not state["isChecking"] and not state["isApplyingDataDifferences"]

    def worker(self) -> int | None:
        """The process that runs the jobs."""
        found = workers(self.server.pid, self.server.data_dir)
        return found[0] if found else None

    def kill_everything(self) -> None:
        kill_all([self.server.pid, *descendants(self.server.pid)])
        self.server.wait()


@pytest.fixture
def victim(tmp_path: Path, bucket: PageProcess) -> Iterator[Victim]:
    """A server to be killed."""
    made = Victim(tmp_path, bucket)
    yield made
    made.server.stop()


def check(victim: Victim, connection: str) -> None:
    """Every object is an asset, once."""
    with victim.client() as client:
        assert client.count_assets(victim.project) == OBJECTS
        rows = client.assets(victim.project, fields=("id", "externalId"))
    assert len({row["externalId"] for row in rows}) == OBJECTS
    assert len({row["id"] for row in rows}) == OBJECTS
    victim.ask("computeDifferences", connection)
    wait_until(lambda: victim.rests(connection), 60)
    assert victim.state(connection)["dataDifferencesSummary"] == {"added": 0, "total": 0}
    assert victim.state(connection)["error"] is None


def test_a_server_killed_while_it_computes_and_while_it_applies_completes_both(victim: Victim) -> None:
    connection = victim.connect()
    wait_until(lambda: 0 < victim.objects_seen(connection) < OBJECTS)
    victim.kill_everything()
    victim.server.start()
    seen = victim.objects_seen(connection)
    assert seen > 0
    wait_until(lambda: victim.rests(connection), 60)
    state = victim.state(connection)
    assert state["dataDifferencesSummary"]["added"] == OBJECTS
    assert state["numberOfAssets"] == 0

    victim.ask("validateDataDifferences", connection)
    wait_until(lambda: victim.state(connection)["numberOfAssets"] > 0)
    victim.kill_everything()
    victim.server.start()
    wait_until(lambda: victim.rests(connection), 60)
    assert victim.state(connection)["numberOfAssets"] == OBJECTS
    check(victim, connection)


def test_a_worker_killed_again_and_again_is_replaced_and_ends_its_work(victim: Victim) -> None:
    connection = victim.connect()
    for _ in range(3):
        before = victim.objects_seen(connection)
        wait_until(lambda before=before: victim.objects_seen(connection) > before or victim.rests(connection))  # type: ignore[misc]
        worker = victim.worker()
        if worker is not None:
            os.kill(worker, signal.SIGKILL)
            wait_until(lambda worker=worker: victim.worker() not in {worker, None})  # type: ignore[misc]
    wait_until(lambda: victim.rests(connection), 60)
    victim.ask("validateDataDifferences", connection)
    wait_until(lambda: victim.worker() is not None)
    os.kill(victim.worker() or 0, signal.SIGKILL)
    wait_until(lambda: victim.rests(connection), 60)
    check(victim, connection)


def test_a_second_process_on_the_same_directory_waits_its_turn_and_takes_over(
    victim: Victim, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUCKETLINK_ALLOW_PRIVATE_ENDPOINTS", "true")
    with Client.embedded(victim.server.data_dir) as other:
        connection = victim.connect()
        wait_until(lambda: victim.objects_seen(connection) > 0)
        assert workers(os.getpid(), victim.server.data_dir) == [victim.worker()]
        victim.kill_everything()
        result = other.synchronize_cloud_storage_connection(connection)
        assert result["numberOfAssets"] == OBJECTS
    victim.server.start()
    check(victim, connection)
