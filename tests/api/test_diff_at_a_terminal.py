"""``bucketlink diff --list`` where somebody reads it: through their pager, or through a program that has had enough."""

import errno
import os
import pty
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.command_line import PROGRAM
from tests.api.shown import Shown, opened
from tests.servers.process import without_ours

KEYS = [f"pictures/{number:05}\x1b[2J.jpg" for number in range(20_000)]
"""Far more than pipes hold."""


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Shown, dict[str, str]]]:
    directory = tmp_path_factory.mktemp("terminal")
    with opened(directory) as made:
        made.show({"ADD": KEYS})
        yield made, without_ours(BUCKETLINK_DATA_DIR=str(directory / "data"), TERM="xterm")


def command(shown: Shown, *args: str) -> list[str]:
    return [*PROGRAM, "diff", shown.connection, "--no-compute", "--list", *args]


def shown_as(key: str) -> str:
    return f"$'{key}'".replace("\x1b", "\\x1b")


def read_all(terminal: int) -> str:
    found = b""
    while True:
        try:
            found += (part := os.read(terminal, 1 << 16))
        except OSError as error:
            # What a terminal says on Linux when nobody writes to it any more.
            if error.errno != errno.EIO:
                raise
            return found.decode()
        if not part:
            return found.decode()


@pytest.mark.parametrize(("args", "second"), [((), KEYS[1]), (("--key", "*19999*"), None)])
def test_on_a_terminal_it_goes_through_the_pager(
    there: tuple[Shown, dict[str, str]], args: tuple[str, ...], second: str | None
) -> None:
    shown, environment = there
    terminal, slave = pty.openpty()
    environment = {**environment, "PAGER": "sed -n 2p"}
    process = subprocess.Popen(
        command(shown, *args), env=environment, stdin=slave, stdout=slave, stderr=subprocess.PIPE, text=True
    )
    os.close(slave)
    text = read_all(terminal)
    os.close(terminal)
    _, hints = process.communicate(timeout=60)
    expected = "" if second is None else "ADD     " + shown_as(second)
    assert (process.returncode, text.strip()) == (0, expected)
    assert "bucketlink sync" in hints


@pytest.mark.parametrize("args", [(), ("--json",)])
def test_whoever_reads_it_may_go_early(there: tuple[Shown, dict[str, str]], args: tuple[str, ...]) -> None:
    shown, environment = there
    process = subprocess.Popen(
        command(shown, *args), env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline()
    process.stdout.close()
    with process.stderr as errors:
        assert errors.read() == ""
    assert process.wait(60) in {0, 1}


def test_what_is_piped_is_plain_and_whole(there: tuple[Shown, dict[str, str]], tmp_path: Path) -> None:
    shown, environment = there
    environment = {**environment, "PAGER": "sed -n 2p"}
    with (tmp_path / "list").open("wb") as file:
        subprocess.run(command(shown), env=environment, stdout=file, check=True, timeout=120)
    expected = ["ADD     " + shown_as(key) for key in KEYS]
    assert (tmp_path / "list").read_text().splitlines() == expected
