"""How long things are kept, and what goes when their time is over."""

import pytest
from sqlalchemy import func, select, update

from bucketlink import jobs
from bucketlink.errors import Conflict
from bucketlink.store import accounts, integrations, projects
from bucketlink.store.database import now
from bucketlink.store.garbage import UNDO_LIFE
from bucketlink.store.tables import asset_changes, assets, connections, differences, removed_assets, replies, runs
from bucketlink.sync.guards import OLDEST_REMOVAL
from tests.sync.desk import ADD, REMOVE, Desk


def tidy(desk: Desk) -> None:
    """Delete all that can go."""
    while jobs.tidy(desk.home):
        pass


def count(desk: Desk, table: object) -> int:
    """Rows of a table."""
    with desk.home.database.read() as tx:
        return tx.scalars(select(func.count()).select_from(table)).one()  # type: ignore[arg-type]


def test_differences_older_than_a_day_add_but_do_not_remove(desk: Desk) -> None:
    desk.put("a.jpg", "b.jpg")
    connection = desk.connect()
    desk.synchronize(connection)
    desk.delete("a.jpg")
    desk.put("c.jpg")
    desk.compute(connection)
    with desk.home.database.write() as tx:
        tx.execute(update(runs).values(finished_at=now() - OLDEST_REMOVAL - 1000))
    with pytest.raises(Conflict, match=rf"older than a day.*bucketlink diff con{connection}"):
        desk.request_apply(connection, REMOVE)
    desk.apply(connection, ADD)
    assert sorted(desk.assets()) == ["a.jpg", "b.jpg", "c.jpg"]


def test_differences_that_become_too_old_in_the_queue_are_not_applied(desk: Desk) -> None:
    desk.put("a.jpg", "b.jpg")
    connection = desk.connect()
    desk.synchronize(connection)
    desk.delete("a.jpg")
    desk.compute(connection)
    run = desk.request_apply(connection, REMOVE)
    with desk.home.database.write() as tx:
        tx.execute(update(runs).where(runs.c.id != run).values(finished_at=now() - OLDEST_REMOVAL - 1000))
    desk.work()
    assert len(desk.assets()) == 2
    assert "older than a day" in (desk.connection(connection).error or "")


def test_removed_assets_are_kept_for_thirty_days_and_then_forgotten(desk: Desk) -> None:
    desk.put("a.jpg", "b.jpg")
    connection = desk.connect()
    desk.synchronize(connection)
    number = desk.assets()["a.jpg"].id
    desk.delete("a.jpg")
    desk.compute(connection)
    removal = desk.apply(connection, REMOVE)
    tidy(desk)
    assert count(desk, removed_assets) == 1
    with desk.home.database.write() as tx:
        tx.execute(update(removed_assets).values(removed_at=now() - UNDO_LIFE - 1000))
        tx.execute(update(asset_changes).values(created_at=now() - UNDO_LIFE - 1000))
    tidy(desk)
    assert (count(desk, removed_assets), count(desk, asset_changes)) == (0, 0)
    assert desk.undo(removal).summary.added == 0
    desk.put("a.jpg")
    desk.synchronize(connection)
    assert desk.assets()["a.jpg"].id > number


def test_only_differences_that_somebody_can_still_apply_are_kept(desk: Desk) -> None:
    desk.put("a.jpg")
    connection = desk.connect()
    desk.compute(connection)
    desk.request_apply(connection, ADD)
    with desk.home.database.write() as tx:
        earlier = tx.scalars(select(connections.c.published_run_id)).one()
        tx.execute(update(connections).values(published_run_id=None))
    tidy(desk)
    assert count(desk, differences) == 1
    with desk.home.database.write() as tx:
        tx.execute(update(connections).values(published_run_id=earlier))
    desk.work()
    desk.put("b.jpg")
    desk.compute(connection)
    desk.compute(connection)
    assert count(desk, differences) == 2
    tidy(desk)
    assert count(desk, differences) == 1
    assert desk.keys(connection, ADD) == ["b.jpg"]


def test_the_rows_of_a_deleted_project_go(desk: Desk) -> None:
    desk.put("a.jpg", "b.jpg")
    connection = desk.connect()
    desk.synchronize(connection)
    desk.delete("b.jpg")
    desk.synchronize(connection)
    with desk.home.database.write() as tx:
        projects.remove(tx, desk.caller.organization_id, desk.project.id)
        integrations.remove(tx, desk.caller.organization_id, desk.integration_id)
    tidy(desk)
    for table in (assets, removed_assets, differences, connections):
        assert count(desk, table) == 0


def test_replies_are_kept_for_a_day(desk: Desk) -> None:
    with desk.home.database.write() as tx:
        accounts.keep_reply(tx, b"1" * 32, "yesterday")
        tx.execute(update(replies).values(created_at=now() - accounts.REPLY_LIFE - 1000))
        accounts.keep_reply(tx, b"2" * 32, "today")
        assert accounts.recall_reply(tx, b"1" * 32) is None
        assert accounts.recall_reply(tx, b"2" * 32) == "today"
    tidy(desk)
    assert count(desk, replies) == 1
