"""A command that goes on until it is told to end, in a process of its own, on a terminal or not."""

import os
import pty
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Self

from tests.api.command_line import PROGRAM, CommandLine
from tests.api.server import wait_until


class Running:
    """``bucketlink`` with these words; ended with SIGKILL at the end of the block, if nothing else ended it."""

    def __init__(
        self,
        *words: str | Path,
        terminal: bool = False,
        cwd: Path | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self._written: list[bytes] = []
        self._said: list[bytes] = []
        ours, theirs = pty.openpty() if terminal else os.pipe()
        self.process = subprocess.Popen(
            [*PROGRAM, *map(str, words)],
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=subprocess.PIPE,
            env={**CommandLine(**(variables or {})).environment, "NO_COLOR": "1"},
            cwd=cwd,
        )
        os.close(theirs)
        assert self.process.stderr is not None
        self._readers = [
            threading.Thread(target=_collect, args=(descriptor, kept))
            for descriptor, kept in ((ours, self._written), (os.dup(self.process.stderr.fileno()), self._said))
        ]
        for reader in self._readers:
            reader.start()

    @property
    def out(self) -> str:
        """What it has written to standard output."""
        return b"".join(self._written).decode().replace("\r\n", "\n")

    @property
    def err(self) -> str:
        """What it has written to standard error."""
        return b"".join(self._said).decode()

    def wait_for(self, text: str) -> Self:
        """Wait until it has written something."""

        def is_there() -> bool:
            written = self.out + self.err
            assert text in written or self.process.poll() is None, written
            return text in written

        wait_until(is_there, 60)
        return self

    def end(self, number: signal.Signals = signal.SIGTERM) -> float:
        """Tell it to end, and wait until it has, with status 0; answers the seconds that took."""
        begun = time.monotonic()
        self.process.send_signal(number)
        assert self.process.wait(30) == 0, self.err
        return time.monotonic() - begun

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        for reader in self._readers:
            reader.join()
        assert self.process.stderr is not None
        self.process.stderr.close()


def _collect(descriptor: int, kept: list[bytes]) -> None:
    # A terminal whose last writer has gone is an error to read.
    with os.fdopen(descriptor, "rb", buffering=0) as file, suppress(OSError):
        while part := file.read(65536):
            kept.append(part)
