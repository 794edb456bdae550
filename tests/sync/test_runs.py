"""What a run tells of how far it is."""

from pathlib import Path

import pytest

from bucketlink.model import RunState, Selection
from bucketlink.store import runs
from bucketlink.sync import pacing
from tests.sync.desk import ADD, REMOVE, Desk
from tests.sync.test_dying import copied, work_and_die


@pytest.fixture(autouse=True)
def _small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Transactions of a few rows, so that there are many."""
    for name in ("FEWEST", "MOST", "FIRST"):
        monkeypatch.setattr(pacing, name, 5)
    monkeypatch.setattr("bucketlink.sync.engine.SAME_KEYS", 11)
    monkeypatch.setattr("bucketlink.buckets.folder.PAGE_KEYS", 5)


def names(count: int) -> list[str]:
    return [f"{number:03}.jpg" for number in range(count)]


def test_a_computation_expects_what_the_last_one_of_the_same_selection_saw(desk: Desk) -> None:
    connection = desk.connect()
    first = desk.request_compute(connection)
    desk.work()
    desk.put(*names(30))
    second = desk.request_compute(connection)
    desk.work()
    third = desk.request_compute(connection)
    desk.work()
    desk.select(connection, Selection(include=("00*",)))
    other = desk.request_compute(connection)
    desk.work()
    desk.select(connection, Selection())
    again = desk.request_compute(connection)
    desk.work()
    assert [desk.run(one).expected for one in (first, second, third, other, again)] == [None, None, 30, None, 30]
    assert {desk.run(one).share for one in (first, second, third, other, again)} == {1.0}


def test_a_run_that_failed_is_no_measure(desk: Desk) -> None:
    connection = desk.connect()
    desk.put(*names(30))
    desk.compute(connection)
    desk.bucket.rename(desk.bucket.with_name("elsewhere"))
    failed = desk.request_compute(connection)
    desk.work()
    assert (desk.run(failed).state, desk.run(failed).share) == (RunState.FAILED, 0.0)
    desk.bucket.with_name("elsewhere").rename(desk.bucket)
    again = desk.request_compute(connection)
    desk.work()
    assert desk.run(again).expected == 30


def test_a_computation_tells_at_every_step_how_much_is_done(desk: Desk, tmp_path: Path) -> None:
    connection = desk.connect()
    desk.put(*names(40))
    desk.compute(connection)
    desk.put(*(f"new/{name}" for name in names(20)))
    computing = desk.request_compute(connection)
    shares = set()
    at, dies = 0, True
    while dies:
        with copied(desk, tmp_path / "copy") as copy:
            dies = work_and_die(copy, at=at, committed=True)
            run = copy.run(computing)
            assert run.expected in ({40} if run.objects else {None, 40})
            if dies and run.state is not RunState.SUCCEEDED:
                assert run.share == (None if run.expected is None else min(run.objects / 40, 0.99))
                shares.add(run.share)
        at += 1
    assert {None, 0.0, 0.99} < shares
    assert len(shares) > 5


def test_a_run_that_was_taken_up_again_tells_no_rate(desk: Desk) -> None:
    connection = desk.connect()
    desk.put(*names(40))
    computing = desk.request_compute(connection)
    at = 0
    while not desk.run(computing).objects:
        assert work_and_die(desk, at=at, committed=True)
        at += 1
    desk.work()
    run = desk.run(computing)
    assert (run.state, run.objects, run.share, run.rate) == (RunState.SUCCEEDED, 40, 1.0, None)


def test_a_computation_that_begins_anew_counts_and_measures_from_there(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = desk.connect()
    desk.put(*names(40))
    computing = desk.request_compute(connection)
    moments = iter(range(1_000_000, 2_000_000_000, 1000))
    monkeypatch.setattr(runs, "now", lambda: next(moments))
    while not desk.run(computing).objects:
        assert work_and_die(desk, at=7, committed=True)
    before = desk.run(computing)
    desk.select(connection, Selection(include=("00*",)))
    desk.work()
    after = desk.run(computing)
    assert before.started_at is not None
    assert before.stepped_at is not None
    assert after.started_at is not None
    assert after.started_at > before.stepped_at
    assert after.objects == 40


def test_an_application_expects_what_was_left_when_it_began(desk: Desk) -> None:
    connection = desk.connect()
    desk.put(*names(30))
    desk.compute(connection)
    applying = desk.request_apply(connection, ADD)
    assert (desk.run(applying).expected, desk.run(applying).share) == (None, None)
    assert work_and_die(desk, at=3, committed=True)
    run = desk.run(applying)
    assert run.expected == 30
    assert 0 < run.summary.added < 30
    assert run.share == run.summary.added / 30
    desk.work()
    run = desk.run(applying)
    assert (run.expected, run.done, run.share) == (30, 30, 1.0)


def test_an_application_of_what_is_shown_no_more_expects_nothing(desk: Desk) -> None:
    connection = desk.connect()
    desk.put(*names(10))
    desk.compute(connection)
    desk.request_compute(connection)
    applying = desk.request_apply(connection, ADD)
    desk.work()
    run = desk.run(applying)
    assert (run.expected, run.done, run.share) == (None, 10, 1.0)


def test_undoing_expects_what_was_done_and_removing_what_there_is(desk: Desk) -> None:
    connection = desk.connect()
    desk.put(*names(30))
    desk.synchronize(connection)
    desk.delete(*names(12))
    desk.compute(connection)
    removed = desk.apply(connection, REMOVE)
    undoing = desk.undo(removed)
    assert (undoing.expected, undoing.done, undoing.share) == (12, 12, 1.0)
    gone = desk.run(desk.disconnect_with_assets(connection))
    assert (gone.expected, gone.done, gone.share) == (30, 30, 1.0)
