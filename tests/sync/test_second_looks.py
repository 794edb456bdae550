"""Corners where a first look would have it wrong."""

from pathlib import Path

import pytest
from sqlalchemy import select, update

from bucketlink import jobs, requests
from bucketlink.errors import BucketRefused, Conflict
from bucketlink.model import BucketAddress, Credentials, Platform, Restriction, RunState, Selection, Status
from bucketlink.store import assets, connections, difference_pages, integrations, runs
from bucketlink.store.database import now
from bucketlink.store.garbage import UNDO_LIFE
from bucketlink.store.tables import asset_changes, ranges
from bucketlink.store.tables import integrations as integration_table
from bucketlink.store.tables import runs as run_table
from bucketlink.sync import pacing
from bucketlink.sync.engine import OLDEST_PROGRESS
from tests.servers.pages import PageServer, Stored
from tests.sync.desk import ADD, CHANGED, REMOVE, Desk
from tests.sync.test_dying import work_and_die


def die_while_adopting(desk: Desk, connection: int) -> None:
    """Compute, and die when the result is shown and the adoption is not done."""
    desk.request_compute(connection)
    at = 0
    while desk.connection(connection).published_run_id is None:
        assert work_and_die(desk, at=at, committed=True)
        at += 1


def prepared_for_adoption(desk: Desk) -> tuple[int, int]:
    """A connection that will adopt and add, and another that selects some of what it will add."""
    desk.put("a/1.jpg", "b/1.jpg", "b/2.jpg")
    gone = desk.connect(Selection(selected_folders=("a",)))
    desk.synchronize(gone)
    desk.disconnect(gone)
    return desk.connect(), desk.connect(Selection(selected_folders=("b",)))


def test_a_computation_that_died_after_it_was_shown_goes_on_adopting_and_shows_nothing_anew(desk: Desk) -> None:
    first, second = prepared_for_adoption(desk)
    desk.compute(second)
    die_while_adopting(desk, first)
    assert desk.connection(first).summary.added == 2
    with desk.home.database.write() as tx:
        tx.execute(update(run_table).values(stepped_at=now() - OLDEST_PROGRESS - 1000))
    desk.bucket.rename(desk.bucket.with_name("elsewhere"))
    desk.apply(second, ADD)
    desk.work()
    assert not desk.failures()
    assert desk.connection(first).summary.added == 0
    assert desk.connection(first).number_of_assets == 1
    assert desk.differences(first) == []


def test_what_needs_more_than_it_keeps_is_not_undone_any_more(desk: Desk) -> None:
    desk.put("a.jpg")
    connection = desk.connect()
    desk.synchronize(connection)
    desk.put("a.jpg")
    desk.compute(connection)
    change = desk.apply(connection, CHANGED)
    with desk.home.database.write() as tx:
        tx.execute(update(run_table).values(created_at=now() - UNDO_LIFE))
        tx.execute(update(asset_changes).values(created_at=now() - UNDO_LIFE - 1000))
    while jobs.tidy(desk.home):
        pass
    with pytest.raises(Conflict, match="29 days"):
        desk.request_undo(change)
    assert sorted(desk.assets()) == ["a.jpg"]


def test_an_integration_is_kept_while_a_project_has_assets_of_it(desk: Desk) -> None:
    desk.put("a.jpg")
    connection = desk.connect()
    desk.synchronize(connection)
    desk.disconnect(connection)
    with desk.home.database.write() as tx, pytest.raises(Conflict, match="Bears"):
        integrations.remove(tx, desk.caller.organization_id, desk.integration_id)


def test_a_change_of_anothers_asset_is_undone_too(desk: Desk) -> None:
    desk.put("a.jpg")
    owner, other = desk.connect(), desk.connect()
    desk.synchronize(owner)
    before = desk.assets()
    desk.put("a.jpg")
    desk.compute(other)
    change = desk.apply(other, CHANGED)
    assert desk.undo(change).summary.changed == 1
    assert desk.assets() == before


def test_what_was_adopted_since_is_left_alone_and_listed(desk: Desk) -> None:
    desk.put("a.jpg")
    first = desk.connect()
    desk.compute(first)
    addition = desk.apply(first, ADD)
    desk.disconnect(first)
    second = desk.connect()
    desk.compute(second)
    undone = desk.undo(addition)
    assert (undone.summary.removed, undone.left) == (0, 1)
    assert sorted(desk.assets()) == ["a.jpg"]


def test_differences_of_a_bucket_that_has_changed_since_are_not_added(desk: Desk) -> None:
    desk.put("in/1.jpg", "secret/1.jpg")
    connection = desk.connect()
    desk.compute(connection)
    queued = desk.request_apply(connection, ADD)
    with desk.home.database.write() as tx:
        before = integrations.get(tx, desk.caller.organization_id, desk.integration_id)
        integrations.change(
            tx,
            desk.home.sealer,
            before,
            name=before.name,
            address=before.address,
            access=before.access,
            restriction=Restriction(("in",)),
            allowed_projects=None,
            internal_processing_authorized=False,
            credentials=None,
        )
    desk.work()
    assert desk.run(queued).state is RunState.FAILED
    assert desk.assets() == {}
    with pytest.raises(Conflict, match=f"bucketlink diff con{connection}"):
        desk.request_apply(connection, ADD)
    assert desk.compute(connection) == (1, 0, 0)


def test_a_refused_content_type_is_asked_for_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with PageServer() as server:
        server.put("picture", Stored(content_type="image/png"))
        server.put("letter.jpg")
        address = BucketAddress(Platform.CUSTOM_S3, "bucket", server.endpoint)
        desk = Desk.open(tmp_path, address=address)
        connection = desk.connect()

        def refuse(_self: object, _key: str) -> str | None:
            raise BucketRefused("no")

        with monkeypatch.context() as patch:
            patch.setattr("bucketlink.buckets.s3.S3Reader.content_type", refuse)
            assert desk.compute(connection) == (1, 0, 0)
        assert desk.compute(connection) == (2, 0, 0)
        asked = server.counts["HEAD"]
        assert desk.compute(connection) == (2, 0, 0)
        assert server.counts["HEAD"] == asked
        desk.close()


def test_a_refusal_of_earlier_credentials_says_nothing_of_the_present_ones(desk: Desk) -> None:
    connection = desk.connect()
    desk.request_compute(connection)
    claim = jobs.take(desk.home)
    assert claim is not None
    with desk.home.database.write() as tx:
        before = integrations.get(tx, desk.caller.organization_id, desk.integration_id)
        runs.read(tx, claim, before.revision)
        changed = integrations.change(
            tx,
            desk.home.sealer,
            before,
            name=before.name,
            address=before.address,
            access=before.access,
            restriction=before.restriction,
            allowed_projects=None,
            internal_processing_authorized=False,
            credentials=Credentials("A", "B"),
        )
        integrations.set_status(tx, changed.id, changed.revision, Status.CONNECTED, None)
        jobs.tell(tx, claim, Status.DISCONNECTED, "earlier keys refused")
    with desk.home.database.read() as tx:
        after = integrations.get(tx, desk.caller.organization_id, desk.integration_id)
    assert after.status is Status.CONNECTED


@pytest.mark.parametrize("most", [1, 3, 50])
def test_many_assets_between_two_objects_are_taken_a_few_at_a_time(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    for name in ("FEWEST", "MOST", "FIRST"):
        monkeypatch.setattr(pacing, name, most)
    monkeypatch.setattr("bucketlink.sync.engine.SAME_KEYS", most)
    keys = ["a.jpg", *(f"b/{n:02}.jpg" for n in range(20)), "c.jpg"]
    desk.put(*keys)
    connection = desk.connect()
    desk.synchronize(connection)
    desk.delete(*keys[1:-1])
    desk.put("a0.jpg", "b/05x.jpg", "c.jpg")
    assert desk.compute(connection) == (2, 20, 1)
    assert desk.keys(connection, REMOVE) == keys[1:-1]


def test_slow_buckets_leave_room_for_checks(desk: Desk) -> None:
    for _ in range(5):
        desk.request_compute(desk.connect())
    with desk.home.database.write() as tx:
        integration = integrations.get(tx, desk.caller.organization_id, desk.integration_id)
        check = requests.check(tx, integration, desk.caller)
    taken = [jobs.take(desk.home) for _ in range(4)]
    assert [claim is not None for claim in taken] == [True] * 4
    assert taken[3] is not None
    assert taken[3].run.id == check
    assert jobs.take(desk.home) is None


def test_folders_of_differences_are_counted_whatever_their_names(desk: Desk) -> None:
    desk.put("root.jpg", "a/1.jpg", "a/b/2.jpg", "a0/1.jpg", "é/1.jpg")
    connection = desk.connect()
    desk.compute(connection)
    run_id = desk.connection(connection).published_run_id
    assert run_id is not None
    with desk.home.database.read() as tx:
        found = difference_pages.folders(tx, run_id, first=10)
        few = difference_pages.folders(tx, run_id, first=1)
    assert {one.name: one.counts.added for one in found.largest} == {"a/": 2, "a0/": 1, "é/": 1}
    assert (found.direct.added, found.others.added, found.next) == (1, 0, None)
    assert [one.name for one in few.largest] == ["a/"]
    assert (few.direct.added, few.others.added) == (1, 2)


def test_pages_of_differences_go_on_behind_any_row(desk: Desk) -> None:
    desk.put("a.jpg", "b.jpg", "c.jpg")
    connection = desk.connect()
    desk.synchronize(connection)
    desk.delete("a.jpg")
    desk.put("b.jpg", "d.jpg", "e.jpg")
    desk.compute(connection)
    whole = desk.differences(connection)
    assert [(one.type, one.key) for one in whole] == [
        (ADD, "d.jpg"),
        (ADD, "e.jpg"),
        (REMOVE, "a.jpg"),
        (CHANGED, "b.jpg"),
    ]
    run_id = desk.connection(connection).published_run_id or 0
    with desk.home.database.read() as tx:
        for place, one in enumerate(whole):
            rest = difference_pages.page(tx, run_id, first=10, after=(one.type, one.key))
            assert rest.rows == whole[place + 1 :]


def test_unfinished_runs_are_found_by_their_own_index(desk: Desk) -> None:
    with desk.home.database.read() as tx:
        statement = select(run_table.c.id).where(run_table.c.connection_id == 1, run_table.c.finished_at.is_(None))
        plan = tx.exec_driver_sql(
            "EXPLAIN QUERY PLAN " + str(statement.compile(tx.engine, compile_kwargs={"literal_binds": True}))
        ).all()
        assert "ix_runs_unfinished" in str(plan)
        assert connections.find(tx, desk.caller.organization_id) == []


def test_a_cancelled_run_stops_where_it_is_and_what_is_shown_stays(desk: Desk) -> None:
    desk.put("a.jpg")
    connection = desk.connect()
    desk.compute(connection)
    desk.put("b.jpg")
    run_id = desk.request_compute(connection)
    claim = jobs.take(desk.home)
    assert claim is not None
    with desk.home.database.write() as tx:
        requests.cancel(tx, desk.run(run_id), desk.caller)
    jobs.perform(desk.home, claim)
    assert desk.run(run_id).state is RunState.CANCELLED
    assert "cancelled by" in (desk.connection(connection).error or "")
    assert desk.keys(connection, ADD) == ["a.jpg"]
    with desk.home.database.write() as tx, pytest.raises(Conflict, match="ended"):
        requests.cancel(tx, desk.run(run_id), desk.caller)
    assert desk.compute(connection) == (2, 0, 0)


def test_a_run_that_is_interrupted_without_end_is_given_up(desk: Desk) -> None:
    connection = desk.connect()
    run_id = desk.request_compute(connection)
    with desk.home.database.write() as tx:
        tx.execute(update(run_table).values(attempt=jobs.MOST_ATTEMPTS))
    desk.work()
    assert desk.run(run_id).state is RunState.FAILED
    assert "given up" in (desk.connection(connection).error or "")
    assert desk.compute(connection) == (0, 0, 0)


def test_an_undoing_that_is_queued_ends_with_its_integration(desk: Desk) -> None:
    desk.put("a.jpg")
    connection = desk.connect()
    desk.synchronize(connection)
    removal = desk.disconnect_with_assets(connection)
    undoing = desk.request_undo(removal)
    with desk.home.database.write() as tx:
        integrations.remove(tx, desk.caller.organization_id, desk.integration_id)
    desk.work()
    assert desk.run(undoing).state is RunState.CANCELLED
    assert desk.assets() == {}


def test_an_application_is_not_kept_waiting_by_a_computation_that_has_no_room(desk: Desk) -> None:
    desk.put("a.jpg")
    connection = desk.connect()
    desk.compute(connection)
    for _ in range(3):
        desk.request_compute(desk.connect())
    slow = [jobs.take(desk.home) for _ in range(3)]
    desk.request_compute(connection)
    run_id = desk.request_apply(connection, ADD)
    claim = jobs.take(desk.home)
    assert claim is not None
    assert claim.run.id == run_id
    jobs.perform(desk.home, claim)
    for one in slow:
        assert one is not None
        jobs.perform(desk.home, one)
    desk.work()
    assert not desk.failures()
    assert sorted(desk.assets()) == ["a.jpg"]
    assert desk.connection(connection).summary.added == 0


def test_nothing_is_left_of_the_ranges_of_a_cancelled_run(desk: Desk) -> None:
    connection = desk.connect(Selection(selected_folders=("a", "b")))
    desk.request_compute(connection)
    assert work_and_die(desk, at=4, committed=True)
    with desk.home.database.read() as tx:
        assert tx.execute(select(ranges)).all()
    desk.disconnect(connection)
    with desk.home.database.read() as tx:
        assert tx.execute(select(ranges)).all() == []


def test_credentials_that_do_not_open_disconnect_and_say_so(desk: Desk) -> None:
    with desk.home.database.write() as tx:
        tx.execute(update(integration_table).values(sealed_credentials=b"\x01" + b"0" * 200))
        integration = integrations.get(tx, desk.caller.organization_id, desk.integration_id)
        requests.check(tx, integration, desk.caller)
    desk.work()
    with desk.home.database.read() as tx:
        after = integrations.get(tx, desk.caller.organization_id, desk.integration_id)
    assert after.status is Status.DISCONNECTED
    assert after.reason


def test_an_asset_names_its_owner_only_while_there_is_one(desk: Desk) -> None:
    desk.put("a.jpg")
    connection = desk.connect()
    desk.synchronize(connection)

    def owners() -> list[int | None]:
        with desk.home.database.read() as tx:
            found = assets.find(tx, desk.caller.organization_id, desk.project.id, assets.AssetFilter())
        return [asset.connection_id for asset in found]

    assert owners() == [connection]
    desk.disconnect(connection)
    assert owners() == [None]
