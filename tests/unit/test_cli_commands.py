import json
import sys
from pathlib import Path
from typing import Any, Protocol

import click
import pytest
from graphql import GraphQLError

from bucketlink import __version__
from bucketlink.cli import main
from bucketlink.cli.root import root
from bucketlink.client import client as module
from bucketlink.client import synchronize
from bucketlink.errors import DataDirectoryError

from .fake_server import FakeServer, difference

COMMANDS = [
    "demo",
    "serve",
    "keys",
    "projects",
    "integrations",
    "connections",
    "diff",
    "sync",
    "runs",
    "undo",
]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> FakeServer:
    """A server that every command without --data-dir speaks to."""
    fake = FakeServer()

    def transport(endpoint: str, *_: object, **__: object) -> FakeServer:
        fake.endpoint = endpoint  # type: ignore[attr-defined]
        return fake

    monkeypatch.setattr(module, "HttpTransport", transport)
    monkeypatch.setattr(synchronize, "FIRST_WAIT", 0.0)
    monkeypatch.setenv("BUCKETLINK_API_ENDPOINT", "http://from-the-environment")
    monkeypatch.setenv("BUCKETLINK_API_KEY", "key")
    return fake


class Result:
    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err

    @property
    def document(self) -> Any:  # noqa: ANN401
        return json.loads(self.out)


class Run(Protocol):
    def __call__(self, *args: str) -> Result: ...


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*args: str) -> Result:
        status = main(args)
        captured = capsys.readouterr()
        return Result(status, captured.out, captured.err)

    return run


# Exit status and errors


def test_help_and_version_are_no_failures(run: Run) -> None:
    assert run("--help").status == 0
    assert run("--version").out.strip() == f"bucketlink {__version__}"
    assert run().status == 2


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_help_text_and_leaves_show_an_example(run: Run, command: str) -> None:
    result = run(command, "--help")
    assert result.status == 0
    assert result.out.count("\n") > 5
    group = root.get_command(click.Context(root), command)
    leaves = [[command, name] for name in group.commands] if isinstance(group, click.Group) else [[command]]
    for leaf in leaves:
        text = run(*leaf, "--help").out
        assert f"  bucketlink {' '.join(leaf)}" in text.replace("=$(", "=  ") or "Example" in text
        assert "--json" in text


@pytest.mark.parametrize(
    "args",
    [
        ("nonsense",),
        ("sync",),
        ("sync", "1", "--nonsense"),
        ("sync", "1", "2"),
        ("projects", "create"),
        ("projects", "create", "A", "--title", "B"),
        ("projects", "create", "A", "--input-type", "SOUND"),
        ("keys", "create"),
        ("keys", "create", "--email", "a@example.com", "--role", "KING"),
        ("integrations", "add"),
        ("integrations", "add", "--platform", "Folder"),
        ("integrations", "add", "--folder", "relative/path"),
        ("integrations", "add", "--folder", "/data", "--allow-root"),
        ("integrations", "add", "--bucket", "b", "--access-key", "id"),
        ("diff", "1", "--type", "ADD"),
        ("sync", "1", "--endpoint", "http://x", "--data-dir", "d"),
        ("serve", "--port", "0"),
        ("serve", "--endpoint", "http://x"),
        ("demo", "--endpoint", "http://x"),
    ],
)
def test_wrong_usage_is_one_line_and_status_2(run: Run, server: FakeServer, args: tuple[str, ...]) -> None:
    result = run(*args)
    assert result.status == 2
    assert result.out == ""
    assert result.err.startswith("bucketlink: ")
    assert result.err.count("\n") == 1
    assert server.operations("createDataIntegration", "createProject", "createApiKey") == []


def test_a_failure_is_one_line_and_status_1(run: Run, server: FakeServer) -> None:
    server.listing_error = "The bucket is gone.\x1b[2J\nTraceback (most recent call last)"
    result = run("sync", "1")
    assert result.status == 1
    assert result.err == "bucketlink: The bucket is gone.\\x1b[2J\\nTraceback (most recent call last)\n"
    assert server.closed


def test_verbose_shows_where_an_error_comes_from(run: Run, server: FakeServer) -> None:
    assert "Traceback" in run("sync", "77", "--verbose").err
    assert server.closed


def test_an_error_that_nobody_expected_is_one_line_too(
    run: Run, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "projects", None)
    monkeypatch.setattr(server, "execute", lambda *_: 1 / 0)
    result = run("projects", "list")
    assert (result.status, result.err.count("\n")) == (1, 1)
    assert "ZeroDivisionError" in result.err


def test_ctrl_c_is_one_line_and_status_130(run: Run, server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(server, "execute", interrupted)
    result = run("sync", "1")
    assert (result.status, result.out) == (130, "")
    assert result.err.count("\n") == 1
    assert "Interrupted" in result.err


def test_a_wrong_setting_is_named(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BUCKETLINK_ADMIN_API_KEY", "short-secret")
    result = run("projects", "list", "--data-dir", str(tmp_path))
    assert result.status == 1
    assert result.err == "bucketlink: BUCKETLINK_ADMIN_API_KEY: must have 32 characters or more\n"


# Where commands work


def test_options_of_all_commands_may_stand_before_or_behind_the_command(run: Run, server: FakeServer) -> None:
    assert run("projects", "list").status == 0
    assert server.endpoint == "http://from-the-environment"  # type: ignore[attr-defined]
    before = run("--endpoint", "http://before", "--json", "projects", "list")
    assert server.endpoint == "http://before"  # type: ignore[attr-defined]
    behind = run("projects", "list", "--json", "--endpoint", "http://behind")
    assert server.endpoint == "http://behind"  # type: ignore[attr-defined]
    assert before.document == behind.document


def test_a_data_dir_on_the_command_line_counts_before_an_endpoint_of_the_environment(
    run: Run, server: FakeServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    opened: list[Path] = []

    def embedded(path: Path) -> None:
        opened.append(path)
        raise DataDirectoryError("Not today.")

    monkeypatch.setattr(module.Client, "embedded", embedded)
    assert run("projects", "list", "--data-dir", str(tmp_path / "a")).status == 1
    monkeypatch.delenv("BUCKETLINK_API_ENDPOINT")
    monkeypatch.setenv("BUCKETLINK_DATA_DIR", str(tmp_path / "b"))
    assert run("projects", "list").status == 1
    assert opened == [tmp_path / "a", tmp_path / "b"]
    assert server.sent == []


# What commands write


def test_sync_tells_what_it_did(run: Run, server: FakeServer) -> None:
    server.found = {"added": 3, "removed": 2, "changed": 1}
    result = run("sync", "1")
    assert result.out == "Added 3, removed 0, renewed 1: now 13 assets in project 9.\n"
    assert "2 assets of objects that are gone stay" in result.err
    assert run("sync", "1", "--delete-extraneous-files", "--json").document == {
        "id": "1",
        "projectId": "9",
        "numberOfAssets": 11,
        "added": 0,
        "removed": 2,
        "changed": 0,
        "dryRun": False,
    }
    assert "in step" in run("sync", "1").out


def test_sync_tells_what_its_own_runs_did(run: Run, server: FakeServer) -> None:
    server.found, server.settled = {"added": 3, "removed": 0, "changed": 0}, 1
    assert run("sync", "1").out.startswith("Added 2, removed 0, renewed 0:")


def test_where_nobody_looks_nothing_is_drawn(run: Run, server: FakeServer) -> None:
    server.found, server.polls = {"added": 3, "removed": 0, "changed": 0}, 10
    assert run("sync", "1").err == ""
    assert server.operations("runs") == ["runs"]


def test_a_running_run_tells_how_far_it_is(run: Run, server: FakeServer) -> None:
    server.computeDifferences(None, {"id": "1"})
    assert "0 objects, 1,000/s, 50%" in " ".join(run("runs", "1").out.split())


def test_a_dry_run_counts_what_differs(run: Run, server: FakeServer) -> None:
    server.found = {"added": 3, "removed": 2, "changed": 1}
    document = run("sync", "1", "--dry-run", "--json").document
    assert (document["added"], document["removed"], document["changed"]) == (3, 2, 1)
    assert (document["numberOfAssets"], document["dryRun"]) == (10, True)
    assert run("sync", "1", "--dry-run").out.startswith("Dry run: 3 to add, 2 to remove, 1 changed;")
    assert server.operations("validateDataDifferences") == []


def test_a_refusal_of_the_guard_is_in_the_servers_words(run: Run, server: FakeServer) -> None:
    server.found = {"added": 0, "removed": 2, "changed": 0}
    server.refusal = GraphQLError("Too many; run bucketlink sync 1 --force.", extensions={"code": "GUARD_REFUSED"})
    result = run("sync", "1", "--delete-extraneous-files")
    assert (result.status, result.err) == (1, "bucketlink: Too many; run bucketlink sync 1 --force.\n")
    assert run("sync", "1", "--delete-extraneous-files", "--force").status == 0


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
    assert lines == ["ADD     a\\x1b[31m\\r\\n\\u202egpj.exe [bold]\u00e9 \\x9b1m", "REMOVE  b"]
    document = run("diff", "1", "--list", "--json")
    assert document.out.isascii()
    assert [row["bucketKey"] for row in document.document["differences"]] == [evil, "b"]
    assert run("diff", "1", "--list", "--type", "remove").out == "REMOVE  b\n"


def test_titles_do_not_steer_the_terminal_either(run: Run, server: FakeServer) -> None:
    text = run("projects", "list").out
    assert "\x1b" not in text
    assert "evil \\x1b[2J" in text
    assert "1,234" in text
    assert server.closed


def test_keys_create_prints_the_key_alone(run: Run, server: FakeServer) -> None:
    result = run("keys", "create", "--email", "bo@example.com", "--role", "admin", "--expires", "30")
    assert result.out == "bl_secret\n"
    assert "not shown again" in result.err
    assert server.sent[-1][1] == {"data": {"email": "bo@example.com", "role": "ADMIN", "expiresInDays": 30}}
    assert run("keys", "create", "--email", "bo@example.com", "--json").document["key"] == "bl_secret"


def test_connections_add_prints_the_id_alone(run: Run, server: FakeServer) -> None:
    server.found = {"added": 7, "removed": 0, "changed": 0}
    args = ("connections", "add", "--project", "9", "--integration", "1", "--folder", "a", "--folder", "b/c")
    result = run(*args)
    assert result.out == "2\n"
    assert "7 to add" in result.err
    added = next(sent for name, sent in server.sent if name == "addDataConnection")
    assert added["data"] == {"projectId": "9", "integrationId": "1", "selectedFolders": ["a", "b/c"]}
    document = run(*args, "--json").document
    assert (document["id"], document["added"]) == ("3", 7)


def test_undo_and_runs_tell_what_was_done(run: Run, server: FakeServer) -> None:
    assert run("undo", "7").out == "8 undid 7: 3 assets added, 0 removed, 0 changed back.\n"
    assert run("undo", "7", "--no-wait", "--json").document["state"] == "QUEUED"
    assert run("undo", "5").err == "bucketlink: There is no run with this id.\n"
    assert "SUCCEEDED" in run("runs", "1").out
    assert run("runs", "1", "--json").document[0]["id"] == "7"
    assert server.closed


# Credentials


def given_integration(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    given: list[dict[str, Any]] = []

    def create(_: object, data: dict[str, Any]) -> dict[str, Any]:
        given.append(data)
        row = {"id": "4", "name": data["name"], "platform": data["platform"], "status": "CONNECTED"}
        return {**row, "statusReason": None}

    monkeypatch.setattr(server, "createDataIntegration", create, raising=False)
    return given


def test_a_secret_comes_from_the_environment_or_a_file(
    run: Run, server: FakeServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    given = given_integration(server, monkeypatch)
    file = tmp_path / "secret"
    file.write_text("from the file\n")
    command = ("integrations", "add", "--bucket", "b", "--access-key", "id")
    assert run(*command, "--secret-key-file", str(file)).out == "4\n"
    monkeypatch.setenv("BUCKETLINK_S3_SECRET_KEY", "from the environment")
    assert run(*command, "--endpoint-url", "http://s3", "--region", "r").status == 0
    assert given[0] == {
        "platform": "AWS",
        "name": "b",
        "s3AccessKey": "id",
        "s3BucketName": "b",
        "s3SecretKey": "from the file",
    }
    assert (given[1]["platform"], given[1]["s3SecretKey"]) == ("CustomS3", "from the environment")


def test_a_secret_is_asked_for_at_a_terminal(run: Run, server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    given = given_integration(server, monkeypatch)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(click.termui, "hidden_prompt_func", lambda _: "typed")
    assert run("integrations", "add", "--bucket", "b", "--access-key", "id").status == 0
    assert given[0]["s3SecretKey"] == "typed"


def test_a_folder_of_the_server_is_named_as_it_is(
    run: Run, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = given_integration(server, monkeypatch)
    assert run("integrations", "add", "--folder", "/srv/pictures", "--allowed-path", "a").status == 0
    expected = {
        "platform": "Folder",
        "name": "pictures",
        "folderPath": "/srv/pictures",
        "allowedPaths": ["a"],
    }
    assert given == [expected]
