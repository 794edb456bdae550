"""A data directory, a real bucket (a folder) and a project to work with, jobs done in the test's own process."""

import itertools
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import func, select

from bucketlink import jobs, requests, selecting
from bucketlink.home import Home, open_home
from bucketlink.model import (
    Access,
    BucketAddress,
    Caller,
    Connection,
    Credentials,
    Difference,
    DifferenceType,
    InputType,
    Platform,
    Project,
    Restriction,
    Run,
    RunState,
    Selection,
)
from bucketlink.settings import Settings
from bucketlink.store import accounts, connections, difference_pages, integrations, projects, runs
from bucketlink.store.difference_pages import SHOWN, Narrowing
from bucketlink.store.tables import assets
from bucketlink.store.tables import differences as difference_table
from bucketlink.store.tables import projects as project_table
from bucketlink.store.tables import runs as run_table

ADD, REMOVE, CHANGED = DifferenceType.ADD, DifferenceType.REMOVE, DifferenceType.CHANGED


@dataclass(frozen=True)
class Row:
    """What the tests look at of an asset."""

    id: int
    owner: int
    etag: str


@dataclass
class Desk:
    """One project over one folder."""

    home: Home
    bucket: Path
    caller: Caller
    project: Project
    integration_id: int
    versions: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    @classmethod
    def open(
        cls,
        directory: Path,
        *,
        input_type: InputType = InputType.IMAGE,
        restriction: Restriction | None = None,
        address: BucketAddress | None = None,
        credentials: Credentials | None = None,
    ) -> "Desk":
        """Set everything up below a directory."""
        bucket = directory / "bucket"
        bucket.mkdir()
        settings = Settings(data_dir=directory / "data", folder_roots=(bucket,), allow_private_endpoints=True)
        home = open_home(settings, durable=False)
        with home.database.write() as tx:
            caller = accounts.ensure_local_administrator(tx)
            project = projects.add(
                tx,
                caller.organization_id,
                title="Bears",
                description="",
                input_type=input_type,
                json_interface="{}",
            )
            integration = integrations.add(
                tx,
                home.sealer,
                caller.organization_id,
                name="folder",
                address=address or BucketAddress(Platform.FOLDER, str(bucket)),
                access=Access(),
                restriction=restriction or Restriction(),
                allowed_projects=None,
                credentials=credentials or Credentials(),
            )
        return cls(home, bucket, caller, project, integration.id)

    def put(self, *keys: str) -> None:
        """Write objects, each other than any before it."""
        for key in keys:
            path = self.bucket / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"x" * next(self.versions))

    def delete(self, *keys: str) -> None:
        """Delete objects."""
        for key in keys:
            (self.bucket / key).unlink()

    def connect(self, selection: Selection | None = None) -> int:
        """Add a connection, nothing computed yet."""
        with self.home.database.write() as tx:
            integration = integrations.get(tx, self.caller.organization_id, self.integration_id)
            return connections.add(tx, self.project, integration, selection or Selection(), json_processing=False)

    def select(self, connection_id: int, selection: Selection) -> None:
        """Change a connection's selection, which queues a computation."""
        with self.home.database.write() as tx:
            connection = connections.get(tx, self.caller.organization_id, connection_id)
            selecting.change(tx, connection, selection, self.caller)

    def connection(self, connection_id: int) -> Connection:
        """A connection as it is now."""
        with self.home.database.read() as tx:
            return connections.get(tx, self.caller.organization_id, connection_id)

    def has(self, connection_id: int) -> bool:
        """Whether a connection is there."""
        with self.home.database.read() as tx:
            return bool(connections.find(tx, self.caller.organization_id, connection_id=connection_id))

    def request_compute(self, connection_id: int) -> int:
        """Queue a computation."""
        with self.home.database.write() as tx:
            connection = connections.get(tx, self.caller.organization_id, connection_id)
            return requests.compute(tx, connection, self.caller)

    def request_apply(
        self, connection_id: int, type_: DifferenceType, *, forced: bool = False, most_removed: int | None = None
    ) -> int:
        """Queue an application of what is published."""
        with self.home.database.write() as tx:
            connection = connections.get(tx, self.caller.organization_id, connection_id)
            return requests.apply(tx, connection, type_, self.caller, forced=forced, most_removed=most_removed)

    def request_undo(self, run_id: int) -> int:
        """Queue an undoing."""
        with self.home.database.write() as tx:
            return requests.undo(tx, runs.get(tx, self.caller.organization_id, run_id), self.caller)

    def work(self) -> None:
        """Do all that is queued."""
        while (claim := jobs.take(self.home)) is not None:
            jobs.perform(self.home, claim)

    def compute(self, connection_id: int) -> tuple[int, int, int]:
        """Compute; returns how many were added, removed and changed."""
        self.request_compute(connection_id)
        self.work()
        connection = self.connection(connection_id)
        assert connection.error is None
        return connection.summary.added, connection.summary.removed, connection.summary.changed

    def apply(self, connection_id: int, type_: DifferenceType, *, forced: bool = False) -> int:
        """Apply; returns the run."""
        run_id = self.request_apply(connection_id, type_, forced=forced)
        self.work()
        return run_id

    def synchronize(self, connection_id: int) -> None:
        """Compute, and apply everything."""
        self.compute(connection_id)
        for type_ in (REMOVE, ADD, CHANGED):
            self.apply(connection_id, type_, forced=True)

    def undo(self, run_id: int) -> Run:
        """Undo a run; returns the undoing."""
        undoing = self.request_undo(run_id)
        self.work()
        return self.run(undoing)

    def run(self, run_id: int) -> Run:
        """A run as it is now."""
        with self.home.database.read() as tx:
            return runs.get(tx, self.caller.organization_id, run_id)

    def failures(self) -> list[str]:
        """Why runs failed."""
        with self.home.database.read() as tx:
            statement = select(run_table.c.error).where(run_table.c.state == RunState.FAILED)
            return [str(error) for error in tx.scalars(statement)]

    def disconnect(self, connection_id: int) -> None:
        """Remove a connection."""
        with self.home.database.write() as tx:
            connections.remove(tx, self.caller.organization_id, connection_id)

    def disconnect_with_assets(self, connection_id: int, *, forced: bool = False) -> int:
        """Remove a connection's assets and then the connection; returns the run."""
        with self.home.database.write() as tx:
            connection = connections.get(tx, self.caller.organization_id, connection_id)
            run_id = requests.remove_with_assets(tx, connection, self.caller, forced=forced)
        self.work()
        return run_id

    def assets(self) -> dict[str, Row]:
        """Every asset, by key."""
        with self.home.database.read() as tx:
            rows = tx.execute(select(assets).where(assets.c.project_id == self.project.id)).all()
        return {row.key: Row(row.id, row.connection_id, row.etag) for row in rows}

    def differences(self, connection_id: int, type_: DifferenceType | None = None) -> list[Difference]:
        """What a connection shows."""
        run_id = self.connection(connection_id).published_run_id
        assert run_id is not None
        with self.home.database.read() as tx:
            narrowing = Narrowing(types=SHOWN if type_ is None else (type_,))
            found: list[Difference] = []
            after = None
            while (page := difference_pages.page(tx, run_id, narrowing, first=500, after=after)).next is not None:
                found += page.rows
                after = page.next
            return [*found, *page.rows]

    def keys(self, connection_id: int, type_: DifferenceType) -> list[str]:
        """Keys of what a connection shows."""
        return [one.key for one in self.differences(connection_id, type_)]

    def check_counters(self) -> None:
        """Every counter equals the rows that it counts."""
        with self.home.database.read() as tx:
            counted = tx.scalar(select(project_table.c.number_of_assets).where(project_table.c.id == self.project.id))
            rows = tx.scalar(select(func.count()).where(assets.c.project_id == self.project.id))
            assert counted in {rows, None}
            for connection in connections.find(tx, self.caller.organization_id):
                owned = tx.scalar(select(func.count()).where(assets.c.connection_id == connection.id))
                assert connection.number_of_assets == owned
                for type_, shown in (
                    (ADD, connection.summary.added),
                    (REMOVE, connection.summary.removed),
                    (CHANGED, connection.summary.changed),
                ):
                    there = tx.scalar(
                        select(func.count()).where(
                            difference_table.c.run_id == connection.published_run_id,
                            difference_table.c.type == type_,
                        )
                    )
                    assert shown == there

    def close(self) -> None:
        """Close the data directory."""
        self.home.close()
