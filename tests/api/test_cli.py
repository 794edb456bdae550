"""The command line as people call it: processes, on real data directories, embedded and against a server."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bucketlink import Client
from bucketlink.cli import main
from bucketlink.errors import ServerError

PROGRAM = [sys.executable, "-c", "import sys; from bucketlink.cli import main; sys.exit(main())"]


@dataclass
class Done:
    status: int
    stdout: str
    stderr: str


class CommandLine:
    """Runs `bucketlink` in a process of its own; nothing of ours is in its environment but what a test gives."""

    def __init__(self, **variables: str) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("BUCKETLINK_")}
        self.environment = {**kept, **variables}

    def __call__(self, *args: str | Path, status: int = 0) -> Done:
        done = self.run([str(arg) for arg in args])
        assert done.status == status, done.stderr
        if status:
            assert done.stdout == ""
            assert done.stderr.startswith("bucketlink: ")
            assert done.stderr.count("\n") == 1
        return done

    def json(self, *args: str | Path) -> Any:  # noqa: ANN401
        return json.loads(self(*args, "--json").stdout)

    def run(self, args: list[str]) -> Done:
        process = subprocess.run(
            [*PROGRAM, *args],
            env=self.environment,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=120,
            check=False,
        )
        return Done(process.returncode, process.stdout, process.stderr)


class Inside(CommandLine):
    """Runs `bucketlink` in this very process, which saves its loading."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        super().__init__()
        self.capsys = capsys

    def run(self, args: list[str]) -> Done:
        status = main(args)
        captured = self.capsys.readouterr()
        return Done(status, captured.out, captured.err)


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Inside:
    """The command line on a new data directory."""
    for name in os.environ:
        if name.startswith("BUCKETLINK_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("BUCKETLINK_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return Inside(capsys)


@pytest.fixture
def bucket(tmp_path: Path) -> Path:
    made = tmp_path / "bucket"
    for n in range(40):
        write(made, f"{'ab'[n % 2]}/{n}.jpg")
    return made


def write(bucket: Path, key: str, content: str = "picture") -> None:
    path = bucket / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def whole_story(run: CommandLine, bucket: Path, integration: str) -> None:
    """Everything behind registering the bucket, which differs between embedded and server."""
    project = run("projects", "create", "Street scenes").stdout.strip()
    added = run.json("connections", "add", "--project", project, "--integration", integration, "--folder", "a")
    connection = added["id"]
    assert added["added"] == 20
    counts = {"id": connection, "projectId": project, "added": 20, "removed": 0, "changed": 0}
    dry = run.json("sync", connection, "--dry-run")
    assert dry == {**counts, "numberOfAssets": 0, "dryRun": True}
    done = run.json("sync", connection)
    assert done == {**counts, "numberOfAssets": 20, "dryRun": False}
    assert "in step" in run("sync", connection).stdout

    write(bucket, "a/new\x1b[2J.jpg")
    write(bucket, "a/0.jpg", "another picture")
    (bucket / "a/2.jpg").unlink()
    shown = run.json("diff", connection, "--list")
    assert shown["summary"] == {"added": 1, "removed": 1, "changed": 1, "total": 2}
    assert [(row["type"], row["bucketKey"]) for row in shown["differences"]] == [
        ("ADD", "a/new\x1b[2J.jpg"),
        ("REMOVE", "a/2.jpg"),
        ("CHANGED", "a/0.jpg"),
    ]
    assert "a/new\\x1b[2J.jpg" in run("diff", connection, "--list", "--no-compute").stdout
    after = run.json("sync", connection, "--delete-extraneous-files")
    assert (after["added"], after["removed"], after["changed"], after["numberOfAssets"]) == (1, 1, 1, 20)

    runs = run.json("runs", connection)
    removal = next(row["id"] for row in runs if row["types"] == ["REMOVE"])
    undone = run.json("undo", removal)
    assert (undone["state"], undone["summary"]["added"]) == ("SUCCEEDED", 1)
    assert run.json("projects", "list")[-1]["numberOfAssets"] == 21


def test_embedded_commands_bring_a_project_in_step(run: Inside, bucket: Path) -> None:
    integration = run("integrations", "add", "--folder", bucket, "--allow-root").stdout.strip()
    whole_story(run, bucket, integration)


def test_wrong_input_is_one_line_and_changes_nothing(run: Inside, bucket: Path) -> None:
    outside = run("integrations", "add", "--folder", bucket, status=1)
    assert "BUCKETLINK_FOLDER_ROOTS" in outside.stderr
    run("integrations", "add", "--bucket", "b", "--endpoint-url", "http://127.0.0.1:9", status=1)
    assert run.json("integrations", "list") == []
    run("sync", "con9", status=1)
    run("connections", "add", "--project", "prj9", "--integration", "int9", status=1)
    run("connections", "add", "--project", "prj9", status=2)
    assert run.json("connections", "list") == []


def test_a_data_directory_that_cannot_be_one_is_said_in_one_line(run: Inside, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    run("projects", "list", "--data-dir", tmp_path / "file" / "below", status=1)


def test_a_server_that_is_not_there_is_said_in_one_line() -> None:
    run = CommandLine(BUCKETLINK_API_ENDPOINT="http://127.0.0.1:9", BUCKETLINK_API_KEY="bl_key")
    assert "http://127.0.0.1:9" in run("projects", "list", status=1).stderr


# The demo


def test_the_demo_tells_the_truth(run: Inside, tmp_path: Path) -> None:
    told = run.json("demo")
    assert [step["step"] for step in told["steps"]] == [
        "paint",
        "connect",
        "dry run",
        "sync",
        "change",
        "diff",
        "sync with deletion",
        "undo",
    ]
    bucket = Path(told["bucket"])
    assert bucket.is_relative_to(tmp_path)
    assert sum(path.is_file() for path in bucket.rglob("*")) == 61
    with Client.embedded(told["dataDir"]) as client:
        assert client.count_assets(told["projectId"]) == 66
        found = client.compute_differences(told["connectionId"])
    assert found == {"added": 0, "removed": 5, "changed": 0, "total": 5}

    text = run("demo", "--data-dir", told["dataDir"]).stdout
    assert "came back with their ids; 66 assets" in text
    assert f"export BUCKETLINK_DATA_DIR={told['dataDir']}" in text
    assert text.count("\n") <= 30
    listed = run.json("projects", "list", "--data-dir", told["dataDir"])
    assert [row["numberOfAssets"] for row in listed] == [66, 66]


def test_the_demo_never_changes_a_folder_of_the_user(
    run: Inside, bucket: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def state() -> set[tuple[str, int, int]]:
        seen = [bucket, *bucket.rglob("*")]
        return {(str(path), path.stat().st_mtime_ns, path.stat().st_size) for path in seen}

    before = state()
    text = run("demo", "--from", bucket).stdout
    assert "40 objects to add" in text
    assert "the project has 40 assets" in text
    assert "nothing to do" in text
    run("demo", "--from", bucket, "--data-dir", bucket / "data", status=1)
    monkeypatch.setenv("TMPDIR", str(bucket))
    run("demo", "--from", bucket, status=1)
    assert state() == before


# A server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """A server in a process of its own; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    process = subprocess.Popen(
        [*PROGRAM, "serve", "--port", port, "--data-dir", str(tmp_path / "data"), "--json"],
        env=CommandLine().environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    address = ""
    for line in process.stdout:
        if '"endpoint"' in line:
            address = line.split('"')[3]
        if line.startswith("}"):
            break
    assert address.endswith(f":{port}/api/label/v2/graphql")
    yield address
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=30)
    assert (process.returncode, output) == (0, "")


def test_commands_against_a_server_bring_a_project_in_step(server: str, tmp_path: Path, bucket: Path) -> None:
    (tmp_path / "data").mkdir(exist_ok=True)
    (tmp_path / "data" / "folder-roots").write_text(f"{bucket}\n")
    local = CommandLine(BUCKETLINK_DATA_DIR=str(tmp_path / "data"))
    key = local("keys", "create", "--email", "ana@example.com", "--role", "ADMIN").stdout.strip()
    _until_it_answers(server, key)
    run = CommandLine(BUCKETLINK_API_ENDPOINT=server, BUCKETLINK_API_KEY=key)
    integration = run("integrations", "add", "--folder", bucket).stdout.strip()
    whole_story(run, bucket, integration)

    user = run("keys", "create", "--email", "bo@example.com", "--expires", "1").stdout.strip()
    as_user = CommandLine(BUCKETLINK_API_ENDPOINT=server, BUCKETLINK_API_KEY=user)
    as_user("integrations", "add", "--folder", bucket, status=1)
    wrong = CommandLine(BUCKETLINK_API_ENDPOINT=server, BUCKETLINK_API_KEY="bl_wrong")
    assert "bl_wrong" not in wrong("projects", "list", status=1).stderr
    with Client(user, server) as client:
        assert [row["title"] for row in client.projects()] == ["Street scenes"]


def _until_it_answers(endpoint: str, key: str) -> None:
    until = time.monotonic() + 30
    while True:
        try:
            Client(key, endpoint).close()
        except ServerError:
            assert time.monotonic() < until
        else:
            return


def test_what_fails_in_the_worker_is_said_in_one_line(tmp_path: Path, bucket: Path) -> None:
    run = CommandLine(BUCKETLINK_DATA_DIR=str(tmp_path / "data"), BUCKETLINK_FOLDER_ROOTS=str(bucket.parent))
    project = run("projects", "create", "Bears", "--input-type", "IMAGE").stdout.strip()
    integration = run("integrations", "add", "--folder", bucket).stdout.strip()
    connection = run("connections", "add", "--project", project, "--integration", integration).stdout.strip()
    bucket.rename(bucket.with_name("elsewhere"))
    assert "no directory" in run("sync", connection, status=1).stderr
    bucket.with_name("elsewhere").rename(bucket)
    run("sync", connection)
