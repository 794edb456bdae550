"""What is measured of Bucketlink, each task in a process of its own: ``python -m tests.bench.ours TASK JSON``.

It prints what it found and what the task alone took, without start-up, and fails where what it found is not right.
"""

import json
import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import select

from bucketlink import jobs, requests
from bucketlink.buckets import BucketReader, azure, gcs, open_bucket, s3  # noqa: F401 - else they are imported when first needed, on the clock
from bucketlink.buckets.helpers import Source
from bucketlink.buckets.listing import Scope, listing
from bucketlink.buckets.protocol import PageReader
from bucketlink.home import Home, open_home
from bucketlink.model import (
    Access,
    BucketAddress,
    Caller,
    Connection,
    Credentials,
    DifferenceType,
    InputType,
    Platform,
    Restriction,
    RunKind,
    Selection,
)
from bucketlink.settings import Settings
from bucketlink.store import accounts, connections, integrations, projects, runs
from bucketlink.store.tables import differences
from tests.bench.layouts import changes, etag, objects, size
from tests.bench.measure import tree_cpu

PLATFORMS = {
    "s3": (Platform.CUSTOM_S3, Credentials("benchmark", "benchmark"), ""),
    "gcs": (Platform.GCP, Credentials(), ""),
    "azure": (Platform.AZURE, Credentials(), "/account"),
}
ROWS_AT_ONCE = 20_000
"""Rows of a transaction of the bare database."""

Told = dict[str, Any]


class Clock:
    """Adds up seconds on the wall and of CPU time, of this process and all that it starts."""

    def __init__(self) -> None:
        self.seconds = self.cpu = 0.0

    def __enter__(self) -> None:
        self.seconds, self.cpu = self.seconds - time.perf_counter(), self.cpu - tree_cpu()

    def __exit__(self, *_: object) -> None:
        self.seconds, self.cpu = self.seconds + time.perf_counter(), self.cpu + tree_cpu()


def _settings(directory: str = "") -> Settings:
    return Settings(data_dir=Path(directory or "."), allow_private_endpoints=True)


def _reader(platform: str, endpoint: str) -> closing[BucketReader]:
    kind, credentials, account = PLATFORMS[platform]
    return closing(open_bucket(BucketAddress(kind, "bench", endpoint + account), credentials, _settings()))


def listed(*, platform: str, endpoint: str) -> Told:
    """List only, as computations list a bucket of which nothing is known."""
    kind, credentials, account = PLATFORMS[platform]
    address = BucketAddress(kind, "bench", endpoint + account)
    source = Source(address, Access(), credentials, _settings().permitted)
    clock, count = Clock(), 0
    with _reader(platform, endpoint) as reader, clock:
        assert isinstance(reader, PageReader)
        for page in listing(reader, Scope(), source=source):
            count += page.count
    return {"objects": count, "seconds": clock.seconds, "cpu": clock.cpu}


def one_stream(*, platform: str, endpoint: str, pages: int) -> Told:
    """The first pages, one request after the other."""
    clock, count = Clock(), 0
    with _reader(platform, endpoint) as reader, clock:
        for page in islice(reader.pages(), pages):
            count += len(page.keys)
    return {"objects": count, "seconds": clock.seconds, "cpu": clock.cpu, "pages": pages}


class Desk:
    """A data directory with one connection, on which runs are asked for and done."""

    def __init__(self, home: Home) -> None:
        self.home = home
        with home.database.write() as tx:
            self.caller: Caller = accounts.ensure_local_administrator(tx)

    def connect(self, endpoint: str) -> None:
        """Make project, integration and connection."""
        organization = self.caller.organization_id
        with self.home.database.write() as tx:
            project = projects.add(
                tx, organization, title="Benchmark", description="", input_type=InputType.IMAGE, json_interface="{}"
            )
            integration = integrations.add(
                tx,
                self.home.sealer,
                organization,
                name="bench",
                address=BucketAddress(Platform.CUSTOM_S3, "bench", endpoint),
                access=Access(),
                restriction=Restriction(),
                allowed_projects=None,
                credentials=PLATFORMS["s3"][1],
            )
            connections.add(tx, project, integration, Selection(), json_processing=False)

    def connection(self) -> Connection:
        """The connection as it is."""
        with self.home.database.read() as tx:
            (only,) = connections.find(tx, self.caller.organization_id)
            return only

    def do(self, ask: Callable[[Any, Connection], object]) -> Clock:
        """Ask for runs, and do them."""
        clock = Clock()
        connection = self.connection()
        with clock:
            with self.home.database.write() as tx:
                ask(tx, connection)
            while (claim := jobs.take(self.home)) is not None:
                jobs.perform(self.home, claim)
        with self.home.database.read() as tx:
            failed = [run.error for run in runs.find(tx, connection.organization_id, connection.id) if run.error]
        if failed:
            sys.exit(f"A run failed: {failed[0]}")
        return clock

    def compute(self) -> Clock:
        """Compute differences."""
        return self.do(lambda tx, connection: requests.compute(tx, connection, self.caller))

    def apply(self) -> Clock:
        """Apply what was added."""
        return self.do(
            lambda tx, connection: requests.apply(tx, connection, DifferenceType.ADD, self.caller, forced=False)
        )

    def objects(self) -> int:
        """How many objects the last computation saw."""
        with self.home.database.read() as tx:
            newest = runs.newest(tx, self.connection().id, RunKind.COMPUTE)
        assert newest is not None
        return newest.objects


def first(*, endpoint: str, directory: str) -> Told:
    """First sync: compute and apply."""
    home = open_home(_settings(directory), durable=False)
    desk = Desk(home)
    desk.connect(endpoint)
    computed, applied = desk.compute(), desk.apply()
    count = desk.connection().number_of_assets
    _check(desk.connection().summary.added, 0)
    _check(desk.objects(), count)
    home.close()
    return {
        "objects": count,
        "seconds": computed.seconds + applied.seconds,
        "cpu": computed.cpu + applied.cpu,
        "compute_seconds": computed.seconds,
        "compute_cpu": computed.cpu,
        "apply_seconds": applied.seconds,
        "apply_cpu": applied.cpu,
        "database_bytes": (Path(directory) / "bucketlink.db").stat().st_size,
    }


def unchanged(*, directory: str) -> Told:
    """List and compare where nothing has changed."""
    return _again(directory, {"added": 0, "removed": 0, "changed": 0})


def changed(*, directory: str, count: int, found: str = "") -> Told:
    """List and compare where 1 % has changed; what differs is written to a file if there is one."""
    told = _again(directory, changes(count))
    if found:
        _write_differences(directory, Path(found))
    return told


def _again(directory: str, expected: dict[str, int]) -> Told:
    home = open_home(_settings(directory), durable=False)
    desk = Desk(home)
    clock = desk.compute()
    summary = desk.connection().summary
    for name, number in expected.items():
        _check(getattr(summary, name), number)
    told = {"objects": desk.objects(), "seconds": clock.seconds, "cpu": clock.cpu}
    home.close()
    return told


def _write_differences(directory: str, path: Path) -> None:
    """Differences as lines of kind and key."""
    home = open_home(_settings(directory), durable=False)
    published = Desk(home).connection().published_run_id
    columns = differences.c
    with home.database.read() as tx, path.open("w", encoding="utf-8") as file:
        for row in tx.execute(select(columns.type, columns.key).where(columns.run_id == published)):
            file.write(f"{DifferenceType(row.type).name.lower()}\t{row.key}\n")
    home.close()


def bare(*, directory: str, layout: str, count: int) -> Told:
    """Write the rows of a first sync, which are there already, into the same tables by nothing but SQLite."""
    home = open_home(_settings(directory), durable=False)
    home.close()
    database = sqlite3.connect(Path(directory) / "bucketlink.db", isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "cache_size=-4000"):
        database.execute(f"PRAGMA {pragma}")
    clock = Clock()
    for chunk in objects(layout, count):
        rows = [
            (1, int(DifferenceType.ADD), key, size(seed), etag(seed), 1_686_000_000_000 + seed)
            for key, seed in zip(*chunk, strict=True)
        ]
        with clock:
            database.execute("BEGIN IMMEDIATE")
            database.executemany(
                "INSERT INTO differences (run_id, type, key, size, etag, modified_at) VALUES (?, ?, ?, ?, ?, ?)", rows
            )
            database.execute("COMMIT")
    for chunk in objects(layout, count):
        assets = [
            (1, 1, key, seed + 1, 1, size(seed), etag(seed), 1_686_000_000_000 + seed, 2, 1_686_000_000_000, seed)
            for key, seed in zip(*chunk, strict=True)
        ]
        with clock:
            database.execute("BEGIN IMMEDIATE")
            database.executemany(
                "INSERT INTO assets (project_id, integration_id, key, id, connection_id, size, etag, modified_at, "
                "run_id, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                assets,
            )
            database.execute("COMMIT")
    database.close()
    return {"objects": count, "seconds": clock.seconds, "cpu": clock.cpu}


def _check(found: int, expected: int) -> None:
    if found != expected:
        sys.exit(f"{expected} were to be found, and {found} were.")


TASKS: dict[str, Callable[..., Told]] = {
    "list": listed,
    "stream": one_stream,
    "first": first,
    "unchanged": unchanged,
    "changed": changed,
    "bare": bare,
}

if __name__ == "__main__":
    print(json.dumps(TASKS[sys.argv[1]](**json.loads(sys.argv[2]))))  # noqa: T201 - read by the benchmark
