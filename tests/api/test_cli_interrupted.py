"""Ctrl-C while a command waits: at a terminal it asks, elsewhere the run is left, and is never lost."""

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bucketlink import Client
from tests.api.command_line import PROGRAM
from tests.api.hesitant import OBJECTS, Hesitant, connect
from tests.api.server import PRIVATE, Server
from tests.api.terminal import CTRL_C, SECONDS, Terminal
from tests.faults.processes import descendants
from tests.servers.process import without_ours


class Place:
    """A connection over a bucket that answers when it is told to."""

    def __init__(self, bucket: Hesitant, data_dir: Path) -> None:
        self.bucket, self.data_dir = bucket, data_dir
        with Client.embedded(data_dir) as client:
            self.connection = connect(client, bucket)
        self.environment = without_ours(BUCKETLINK_DATA_DIR=str(data_dir), **PRIVATE)
        bucket.hold()

    def newest(self) -> tuple[str, str]:
        """The newest run's id and state, as the next program sees it."""
        with Client.embedded(self.data_dir) as client:
            run = next(client.runs(self.connection, first=1))
        return run["id"], run["state"]


@pytest.fixture
def bucket() -> Iterator[Hesitant]:
    with Hesitant() as bucket:
        yield bucket
        bucket.goes_on.set()


@pytest.fixture
def place(bucket: Hesitant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    for name, value in PRIVATE.items():
        monkeypatch.setenv(name, value)
    return Place(bucket, tmp_path / "data")


def interrupt(terminal: Terminal, bucket: Hesitant, answer: str) -> None:
    """Press Ctrl-C while a command waits for the bucket, and answer what it asks then, which ends it."""
    bucket.wait_until_asked()
    terminal.press(CTRL_C)
    terminal.expect("(COMPUTE) is not done. Cancel it? [y/N]")
    terminal.answer(answer)
    assert terminal.ends() == 130
    assert "Traceback" not in terminal.text


def test_at_a_terminal_it_is_asked_and_the_run_is_left(place: Place) -> None:
    with Terminal(["sync", place.connection], place.environment) as terminal:
        terminal.expect("Computing")
        interrupt(terminal, place.bucket, "\r")
    run, state = place.newest()
    assert state in {"RUNNING", "QUEUED"}
    assert f"Left {run}, which goes on whenever a Bucketlink works on this data directory" in terminal.text
    assert f"bucketlink cancel {run}" in terminal.text

    place.bucket.goes_on.set()
    with Client.embedded(place.data_dir) as client:
        (*_, ended) = client.watch(run)
        assert (ended["state"], ended["objects"]) == ("SUCCEEDED", OBJECTS)


def test_at_a_terminal_the_run_can_be_cancelled(place: Place) -> None:
    with Terminal(["diff", place.connection], place.environment) as terminal:
        terminal.expect("Computing")
        interrupt(terminal, place.bucket, "y\r")
    run, state = place.newest()
    assert state == "CANCELLED"
    assert f"Cancelled {run}; what it did so far stays." in terminal.text


def test_a_second_ctrl_c_leaves_at_once(place: Place) -> None:
    with Terminal(["sync", place.connection], place.environment) as terminal:
        terminal.expect("Computing")
        interrupt(terminal, place.bucket, CTRL_C)
    assert place.newest()[1] in {"RUNNING", "QUEUED"}
    assert "Left run" in terminal.text


def test_without_a_terminal_the_run_is_left_in_one_line(place: Place) -> None:
    process = subprocess.Popen(
        [*PROGRAM, "sync", place.connection, "--json"],
        env=place.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    place.bucket.wait_until_asked()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=SECONDS)
    run, state = place.newest()
    assert (process.returncode, out, state in {"RUNNING", "QUEUED"}) == (130, "", True)
    assert err.count("\n") == 1
    told = json.loads(err)["error"]
    assert told["type"] == "INTERRUPTED"
    assert told["message"].startswith(f"Left {run}, which goes on")
    assert f"bucketlink runs {place.connection}" in told["message"]


def test_adding_a_connection_can_be_interrupted_before_its_id_is_known(place: Place) -> None:
    args = ["connections", "add", "--project", "prj1", "--integration", "int1"]
    with Terminal(args, place.environment) as terminal:
        interrupt(terminal, place.bucket, "n\r")
    assert "bucketlink runs con2 shows how far it is" in terminal.text


def test_at_a_server_the_run_goes_on(bucket: Hesitant, tmp_path: Path) -> None:
    with Server(tmp_path, PRIVATE) as server, Client(server.api_key, server.endpoint) as client:
        connection = connect(client, bucket)
        bucket.hold()
        at_server = without_ours(BUCKETLINK_API_ENDPOINT=server.endpoint, BUCKETLINK_API_KEY=server.api_key)
        with Terminal(["sync", connection], at_server) as terminal:
            terminal.expect("Computing")
            interrupt(terminal, bucket, "\r")
        assert "goes on at the server" in terminal.text
        bucket.goes_on.set()
        run = next(client.runs(connection, first=1))["id"]
        (*_, ended) = client.watch(run)
        assert ended["state"] == "SUCCEEDED"


SECRETS = (
    *("BUCKETLINK_API_KEY", "BUCKETLINK_ADMIN_API_KEY", "BUCKETLINK_S3_SECRET_KEY", "BUCKETLINK_S3_SESSION_TOKEN"),
    *("BUCKETLINK_AZURE_ACCOUNT_KEY", "BUCKETLINK_AZURE_SAS_TOKEN", "BUCKETLINK_GCP_SERVICE_ACCOUNT_KEY"),
)


def test_no_process_that_works_is_given_a_secret_that_it_does_not_need(place: Place) -> None:
    canary = "canary-of-thirty-two-characters-or-more"
    with Terminal(["sync", place.connection], {**place.environment, **dict.fromkeys(SECRETS, canary)}) as terminal:
        place.bucket.wait_until_asked()
        started = descendants(terminal.pid)
        told = [Path(f"/proc/{pid}/{name}").read_bytes() for pid in started for name in ("environ", "cmdline")]
        assert any(b"bucketlink.worker" in text for text in told)
        assert [text for text in told if canary.encode() in text] == []
        place.bucket.goes_on.set()
        assert terminal.ends() == 0


@pytest.mark.parametrize("columns", [40, 200])
def test_progress_fits_the_terminal_and_leaves_nothing_behind(place: Place, columns: int) -> None:
    with Terminal(["sync", place.connection, "--json"], place.environment, columns=columns, piped=True) as terminal:
        place.bucket.wait_until_asked()
        terminal.expect("Computing")
        terminal.expect("/s")
        place.bucket.goes_on.set()
        assert terminal.ends() == 0
        assert '"added": 30000' in terminal.output()
    lines = terminal.text.replace("\r", "\n").split("\n")
    assert max(map(len, lines)) <= columns
