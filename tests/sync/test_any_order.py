"""Whatever happens in whatever order: counters are exact, promises true, ids kept, and in the end all is in step."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings, strategies
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bucketlink.errors import Conflict
from bucketlink.model import DifferenceType, Restriction, RunState, Selection
from bucketlink.sync.selection import Selector
from tests.sync.desk import ADD, CHANGED, REMOVE, Desk

KEYS = ("a.jpg", "x/1.jpg", "x/2.png", "x/y/3.jpg", "y/1.jpg", "y0.jpg", "é.jpg")
SELECTIONS = (
    Selection(),
    Selection(selected_folders=("x",)),
    Selection(selected_folders=("x/y", "y")),
    Selection(include=("*.jpg",)),
    Selection(selected_folders=()),
)

WHICH = strategies.integers(0, 1)
SOME_KEYS = strategies.sets(strategies.sampled_from(KEYS), min_size=1, max_size=3)


class AnyOrder(RuleBasedStateMachine):
    """Two connections of one project on one bucket, and people who do things to them."""

    @initialize(keys=strategies.sets(strategies.sampled_from(KEYS), min_size=2))
    def start(self, keys: set[str]) -> None:
        self.directory = tempfile.TemporaryDirectory()
        self.desk = Desk.open(Path(self.directory.name))
        self.connections = [self.desk.connect(), self.desk.connect(SELECTIONS[1])]
        self.desk.put(*sorted(keys))
        self.ids: dict[str, int] = {}
        self.applied: list[int] = []

    def teardown(self) -> None:
        if hasattr(self, "desk"):
            self.settle_down()
            self.desk.close()
            self.directory.cleanup()

    def settle_down(self) -> None:
        """After one more synchronization of each connection there is nothing left to do, and the project is right."""
        for _ in range(2):
            for connection in self.connections:
                self.desk.synchronize(connection)
        wanted: set[str] = set()
        for connection in self.connections:
            assert self.desk.compute(connection) == (0, 0, 0)
            wanted |= self.selected(connection)
        owned = {key for key, row in self.desk.assets().items() if row.owner in self.connections}
        assert owned == wanted

    def selected(self, connection: int) -> set[str]:
        selector = Selector(self.desk.connection(connection).selection, Restriction())
        present = {path.relative_to(self.desk.bucket).as_posix() for path in self.desk.bucket.rglob("*.*")}
        return {key for key in present if selector.takes(key)}

    @rule(keys=SOME_KEYS)
    def put(self, keys: set[str]) -> None:
        self.desk.put(*sorted(keys))

    @rule(keys=SOME_KEYS)
    def delete(self, keys: set[str]) -> None:
        self.desk.delete(*(key for key in sorted(keys) if (self.desk.bucket / key).exists()))

    @rule(which=WHICH, at_once=strategies.booleans())
    def compute(self, which: int, at_once: bool) -> None:
        self.desk.request_compute(self.connections[which])
        if at_once:
            self.desk.work()

    @rule(which=WHICH, type_=strategies.sampled_from([ADD, REMOVE, CHANGED]), at_once=strategies.booleans())
    def apply(self, which: int, type_: DifferenceType, at_once: bool) -> None:
        try:
            self.applied.append(self.desk.request_apply(self.connections[which], type_, forced=True))
        except Conflict:
            assert self.desk.connection(self.connections[which]).published_run_id is None
        if at_once:
            self.desk.work()

    @rule(which=WHICH, type_=strategies.sampled_from([ADD, REMOVE]))
    def keep_a_promise(self, which: int, type_: DifferenceType) -> None:
        self.desk.work()
        connection = self.desk.connection(self.connections[which])
        if connection.published_run_id is None:
            return
        before = len(self.desk.assets())
        self.desk.apply(connection.id, type_, forced=True)
        promised = connection.summary.added if type_ is ADD else -connection.summary.removed
        assert len(self.desk.assets()) - before == promised

    @precondition(lambda self: self.applied)
    @rule(data=strategies.data())
    def undo(self, data: strategies.DataObject) -> None:
        self.desk.work()
        run = self.desk.run(data.draw(strategies.sampled_from(self.applied)))
        if run.state is not RunState.SUCCEEDED:
            return
        if run.undone_by is None:
            self.applied.append(self.desk.request_undo(run.id))
        else:
            with pytest.raises(Conflict, match="undone already"):
                self.desk.request_undo(run.id)

    @rule(which=WHICH, selection=strategies.sampled_from(SELECTIONS))
    def select(self, which: int, selection: Selection) -> None:
        self.desk.select(self.connections[which], selection)

    @rule(which=WHICH)
    def replace_connection(self, which: int) -> None:
        self.desk.disconnect(self.connections[which])
        self.connections[which] = self.desk.connect(SELECTIONS[which])

    @rule(which=WHICH)
    def replace_connection_with_its_assets(self, which: int) -> None:
        self.applied.append(self.desk.disconnect_with_assets(self.connections[which]))
        self.connections[which] = self.desk.connect(SELECTIONS[which])

    @rule()
    def work_on(self) -> None:
        self.desk.work()

    @invariant()
    def counters_are_exact_and_ids_kept(self) -> None:
        if not hasattr(self, "desk"):
            return
        self.desk.check_counters()
        assert not self.desk.failures()
        assets = self.desk.assets()
        assert len({row.id for row in assets.values()}) == len(assets)
        for key, row in assets.items():
            assert self.ids.setdefault(key, row.id) == row.id
        for connection in self.connections:
            if self.desk.connection(connection).published_run_id is not None:
                assert not set(self.desk.keys(connection, ADD)) & set(assets)
                assert set(self.desk.keys(connection, REMOVE)) <= set(assets)


AnyOrder.TestCase.settings = settings(
    max_examples=15,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestAnyOrder = AnyOrder.TestCase
