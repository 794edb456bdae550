"""What asks: before something goes, and for secrets; at a terminal, and where nobody can be asked."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bucketlink import Client
from bucketlink.home import open_home
from bucketlink.model import Credentials
from bucketlink.settings import Settings
from bucketlink.store import integrations
from tests.api.buckets import ACCOUNT_KEY
from tests.api.command_line import Inside
from tests.api.folders import write
from tests.api.server import Server
from tests.api.terminal import Terminal
from tests.servers.pages import Faults, PageServer
from tests.servers.pages_core import Stored


@pytest.fixture(scope="module")
def synchronized(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with project prj1, integration int1, connection con1 and three assets, to be copied."""
    directory = tmp_path_factory.mktemp("synchronized")
    bucket = directory / "bucket"
    for number in range(3):
        write(bucket, f"{number}.jpg")
    with Client.embedded(directory / "data", folder_roots=[bucket]) as client:
        project = client.create_project("Bears \x1b[2J", input_type="IMAGE")["id"]
        made = client.create_cloud_storage_integration("Folder", "pictures", folder_path=str(bucket))
        connection = client.add_cloud_storage_connection(project, made["id"])["id"]
        client.synchronize_cloud_storage_connection(connection)
    return directory / "data"


@pytest.fixture
def run(run: Inside, synchronized: Path, tmp_path: Path) -> Inside:
    """The command line on a copy of `synchronized`."""
    shutil.copytree(synchronized, tmp_path / "data")
    return run


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, **more}


# Before something goes

DELETES = ["projects", "delete", "prj1"]
TELLS = "This deletes prj1 (Bears \\x1b[2J) with 3 assets and 1 connection, for good."


def test_where_nobody_can_be_asked_it_is_refused_and_says_what_would_go(run: Inside) -> None:
    refused = run(*DELETES, status=2).stderr
    assert refused.startswith(f"bucketlink: {TELLS.replace(chr(27), '')} Nobody can be asked")
    assert "--yes" in refused
    said = run("connections", "remove", "con1", "--with-assets", status=2).stderr
    assert "con1 and its 3 assets from project prj1 (Bears \\x1b[2J)" in said
    assert run("assets", "count", "prj1").stdout == "3\n"


@pytest.mark.parametrize(("answer", "status", "left"), [("y\r", 0, 0), ("\r", 1, 1), ("n\r", 1, 1), ("\x03", 130, 1)])
def test_at_a_terminal_it_is_asked(run: Inside, answer: str, status: int, left: int) -> None:
    with Terminal(DELETES, environment(), columns=200) as terminal:
        terminal.expect(f"{TELLS} Go on? [y/N]:")
        terminal.answer(answer)
        assert terminal.ends() == status
    assert "Traceback" not in terminal.text
    assert len(run.json("projects", "list")) == left


def test_what_is_said_beforehand_is_not_asked(run: Inside) -> None:
    removed = run.json("connections", "remove", "con1", "--with-assets", "--yes")
    assert (removed["id"], removed["removed"]) == ("con1", 3)
    assert run("undo", removed["run"]).stdout.startswith("run")
    assert run("integrations", "remove", "int1", "--yes", status=1).stderr
    assert run.json(*DELETES, "--yes") == {"id": "prj1", "assets": 3, "connections": 0}
    assert "projects list" in run(*DELETES, "--yes", status=1).stderr


def test_a_removal_without_assets_takes_nothing_that_needs_asking(run: Inside) -> None:
    assert "its assets stay" in run("connections", "remove", "con1").stdout
    assert run("assets", "count", "prj1").stdout == "3\n"


def test_an_integration_in_use_says_by_what_and_what_to_do(run: Inside) -> None:
    refused = run("integrations", "remove", "int1", status=1).stderr
    assert "int1 is used by con1 (project Bears \\x1b[2J)" in refused
    assert "bucketlink connections remove con1" in refused
    run("projects", "delete", "prj1", "--yes")
    asked = run("integrations", "remove", "int1", status=2).stderr
    assert "This removes int1 (pictures, Folder " in asked


# Secrets


@pytest.fixture
def pages() -> Iterator[PageServer]:
    with PageServer() as server:
        server.put_all({"a/1.jpg": Stored(3, "e", "image/jpeg")})
        yield server


def stored(tmp_path: Path, number: int) -> Credentials:
    home = open_home(Settings(data_dir=tmp_path / "data"))
    with home.database.read() as tx:
        found = integrations.credentials(tx, home.sealer, integrations.get(tx, 1, number))
    home.close()
    return found


def test_a_secret_is_asked_for_without_showing_it(run: Inside, pages: PageServer, tmp_path: Path) -> None:
    assert run
    args = ["integrations", "add", "--bucket", "b", "--endpoint-url", pages.endpoint, "--access-key", "AKIA"]
    with Terminal(args, environment()) as terminal:
        terminal.expect("Secret key:")
        terminal.press("typed-secret\r")
        assert terminal.ends() == 0
    assert "int2" in terminal.text
    assert "typed-secret" not in terminal.shown
    assert stored(tmp_path, 2) == Credentials("AKIA", "typed-secret")


def test_every_secret_can_be_asked_for(run: Inside, pages: PageServer, tmp_path: Path) -> None:
    assert run
    url = f"{pages.endpoint}/devstoreaccount1/scans"
    with Terminal(["integrations", "add", "--container-url", url, "--account-key-file", "-"], environment()) as one:
        one.expect("account key:")
        one.press(f"{ACCOUNT_KEY}\r")
        assert one.ends() == 0
    assert ACCOUNT_KEY not in one.shown
    assert stored(tmp_path, 2) == Credentials(account_key=ACCOUNT_KEY)


def test_an_empty_secret_is_refused(run: Inside, pages: PageServer, tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    args = ["integrations", "add", "--bucket", "b", "--endpoint-url", pages.endpoint, "--access-key", "A"]
    assert "is empty" in run(*args, "--secret-key-file", str(tmp_path / "empty"), status=2).stderr
    two = run(*args, "--secret-key", "s", "--secret-key-file", __file__, status=2).stderr
    assert "--secret-key-file and --secret-key are two" in two


def test_the_key_of_a_server_comes_from_a_file_or_is_asked_for(run: Inside, tmp_path: Path) -> None:
    with Server(tmp_path / "served") as server:
        (tmp_path / "key").write_text(server.api_key + "\n")
        at_server = ("projects", "list", "--endpoint", server.endpoint)
        assert run.json(*at_server, "--api-key-file", str(tmp_path / "key")) == []
        with Terminal([*at_server, "--json"], environment(), piped=True) as terminal:
            terminal.expect("API key:")
            terminal.press(server.api_key + "\r")
            assert terminal.ends() == 0
            assert json.loads(terminal.output()) == []
        assert server.api_key not in terminal.shown


# What the options are


@pytest.mark.parametrize(
    ("given", "option"),
    [
        (["--platform", "GCP", "--bucket", "b", "--access-key", "AKIA"], "--access-key"),
        (["--platform", "GCP", "--bucket", "b", "--region", "eu"], "--region"),
        (["--platform", "AWS", "--bucket", "b", "--endpoint-url", "https://x", "--clients-list"], "--clients-list"),
        (["--platform", "Azure", "--bucket", "b", "--endpoint-url", "https://x"], "--container-url"),
        (["--platform", "AWS", "--bucket", "b", "--ca-certificates", __file__], "--ca-certificates"),
        (["--bucket", "b", "--addressing-style", "path"], "--addressing-style"),
        (["--platform", "AWS", "--bucket", "b", "--sas-token-file", __file__], "--sas-token-file"),
        (["--folder", "/srv", "--region", "eu"], "--region"),
        (["--folder", "/srv", "--bucket", "b"], "--bucket"),
        (["--bucket", "b", "--allow-root"], "--allow-root"),
        (["--platform", "AWS", "--folder", "/srv"], "--folder"),
    ],
)
def test_options_of_other_platforms_are_refused(run: Inside, given: list[str], option: str) -> None:
    assert option in run("integrations", "add", *given, status=2).stderr
    assert [row["id"] for row in run.json("integrations", "list")] == ["int1"]


def test_a_refused_bucket_suggests_naming_its_folders(run: Inside, pages: PageServer) -> None:
    pages.faults = Faults(status=403, code="AccessDenied")
    args = ["integrations", "add", "--bucket", "b", "--endpoint-url", pages.endpoint]
    whole, part = (run(*args, *more, status=1).stderr for more in ([], ["--allowed-path", "a"]))
    assert "name each of these with --allowed-path" in whole
    assert "name each" not in part
    assert "--access-key" in whole
    assert "s3AccessKey" not in whole
