"""Taking back what a run did, and only that."""

import pytest

from bucketlink.errors import Conflict, GuardRefusal, InvalidInput, NotFound
from bucketlink.model import Selection
from bucketlink.store import changes
from tests.sync.desk import ADD, CHANGED, REMOVE, Desk


def test_a_removal_is_undone_and_the_same_assets_are_back(desk: Desk) -> None:
    desk.put("a.jpg", "b.jpg", "c.jpg")
    connection = desk.connect()
    desk.synchronize(connection)
    before = desk.assets()
    desk.delete("a.jpg", "b.jpg")
    desk.compute(connection)
    removal = desk.apply(connection, REMOVE)
    undone = desk.undo(removal)
    assert (undone.summary.added, undone.left) == (2, 0)
    assert desk.assets() == before
    assert desk.compute(connection) == (0, 2, 0)


def test_an_addition_is_undone_and_can_be_done_again_with_the_same_ids(desk: Desk) -> None:
    desk.put("a.jpg", "b.jpg")
    connection = desk.connect()
    desk.compute(connection)
    addition = desk.apply(connection, ADD)
    before = desk.assets()
    undone = desk.undo(addition)
    assert undone.summary.removed == 2
    assert desk.assets() == {}
    assert desk.compute(connection) == (2, 0, 0)
    desk.apply(connection, ADD)
    assert desk.assets() == before


def test_a_change_is_undone_to_what_the_asset_was(desk: Desk) -> None:
    desk.put("a.jpg")
    connection = desk.connect()
    desk.synchronize(connection)
    before = desk.assets()
    desk.put("a.jpg")
    desk.compute(connection)
    change = desk.apply(connection, CHANGED)
    assert desk.assets() != before
    assert desk.undo(change).summary.changed == 1
    assert desk.assets() == before
    assert desk.compute(connection) == (0, 0, 1)


def test_an_undoing_can_be_undone(desk: Desk) -> None:
    desk.put("a.jpg", "b.jpg")
    connection = desk.connect()
    desk.synchronize(connection)
    desk.delete("a.jpg")
    desk.compute(connection)
    removal = desk.apply(connection, REMOVE)
    undoing = desk.undo(removal)
    assert sorted(desk.assets()) == ["a.jpg", "b.jpg"]
    desk.undo(undoing.id)
    assert sorted(desk.assets()) == ["b.jpg"]


def test_what_something_else_changed_later_is_left_alone_and_listed(desk: Desk) -> None:
    desk.put("a.jpg", "b.jpg", "c.jpg")
    connection = desk.connect()
    desk.compute(connection)
    addition = desk.apply(connection, ADD)
    desk.put("a.jpg")
    desk.delete("b.jpg")
    desk.synchronize(connection)
    undone = desk.undo(addition)
    assert (undone.summary.removed, undone.left) == (1, 2)
    assert sorted(desk.assets()) == ["a.jpg"]
    with desk.home.database.read() as tx:
        assert changes.left_keys(tx, undone, first=10) == ["a.jpg", "b.jpg"]
        assert changes.left_keys(tx, undone, first=10, after="a.jpg") == ["b.jpg"]


def test_an_undone_removal_settles_the_addition_that_is_shown_elsewhere(desk: Desk) -> None:
    desk.put("a.jpg")
    first, second = desk.connect(), desk.connect()
    desk.synchronize(first)
    desk.delete("a.jpg")
    desk.compute(first)
    removal = desk.apply(first, REMOVE)
    desk.put("a.jpg")
    assert desk.compute(second) == (1, 0, 0)
    desk.undo(removal)
    assert desk.connection(second).summary.added == 0
    assert desk.keys(second, ADD) == []


def test_an_undone_addition_settles_the_removal_that_is_shown(desk: Desk) -> None:
    desk.put("a.jpg", "b.jpg")
    connection = desk.connect()
    desk.compute(connection)
    addition = desk.apply(connection, ADD)
    desk.delete("a.jpg")
    desk.put("b.jpg")
    assert desk.compute(connection) == (0, 1, 1)
    desk.undo(addition)
    summary = desk.connection(connection).summary
    assert (summary.removed, summary.changed) == (0, 0)


def test_only_what_was_applied_can_be_undone(desk: Desk) -> None:
    connection = desk.connect()
    desk.compute(connection)
    computation = desk.connection(connection).published_run_id
    assert computation is not None
    with pytest.raises(InvalidInput):
        desk.request_undo(computation)


def test_what_has_not_ended_cannot_be_undone(desk: Desk) -> None:
    desk.put("a.jpg")
    connection = desk.connect()
    desk.compute(connection)
    queued = desk.request_apply(connection, ADD)
    with pytest.raises(Conflict):
        desk.request_undo(queued)


def test_a_connection_removed_with_its_assets_is_undone_to_assets_that_another_adopts(desk: Desk) -> None:
    desk.put("x/1.jpg", "y/1.jpg")
    first = desk.connect(Selection(selected_folders=("x",)))
    desk.synchronize(first)
    second = desk.connect(Selection(selected_folders=("y",)))
    desk.synchronize(second)
    before = desk.assets()
    removal = desk.disconnect_with_assets(first)
    assert sorted(desk.assets()) == ["y/1.jpg"]
    with pytest.raises(NotFound):
        desk.connection(first)
    assert desk.undo(removal).summary.added == 1
    assert desk.assets() == before
    third = desk.connect()
    assert desk.compute(third) == (0, 0, 0)
    assert desk.assets()["x/1.jpg"].owner == third


def test_removing_a_connection_with_many_assets_is_refused_until_forced(desk: Desk) -> None:
    desk.put(*(f"{n:04}.jpg" for n in range(1001)))
    connection = desk.connect()
    desk.synchronize(connection)
    with pytest.raises(GuardRefusal, match=rf"bucketlink connections remove con{connection} --with-assets --force"):
        desk.disconnect_with_assets(connection)
    assert len(desk.assets()) == 1001
    desk.disconnect_with_assets(connection, forced=True)
    assert desk.assets() == {}
