"""Runs what a document shows, as a reader would: block after block, in one home directory.

- ``console``: each line behind ``$`` is a command, and what follows is what it prints; hints on standard error, which
  come behind the result, may be left out. Nothing below a command: nothing is compared. A command succeeds, unless what
  is shown ends with a line of ``bucketlink: …``, or with an error as JSON.
- ``python``: all blocks of a document share their names. A block of ``text`` right behind is what it prints.
- ``cron``: the command of a line, in the environment that cron gives it.
- ``sh`` and ``ini`` are other people's programs: they are not run (`tests.unit.test_docs` reads them).

``…`` stands for anything within a line, and as a line for any lines.
"""

import io
import os
import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bucketlink import Client
from bucketlink.cli import main
from tests.unit.documents import Block, blocks

CRON = {"PATH": "/usr/bin:/bin", "SHELL": "/bin/sh"}
_PLAIN = re.compile(r"bucketlink [^|&;<>$~*?`(){}\\]+")
"""A command line in which a shell has nothing to do but to take off quotes."""


@dataclass(frozen=True, slots=True)
class Done:
    """What a command did."""

    status: int
    result: str
    hints: str

    @property
    def shown(self) -> str:
        """What a terminal shows."""
        return self.result + self.hints


@dataclass(slots=True)
class Session:
    """One reader at a terminal; ``instead`` says what is run instead of parts of what is shown."""

    patch: pytest.MonkeyPatch
    home: Path
    instead: Mapping[str, str] = field(default_factory=dict)
    _names: dict[str, object] = field(default_factory=dict)

    def open(self, programs: Path) -> None:
        """Set up an environment with nothing of ours in it but the programs."""
        for name in os.environ:
            if name.startswith(("BUCKETLINK_", "KILI_", "XDG_")) or name in {"COLUMNS", "FORCE_COLOR"}:
                self.patch.delenv(name)
        self.patch.setenv("HOME", str(self.home))
        self.patch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
        self.patch.chdir(self.home)

    def close(self) -> None:
        """Close the clients that the document opened and left."""
        for value in self._names.values():
            if isinstance(value, Client):
                value.close()
        self._names.clear()

    def read(self, document: Path) -> None:
        """Do everything that a document shows."""
        shown = blocks(document)
        for block, after in zip(shown, [*shown[1:], None], strict=True):
            if block.language == "console":
                for command, expected in commands(block.text):
                    self.type(command, expected)
            elif block.language == "python":
                is_output = after is not None and after.language == "text"
                self.execute(block, after.text if after is not None and is_output else "")
            elif block.language == "cron":
                self.schedule(block.text)

    def type(self, command: str, expected: str) -> None:
        """Run a command, and compare what it prints."""
        for shown, run in self.instead.items():
            command = command.replace(shown, run)
        done = self._inside(command) if _PLAIN.fullmatch(command) else self._shell(command)
        fails = expected.rstrip().rpartition("\n")[2].startswith(("bucketlink: ", '{"error": '))
        assert bool(done.status) == fails, f"$ {command}\n{done.shown}"
        if expected:
            is_so = matches(expected, done.result) or matches(expected, done.shown)
            assert is_so, f"$ {command}\n{done.shown}\nis shown as\n{expected}"

    def execute(self, block: Block, expected: str) -> None:
        """Run Python, and compare what it prints."""
        out = io.StringIO()
        code = compile("\n" * (block.line - 1) + block.text, str(block.document), "exec")
        with redirect_stdout(out):
            exec(code, self._names)  # noqa: S102 - it is what the document tells people to do
        if expected:
            assert matches(expected, out.getvalue()), f"{block.text}\nprints\n{out.getvalue()}"

    def schedule(self, table: str) -> None:
        """Run the commands of a table of cron, with its short environment."""
        for line in table.splitlines():
            if line and not line.startswith("#"):
                *_, command = line.split(None, 5)
                assert "%" not in command, "cron reads % as the end of a line"
                environment = {**CRON, "HOME": str(self.home)}
                subprocess.run(["/bin/sh", "-c", command], env=environment, cwd=self.home, check=True, timeout=120)

    def _inside(self, command: str) -> Done:
        """Run a command of ours in this process, which saves its loading."""
        # An export writes to the buffers below.
        streams = [io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2)]
        with redirect_stdout(streams[0]), redirect_stderr(streams[1]):
            status = main(shlex.split(command, comments=True)[1:])
        result, hints = (stream.detach().getvalue().decode() for stream in streams)
        return Done(status, result, hints)

    def _shell(self, command: str) -> Done:
        """Run a command in a shell, which hands its variables and its directory on to the next."""
        after = self.home / ".after"
        script = f"{command}\nstatus=$?; {{ pwd; env -0; }} > {shlex.quote(str(after))}; exit $status"
        done = subprocess.run(
            ["bash", "-c", script],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        directory, _, variables = after.read_text("utf-8").partition("\n")
        after.unlink()
        for variable in variables.split("\0"):
            name, is_one, value = variable.partition("=")
            if is_one and name not in {"_", "SHLVL", "PWD", "OLDPWD"}:
                self.patch.setenv(name, value)
        self.patch.chdir(directory)
        return Done(done.returncode, done.stdout, done.stderr)


def commands(console: str) -> Iterator[tuple[str, str]]:
    """The commands of a block, each with what is shown below it."""
    for part in re.split(r"^\$ ", console, flags=re.MULTILINE)[1:]:
        lines = part.splitlines()
        length = next((n for n, line in enumerate(lines, 1) if not line.endswith("\\")), len(lines))
        yield "\n".join(lines[:length]), "\n".join(lines[length:]).strip("\n")


def matches(expected: str, shown: str) -> bool:
    """Whether a text is as it is shown, but for ``…`` and blanks at the end of lines."""
    pattern = "".join(
        "(?:.*\n)*" if line.strip() == "…" else ".*".join(map(re.escape, line.rstrip().split("…"))) + "\n"
        for line in expected.splitlines()
    )
    text = "".join(f"{line.rstrip()}\n" for line in shown.strip("\n").splitlines())
    return re.fullmatch(pattern, text) is not None
