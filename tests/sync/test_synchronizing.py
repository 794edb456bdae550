"""What a project holds after computing and applying, and what connections owe each other."""

import pytest

from bucketlink.errors import Conflict, GuardRefusal
from bucketlink.model import InputType, RunKind, RunState, Selection
from bucketlink.notices import Kind, Notice
from bucketlink.store import changes, projects, runs
from tests.sync.desk import ADD, CHANGED, REMOVE, Desk


def test_objects_become_assets_and_a_second_computation_finds_nothing(desk: Desk) -> None:
    desk.put("a.jpg", "bears/1.jpg", "bears/2.png")
    connection = desk.connect()
    assert desk.compute(connection) == (3, 0, 0)
    assert desk.assets() == {}
    desk.apply(connection, ADD)
    assert sorted(desk.assets()) == ["a.jpg", "bears/1.jpg", "bears/2.png"]
    assert desk.compute(connection) == (0, 0, 0)


def test_added_replaced_and_deleted_objects_are_told_apart(desk: Desk) -> None:
    desk.put(*(f"f{n % 3}/{n:03}.jpg" for n in range(60)))
    connection = desk.connect()
    desk.synchronize(connection)
    before = desk.assets()
    desk.put("f1/new.jpg", "f0/000.jpg", "f0/003.jpg")
    desk.delete("f2/002.jpg")
    assert desk.compute(connection) == (1, 1, 2)
    assert desk.keys(connection, ADD) == ["f1/new.jpg"]
    assert desk.keys(connection, REMOVE) == ["f2/002.jpg"]
    assert desk.keys(connection, CHANGED) == ["f0/000.jpg", "f0/003.jpg"]
    desk.apply(connection, REMOVE)
    assert desk.connection(connection).summary.added == 1
    desk.apply(connection, ADD)
    desk.apply(connection, CHANGED)
    after = desk.assets()
    assert {key: row.id for key, row in after.items() if key in before} == {
        key: row.id for key, row in before.items() if key != "f2/002.jpg"
    }
    assert after["f0/000.jpg"].etag != before["f0/000.jpg"].etag
    assert desk.compute(connection) == (0, 0, 0)


def test_a_folder_takes_whole_segments_and_what_it_no_longer_takes_is_removed(desk: Desk) -> None:
    desk.put("bears/1.jpg", "bears2/1.jpg", "cats/1.jpg", "root.jpg")
    connection = desk.connect(Selection(selected_folders=("bears/", "cats")))
    desk.synchronize(connection)
    assert sorted(desk.assets()) == ["bears/1.jpg", "cats/1.jpg"]
    desk.select(connection, Selection(selected_folders=("bears",)))
    assert desk.compute(connection) == (0, 1, 0)
    assert desk.keys(connection, REMOVE) == ["cats/1.jpg"]


def test_narrower_patterns_show_as_removals_and_keep_doing_so_until_applied(desk: Desk) -> None:
    desk.put("a.jpg", "b.png", "c.png")
    connection = desk.connect()
    desk.synchronize(connection)
    desk.select(connection, Selection(include=("*.png",)))
    assert desk.compute(connection) == (0, 1, 0)
    assert desk.compute(connection) == (0, 1, 0)
    desk.apply(connection, REMOVE)
    assert desk.compute(connection) == (0, 0, 0)
    assert sorted(desk.assets()) == ["b.png", "c.png"]


def test_differences_of_an_earlier_selection_do_not_hide_what_is_outside_the_present_one(desk: Desk) -> None:
    desk.put("a.jpg", "b.png")
    connection = desk.connect()
    desk.compute(connection)
    desk.request_apply(connection, ADD)
    desk.select(connection, Selection(include=("*.png",)))
    desk.work()
    assert desk.keys(connection, REMOVE) == ["a.jpg"]


def test_only_media_of_the_projects_input_type_are_taken(desk: Desk) -> None:
    desk.put("a.JPG", "b.mp4", "noextension")
    connection = desk.connect()
    assert desk.compute(connection) == (1, 0, 0)
    assert set(desk.connection(connection).notices) == {
        Notice(Kind.OTHER_CONTENT_TYPE, 1, "b.mp4"),
        Notice(Kind.NO_CONTENT_TYPE, 1, "noextension"),
    }
    assert desk.project.input_type is InputType.IMAGE


def test_an_asset_keeps_its_id_when_its_object_comes_back(desk: Desk) -> None:
    desk.put("a.jpg", "b.jpg")
    connection = desk.connect()
    desk.synchronize(connection)
    number = desk.assets()["a.jpg"].id
    desk.delete("a.jpg")
    desk.synchronize(connection)
    assert sorted(desk.assets()) == ["b.jpg"]
    desk.put("a.jpg")
    desk.synchronize(connection)
    assert desk.assets()["a.jpg"].id == number


def test_overlapping_connections_settle_each_others_additions(desk: Desk) -> None:
    desk.put("x/1.jpg", "x/2.jpg", "y/1.jpg")
    everything, only_x = desk.connect(), desk.connect(Selection(selected_folders=("x",)))
    assert desk.compute(everything) == (3, 0, 0)
    assert desk.compute(only_x) == (2, 0, 0)
    desk.apply(only_x, ADD)
    assert desk.connection(everything).summary.added == 1
    assert desk.keys(everything, ADD) == ["y/1.jpg"]
    desk.apply(everything, ADD)
    assert len(desk.assets()) == 3
    assert desk.connection(only_x).number_of_assets == 2
    assert desk.connection(everything).number_of_assets == 1


def test_an_application_does_what_was_shown_when_it_was_asked_for(desk: Desk) -> None:
    desk.put("a.jpg")
    connection = desk.connect()
    desk.compute(connection)
    desk.put("b.jpg")
    desk.request_compute(connection)
    run = desk.request_apply(connection, ADD)
    desk.work()
    assert desk.run(run).summary.added == 1
    assert sorted(desk.assets()) == ["a.jpg"]
    assert desk.keys(connection, ADD) == ["b.jpg"]


def test_assets_of_a_removed_connection_stay_and_are_adopted_by_the_next_that_selects_them(desk: Desk) -> None:
    desk.put("x/1.jpg", "y/1.jpg")
    first = desk.connect()
    desk.synchronize(first)
    before = desk.assets()
    desk.disconnect(first)
    assert desk.assets() == before
    second = desk.connect(Selection(selected_folders=("x",)))
    assert desk.compute(second) == (0, 0, 0)
    assert desk.connection(second).number_of_assets == 1
    after = desk.assets()
    assert after["x/1.jpg"].owner == second
    assert {key: row.id for key, row in after.items()} == {key: row.id for key, row in before.items()}
    desk.delete("x/1.jpg", "y/1.jpg")
    assert desk.compute(second) == (0, 1, 0)


def test_an_asset_removed_by_one_connection_is_brought_back_by_the_other(desk: Desk) -> None:
    desk.put("x/1.jpg")
    first, second = desk.connect(), desk.connect()
    desk.synchronize(first)
    number = desk.assets()["x/1.jpg"].id
    desk.select(first, Selection(selected_folders=("z",)))
    desk.synchronize(first)
    assert desk.assets() == {}
    assert desk.compute(second) == (1, 0, 0)
    desk.apply(second, ADD)
    assert desk.assets()["x/1.jpg"].id == number


def test_removing_most_of_many_assets_is_refused_until_forced(desk: Desk) -> None:
    keys = [f"d/{n:04}.jpg" for n in range(1500)]
    desk.put(*keys)
    connection = desk.connect()
    desk.synchronize(connection)
    desk.delete(*keys[:1001])
    assert desk.compute(connection) == (0, 1001, 0)
    with pytest.raises(GuardRefusal, match=rf"bucketlink sync con{connection} --delete-extraneous-files --force"):
        desk.apply(connection, REMOVE)
    assert len(desk.assets()) == 1500
    desk.apply(connection, REMOVE, forced=True)
    assert len(desk.assets()) == 499


def test_a_removal_under_way_is_joined_only_by_who_agreed_to_all_of_it(desk: Desk) -> None:
    keys = [f"{number:02}.jpg" for number in range(60)]
    desk.put(*keys)
    connection = desk.connect()
    desk.synchronize(connection)
    desk.delete(*keys[:50])
    desk.compute(connection)
    removal = desk.request_apply(connection, REMOVE)
    with desk.home.database.write() as tx:
        claim = runs.claim(tx, most_computations=1)
        assert claim is not None
        changes.apply_some(tx, claim, REMOVE, 45)
    assert desk.connection(connection).summary.removed == 5

    for type_ in (REMOVE, ADD):
        with pytest.raises(GuardRefusal, match="A removal of 50 assets is under way, more than the 49"):
            desk.request_apply(connection, type_, most_removed=49)
    assert desk.request_apply(connection, REMOVE, most_removed=50) == removal


def test_nothing_can_be_applied_before_it_was_computed(desk: Desk) -> None:
    connection = desk.connect()
    with pytest.raises(Conflict, match="computed"):
        desk.request_apply(connection, ADD)


def test_a_computation_asked_for_twice_runs_once(desk: Desk) -> None:
    connection = desk.connect()
    assert desk.request_compute(connection) == desk.request_compute(connection)


def test_a_bucket_that_cannot_be_listed_changes_nothing_and_says_why(desk: Desk) -> None:
    desk.put("a.jpg", "b.jpg")
    connection = desk.connect()
    desk.synchronize(connection)
    desk.put("c.jpg")
    desk.compute(connection)
    before = desk.assets()
    desk.bucket.rename(desk.bucket.with_name("elsewhere"))
    run = desk.request_compute(connection)
    desk.work()
    assert desk.run(run).state is RunState.FAILED
    assert desk.run(run).kind is RunKind.COMPUTE
    state = desk.connection(connection)
    assert state.error is not None
    assert "bucket" in state.error
    assert state.summary.added == 1
    assert desk.keys(connection, ADD) == ["c.jpg"]
    assert desk.assets() == before
    desk.bucket.with_name("elsewhere").rename(desk.bucket)
    assert desk.compute(connection) == (1, 0, 0)


def test_a_deleted_project_is_gone_at_once_and_its_runs_do_nothing(desk: Desk) -> None:
    desk.put("a.jpg")
    connection = desk.connect()
    desk.compute(connection)
    run = desk.request_apply(connection, ADD)
    with desk.home.database.write() as tx:
        projects.remove(tx, desk.caller.organization_id, desk.project.id)
    desk.work()
    assert desk.run(run).state is RunState.CANCELLED
    assert desk.assets() == {}
