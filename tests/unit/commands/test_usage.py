"""Exit status, errors, and where commands work."""

from pathlib import Path

import pytest

from bucketlink import __version__
from bucketlink.client import client as module
from bucketlink.errors import DataDirectoryError
from tests.unit.commands.running import Run
from tests.unit.fake_server import FakeServer


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
        ("keys", "revoke"),
        ("keys", "revoke", "5"),
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
    assert server.operations("createDataIntegration", "createProject", "createApiKey", "revokeApiKey") == []


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
