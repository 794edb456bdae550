"""Virtual environments that are built from hashed locks and kept in ``.cache``."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

CACHE = Path(__file__).parents[1] / ".cache"
MARK = "built-from"
BUILD_LOCK = Path(__file__).with_name("clients") / "build.lock"
"""What builds the packages that are published as sources alone."""


class Buildable(Protocol):
    """What can be built ahead of its use."""

    @property
    def name(self) -> str:
        """What it is called on a command line."""
        ...

    def is_built(self) -> bool:
        """Whether it is there, whole, and as it is to be now."""
        ...

    def build(self) -> None:
        """Build it unless it is there; one process builds, others wait for it."""
        ...


class Locked:
    """An environment of Python.

    Args:
        directory: where it is.
        locks: every package that it holds, with hashes, but for those that build others.

    """

    def __init__(self, directory: Path, *locks: Path) -> None:
        self.directory = directory
        self._locks = locks

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.directory / "bin" / "python"

    @property
    def digest(self) -> str:
        """What it depends on: the locks, and the Python that it is made with."""
        made_of = b"".join(lock.read_bytes() for lock in (BUILD_LOCK, *self._locks))
        return hashlib.sha256(made_of + f"{sys.version}\n{self.directory}".encode()).hexdigest()

    def is_built(self) -> bool:
        """Whether it is there, whole, and made from the locks as they are now."""
        mark = self.directory / MARK
        return mark.is_file() and mark.read_text("ascii") == self.digest

    def build(self) -> None:
        """Build it unless it is there; one process builds, others wait for it."""
        with alone(self.directory):
            if self.is_built():
                return
            shutil.rmtree(self.directory, ignore_errors=True)
            venv.create(self.directory, with_pip=True)
            self._install("-r", str(BUILD_LOCK))
            for lock in self._locks:
                self._install("--no-deps", "--no-build-isolation", "-r", str(lock))
            (self.directory / MARK).write_text(self.digest, "ascii")

    def _install(self, *requirements: str) -> None:
        pip = [str(self.python), "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
        installed(self.directory.name, *pip, "--require-hashes", *requirements)


@contextmanager
def alone(directory: Path) -> Iterator[None]:
    """Keep other processes from building what is in a directory."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    with directory.with_name(f"{directory.name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def installed(name: str, *command: str) -> None:
    """Run a command that installs something; raises RuntimeError with what it says if it fails."""
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        env=variables | {"DEBIAN_FRONTEND": "noninteractive"},
    )
    if done.returncode:
        raise RuntimeError(f"{name} could not be installed:\n{done.stderr[-2000:]}")


def build_named(what: str, named: Callable[[list[str]], Sequence[Buildable]], names: list[str]) -> int:
    """Build, for a command line, the environments of some names, or the usual ones; returns the exit status."""
    try:
        wanted = named(names or ["usual"])
    except KeyError as unknown:
        known = ", ".join(["usual", "all", *(environment.name for environment in named(["all"]))])
        print(f"There is no environment {unknown}; there are {known}.", file=sys.stderr)  # noqa: T201 - asked for by hand
        return 2
    for environment in wanted:
        if not environment.is_built():
            print(f"Installing {what} {environment.name} (once) ...", flush=True)  # noqa: T201 - asked for by hand
        environment.build()
    return 0
