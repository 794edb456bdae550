"""What the doctor advises is done as it is written, and mends."""

import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from bucketlink import Client
from bucketlink.errors import SealingError
from bucketlink.home import DATABASE_FILE, SCHEMA
from tests.api.doctor.asking import SECRET, Doctor, change, register
from tests.servers.pages import PageServer

COMMAND = re.compile(r"(?:: |\. )((?:sudo )?(?:mkdir|mv|rm|sqlite3|kill|chown|chmod) .*)$")
BROKEN = ["text", "cut short", "overwritten", "emptied"]


def commands(advice: str) -> str:
    """What a finding says to type, which ends its sentence."""
    found = COMMAND.search(advice)
    assert found, advice
    return found[1]


def type_in(line: str, **variables: str) -> None:
    """Run a command line in a shell where our programs are found, as an operator does."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(["sh", "-ec", line], env={**os.environ, "PATH": path, **variables}, check=True, capture_output=True)


@pytest.fixture
def kept(made: Path, tmp_path: Path) -> Path:
    """A backup of a directory with a project."""
    with Client.embedded(made) as client:
        client.create_project("Bears", input_type="IMAGE")
    with closing(sqlite3.connect(made / DATABASE_FILE)) as opened:
        opened.execute(f"VACUUM INTO '{tmp_path / 'backup.db'}'")
    return tmp_path / "backup.db"


def projects(data: Path) -> list[str]:
    with Client.embedded(data) as client:
        return [row["title"] for row in client.projects()]


def break_it(file: Path, kind: str) -> None:
    whole = file.read_bytes()
    if kind == "text":
        file.write_text("my diary " * 1000)
    elif kind == "cut short":
        os.truncate(file, 20_000)
    elif kind == "overwritten":
        file.write_bytes(whole[:8192] + b"\xff" * (len(whole) - 8192))
    else:
        os.truncate(file, 0)


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_database_is_replaced_by_its_backup_and_kept(
    doctor: Doctor, made: Path, kept: Path, kind: str
) -> None:
    file = made / DATABASE_FILE
    break_it(file, kind)
    broken = file.read_bytes()
    found = doctor(status=1)
    (advice,) = [one["mend"] for check in found.values() for one in check if one["verdict"] == "wrong"]
    type_in(commands(advice.partition("; to begin anew")[0]).replace("BACKUP", str(kept)))
    assert doctor()["integrity"][0]["verdict"] == "ok"
    assert (made / "damaged" / DATABASE_FILE).read_bytes() == broken
    assert projects(made) == ["Bears"]


def test_an_emptied_database_can_be_begun_anew(doctor: Doctor, made: Path) -> None:
    break_it(made / DATABASE_FILE, "emptied")
    type_in(doctor.one("database", status=1)[1].partition("to begin anew instead: ")[2])
    assert projects(made) == []


def test_what_lies_in_the_place_of_the_database_is_taken_away(doctor: Doctor, made: Path) -> None:
    file = made / DATABASE_FILE
    file.unlink()
    file.mkdir()
    type_in(commands(doctor.one("database", status=1)[1]))
    assert projects(made) == []


def test_a_link_to_a_database_that_is_not_there_is_no_new_directory(doctor: Doctor, made: Path) -> None:
    file = made / DATABASE_FILE
    file.unlink()
    file.symlink_to("/unmounted/bucketlink.db")
    verdict, text = doctor.one("database", status=1)
    assert (verdict, "leads to /unmounted/bucketlink.db, which is not there" in text) == ("wrong", True)


@pytest.mark.usefixtures("kept")
def test_a_database_of_an_earlier_release_is_copied_before_it_is_upgraded(doctor: Doctor, made: Path) -> None:
    change(made, "UPDATE alembic_version SET version_num = '0001'")
    type_in(commands(doctor.one("database")[1]))
    with closing(sqlite3.connect(made / f"before-{SCHEMA}.db")) as opened:
        assert opened.execute("SELECT title FROM projects").fetchall() == [("Bears",)]


# Keys


KEYS = {"BUCKETLINK_S3_ACCESS_KEY": "AKIAEXAMPLE", "BUCKETLINK_S3_SECRET_KEY": SECRET}


@pytest.mark.parametrize("kind", ["gone", "no key"])
def test_what_a_lost_key_has_sealed_can_be_entered_anew(
    doctor: Doctor, made: Path, bucket: PageServer, kind: str
) -> None:
    register(made, bucket.endpoint)
    (made / "secret.key").unlink() if kind == "gone" else (made / "secret.key").write_text("no key")
    with pytest.raises(SealingError):
        Client.embedded(made)
    type_in(commands(doctor.one("sealed credentials", status=1)[1]).replace("and enter that anew: ", ""), **KEYS)
    found = doctor()
    assert found["sealed credentials"][0]["text"] == "The key opens all of them (1)."
    assert found["int1"][0]["verdict"] == "ok"


def test_a_key_that_opens_others_stays(
    doctor: Doctor, made: Path, bucket: PageServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(made, bucket.endpoint, "first")
    with monkeypatch.context() as patch:
        patch.setenv("BUCKETLINK_SECRET_KEY", "s" * 40)
        register(made, bucket.endpoint, "second")
    verdict, advice = doctor.one("sealed credentials", status=1)
    assert (verdict, "Those of int2 are sealed" in advice) == ("wrong", True)
    type_in(commands(advice).replace("and enter that anew: ", ""), **KEYS)
    assert doctor()["sealed credentials"][0]["text"] == "The key opens all of them (2)."


@pytest.mark.parametrize("kind", ["unreadable", "of the environment"])
def test_nobody_is_told_to_forget_what_another_key_may_open(
    doctor: Doctor, made: Path, bucket: PageServer, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    register(made, bucket.endpoint)
    if kind == "unreadable":
        (made / "secret.key").rename(made / "key")
        (made / "secret.key").mkdir(mode=0o700)
    else:
        monkeypatch.setenv("BUCKETLINK_SECRET_KEY", "short")
    assert "UPDATE" not in doctor.one("sealed credentials", status=1)[1]


# Files and processes


def test_files_that_another_user_made_are_given_to_the_owner_of_their_directory(doctor: Doctor, made: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    for path in (made, *made.iterdir()):
        os.chown(path, 65534, 65534)
    for name in (DATABASE_FILE, "lock"):
        os.chown(made / name, 0, 0)
    verdict, text = doctor.one("files", status=1)
    assert (verdict, f"Files of root lie in nobody's directory: {DATABASE_FILE}, lock." in text) == ("wrong", True)
    type_in(commands(text))
    assert doctor.one("files")[0] == "ok"


def test_files_that_their_owner_may_not_write(doctor: Doctor, made: Path) -> None:
    (made / DATABASE_FILE).chmod(0o400)
    type_in(commands(doctor.one("files", status=1)[1]))
    assert doctor.one("files")[0] == "ok"


@contextmanager
def writing(data: Path) -> Iterator[int]:
    """A process that has begun to write, and does not end it."""
    begun = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None); c.execute('BEGIN IMMEDIATE'); "
        "print('begun', flush=True); sys.stdin.read()"
    )
    words = [sys.executable, "-c", begun, str(data / DATABASE_FILE)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout
        assert other.stdout.readline() == "begun\n"
        yield other.pid
        other.kill()


def test_who_lets_nobody_else_write_is_named_and_can_be_ended(doctor: Doctor, made: Path) -> None:
    doctor.watched = made / "secret.key"  # what is ended closes the database, which moves files
    with writing(made) as process:
        verdict, text = doctor.one("database", status=1)
        assert (verdict, f"Process {process} writes to" in text) == ("wrong", True)
        type_in(commands(text))
    assert doctor.one("database")[0] == "ok"
