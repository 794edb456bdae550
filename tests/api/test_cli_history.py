"""The history on the command line: what was undone, by what, and what may be undone."""

from pathlib import Path

import pytest

from tests.api.command_line import Inside


@pytest.fixture
def applied(run: Inside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A run that added two assets."""
    bucket = tmp_path / "pictures"
    bucket.mkdir()
    for name in ("1.jpg", "2.jpg"):
        (bucket / name).write_bytes(b"1")
    monkeypatch.setenv("BUCKETLINK_DATA_DIR", str(tmp_path / "data"))
    project = run("projects", "create", "Bears", "--input-type", "IMAGE").stdout.strip()
    integration = run("integrations", "add", "--folder", bucket, "--allow-root").stdout.strip()
    run("connections", "add", "--project", project, "--integration", integration)
    run("sync", "con1")
    return str(next(row["id"] for row in run.json("runs", "con1") if row["kind"] == "APPLY"))


def line(run: Inside, of: str) -> str:
    return next(line for line in run("runs", "con1").stdout.splitlines() if line.startswith(f"{of} ")).rstrip()


def test_a_run_that_was_undone_says_so_in_the_list_and_when_it_is_undone_again(run: Inside, applied: str) -> None:
    assert "undone" not in line(run, applied)
    undoing = run.json("undo", applied)["id"]
    assert line(run, applied).endswith(f"+2, undone by {undoing}")
    assert line(run, undoing).endswith(f"of {applied}, -2")
    assert {row["id"]: row["undoneBy"] for row in run.json("runs", "con1")}[applied] == undoing
    refused = run("undo", applied, status=1).stderr
    assert refused == f"bucketlink: {applied} was undone already, by {undoing}: undoing {undoing} takes that back.\n"
    assert "2 assets added" in run("undo", undoing).stdout
    assert run("assets", "count", "prj1").stdout == "2\n"
