"""Dying at any transaction, before or after it is committed, and being taken up again: the result is the same."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection

from bucketlink import jobs, requests
from bucketlink.home import open_home
from bucketlink.model import Selection
from bucketlink.store import runs
from bucketlink.store.database import Database
from bucketlink.sync import pacing
from tests.sync.desk import ADD, CHANGED, REMOVE, Desk, Row


class Died(BaseException):
    """The process was killed here."""


class Mortal(Database):
    """A database whose process dies at one of its write transactions."""

    def __init__(self, database: Database, *, at: int, committed: bool) -> None:
        self.path, self.engine = database.path, database.engine
        self._left, self._committed = at, committed

    @contextmanager
    def write(self) -> Iterator[Connection]:
        self._left -= 1
        dies = self._left < 0
        with super().write() as tx:
            yield tx
            if dies and not self._committed:
                raise Died
        if dies:
            raise Died


def work_and_die(desk: Desk, *, at: int, committed: bool) -> bool:
    """Work until the transaction of this number, and die there; False if all work was done before."""
    home = replace(desk.home, database=Mortal(desk.home.database, at=at, committed=committed))
    try:
        while (claim := jobs.take(home)) is not None:
            jobs.perform(home, claim)
    except Died:
        with desk.home.database.write() as tx:
            runs.requeue(tx)
        return True
    return False


@contextmanager
def copied(desk: Desk, directory: Path) -> Iterator[Desk]:
    """The same desk, its data directory as it is now, to work on apart."""
    shutil.copytree(desk.home.settings.data_dir, directory)
    home = open_home(desk.home.settings.model_copy(update={"data_dir": directory}), durable=False)
    yield replace(desk, home=home)
    home.close()
    shutil.rmtree(directory)


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Transactions of a few rows, so that there are many."""
    monkeypatch.setattr(pacing, "FEWEST", 5)
    monkeypatch.setattr(pacing, "MOST", 5)
    monkeypatch.setattr(pacing, "FIRST", 5)
    monkeypatch.setattr("bucketlink.sync.engine.SAME_KEYS", 11)
    monkeypatch.setattr("bucketlink.buckets.folder.PAGE_KEYS", 5)


def prepared(directory: Path) -> tuple[Desk, int]:
    """A desk with something of everything to do."""
    directory.mkdir()
    desk = Desk.open(directory)
    desk.put(*(f"{folder}/{n:02}.jpg" for folder in "abcd" for n in range(12)))
    gone = desk.connect(Selection(selected_folders=("d",)))
    desk.synchronize(gone)
    desk.disconnect(gone)
    connection = desk.connect()
    desk.compute(connection)
    desk.apply(connection, ADD)
    desk.put(*(f"b/{n:02}.jpg" for n in range(5)), *(f"e/{n:02}.jpg" for n in range(10)))
    desk.delete(*(f"c/{n:02}.jpg" for n in range(8)))
    return desk, connection


def outcome(desk: Desk, connection: int) -> tuple[dict[str, Row], object, object]:
    """All that must not depend on who died when."""
    if not desk.has(connection):
        return desk.assets(), None, None
    shown = [(one.type, one.key, one.asset_id) for one in desk.differences(connection)]
    return desk.assets(), desk.connection(connection).summary, shown


def compute(desk: Desk, connection: int) -> None:
    desk.request_compute(connection)


def apply_all(desk: Desk, connection: int) -> None:
    desk.compute(connection)
    for type_ in (REMOVE, ADD, CHANGED):
        desk.request_apply(connection, type_)


def undo_removal(desk: Desk, connection: int) -> None:
    desk.compute(connection)
    desk.request_undo(desk.apply(connection, REMOVE))


def remove_with_assets(desk: Desk, connection: int) -> None:
    with desk.home.database.write() as tx:
        requests.remove_with_assets(tx, desk.connection(connection), desk.caller, forced=False)


@pytest.mark.usefixtures("small_steps")
@pytest.mark.parametrize("committed", [False, True], ids=["before the commit", "after the commit"])
@pytest.mark.parametrize("ask", [compute, apply_all, undo_removal, remove_with_assets])
def test_dying_at_any_transaction_changes_nothing(
    tmp_path: Path, ask: Callable[[Desk, int], None], *, committed: bool
) -> None:
    desk, connection = prepared(tmp_path / "desk")
    ask(desk, connection)
    with copied(desk, tmp_path / "undisturbed") as undisturbed:
        undisturbed.work()
        expected = outcome(undisturbed, connection)
    died = 0
    dies = True
    while dies:
        with copied(desk, tmp_path / "mortal") as mortal:
            dies = work_and_die(mortal, at=died, committed=committed)
            mortal.work()
            mortal.check_counters()
            assert outcome(mortal, connection) == expected
            assert not mortal.failures()
        died += dies
    assert died > 5
    desk.close()


@pytest.mark.usefixtures("small_steps")
def test_dying_again_and_again_comes_to_an_end(tmp_path: Path) -> None:
    desk, connection = prepared(tmp_path / "desk")
    apply_all(desk, connection)
    with copied(desk, tmp_path / "undisturbed") as undisturbed:
        undisturbed.work()
        expected = outcome(undisturbed, connection)
    lives = 1
    while work_and_die(desk, at=7, committed=lives % 2 == 0):
        lives += 1
    assert lives > 2
    assert outcome(desk, connection) == expected
    desk.close()


def test_whoever_lost_a_run_can_change_nothing_any_more(desk: Desk) -> None:
    desk.put("a.jpg")
    connection = desk.connect()
    desk.compute(connection)
    desk.request_apply(connection, ADD)
    stopped = jobs.take(desk.home)
    assert stopped is not None
    with desk.home.database.write() as tx:
        runs.requeue(tx)
    desk.work()
    assert len(desk.assets()) == 1
    jobs.perform(desk.home, stopped)
    assert len(desk.assets()) == 1
    assert desk.run(stopped.run.id).summary.added == 1


def test_a_computation_begins_anew_if_the_selection_changed_meanwhile(desk: Desk) -> None:
    desk.put("a/1.jpg", "b/1.jpg")
    connection = desk.connect()
    desk.request_compute(connection)
    home = replace(desk.home, database=Mortal(desk.home.database, at=5, committed=True))
    claim = jobs.take(home)
    assert claim is not None
    with pytest.raises(Died):
        jobs.perform(home, claim)
    desk.select(connection, Selection(selected_folders=("b",)))
    with desk.home.database.write() as tx:
        runs.requeue(tx)
    desk.work()
    assert desk.keys(connection, ADD) == ["b/1.jpg"]
