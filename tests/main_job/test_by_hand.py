"""What people run into who try things out: half a command, a broken disk, a second shell."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bucketlink import Client
from bucketlink.errors import InvalidInput
from bucketlink.home import DirectoryLock
from tests.api.command_line import PROGRAM, CommandLine, Inside
from tests.api.folders import write
from tests.servers.process import free_port

_LISTEN = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
HEARING = [sys.executable, "-c", _LISTEN + "from bucketlink.cli import main; sys.exit(main())"]
"""The command line, with ears for Ctrl-C even where the tests themselves run in the background of a shell."""


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Inside:
    """The command line on a new data directory."""
    monkeypatch.setenv("BUCKETLINK_DATA_DIR", str(tmp_path / "data"))
    return Inside(capsys)


@pytest.fixture
def bucket(tmp_path: Path) -> Path:
    made = tmp_path / "bucket"
    for n in range(300):
        write(made, f"{n % 3}/{n}.jpg")
    return made


def connect(data_dir: Path, bucket: Path) -> str:
    """Use a folder in a new project; the id of the connection."""
    with Client.embedded(data_dir, folder_roots=[bucket]) as client:
        project = client.create_project("Bears", input_type="IMAGE")["id"]
        made = client.create_cloud_storage_integration("Folder", "bears", folder_path=str(bucket))
        return client.add_cloud_storage_connection(project, made["id"])["id"]


# Half a command


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--folder", ".", "--bucket", "scans"], "--bucket means nothing on platform Folder"),
        (["--folder", ".", "--endpoint-url", "http://localhost"], "--endpoint-url means nothing on platform Folder"),
        (["--folder", ".", "--platform", "AWS"], "A bucket or a folder"),
        (["--bucket", "scans", "--secret-key", "secret"], "--access-key"),
        (["--bucket", "scans", "--access-key", "id"], "--secret-key-file"),
        (["--bucket", "scans", "--access-key", "id", "--secret-key-file", sys.executable], "holds no text"),
        (["--folder", "/nowhere", "--allow-root"], "no directory /nowhere"),
    ],
)
def test_an_integration_of_which_the_half_is_missing_is_wrong_usage(run: Inside, words: list[str], says: str) -> None:
    assert says in run("integrations", "add", *words, status=2).stderr
    assert run.json("integrations", "list") == []


def test_a_key_is_not_made_for_longer_than_ten_years(run: Inside) -> None:
    assert "--expires" in run("keys", "create", "--email", "a@example.com", "--expires", "3651", status=2).stderr
    assert run.json("keys", "create", "--email", "a@example.com", "--expires", "3650")["expiryDate"] > "2030"


def test_an_address_that_is_none_is_said_before_a_missing_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BUCKETLINK_API_KEY", raising=False)
    with pytest.raises(InvalidInput, match="must look like http"):
        Client(None, "localhost:8000")


def test_a_list_of_connections_that_a_filter_empties_says_so(run: Inside, tmp_path: Path, bucket: Path) -> None:
    connect(tmp_path / "data", bucket)
    assert "no such connection" in run("connections", "list", "--project", "prj999").stderr
    assert "con1" in run("connections", "list", "--project", "prj1").stdout


def test_verbose_tells_the_steps(run: Inside, tmp_path: Path, bucket: Path) -> None:
    connection = connect(tmp_path / "data", bucket)
    assert "Found 300 difference(s)" in run("sync", connection, "--dry-run", "--verbose").stderr
    assert "Found" not in run("sync", connection, "--dry-run").stderr


@pytest.mark.parametrize("listens", [True, False])
def test_the_embedded_sdk_tells_the_steps_to_a_program_that_listens(
    tmp_path: Path, bucket: Path, *, listens: bool
) -> None:
    connection = connect(tmp_path / "data", bucket)
    program = (
        "import logging, sys, bucketlink\n"
        + ("logging.basicConfig(level=logging.INFO)\n" if listens else "")
        + "with bucketlink.Client.embedded(sys.argv[1]) as client:\n"
        "    client.synchronize_cloud_storage_connection(sys.argv[2], dry_run=True)\n"
    )
    words = [sys.executable, "-c", program, str(tmp_path / "data"), connection]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert ("Found 300 difference(s)" in done.stderr) is listens
    assert listens or not done.stderr


# A broken disk


def broken(tmp_path: Path, kind: str) -> Path:
    data_dir = tmp_path / "data"
    database = data_dir / "bucketlink.db"
    if kind == "a file":
        data_dir.write_text("")
    elif kind == "below a file":
        (tmp_path / "file").write_text("")
        data_dir = tmp_path / "file" / "data"
    elif kind == "another file's database":
        data_dir.mkdir()
        database.write_text("This is no database, although it is long enough for one. " * 20)
    elif kind == "a directory as database":
        database.mkdir(parents=True)
    else:
        Client.embedded(data_dir).close()
        if kind == "a database cut short":
            os.truncate(database, 20_000)
        elif kind == "a database overwritten":
            whole = database.read_bytes()
            database.write_bytes(whole[:8192] + b"\xff" * (len(whole) - 8192))
        else:
            (data_dir / "secret.key").write_text("no key")
    return data_dir


@pytest.mark.parametrize(
    "kind",
    [
        "a file",
        "below a file",
        "another file's database",
        "a directory as database",
        "a database cut short",
        "a database overwritten",
        "a key that is none",
    ],
)
def test_a_data_directory_that_cannot_be_used_is_said_in_one_line(
    run: Inside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    data_dir = broken(tmp_path, kind)
    monkeypatch.setenv("BUCKETLINK_DATA_DIR", str(data_dir))
    for words in (["projects", "list"], ["sync", "con1"], ["serve", "--port", str(free_port())]):
        assert str(data_dir) in run(*words, status=1).stderr


def test_a_full_disk_behind_a_result_is_said_in_one_line(run: Inside) -> None:
    run("projects", "create", "Bears")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*PROGRAM, "projects", "list"], stdout=full, stderr=subprocess.PIPE, text=True, env=os.environ, check=False
        )
    assert (done.returncode, done.stderr) == (1, "bucketlink: Cannot go on: No space left on device.\n")


# A second shell


def test_two_shells_that_synchronize_at_once_do_the_work_once(tmp_path: Path, bucket: Path) -> None:
    data_dir = tmp_path / "data"
    connection = connect(data_dir, bucket)
    with Client.embedded(data_dir) as client:
        client.synchronize_cloud_storage_connection(connection)
    for n in range(100):
        write(bucket, f"new/{n}.jpg")
        (bucket / f"{n % 3}/{n}.jpg").unlink()
    shell = CommandLine(BUCKETLINK_DATA_DIR=str(data_dir))
    with ThreadPoolExecutor(2) as pool:
        words = ("sync", connection, "--delete-extraneous-files")
        ended = list(pool.map(lambda _: shell.json(*words), range(2)))

    assert [row["numberOfAssets"] for row in ended] == [300] * 2
    with Client.embedded(data_dir) as client:
        applied = [run["summary"] for run in client.runs(connection) if run["kind"] == "APPLY"]
        assert sum(summary["added"] for summary in applied) == 300 + 100
        assert sum(summary["removed"] for summary in applied) == 100
        assert len(client.assets("prj1")) == 300
        assert client.compute_differences(connection)["total"] == 0


def test_what_ctrl_c_left_behind_is_taken_up_by_the_next_command(run: Inside, tmp_path: Path, bucket: Path) -> None:
    data_dir = tmp_path / "data"
    connection = connect(data_dir, bucket)
    # Nobody works while the test holds the lock.
    lock = DirectoryLock(data_dir)
    assert lock.acquire()
    shell = CommandLine(BUCKETLINK_DATA_DIR=str(data_dir))
    words = ["--verbose", "sync", connection]
    process = subprocess.Popen([*HEARING, *words], env=shell.environment, stderr=subprocess.PIPE, text=True)
    assert process.stderr
    for line in process.stderr:
        if "Computing" in line:
            break
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    lock.release()

    assert process.returncode == 130
    assert "bucketlink: Interrupted." in said
    assert run.json("sync", connection)["numberOfAssets"] == 300


def test_a_reader_that_goes_away_ends_a_list_in_silence(tmp_path: Path, bucket: Path) -> None:
    connection = connect(tmp_path / "data", bucket)
    environment = CommandLine(BUCKETLINK_DATA_DIR=str(tmp_path / "data")).environment
    process = subprocess.Popen(
        [*PROGRAM, "diff", connection, "--list", "--no-compute"],
        env={**environment, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stdout.readline() == "ADD     0/0.jpg\n"
    process.stdout.close()
    assert process.stderr
    # All of it may have been written before the reader went; then the next command is named, as ever.
    assert process.stderr.read() in {"", f"bucketlink sync {connection} applies this.\n"}
    process.stderr.close()
    assert process.wait(30) in {0, 1}
