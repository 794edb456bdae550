"""What the SDK tells, and where it shows: each in a process whose logging nobody has touched, or somebody has."""

import subprocess
import sys

import pytest

SCRIPT = """
import logging, sys
from tests.unit.fake_server import FakeServer, client_of
from bucketlink import Client
from bucketlink.kili import Kili
{setup}
server = FakeServer()
server.found = {{"added": 3, "removed": 0, "changed": 0}}
client_of(server, {kind}).synchronize_cloud_storage_connection("1", dry_run=True)
"""


def told(kind: str, setup: str = "") -> str:
    script = SCRIPT.format(kind=kind, setup=setup)
    done = subprocess.run([sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    return done.stderr


def test_the_library_prints_nothing_by_itself() -> None:
    assert told("Client") == ""


def test_scripts_see_what_a_dry_run_is_for_as_they_are_used_to() -> None:
    assert "Found 3 difference(s): 3 to add, 0 to remove; 0 changed.\nDry run" in told("Kili")


@pytest.mark.parametrize("kind", ["Client", "Kili"])
def test_a_program_that_has_set_up_logging_sees_each_sentence_once(kind: str) -> None:
    shown = told(kind, "logging.basicConfig(level=logging.INFO)")
    assert shown.count("Found 3 difference(s)") == 1
    assert "INFO:bucketlink.client:Dry run" in shown


@pytest.mark.parametrize(
    "setup",
    [
        "logging.getLogger('bucketlink').setLevel(logging.WARNING)",
        "logging.basicConfig(level=logging.WARNING)",
        "logging.disable(logging.INFO)",
    ],
)
def test_scripts_can_be_silenced_by_logging(setup: str) -> None:
    assert told("Kili", setup) == ""
