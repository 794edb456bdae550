"""A selection that changes while a computation is at work, wherever that has come to."""

from pathlib import Path

import pytest
from sqlalchemy import Connection as Transaction

from bucketlink import selecting
from bucketlink.model import Selection
from bucketlink.store import connections, takeover
from bucketlink.store.runs import Claim
from tests.sync.desk import ADD, REMOVE, Desk
from tests.sync.test_dying import copied, work_and_die


def names(folder: str) -> list[str]:
    return [f"{folder}/{number:03}.jpg" for number in range(30)]


def adopting(desk: Desk) -> int:
    """A connection whose first computation has to adopt assets that were left without owner."""
    desk.put(*names("a"), *names("b"))
    before = desk.connect(Selection(selected_folders=("a",)))
    desk.synchronize(before)
    desk.disconnect(before)
    connection = desk.connect()
    desk.request_compute(connection)
    return connection


def test_whatever_a_computation_had_come_to_the_result_is_of_the_new_selection(desk: Desk, tmp_path: Path) -> None:
    connection = adopting(desk)
    published = 0
    for at in range(1, 100):
        with copied(desk, tmp_path / "copy") as copy:
            if not work_and_die(copy, at=at, committed=True):
                break
            published += copy.connection(connection).published_run_id is not None
            copy.select(connection, Selection(selected_folders=("b",)))
            assert copy.connection(connection).published_run_id is None
            copy.work()
            assert copy.keys(connection, ADD) == names("b")
            owned = [key for key, row in copy.assets().items() if row.owner == connection]
            assert copy.keys(connection, REMOVE) == sorted(owned)
            copy.check_counters()
            assert not copy.failures()
    else:
        pytest.fail("the computation never ended")
    assert published, "it never died between publishing and adopting"


def test_a_computation_that_is_shown_already_and_only_adopts_is_followed_by_another(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = adopting(desk)
    take = takeover.take_over_some

    def meanwhile(tx: Transaction, claim: Claim, limit: int) -> int:
        monkeypatch.setattr(takeover, "take_over_some", take)
        shown = connections.get(tx, desk.caller.organization_id, connection)
        assert shown.published_run_id == claim.run.id
        selecting.change(tx, shown, Selection(selected_folders=("b",)), desk.caller)
        return take(tx, claim, limit)

    monkeypatch.setattr(takeover, "take_over_some", meanwhile)
    desk.work()

    assert desk.keys(connection, ADD) == names("b")
    assert desk.keys(connection, REMOVE) == names("a")
    desk.check_counters()
