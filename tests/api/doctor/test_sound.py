"""What is sound is told as sound; and all of it as people and programs read it."""

from pathlib import Path

import pytest

from bucketlink.home import SCHEMA, DirectoryLock
from tests.api.command_line import CommandLine, Inside
from tests.api.doctor.asking import Doctor, register
from tests.api.running import Running
from tests.api.server import wait_until
from tests.faults.processes import workers
from tests.servers.pages import PageServer
from tests.servers.process import free_port


def test_a_sound_set_up_is_told_as_sound(doctor: Doctor, made: Path, bucket: PageServer) -> None:
    register(made, bucket.endpoint)
    found = doctor()
    assert {one["verdict"] for check in found.values() for one in check} <= {"ok", "skipped"}
    assert found["int1"][0]["text"] == "street scenes (CustomS3) can be read."
    assert found["sealed credentials"][0]["text"] == "The key opens all of them (1)."
    assert f"schema {SCHEMA}" in found["database"][0]["text"]


def test_a_directory_at_work_is_looked_at_as_it_is(doctor: Doctor, data: Path, bucket: PageServer) -> None:
    with Running("serve", "--port", str(free_port()), "--data-dir", data) as server:
        server.wait_for("A first key:")
        register(data, bucket.endpoint)
        wait_until(lambda: not DirectoryLock(data).is_free())
        (worker,) = workers(server.process.pid, data)
        found = doctor()
        assert found["worker"][0]["text"] == f"Process {worker} does the jobs (runs waiting: 0, begun: 0)."
        assert found["integrity"][0]["verdict"] == "ok"
        assert found["int1"][0]["verdict"] == "ok"


@pytest.mark.usefixtures("doctor")
def test_people_read_lines_and_what_to_do(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made.chmod(0o755)
    done = Inside(capsys)("doctor")
    assert f"\nwarning  permissions          Others on this machine may enter {made} (0755).\n" in done.stdout
    assert f"\n                              → chmod 700 {made}\n" in done.stdout
    assert done.stdout.endswith("\n0 things wrong, 1 warning.\n")


def test_a_whole_process_is_as_good(made: Path) -> None:
    done = CommandLine(BUCKETLINK_DATA_DIR=str(made))("doctor")
    assert done.stdout.endswith("Nothing is wrong.\n")
    assert "\x1b" not in done.stdout
