"""What was undone once is not undone again, and says by which run it was undone."""

from collections.abc import Callable

import pytest

from bucketlink import requests
from bucketlink.errors import Conflict
from bucketlink.ids import Noun
from bucketlink.model import RunState
from bucketlink.store import changes, runs
from tests.sync.desk import ADD, REMOVE, Desk


@pytest.fixture
def removal(desk: Desk) -> int:
    """A run that removed two of three assets."""
    desk.put("a.jpg", "b.jpg", "c.jpg")
    connection = desk.connect()
    desk.synchronize(connection)
    desk.delete("a.jpg", "b.jpg")
    desk.compute(connection)
    return desk.apply(connection, REMOVE)


def shown(*numbers: int) -> tuple[str, ...]:
    return tuple(map(Noun.RUN.show, numbers))


def refusal(desk: Desk, run: int) -> str:
    with pytest.raises(Conflict) as caught:
        desk.request_undo(run)
    return str(caught.value)


def test_what_was_undone_says_by_which_run(desk: Desk, removal: int) -> None:
    assert desk.run(removal).undone_by is None
    undoing = desk.undo(removal).id
    assert desk.run(removal).undone_by == undoing
    first, second = shown(removal, undoing)
    assert refusal(desk, removal) == f"{first} was undone already, by {second}: undoing {second} takes that back."


def test_an_undoing_that_was_undone_is_named_with_what_undid_it(desk: Desk, removal: int) -> None:
    undoing = desk.undo(removal).id
    again = desk.undo(undoing).id
    assert sorted(desk.assets()) == ["c.jpg"]
    first, second, third = shown(removal, undoing, again)
    assert refusal(desk, undoing) == f"{second} was undone already, by {third}: undoing {third} takes that back."
    assert refusal(desk, removal) == (
        f"{first} was undone already, by {second}, and that by {third}: undoing {third} undoes {first} again."
    )
    assert desk.undo(again).summary.added == 2
    assert sorted(desk.assets()) == ["a.jpg", "b.jpg", "c.jpg"]


def test_what_undoes_an_undoing_has_to_end_first(desk: Desk, removal: int) -> None:
    undoing = desk.undo(removal).id
    waiting = Noun.RUN.show(desk.request_undo(undoing))
    assert refusal(desk, removal).endswith(
        f"undoing {waiting}, once it has ended, undoes {Noun.RUN.show(removal)} again."
    )
    desk.work()


def queued(desk: Desk) -> None:
    assert desk.home


def running(desk: Desk) -> None:
    with desk.home.database.write() as tx:
        assert runs.claim(tx, most_computations=1) is not None


@pytest.mark.parametrize("state", [queued, running])
def test_an_undoing_that_has_not_ended_is_joined_and_shown(
    desk: Desk, removal: int, state: Callable[[Desk], None]
) -> None:
    undoing = desk.request_undo(removal)
    state(desk)
    assert desk.request_undo(removal) == undoing
    assert desk.run(removal).undone_by == undoing
    with desk.home.database.write() as tx:
        runs.requeue(tx)
    desk.work()
    assert desk.run(undoing).state is RunState.SUCCEEDED


def cancel_half_way(desk: Desk, run: int) -> int:
    """Undo the first asset that a run changed, and then no more; returns the undoing."""
    undoing = desk.request_undo(run)
    with desk.home.database.write() as tx:
        claim = runs.claim(tx, most_computations=1)
        assert claim is not None
        assert claim.run.id == undoing
        changes.undo_some(tx, claim, None, 1)
        requests.cancel(tx, desk.run(undoing), desk.caller)
    return undoing


def test_an_undoing_that_was_cancelled_is_gone_on_with_and_has_left_nothing(desk: Desk, removal: int) -> None:
    cancel_half_way(desk, removal)
    assert sorted(desk.assets()) == ["a.jpg", "c.jpg"]
    assert desk.run(removal).undone_by is None
    undone = desk.undo(removal)
    assert (undone.summary.added, undone.left) == (1, 0)
    assert sorted(desk.assets()) == ["a.jpg", "b.jpg", "c.jpg"]


def test_what_an_undoing_did_and_another_took_back_was_changed_later(desk: Desk, removal: int) -> None:
    desk.undo(cancel_half_way(desk, removal))
    undone = desk.undo(removal)
    assert (undone.summary.added, undone.left) == (1, 1)
    with desk.home.database.read() as tx:
        assert changes.left_keys(tx, undone, first=10) == ["a.jpg"]


def test_each_run_of_a_history_tells_what_undid_it(desk: Desk, removal: int) -> None:
    undoing = desk.undo(removal).id
    again = desk.undo(undoing).id
    connection = desk.run(removal).connection_id
    assert connection is not None
    with desk.home.database.read() as tx:
        told = {run.id: run.undone_by for run in runs.find(tx, desk.caller.organization_id, connection)}
    assert {run: by for run, by in told.items() if by} == {removal: undoing, undoing: again}


def test_an_application_is_not_undone_by_a_run_that_applies_the_same_differences(desk: Desk) -> None:
    desk.put("a.jpg")
    connection = desk.connect()
    desk.compute(connection)
    addition = desk.apply(connection, ADD)
    computation = desk.run(addition).source_run_id
    assert computation is not None
    assert desk.run(computation).undone_by is None
