"""A data directory of an earlier release is upgraded when it is opened, and loses nothing by it."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest
from alembic import command
from sqlalchemy import text

from bucketlink.home import DATABASE_FILE, SCHEMA, Home, open_home
from bucketlink.model import Access, Credentials, Status
from bucketlink.sealing import Sealer, make_key_file, open_sealer
from bucketlink.settings import Settings
from bucketlink.store import accounts, assets, integrations, runs
from bucketlink.store.assets import AssetFilter
from bucketlink.store.database import Database, alembic_config


@dataclass(frozen=True, slots=True)
class FirstCredentials:
    """What the first release knew of credentials."""

    access_key: str
    secret_key: str
    session_token: str


def sealed_as_then(sealer: Sealer) -> bytes:
    then = FirstCredentials("AKIAEXAMPLE", "a-secret", "a-token")
    return sealer.seal(cast(Credentials, then), organization_id=1, integration_id=1)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A data directory as the first release left it: an organization, its bucket, a project with two assets."""
    settings = Settings(data_dir=tmp_path)
    make_key_file(tmp_path)
    database = Database(tmp_path / DATABASE_FILE)
    with database.engine.connect() as connection:
        command.upgrade(alembic_config(connection), "0001")
    database.close()
    with sqlite3.connect(tmp_path / DATABASE_FILE) as raw:
        raw.execute("PRAGMA foreign_keys = ON")
        raw.execute("INSERT INTO organizations (id, name, created_at) VALUES (1, 'ours', 1), (2, 'theirs', 1)")
        raw.execute(
            "INSERT INTO users (organization_id, email, role, created_at) VALUES (1, 'a@example.com', 'ADMIN', 1)"
        )
        raw.execute(
            "INSERT INTO integrations (id, organization_id, name, platform, bucket, endpoint, sealed_credentials, "
            "status, created_at, updated_at) "
            "VALUES (1, 1, 'b', 'CustomS3', 'bucket', 'https://s3.example.com', ?, 'CONNECTED', 1, 1)",
            (sealed_as_then(open_sealer(settings)),),
        )
        raw.execute(
            "INSERT INTO projects (id, organization_id, title, description, input_type, json_interface, "
            "number_of_assets, created_at, updated_at) VALUES (1, 1, 'p', '', 'IMAGE', '{}', 2, 1, 1)"
        )
        raw.execute(
            "INSERT INTO connections (id, organization_id, project_id, integration_id, number_of_assets, created_at, "
            "updated_at) VALUES (1, 1, 1, 1, 2, 1, 1)"
        )
        raw.executemany(
            "INSERT INTO assets (project_id, integration_id, key, id, connection_id, size, etag, run_id, created_at, "
            "updated_at) VALUES (1, 1, ?, ?, 1, 3, 'e', 1, 1, 1)",
            [("a//b.jpg", 1), ("é.jpg", 2)],
        )
        raw.executemany(
            "INSERT INTO runs (id, organization_id, kind, state, connection_id, source_run_id, error, created_at, "
            "finished_at) VALUES (?, 1, ?, ?, 1, ?, ?, 1, 2)",
            [
                (1, "APPLY", "SUCCEEDED", None, None),
                (2, "COMPUTE", "FAILED", None, "There is no bucket."),
                (3, "UNDO", "SUCCEEDED", 1, None),
            ],
        )
    raw.close()
    return settings


@pytest.fixture
def home(settings: Settings) -> Home:
    return open_home(settings)


def test_everything_is_still_there(home: Home) -> None:
    with home.database.read() as tx:
        assert tx.scalar(text("SELECT version_num FROM alembic_version")) == SCHEMA
        found = integrations.get(tx, 1, 1)
        keys = [(one.id, one.key, one.archived) for one in assets.find(tx, 1, 1, AssetFilter())]
        assert tx.execute(text("PRAGMA foreign_key_check")).all() == []
        assert integrations.credentials(tx, home.sealer, found) == Credentials("AKIAEXAMPLE", "a-secret", "a-token")
    assert keys == [(1, "a//b.jpg", None), (2, "é.jpg", None)]
    assert (found.status, found.access) == (Status.CONNECTED, Access(external_id=found.access.external_id))
    home.close()


def test_every_organization_has_an_external_id_of_its_own(home: Home) -> None:
    with home.database.read() as tx:
        ids = {accounts.organization(tx, number).external_id for number in (1, 2)}
    assert len(ids) == 2
    assert all(one.startswith("bucketlink-") and len(one) > 40 for one in ids)
    home.close()
    again = open_home(home.settings)
    with again.database.read() as tx:
        assert {accounts.organization(tx, number).external_id for number in (1, 2)} == ids
    again.close()


def test_runs_are_still_there_and_tell_what_undid_them(home: Home) -> None:
    with home.database.read() as tx:
        found = [(run.id, run.error, run.error_kind, run.undone_by) for run in runs.find(tx, 1, 1)]
    assert found == [(3, None, None, None), (2, "There is no bucket.", None, None), (1, None, None, 3)]
    home.close()


def test_a_computation_under_way_begins_anew_since_nobody_knows_what_its_listing_has_shown(tmp_path: Path) -> None:
    make_key_file(tmp_path)
    database = Database(tmp_path / DATABASE_FILE)
    with database.engine.connect() as connection:
        command.upgrade(alembic_config(connection), "0003")
    database.close()
    with closing(sqlite3.connect(tmp_path / DATABASE_FILE)) as raw, raw:
        raw.execute("INSERT INTO organizations (id, name, external_id, created_at) VALUES (1, 'ours', 'x', 1)")
        raw.executemany(
            "INSERT INTO runs (id, organization_id, kind, state, fingerprint, created_at, finished_at) "
            "VALUES (?, 1, 'COMPUTE', ?, x'00', 1, ?)",
            [(1, "SUCCEEDED", 2), (2, "RUNNING", None)],
        )
    home = open_home(Settings(data_dir=tmp_path))
    with home.database.read() as tx:
        assert tx.execute(text("SELECT id, fingerprint IS NULL FROM runs ORDER BY id")).all() == [(1, 0), (2, 1)]
    home.close()
