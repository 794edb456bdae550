"""The command line as people call it: in a process of its own, or in this one, which saves its loading."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bucketlink.cli import main
from bucketlink.delivery import Embedded
from bucketlink.settings import read_settings
from tests.servers.process import without_ours

PROGRAM = [sys.executable, "-c", "import sys; from bucketlink.cli import main; sys.exit(main())"]


@dataclass
class Done:
    status: int
    stdout: str
    stderr: str


class CommandLine:
    """Runs `bucketlink` in a process of its own; nothing of ours is in its environment but what a test gives."""

    def __init__(self, **variables: str) -> None:
        self.environment = without_ours(**variables)

    def __call__(self, *args: str | Path, status: int = 0) -> Done:
        done = self.run([str(arg) for arg in args])
        assert done.status == status, done.stderr
        if status:
            assert done.stdout == ""
            assert done.stderr.startswith("bucketlink: ")
            assert done.stderr.count("\n") == 1
        return done

    def json(self, *args: str | Path) -> Any:  # noqa: ANN401
        return json.loads(self(*args, "--json").stdout)

    def run(self, args: list[str]) -> Done:
        process = subprocess.run(
            [*PROGRAM, *args],
            env=self.environment,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=120,
            check=False,
        )
        return Done(process.returncode, process.stdout, process.stderr)


class Inside(CommandLine):
    """Runs `bucketlink` in this very process, which saves its loading."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        super().__init__()
        self.capsys = capsys

    def run(self, args: list[str]) -> Done:
        status = main(args)
        captured = self.capsys.readouterr()
        return Done(status, captured.out, captured.err)


@contextmanager
def jobs_done() -> Iterator[None]:
    """Have the jobs of the environment's data directory done by somebody else: no command has to start a worker."""
    with closing(Embedded(read_settings())) as delivery:
        delivery.deliver()
        yield
