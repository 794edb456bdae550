"""A terminal with a program in it, as a person at the keyboard has it."""

import fcntl
import os
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.api.server import wait_until

SECONDS = 60.0
RESTS = 50
"""Looks at a program, one behind the other, at which it has to be asleep to count as waiting for its user."""
CTRL_C = "\x03"
PROGRAM = (
    "import fcntl, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
    "from bucketlink.cli import main; sys.exit(main())"
)
_SIZE = frozenset({"COLUMNS", "LINES"})
_STEERING = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]")


class Terminal:
    """Runs ``bucketlink`` in a terminal of its own; standard output may be a pipe instead."""

    def __init__(
        self, args: Sequence[str], environment: Mapping[str, str], *, columns: int = 80, piped: bool = False
    ) -> None:
        self._ours, theirs = os.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self._process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *args],
            stdin=theirs,
            stdout=subprocess.PIPE if piped else theirs,
            stderr=theirs,
            # How wide it is, the terminal says alone, whatever the tests themselves run in.
            env={"TERM": "xterm"} | {name: environment[name] for name in environment if name not in _SIZE},
            start_new_session=True,
        )
        os.close(theirs)
        self.shown = ""
        """Everything that the terminal was sent so far."""
        self._seen = 0

    @property
    def pid(self) -> int:
        """The program's process."""
        return self._process.pid

    @property
    def text(self) -> str:
        """What was sent, without what steers the terminal."""
        return _STEERING.sub("", self.shown)

    def expect(self, text: str, seconds: float = SECONDS) -> None:
        """Read until something was shown, behind all that was expected before."""
        self._until(lambda: text in self.text[self._seen :], seconds, text)
        self._seen = self.text.index(text, self._seen) + len(text)

    def press(self, keys: str) -> None:
        """Press keys."""
        os.write(self._ours, keys.encode())

    def answer(self, keys: str) -> None:
        """Press keys when the program rests: an input that has not begun to wait does not hear of a signal."""
        rests = 0
        while rests < RESTS:
            wait_until(self._sleeps)
            rests = rests + 1 if self._sleeps() else 0
        self.press(keys)

    def _sleeps(self) -> bool:
        thread = Path(f"/proc/{self.pid}/task/{self.pid}/stat").read_text("ascii", errors="replace")
        return thread.rpartition(")")[2].split()[0] == "S"

    def ends(self, seconds: float = SECONDS) -> int:
        """Wait until the program has ended; its exit status."""
        self._until(lambda: False, seconds, "its end")
        return self._process.wait(seconds)

    def output(self) -> str:
        """What the program wrote to a pipe."""
        assert self._process.stdout is not None
        return self._process.stdout.read().decode()

    def _until(self, done: Callable[[], bool], seconds: float, what: str) -> None:
        deadline = time.monotonic() + seconds
        while not done():
            left = deadline - time.monotonic()
            assert left > 0, f"{what!r} did not come; there was {self.text!r}"
            if not select.select([self._ours], [], [], left)[0]:
                continue
            try:
                read = os.read(self._ours, 65536)
            except OSError:
                read = b""
            if not read:
                assert what == "its end", f"{what!r} did not come; there was {self.text!r}"
                return
            self.shown += read.decode(errors="replace")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        os.close(self._ours)
