"""Progress as a person sees it: rates, shares, and what is left, each told only where it is known."""

from dataclasses import replace
from typing import Any, cast

import pytest

from bucketlink import Client
from bucketlink.cli.common import described
from bucketlink.client.connections import progress, synchronize
from bucketlink.client.connections.progress import STILL, Meter
from bucketlink.client.types import Progress, RunRow
from bucketlink.model import Run, RunKind, RunState, Summary

from .fake_server import FakeServer, client_of

STARTED = Run(
    id=1,
    organization_id=1,
    kind=RunKind.COMPUTE,
    state=RunState.RUNNING,
    integration_id=1,
    project_id=1,
    connection_id=1,
    source_run_id=None,
    revision=1,
    types=(),
    attempt=1,
    objects=300,
    expected=None,
    summary=Summary(7, 2, 1),
    left=0,
    error=None,
    error_kind=None,
    undone_by=None,
    created_at=0,
    started_at=10_000,
    stepped_at=12_000,
    finished_at=None,
)


@pytest.mark.parametrize(
    ("fields", "share"),
    [
        ({}, None),
        ({"expected": 0}, None),
        ({"expected": 400}, 0.75),
        ({"expected": 300}, 0.99),
        ({"expected": 200}, 0.99),
        ({"expected": 200, "state": RunState.SUCCEEDED}, 1.0),
        ({"state": RunState.SUCCEEDED}, 1.0),
        ({"expected": 400, "state": RunState.CANCELLED}, 0.75),
        ({"expected": 20, "kind": RunKind.APPLY}, 0.5),
    ],
)
def test_the_share_is_below_one_until_a_run_has_succeeded(fields: dict[str, Any], share: float | None) -> None:
    assert replace(STARTED, **fields).share == share


@pytest.mark.parametrize(
    ("fields", "rate"),
    [
        ({}, 150.0),
        ({"kind": RunKind.APPLY}, 5.0),
        ({"objects": 0}, None),
        ({"attempt": 2}, None),
        ({"started_at": None}, None),
        ({"stepped_at": None}, None),
        ({"stepped_at": 10_000}, None),
        ({"stepped_at": 9_999}, None),
    ],
)
def test_the_rate_is_what_was_done_while_it_was_worked_on(fields: dict[str, Any], rate: float | None) -> None:
    assert replace(STARTED, **fields).rate == rate


# A wait


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> "Clock":
    made = Clock()
    monkeypatch.setattr(progress, "time", made)
    return made


class Clock:
    now = 100.0

    def monotonic(self) -> float:
        return self.now


def row(**fields: object) -> RunRow:
    given = {"id": "run1", "kind": "COMPUTE", "state": "RUNNING", "objects": 0, "expected": None, "share": None}
    counts = {"added": 0, "removed": 0, "changed": 0, "total": 0}
    return cast("RunRow", {**given, "rate": None, "summary": counts, **fields})


def test_where_the_server_knows_no_rate_it_is_what_was_seen(clock: Clock) -> None:
    meter, rates = Meter(), []
    for objects in (5000, 5000, 5100, 5300, 5500, 40, 60, 80):
        rates.append(meter(row(objects=objects), []).rate)
        clock.now += 2
    # It waits, moves, is measured; then it begins anew.
    assert rates == [None, None, None, 100.0, 100.0, None, None, 10.0]
    assert meter(row(objects=100, rate=7.0), []).rate == 7.0


def test_what_does_not_move_has_no_rate(clock: Clock) -> None:
    meter = Meter()
    assert meter(row(objects=50, rate=5.0), []).rate == 5.0
    clock.now += STILL + 1
    assert meter(row(objects=50, rate=5.0), []).rate is None
    assert meter(row(objects=51, rate=5.0), []).rate == 5.0


def test_what_is_queued_waits_for_what_runs() -> None:
    queued = row(id="run3", kind="UNDO", state="QUEUED")
    rows = [queued, row(id="run2"), row(id="run1", state="SUCCEEDED")]
    assert described(Meter()(queued, rows)) == "Waiting for run2 to end …"
    interrupted = row(state="QUEUED", objects=5000, expected=10_000, share=0.5)
    assert described(Meter()(interrupted, [interrupted])) == "Waiting to be taken up …"


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        (Progress("computing", 0), "Computing …"),
        (Progress("computing", 1), "Computing: 1 object seen"),
        (Progress("computing", 12_000, rate=0.25), "Computing: 12,000 objects seen, 0.2/s"),
        (
            Progress("computing", 12_000, 100_000, 0.12, 1000.0),
            "Computing: 12,000 objects seen, 1,000/s, 12%, 1:28 left",
        ),
        (Progress("computing", 12_000, 11_000, 0.99, 1000.0), "Computing: 12,000 objects seen, 1,000/s, 99%"),
        (Progress("applying", 2500, 10_000, 0.25, 2000.0), "Applying: 2,500 assets done, 2,000/s, 25%, 0:04 left"),
        (Progress("undoing", 0, 10, 0.0), "Undoing: 0%"),
    ],
)
def test_a_line_says_what_is_known_and_no_more(shown: Progress, text: str) -> None:
    assert described(shown) == text


# The bar of the SDK


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> FakeServer:
    monkeypatch.setattr(synchronize, "FIRST_WAIT", 0.0)
    monkeypatch.setattr(synchronize, "GRACE", 0.0)
    made = FakeServer()
    made.found, made.polls = {"added": 3, "removed": 0, "changed": 0}, 10
    return made


def test_a_bar_is_drawn_where_it_is_asked_for(server: FakeServer, capsys: pytest.CaptureFixture[str]) -> None:
    client_of(server, Client).synchronize_cloud_storage_connection("1", progress=True)
    drawn = capsys.readouterr().err
    assert "Computing" in drawn
    assert "Applying: 3 assets" in drawn


@pytest.mark.parametrize("asked", [None, False])
def test_no_bar_is_drawn_where_nobody_looks(
    server: FakeServer, capsys: pytest.CaptureFixture[str], asked: bool | None
) -> None:
    client_of(server, Client).synchronize_cloud_storage_connection("1", progress=asked)
    assert "Computing:" not in capsys.readouterr().err


def test_a_client_that_was_told_to_draw_no_bars_draws_none(
    server: FakeServer, capsys: pytest.CaptureFixture[str]
) -> None:
    client = client_of(server, Client)
    client.wire.disable_tqdm = True
    client.synchronize_cloud_storage_connection("1")
    assert "Computing:" not in capsys.readouterr().err
    client.synchronize_cloud_storage_connection("1", progress=True)
    assert "Computing:" in capsys.readouterr().err


def test_another_server_of_this_wire_is_not_asked_for_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synchronize, "GRACE", 0.0)
    other = FakeServer(ours=False)
    other.found = {"added": 3, "removed": 0, "changed": 0}
    done = client_of(other, Client).synchronize_cloud_storage_connection("1", progress=True)
    assert done["numberOfAssets"] == 13
    assert other.operations("runs", "run") == []
