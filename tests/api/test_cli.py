"""The command line as people call it: processes, on real data directories, embedded and against a server."""

import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bucketlink import Client
from bucketlink.errors import ServerError
from tests.api.command_line import PROGRAM, CommandLine, Inside
from tests.api.folders import write
from tests.servers.process import free_port


@pytest.fixture
def bucket(tmp_path: Path) -> Path:
    made = tmp_path / "bucket"
    for n in range(40):
        write(made, f"{'ab'[n % 2]}/{n}.jpg")
    return made


def whole_story(run: CommandLine, bucket: Path, integration: str) -> None:
    """Everything behind registering the bucket, which differs between embedded and server."""
    project = run("projects", "create", "Street scenes").stdout.strip()
    added = run.json("connections", "add", "--project", project, "--integration", integration, "--folder", "a")
    connection = added["id"]
    assert added["added"] == 20
    counts = {"id": connection, "projectId": project, "added": 20, "removed": 0, "changed": 0}
    dry = run.json("sync", connection, "--dry-run")
    assert dry == {**counts, "numberOfAssets": 0, "dryRun": True, "warnings": []}
    done = run.json("sync", connection)
    assert done == {**counts, "numberOfAssets": 20, "dryRun": False, "warnings": []}
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
    assert "$'a/new\\x1b[2J.jpg'" in run("diff", connection, "--list", "--no-compute").stdout
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


def test_wrong_input_is_one_line_and_changes_nothing(
    run: Inside, bucket: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUCKETLINK_ALLOW_PRIVATE_ENDPOINTS", "false")
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
    port = str(free_port())
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


def test_what_fails_in_the_worker_is_said_in_one_line(
    run: Inside, bucket: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUCKETLINK_FOLDER_ROOTS", str(bucket.parent))
    project = run("projects", "create", "Bears", "--input-type", "IMAGE").stdout.strip()
    integration = run("integrations", "add", "--folder", bucket).stdout.strip()
    connection = run("connections", "add", "--project", project, "--integration", integration).stdout.strip()
    bucket.rename(bucket.with_name("elsewhere"))
    assert "no directory" in run("sync", connection, status=1).stderr
    bucket.with_name("elsewhere").rename(bucket)
    run("sync", connection)
