"""Environments of the published clients, one for each generation, built from hashed locks and kept in ``.cache``.

``python -m tests.clients.environments [VERSION ...]`` builds them ahead of the tests.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache" / "clients"
MARK = "built-from"
BUILD_LOCK = Path(__file__).with_name("build.lock")
"""What builds the packages that are published as sources alone."""


@dataclass(frozen=True, slots=True)
class Environment:
    """One generation of the client; its lock stands beside this file."""

    version: str

    @property
    def lock(self) -> Path:
        """Every package that the client needs, with hashes."""
        return Path(__file__).with_name(f"kili-{self.version}.lock")

    @property
    def directory(self) -> Path:
        """Where the environment is."""
        return CACHE / self.version

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.directory / "bin" / "python"

    @property
    def digest(self) -> str:
        """What the environment depends on: the lock, and the Python that it is made with."""
        made_of = BUILD_LOCK.read_bytes() + self.lock.read_bytes() + f"{sys.version}\n{self.directory}".encode()
        return hashlib.sha256(made_of).hexdigest()

    def is_built(self) -> bool:
        """Whether it is there, whole, and made from the lock as it is now."""
        mark = self.directory / MARK
        return mark.is_file() and mark.read_text("ascii") == self.digest

    def build(self) -> Path:
        """Build it unless it is there; returns its interpreter. One process builds, others wait for it."""
        with _alone(self.version):
            if not self.is_built():
                shutil.rmtree(self.directory, ignore_errors=True)
                venv.create(self.directory, with_pip=True)
                self._install("--require-hashes", "-r", str(BUILD_LOCK))
                self._install("--no-deps", "--no-build-isolation", "--require-hashes", "-r", str(self.lock))
                (self.directory / MARK).write_text(self.digest, "ascii")
        return self.python

    def _install(self, *requirements: str) -> None:
        done = subprocess.run(
            [self.python, "-m", "pip", "--disable-pip-version-check", "--quiet", "install", *requirements],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        )
        if done.returncode:
            raise RuntimeError(f"The client {self.version} could not be installed:\n{done.stderr[-2000:]}")


REFERENCE = Environment("2.145.2")
"""The generation that the reference page shows."""

ALL = (REFERENCE,)


@contextmanager
def _alone(name: str) -> Iterator[None]:
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def main(versions: list[str]) -> int:
    """Build the environments of these versions, or all; returns the exit status."""
    known = {environment.version: environment for environment in ALL}
    for version in versions or known:
        if version not in known:
            print(  # noqa: T201 - asked for by hand
                f"There is no environment {version}; there are {', '.join(known)}.", file=sys.stderr
            )
            return 2
        if not known[version].is_built():
            print(f"Installing the client {version} (once) ...", flush=True)  # noqa: T201 - asked for by hand
        known[version].build()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
