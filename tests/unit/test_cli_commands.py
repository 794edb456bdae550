import json
import sys
from pathlib import Path
from typing import Any, Protocol

import click
import pytest
from graphql import GraphQLError

from bucketlink import __version__
from bucketlink.cli import main
from bucketlink.client import client as module
from bucketlink.client.connections import synchronize
from bucketlink.errors import DataDirectoryError

from .fake_server import FakeServer, difference


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
        ("diff", "1", "--key", "a*"),
        ("diff", "1", "--first", "3"),
        ("diff", "1", "--list", "--first", "-1"),
        ("sync", "1", "--max-delete", "-1"),
        ("sync", "1", "--max-delete", "many"),
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
    assert result.out == "Added 3, removed 0, renewed 1: now 13 assets of connection 1.\n"
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


def folder(name: str | None, added: int = 0, removed: int = 0, changed: int = 0) -> dict[str, Any]:
    return {"folder": name, "added": added, "removed": removed, "changed": changed}


def words(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines()]


def test_diff_shows_the_largest_of_many_folders_and_what_is_left(run: Run, server: FakeServer) -> None:
    server.rows_of_folders = [folder(f"{number:02}", number, 100 - number) for number in range(30)]
    server.rows_of_folders[7] = folder("07 \x1b[2J", 5000)
    lines = words(run("diff", "1", "--no-compute").out)
    shown = lines[3:]
    assert shown[0] == "07 \\x1b[2J 5,000 0 0"
    assert len(shown) == 27
    assert shown[-2].startswith("(other folders)")
    assert shown[-1] == "total 5,428 2,472 0"
    assert lines[0] == "Connection 1: 5,428 to add, 2,472 to remove, 0 changed."


def test_diff_shows_few_folders_in_order_of_their_names(run: Run, server: FakeServer) -> None:
    server.rows_of_folders = [folder("", 1), folder("a", 2, 1), folder("b", 30)]
    result = run("diff", "1", "--no-compute")
    assert words(result.out)[3:] == ["(no folder) 1 0 0", "a 2 1 0", "b 30 0 0", "total 33 1 0"]
    assert words(result.err) == [
        "Closer: bucketlink diff 1 --no-compute --folder b",
        "Every key: bucketlink diff 1 --no-compute --list",
        "bucketlink sync 1 applies this; with --delete-extraneous-files, it also removes assets.",
    ]


def test_diff_goes_down_and_shows_one_type_alone(run: Run, server: FakeServer) -> None:
    server.rows_of_folders = [folder("a", 0, 1), folder("a/b c", 0, 30)]
    result = run("diff", "1", "--no-compute", "--folder", "a", "--type", "remove")
    asked = [sent["where"] for name, sent in server.sent if name == "dataDifferenceFolders"]
    assert asked == [{"connectionId": "1", "folder": "a", "type": "REMOVE"}]
    lines = words(result.out)
    assert lines[0] == "Connection 1, folder a: 31 to remove."
    assert lines[3:] == ["(in no folder below) 1", "a/b c 30", "total 31"]
    assert words(result.err) == [
        "Closer: bucketlink diff 1 --no-compute --type REMOVE --folder 'a/b c'",
        "Every key: bucketlink diff 1 --no-compute --type REMOVE --folder a --list",
        "bucketlink sync 1 --delete-extraneous-files removes these assets.",
    ]
    server.rows_of_folders = [folder("nothing")]
    assert "folder a: nothing differs there." in run("diff", "1", "--no-compute", "--folder", "a").out
    assert "in step" in run("diff", "1", "--no-compute").out


def test_diff_narrows_a_list_down(run: Run, server: FakeServer) -> None:
    server.rows_of_differences = [difference("ADD", f"{number}.jpg") for number in range(9)]
    args = ("--folder", "", "--key", "*.jpg", "--type", "ADD", "--first", "2")
    result = run("diff", "1", "--no-compute", "--list", *args)
    assert result.out == "ADD     0.jpg\nADD     1.jpg\n"
    assert server.sent[-1][1]["where"] == {"connectionId": "1", "type": "ADD", "folder": "", "key": "*.jpg"}
    document = run("diff", "1", "--no-compute", "--list", "--json", *args).document
    assert [row["bucketKey"] for row in document["differences"]] == ["0.jpg", "1.jpg"]
    server.rows_of_differences = []
    nothing = run("diff", "1", "--no-compute", "--list", *args)
    assert (nothing.out, nothing.err) == ("", "Project and bucket are in step.\n")
    assert run("diff", "1", "--no-compute", "--list", "--json", *args).document["differences"] == []


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


def test_sync_takes_a_limit_and_leaves_changed_assets_alone(run: Run, server: FakeServer) -> None:
    server.found = {"added": 3, "removed": 2, "changed": 1}
    args = ("sync", "1", "--delete-extraneous-files", "--no-apply-changed", "--max-delete")
    refused = run(*args, "1")
    assert (refused.status, refused.out) == (1, "")
    assert "remove 2 assets, more than the 1" in refused.err
    assert server.operations("validateDataDifferences") == []
    dry = run(*args, "1", "--dry-run")
    assert dry.status == 0
    assert "--max-delete allows 1 asset." in dry.err
    done = run(*args, "2")
    assert done.out == "Added 3, removed 2, renewed 0: now 11 assets of connection 1.\n"
    applied = [sent for name, sent in server.sent if name == "validateDataDifferences"]
    assert [(sent["where"]["type"], sent["processingParameters"]) for sent in applied] == [
        ("ADD", '{"maxDelete": 2}'),
        ("REMOVE", '{"maxDelete": 2}'),
    ]
    assert "1 changed asset left alone" in done.err
    assert "bucketlink undo" in done.err


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
