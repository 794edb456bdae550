"""Setting up a data directory, and what keeps it from being used."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from bucketlink import home as home_module
from bucketlink.errors import DataDirectoryError
from bucketlink.home import DATABASE_FILE, SCHEMA, DirectoryLock, lock_of, open_home
from bucketlink.settings import Settings, read_settings
from bucketlink.store.database import alembic_config
from bucketlink.store.tables import metadata


def test_the_schema_is_the_sum_of_its_migrations(tmp_path: Path) -> None:
    home = open_home(Settings(data_dir=tmp_path))
    with home.database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        assert ScriptDirectory.from_config(alembic_config(connection)).get_heads() == [SCHEMA]
    home.close()


def test_a_directory_is_set_up_once_and_opened_again(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "new" / "directory")
    open_home(settings).close()
    key = (settings.data_dir / "secret.key").read_bytes()
    open_home(settings).close()
    assert (settings.data_dir / "secret.key").read_bytes() == key
    assert settings.data_dir.stat().st_mode & 0o077 == 0


def test_only_one_at_a_time_holds_the_lock(tmp_path: Path) -> None:
    first, second = DirectoryLock(tmp_path), DirectoryLock(tmp_path)
    assert first.acquire()
    assert not second.acquire()
    assert not second.is_free()
    first.release()
    assert second.is_free()
    assert second.acquire()
    second.release()


def test_a_database_has_one_lock_by_whatever_way_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "disk")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / DATABASE_FILE).symlink_to(tmp_path / "disk" / DATABASE_FILE)
    named = [
        Settings(data_dir=tmp_path / "disk"),
        Settings(data_dir=tmp_path / "link"),
        Settings(data_dir=tmp_path / "other"),
        Settings(data_dir=tmp_path, database_url=f"sqlite:///{tmp_path}/link/{DATABASE_FILE}"),
    ]
    first, *others = map(lock_of, named)
    assert first.acquire()
    assert not any(other.is_free() for other in others)
    first.release()
    assert lock_of(Settings(data_dir=tmp_path, database_url=f"sqlite:///{tmp_path}/disk/a.db")).path.name == "a.db.lock"


def test_the_environment_of_a_worker_says_the_same_and_holds_no_secret_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUCKETLINK_ADMIN_API_KEY", "a" * 32)
    monkeypatch.setenv("BUCKETLINK_API_KEY", "b" * 32)
    monkeypatch.setenv("BUCKETLINK_S3_SECRET_KEY", "c" * 32)
    monkeypatch.setenv("BUCKETLINK_LOG_LEVEL", "INFO")
    monkeypatch.chdir(tmp_path)
    settings = read_settings(data_dir=Path("data"), database_url="sqlite:///ours.db")
    environment = settings.environment()
    assert not {"a" * 32, "b" * 32, "c" * 32} & set(environment.values())
    assert environment["BUCKETLINK_LOG_LEVEL"] == "INFO"
    for name in [name for name in os.environ if name.startswith("BUCKETLINK_")]:
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir("/")
    assert read_settings() == settings.model_copy(update={"admin_api_key": None})
    assert read_settings().database == tmp_path / "ours.db"


def test_a_directory_that_another_holds_is_not_set_up_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(home_module, "LOCK_PATIENCE", 0.0)
    lock = DirectoryLock(tmp_path)
    assert lock.acquire()
    with pytest.raises(DataDirectoryError, match="stop it"):
        open_home(Settings(data_dir=tmp_path))
    lock.release()


def test_a_database_of_a_later_release_is_left_alone(tmp_path: Path) -> None:
    open_home(Settings(data_dir=tmp_path)).close()
    with sqlite3.connect(tmp_path / DATABASE_FILE) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    with pytest.raises(DataDirectoryError, match="later release"):
        open_home(Settings(data_dir=tmp_path))


def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / DATABASE_FILE).write_bytes(b"my diary" * 1000)
    with pytest.raises(DataDirectoryError, match="cannot be opened"):
        open_home(Settings(data_dir=tmp_path))
    assert (tmp_path / DATABASE_FILE).read_bytes() == b"my diary" * 1000


def test_a_database_of_another_program_gets_no_tables_of_ours(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / DATABASE_FILE)) as other, other:
        other.execute("CREATE TABLE pictures (name TEXT)")
        other.execute("INSERT INTO pictures VALUES ('sea')")
    with pytest.raises(DataDirectoryError, match="another program: choose another with --database"):
        open_home(Settings(data_dir=tmp_path))
    with closing(sqlite3.connect(tmp_path / DATABASE_FILE)) as other:
        assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("pictures",)]
        assert other.execute("SELECT name FROM pictures").fetchall() == [("sea",)]


def test_a_directory_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with pytest.raises(DataDirectoryError, match="--data-dir"):
        open_home(Settings(data_dir=tmp_path / "data"))


def test_a_data_directory_means_the_same_wherever_the_program_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert Settings(data_dir=Path("data")).data_dir == tmp_path / "data"
    assert Settings(data_dir=Path("~/data")).data_dir == tmp_path / "home" / "data"
    monkeypatch.setenv("BUCKETLINK_DATA_DIR", "elsewhere")
    assert read_settings().data_dir == tmp_path / "elsewhere"


def test_a_database_in_use_is_opened_from_another_data_directory_at_once(tmp_path: Path) -> None:
    first = open_home(Settings(data_dir=tmp_path / "first"))
    lock = lock_of(first.settings)
    assert lock.acquire()
    url = f"sqlite:///{first.database.path}"
    second = open_home(Settings(data_dir=tmp_path / "second", database_url=url))
    assert second.database.path == first.database.path
    assert (tmp_path / "second" / "secret.key").exists()
    lock.release()
    first.close()
    second.close()


def test_a_database_that_was_emptied_is_not_taken_for_a_new_one(tmp_path: Path) -> None:
    home = open_home(Settings(data_dir=tmp_path))
    home.close()
    assert home.database.path.stat().st_mode & 0o077 == 0
    os.truncate(home.database.path, 0)
    with pytest.raises(DataDirectoryError, match="is empty, although it was used"):
        open_home(home.settings)
    home.database.path.unlink()
    open_home(home.settings).close()


def test_a_first_start_that_was_cut_short_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / DATABASE_FILE).touch()
    open_home(Settings(data_dir=tmp_path)).close()
