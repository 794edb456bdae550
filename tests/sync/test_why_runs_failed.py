"""A run that failed keeps the kind of its error beside the sentence."""

import pytest
from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from bucketlink import jobs, requests
from bucketlink.model import Run, RunKind, RunState
from bucketlink.store.tables import integrations
from bucketlink.store.tables import runs as run_table
from tests.sync.desk import ADD, Desk


def kind(run: Run) -> tuple[RunState, str | None]:
    return run.state, run.error_kind


def test_a_bucket_that_is_gone(desk: Desk) -> None:
    connection = desk.connect()
    desk.bucket.rename(desk.bucket.with_name("elsewhere"))
    computation = desk.request_compute(connection)
    desk.work()
    assert kind(desk.run(computation)) == (RunState.FAILED, "BUCKET_NOT_FOUND")
    assert "There is no directory" in (desk.run(computation).error or "")


def test_an_application_of_what_is_no_longer_so(desk: Desk) -> None:
    desk.put("a.jpg")
    connection = desk.connect()
    desk.compute(connection)
    application = desk.request_apply(connection, ADD)
    with desk.home.database.write() as tx:
        tx.execute(update(integrations).values(revision=integrations.c.revision + 1))
    desk.work()
    assert kind(desk.run(application)) == (RunState.FAILED, "CONFLICT")


def test_an_undoing_that_comes_too_late(desk: Desk) -> None:
    desk.put("a.jpg")
    connection = desk.connect()
    desk.compute(connection)
    addition = desk.apply(connection, ADD)
    undoing = desk.request_undo(addition)
    with desk.home.database.write() as tx:
        tx.execute(update(run_table).where(run_table.c.id == addition).values(created_at=0))
    desk.work()
    assert kind(desk.run(undoing)) == (RunState.FAILED, "CONFLICT")
    assert desk.run(addition).undone_by is None


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OperationalError("INSERT", None, Exception("database or disk is full")), "DATA_DIRECTORY"),
        (RuntimeError("nobody expected this"), "INTERNAL"),
    ],
)
def test_what_is_no_error_of_ours(desk: Desk, monkeypatch: pytest.MonkeyPatch, error: Exception, code: str) -> None:
    def fails(*_: object) -> None:
        raise error

    monkeypatch.setitem(jobs._DO, RunKind.COMPUTE, fails)
    computation = desk.request_compute(desk.connect())
    desk.work()
    assert kind(desk.run(computation)) == (RunState.FAILED, code)


def test_what_succeeds_or_is_cancelled_has_none(desk: Desk) -> None:
    connection = desk.connect()
    desk.compute(connection)
    computation = desk.connection(connection).published_run_id
    assert computation is not None
    assert kind(desk.run(computation)) == (RunState.SUCCEEDED, None)
    cancelled = desk.request_compute(connection)
    with desk.home.database.write() as tx:
        requests.cancel(tx, desk.run(cancelled), desk.caller)
    assert kind(desk.run(cancelled)) == (RunState.CANCELLED, None)
