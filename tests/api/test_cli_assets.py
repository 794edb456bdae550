"""``bucketlink assets``: what it lists, counts and exports, in a terminal, in a pipe, on a full disk."""

import csv
import io
import json
import subprocess
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.api.command_line import PROGRAM, Inside
from tests.api.imported import CREATED, numbered, opened
from tests.api.server import wait_until
from tests.api.terminal import CTRL_C, Terminal
from tests.servers.process import without_ours

pq: Any = import_module("pyarrow.parquet")  # it has no types

MANY = 30_000


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with a project of many assets."""
    directory = tmp_path_factory.mktemp("assets")
    for project in opened("embedded", directory):
        project.add(["evil \x1b[2J\n.jpg", *numbered(MANY - 1, 2)])
    return directory / "data"


@pytest.fixture
def run(data_dir: Path, run: Inside, monkeypatch: pytest.MonkeyPatch) -> Inside:
    monkeypatch.setenv("BUCKETLINK_DATA_DIR", str(data_dir))
    return run


@pytest.fixture
def outside(data_dir: Path) -> dict[str, str]:
    """Of a process of its own."""
    return without_ours(BUCKETLINK_DATA_DIR=str(data_dir), HOME=str(data_dir))


def day(number: int) -> str:
    return datetime.fromtimestamp(CREATED / 1000 + number, UTC).isoformat()


def test_assets_are_listed_by_what_is_asked_for(run: Inside) -> None:
    def listed(*args: str) -> list[str]:
        return [row["id"] for row in run.json("assets", "list", "prj1", *args)]

    assert len(listed()) == 100
    assert listed("--first", "2", "--skip", "1500") == ["ast1501", "ast1502"]
    assert listed("--key", "10001.jpg", "--key", "29999.jpg", "--key", "evil") == ["ast1", "ast10001", "ast29999"]
    assert listed("--created-since", day(5), "--created-until", day(6)) == ["ast5", "ast6"]
    assert listed("--updated-since", day(MANY)) == [f"ast{MANY}"]
    assert listed("--updated-until", "2020-01-01") == []
    assert int(run("assets", "count", "prj1", "--key", "0001").stdout) == sum(
        "0001" in key for key in numbered(MANY)[1:]
    )
    assert run.json("assets", "count", "prj1", "--created-until", day(7)) == {"count": 7}
    rows = run.json("assets", "list", "prj1", "--first", "2500")
    assert [row["externalId"] for row in rows[1:]] == numbered(2499, 2)


def test_a_list_is_read_by_people(run: Inside) -> None:
    shown = run("assets", "list", "prj1", "--first", "2")
    assert r"evil \x1b[2J\n.jpg" in shown.stdout
    assert shown.stderr == "29,998 more: --skip 2 goes on, --first shows more at once.\n"
    assert len(run("assets", "list", "prj1", "--first", "2001").stdout.splitlines()) == 2001 + 3 * 2
    nothing = run("assets", "list", "prj1", "--key", "wolf")
    assert (nothing.stdout, nothing.stderr) == ("", "There is no such asset.\n")
    assert run("assets", "list", "prj1", "--key", "wolf", "--json").stdout == "[]\n"
    urls = run("assets", "list", "prj1", "--urls", "--first", "2").stdout.splitlines()
    assert [line.split("\t")[0] for line in urls] == ["ast1", "ast2"]


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("list", "prj1", "--created-since", "yesterday"), "'yesterday' is no date: write 2026-01-31"),
        (("count", "prj1", "--updated-until", "2026-13-01"), "is no date"),
        (("list", "prj1", "--first", "-1"), "--first"),
        (("export", "prj1", "--output", "all.txt"), ".csv, .jsonl, .ndjson or .parquet"),
        (("export", "prj1", "--format", "xlsx"), "xlsx"),
        (("export", "prj1", "--fields", "id,,size"), "a name is missing"),
    ],
)
def test_wrong_usage_is_told(run: Inside, args: tuple[str, ...], says: str) -> None:
    assert says in run("assets", *args, status=2).stderr


def test_an_export_goes_where_it_is_led(run: Inside, outside: dict[str, str], tmp_path: Path) -> None:
    chosen = ("--key", "001.jpg", "--fields", "externalId, size")
    expected = [{"externalId": key, "size": 10} for key in numbered(MANY)[1:] if "001.jpg" in key]
    done = run("assets", "export", "prj1", *chosen, "--format", "jsonl")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert rows == expected
    assert done.stderr == f"Exported {len(rows)} assets.\n"
    plain = csv.DictReader(io.StringIO(run("assets", "export", "prj1", *chosen).stdout))
    assert [row["externalId"] for row in plain] == [row["externalId"] for row in rows]

    file = tmp_path / "some.parquet"
    told = run.json("assets", "export", "prj1", *chosen, "--output", file)
    assert told == {"count": len(rows), "output": str(file)}
    assert pq.read_table(file).to_pylist() == rows
    piped = subprocess.run(
        [*PROGRAM, "assets", "export", "prj1", *chosen, "--format", "parquet"],
        env=outside,
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert pq.read_table(io.BytesIO(piped.stdout)).to_pylist() == rows


def test_parquet_is_nothing_for_a_terminal(outside: dict[str, str]) -> None:
    with Terminal(["assets", "export", "prj1", "--format", "parquet"], outside, columns=200) as terminal:
        assert terminal.ends() == 2
    assert "nothing for a terminal" in terminal.shown
    assert "PAR1" not in terminal.shown


def test_progress_shows_rate_and_remaining_time_on_a_terminal(outside: dict[str, str], tmp_path: Path) -> None:
    args = ["assets", "export", "prj1", "--output", str(tmp_path / "all.csv")]
    with Terminal(args, outside, columns=200) as terminal:
        assert terminal.ends() == 0
    assert f"/{MANY}" in terminal.shown
    assert "assets/s]" in terminal.shown
    assert f"Exported 30,000 assets to {tmp_path / 'all.csv'}." in terminal.shown


@pytest.mark.parametrize(
    "args",
    [
        ("export",),
        ("export", "--format", "jsonl"),
        ("list", "--first", "30000", "--json"),
        ("list", "--first", "30000"),
    ],
)
def test_a_pipe_that_is_closed_early_is_left_in_peace(outside: dict[str, str], args: tuple[str, ...]) -> None:
    process = subprocess.Popen(
        [*PROGRAM, "assets", args[0], "prj1", *args[1:]],
        env=outside,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    with process:
        assert process.stdout.read(20)
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 1


@pytest.mark.parametrize("format_", ["csv", "jsonl", "parquet"])
def test_a_full_disk_is_told_in_one_line(run: Inside, outside: dict[str, str], format_: str) -> None:
    done = run("assets", "export", "prj1", "--format", format_, "--output", "/dev/full", status=1)
    assert done.stderr == "bucketlink: /dev/full: No space left on device.\n"
    with Path("/dev/full").open("wb") as full:
        led = subprocess.run(
            [*PROGRAM, "assets", "export", "prj1", "--format", format_],
            env=outside,
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            timeout=60,
        )
    assert (led.returncode, led.stderr.count(b"\n")) == (1, 1)
    assert b"No space left on device" in led.stderr


def test_an_interrupted_export_leaves_no_file(outside: dict[str, str], tmp_path: Path) -> None:
    directory = tmp_path / "here"
    directory.mkdir()
    with Terminal(["assets", "export", "prj1", "--urls", "--output", str(directory / "all.csv")], outside) as terminal:
        wait_until(lambda: any(file.stat().st_size for file in directory.iterdir()))
        terminal.press(CTRL_C)
        assert terminal.ends() == 130
    assert list(directory.iterdir()) == []
