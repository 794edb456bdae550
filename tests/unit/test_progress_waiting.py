"""What is said while something else has to end first."""

import logging

import pytest

from bucketlink import Client
from bucketlink.client.connections import synchronize
from bucketlink.client.types import Progress, RunRow
from tests.unit.fake_server import FakeServer, client_of
from tests.unit.test_progress import row


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Client:
    """A client of a server that computes for a while."""
    monkeypatch.setattr(synchronize, "FIRST_WAIT", 0.0)
    server = FakeServer()
    server.found, server.polls = {"added": 3, "removed": 0, "changed": 0}, 3
    return client_of(server, Client)


UNDOING = row(id="run7", kind="UNDO")
MINE = row(id="run8", kind="COMPUTE", types=[])
CASES = [
    ([{**MINE, "state": "QUEUED"}, UNDOING], "Waiting for run7 to end"),
    ([{**MINE, "state": "SUCCEEDED"}, {**UNDOING, "id": "run9"}], "Waiting for run9 to end"),
    ([{**MINE, "state": "QUEUED"}], "Waiting to be taken up"),
    ([MINE], "Computing"),
]


@pytest.mark.parametrize(("rows", "title"), CASES)
def test_whoever_looks_is_told_what_is_waited_for(
    client: Client, monkeypatch: pytest.MonkeyPatch, rows: list[RunRow], title: str
) -> None:
    monkeypatch.setattr(synchronize, "newest_runs", lambda *_: rows)
    seen: list[Progress] = []
    client.synchronize_cloud_storage_connection("1", dry_run=True, progress=seen.append)
    assert title in {one.title for one in seen}


@pytest.mark.parametrize(("rows", "title"), CASES)
def test_so_is_the_log_where_nobody_looks(
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    rows: list[RunRow],
    title: str,
) -> None:
    monkeypatch.setattr(synchronize, "newest_runs", lambda *_: rows)
    monkeypatch.setattr(synchronize, "NEWS_EVERY", -1.0)
    with caplog.at_level(logging.INFO, "bucketlink"):
        client.synchronize_cloud_storage_connection("1", dry_run=True)
    assert f"Still {title[0].lower()}{title[1:]}, for 0 s now." in caplog.messages
