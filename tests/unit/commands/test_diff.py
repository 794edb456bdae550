"""What `bucketlink diff` writes: a summary by folder, or every key."""

import subprocess
from typing import Any

import pytest

from tests.unit.commands.running import Run
from tests.unit.fake_server import FakeServer, difference


def test_diff_sums_up_by_folder(run: Run, server: FakeServer) -> None:
    server.found = {"added": 3, "removed": 2, "changed": 1}
    result = run("diff", "1")
    assert "3 to add, 2 to remove, 1 changed" in result.out
    assert "bears" in result.out
    assert server.operations("computeDifferences") == ["computeDifferences"]
    document = run("diff", "1", "--no-compute", "--json").document
    assert document["summary"] == {"added": 3, "removed": 2, "changed": 1, "total": 5}
    assert document["folders"] == [{"folder": "bears", "added": 3, "removed": 2, "changed": 1}]
    assert server.operations("computeDifferences") == ["computeDifferences"]


def test_diff_lists_every_key_and_no_key_steers_the_terminal(run: Run, server: FakeServer) -> None:
    evil = "a\x1b[31m\r\n\u202egpj.exe [bold]\u00e9 \u009b1m"
    server.rows_of_differences = [difference("ADD", evil), difference("REMOVE", "b")]
    lines = run("diff", "1", "--list").out.splitlines()
    written = r"$'a\x1b[31m\r\n\xe2\x80\xaegpj.exe [bold]é \xc2\x9b1m'"
    assert lines == [f"ADD     {written}", "REMOVE  b"]
    shell = subprocess.run(["bash", "-c", f"printf %s {written}"], capture_output=True, check=True)
    assert shell.stdout.decode() == evil
    document = run("diff", "1", "--list", "--json")
    assert document.out.isascii()
    assert [row["bucketKey"] for row in document.document["differences"]] == [evil, "b"]
    assert run("diff", "1", "--list", "--type", "remove").out == "REMOVE  b\n"


def folder(name: str | None, added: int = 0, removed: int = 0, changed: int = 0) -> dict[str, Any]:
    return {"folder": name, "added": added, "removed": removed, "changed": changed}


def words(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines()]


def test_diff_shows_the_largest_of_many_folders_and_what_is_left(run: Run, server: FakeServer) -> None:
    server.rows_of_folders = [folder(f"{number:02}", number, 100 - number) for number in range(30)]
    server.rows_of_folders[7] = folder("07 \x1b[2J", 5000)
    lines = words(run("diff", "1", "--no-compute").out)
    shown = lines[3:]
    assert shown[0] == r"$'07 \x1b[2J' 5,000 0 0"
    assert len(shown) == 27
    assert shown[-2].startswith("(other folders)")
    assert shown[-1] == "total 5,428 2,472 0"
    assert lines[0] == "Connection 1: 5,428 to add, 2,472 to remove, 0 changed."


def test_diff_shows_few_folders_in_order_of_their_names(run: Run, server: FakeServer) -> None:
    server.found = {"added": 33, "removed": 1, "changed": 0}
    server.rows_of_folders = [folder("", 1), folder("a", 2, 1), folder("b", 30)]
    result = run("diff", "1")
    assert words(result.out)[3:] == ["(no folder) 1 0 0", "a 2 1 0", "b 30 0 0", "total 33 1 0"]
    assert words(result.err) == [
        "Closer: bucketlink diff 1 --no-compute --folder b",
        "Every key: bucketlink diff 1 --no-compute --list",
        "bucketlink sync 1 applies this; with --delete-extraneous-files, it also removes assets.",
    ]


def test_diff_goes_down_and_shows_one_type_alone(run: Run, server: FakeServer) -> None:
    server.found = {"added": 0, "removed": 40, "changed": 0}
    server.rows_of_folders = [folder("a", 0, 1), folder("a/b c", 0, 30)]
    result = run("diff", "1", "--folder", "a", "--type", "remove")
    asked = [sent["where"] for name, sent in server.sent if name == "dataDifferenceFolders"]
    assert asked == [{"connectionId": "1", "folder": "a", "type": "REMOVE"}]
    lines = words(result.out)
    assert lines[0] == "Connection 1, folder a: 31 to remove."
    assert lines[3:] == ["(in no folder below) 1", "a/b c 30", "total 31"]
    assert words(result.err) == [
        "Closer: bucketlink diff 1 --no-compute --type REMOVE --folder 'a/b c'",
        "Every key: bucketlink diff 1 --no-compute --type REMOVE --folder a --list",
        (
            "This may be a part. In all: 0 to add, 40 to remove, 0 changed. "
            "bucketlink sync 1 --delete-extraneous-files removes all."
        ),
    ]
    server.found = {"added": 2, "removed": 40, "changed": 1}
    server.rows_of_differences = [difference("REMOVE", f"{number}.jpg") for number in range(9)]
    assert words(run("diff", "1", "--list", "--first", "2").err) == [
        (
            "This may be a part. In all: 2 to add, 40 to remove, 1 changed. "
            "bucketlink sync 1 applies all; with --delete-extraneous-files, it also removes assets."
        ),
    ]


def test_diff_narrows_a_list_down(run: Run, server: FakeServer) -> None:
    server.rows_of_differences = [difference("ADD", f"{number}.jpg") for number in range(9)]
    args = ("--folder", "", "--key", "*.jpg", "--type", "ADD", "--first", "2")
    result = run("diff", "1", "--no-compute", "--list", *args)
    assert result.out == "ADD     0.jpg\nADD     1.jpg\n"
    assert server.sent[-1][1]["where"] == {"connectionId": "1", "type": "ADD", "folder": "", "key": "*.jpg"}
    document = run("diff", "1", "--no-compute", "--list", "--json", *args).document
    assert [row["bucketKey"] for row in document["differences"]] == ["0.jpg", "1.jpg"]
    server.rows_of_differences = []
    assert run("diff", "1", "--no-compute", "--list", "--json", *args).document["differences"] == []


IN_STEP = "Connection 1: project and bucket are in step, with 10 assets.\n"


def test_that_nothing_differs_is_said_in_the_same_words_everywhere(run: Run, server: FakeServer) -> None:
    server.rows_of_folders = []
    for args in (["diff", "1"], ["diff", "1", "--no-compute", "--folder", "a", "--type", "ADD"], ["sync", "1"]):
        assert run(*args).out == IN_STEP
    assert run("sync", "1", "--dry-run").out == IN_STEP
    listed = run("diff", "1", "--list", "--key", "a")
    assert (listed.out, listed.err) == ("", IN_STEP)


@pytest.mark.parametrize(
    ("args", "folders", "says"),
    [
        (["--folder", "no such"], [], "There is no folder no such among the 5 differences"),
        (["--folder", "a\nb", "--type", "ADD"], [], r"There is no folder $'a\nb' among the 5 differences"),
        (["--list", "--folder", "b", "--key", "*.x"], [], "There is no folder b among the 5 differences"),
        (["--folder", ""], [], "None is of a key in no folder among the 5 differences"),
        (["--list", "--type", "REMOVE", "--folder", "a"], ["a"], "None is of type REMOVE and below the folder a among"),
        (["--list", "--key", "*.png"], ["a"], "None is of a key like *.png among the 5 differences"),
    ],
)
def test_that_other_things_differ_is_said(
    run: Run, server: FakeServer, args: list[str], folders: list[str], says: str
) -> None:
    server.found = {"added": 3, "removed": 2, "changed": 0}
    server.rows_of_folders = [folder(name, 1) for name in folders] or [folder("nothing")]
    result = run("diff", "1", *args)
    assert says in (result.err if "--list" in args else result.out)
    assert (result.out + result.err).endswith(" connection 1: bucketlink diff 1 --no-compute shows where they are.\n")


@pytest.mark.parametrize("name", ["it's", "a b", "$HOME", "new\nline", "tab\t\\n'", "\u202egpj", "-x", "$'a'", "é\x7f"])
def test_what_is_suggested_can_be_pasted(run: Run, server: FakeServer, name: str) -> None:
    server.rows_of_folders = [folder(name, 3)]
    suggested = [line for line in run("diff", "1", "--no-compute").err.splitlines() if line.startswith("Closer: ")]
    command = suggested[0].removeprefix("Closer: bucketlink ")
    words = subprocess.run(["bash", "-c", f"printf '%s\\0' {command}"], capture_output=True, check=True).stdout.decode()
    assert run(*words.split("\0")[:-1]).status == 0
    assert server.sent[-1][1]["where"]["folder"] == name
    closer = run("diff", "1", "--no-compute", "--folder", name).err
    assert f"--folder {command.partition('--folder ')[2]} --list" in closer


@pytest.mark.parametrize("columns", ["40", "80"])
def test_a_summary_fits_the_terminal(
    run: Run, server: FakeServer, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("NO_COLOR", "1")
    server.rows_of_folders = [folder(f"{number}/" + "long-name/" * 9, 1_000_000, 1_000_000) for number in range(40)]
    out = run("diff", "1", "--no-compute").out
    assert max(map(len, out.splitlines()[1:])) <= int(columns)
    assert "\x1b" not in out
