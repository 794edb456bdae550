"""Connections on the command line: what they take, changed, and containers that clients list."""

import os
from pathlib import Path

import pytest

from tests.api.buckets import ACCOUNT_KEY
from tests.api.test_cli import Inside
from tests.servers.pages import PageServer

KEYS = ("bears/1.jpg", "bears/2.jpg", "foxes/1.jpg", "lead.jpg")
TAKES = ("selectedFolders", "prefix", "include", "exclude")


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Inside:
    for name in os.environ:
        if name.startswith("BUCKETLINK_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("BUCKETLINK_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("BUCKETLINK_ALLOW_PRIVATE_ENDPOINTS", "true")
    return Inside(capsys)


@pytest.fixture
def connection(run: Inside, tmp_path: Path) -> str:
    """A connection of a folder, in step."""
    for key in KEYS:
        path = tmp_path / "bucket" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(key)
    run("projects", "create", "Animals")
    run("integrations", "add", "--folder", tmp_path / "bucket", "--allow-root")
    added = run("connections", "add", "--project", "prj1", "--integration", "int1", "--folder", "bears")
    assert added.stdout == "con1\n"
    assert "2 to add, 0 to remove" in added.stderr
    run("sync", "con1")
    return "con1"


def takes(run: Inside) -> list[object]:
    (row,) = run.json("connections", "list", "--project", "prj1")
    return [row[name] or None for name in TAKES]


def test_what_is_given_replaces_what_was_there_and_the_rest_stays(run: Inside, connection: str) -> None:
    done = run("connections", "update", connection, "--folder", "foxes", "--exclude", "*.tmp")
    assert done.stdout == "con1\n"
    assert done.stderr.startswith("1 to add, 2 to remove, 0 changed.\n")
    assert takes(run) == [["foxes"], None, None, ["*.tmp"]]
    told = run.json("connections", "update", connection, "--prefix", "le", "--no-exclude")
    assert (told["id"], told["projectId"], told["added"], told["removed"]) == ("con1", "prj1", 1, 2)
    assert takes(run) == [["foxes"], "le", None, None]
    run("connections", "update", connection, "--no-prefix", "--all-folders", "--include", "*.jpg")
    assert takes(run) == [None, None, ["*.jpg"], None]
    run("connections", "update", connection, "--no-include")
    assert run("sync", connection).stdout.startswith("Added 2, removed 0")


def test_what_contradicts_itself_or_says_nothing_is_refused(run: Inside, connection: str) -> None:
    for both in (
        ["--folder", "a", "--all-folders"],
        ["--prefix", "a", "--no-prefix"],
        ["--include", "a", "--no-include"],
    ):
        assert "give one of them" in run("connections", "update", connection, *both, status=2).stderr
    assert "Say what to change" in run("connections", "update", connection, status=2).stderr
    assert "--folder is empty" in run("connections", "update", connection, "--folder", "", status=2).stderr
    run("connections", "update", connection, "--prefix", "le")
    prefixed = run("connections", "update", connection, "--folder", "foxes", status=1).stderr
    assert "A prefix replaces the folders" in prefixed
    assert "There is no" in run("connections", "update", "con9", "--prefix", "a", status=1).stderr
    assert takes(run) == [["bears"], "le", None, None]


def test_a_container_that_clients_list_says_so_instead_of_counting_nothing(run: Inside, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(ACCOUNT_KEY)
    with PageServer(KEYS) as server:
        run("projects", "create", "Animals")
        url = f"{server.endpoint}/devstoreaccount1/scans"
        listed = ("--clients-list", "--account-key-file", str(tmp_path / "key"))
        run("integrations", "add", "--container-url", url, *listed)
        added = run("connections", "add", "--project", "prj1", "--integration", "int1")
        assert added.stdout == "con1\n"
        assert "0 to add" not in added.stderr
        assert "bucketlink diff con1" in added.stderr
        told = run.json("connections", "add", "--project", "prj1", "--integration", "int1")
        assert (told["id"], told["added"], told["removed"], told["changed"]) == ("con2", None, None, None)
        assert "4 to add" in run("diff", "con1").stdout
        run("connections", "update", "con1", "--folder", "bears")
        assert run.json("sync", "con1")["added"] == 2
