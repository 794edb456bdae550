"""Connections on the command line: what they take, changed, and containers that clients list."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.buckets import ACCOUNT_KEY
from tests.api.command_line import Inside, jobs_done
from tests.servers.pages import PageServer

KEYS = ("bears/1.jpg", "bears/2.jpg", "foxes/1.jpg", "lead.jpg")
TAKES = ("selectedFolders", "prefix", "include", "exclude")


@pytest.fixture
def run(run: Inside) -> Iterator[Inside]:
    with jobs_done():
        yield run


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
    assert done.stderr.endswith("\nWarning: No key matches the exclude pattern *.tmp.\n")
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


MISTYPED = "Warning: 2 of the selected folders hold no object in the bucket, such as baers/.\n"


def test_a_mistyped_folder_is_told_wherever_the_connection_is_shown(run: Inside, connection: str) -> None:
    folders = ("--folder", "baers", "--folder", "foxes", "--folder", "new\nline")
    assert run("connections", "update", connection, *folders, "--exclude", "*.tmp").stderr.count("Warning: ") == 2
    for args in (["diff"], ["diff", "--no-compute"], ["diff", "--list"], ["sync", "--dry-run"], ["sync"]):
        done = run(args[0], connection, *args[1:])
        assert done.stderr.endswith(MISTYPED)
        assert done.stderr.count("Warning: ") == 1
        assert "Warning" not in done.stdout
    expected = {"kind": "EMPTY_FOLDER", "text": MISTYPED[9:-1], "count": 2, "example": "baers/"}
    for args in (["diff"], ["diff", "--list"], ["sync"], ["connections", "show"]):
        assert run.json(args[0], *args[1:2], connection, *args[2:])["warnings"][0] == expected
    shown = run("connections", "show", connection)
    assert "folder        $'new\\nline'" in shown.stdout
    assert MISTYPED in shown.stderr
    listed = run("connections", "list")
    assert "2 warnings" in listed.stdout
    assert listed.stderr == "bucketlink connections show con1 shows its warnings.\n"
    run("connections", "update", connection, "--folder", "bears", "--no-exclude")
    assert run("sync", connection).stderr.count("Warning: ") == 0
    listed = run("connections", "list")
    assert ("2 warnings" in listed.stdout, listed.stderr) == (False, "")


def test_what_was_left_out_is_counted_and_one_of_it_named(run: Inside, connection: str, tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / "bucket" / "bears" / f"out\n{number}.jpg").symlink_to("/")
    (tmp_path / "bucket" / "bears" / "notes.txt").write_text("notes")
    lines = run("sync", connection).stderr.splitlines()
    assert sorted(lines) == [
        r"Warning: 3 links were left out, since they lead out of the folder, such as $'bears/out\n0.jpg'.",
        "Warning: The object bears/notes.txt was left out, since the project takes no content of its type.",
    ]
    (links,) = [one for one in run.json("sync", connection)["warnings"] if one["count"] == 3]
    assert links["example"] == "bears/out\n0.jpg"


def test_an_error_is_json_where_that_is_asked_for(run: Inside, connection: str) -> None:
    for args, status, kind in (
        (["sync", "con9", "--json"], 1, "NOT_FOUND"),
        (["sync", "--json", connection, "--nosuch"], 2, "WRONG_USAGE"),
        (["--json", "connections", "remove", connection, "--with-assets"], 2, "WRONG_USAGE"),
        (["assets", "export", "prj1", "--output", "/nowhere/x.csv", "--json"], 1, "BAD_USER_INPUT"),
    ):
        failed = run.run(args)
        told = json.loads(failed.stderr)["error"]
        assert (failed.status, failed.stdout, told["type"]) == (status, "", kind)
        assert told["message"]
    assert run("sync", "con9", status=1).stderr.startswith("bucketlink: There is no connection")
    assert run("assets", "count", "prj1", "--key", "--json", status=0).stdout == "0\n"
