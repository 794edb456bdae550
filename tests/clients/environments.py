"""Environments of the published clients, one for each generation, built from hashed locks and kept in ``.cache``.

``python -m tests.clients.environments [usual | all | VERSION ...]`` builds them ahead of the tests.
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
from enum import StrEnum
from pathlib import Path

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache" / "clients"
MARK = "built-from"
BUILD_LOCK = Path(__file__).with_name("build.lock")
"""What builds the packages that are published as sources alone."""
AZURE_LOCK = Path(__file__).with_name("azure.lock")
"""What the clients' own extra for Azure brings, beside what they have already."""


class Can(StrEnum):
    """What some generations have and others have not; the scenario scripts find it out by looking at their client."""

    DRY_RUN = "synchronize without changing anything"
    PATTERNS = "add connections with prefix, include and exclude"
    JSON = "ask for JSON files to be processed"
    NOT_IN = "leave assets out by id"
    MANAGE_INTEGRATIONS = "create, change and delete integrations"
    CUSTOM_S3 = "filter integrations by platform CustomS3"
    WHO = "ask who owns the key"
    NAMESPACES = "say storages.integrations and storages.connections"
    KEEP_SCHEMA = "keep the schema between two runs"
    ACCOUNTS = "list users, organizations and keys"
    MEMBERS = "list the members of a project"
    DELETED = "count projects that were deleted"
    PANDAS = "answer assets as a table"
    SUBSCRIBE = "be told of labels over a WebSocket"
    TELL_TYPES = "tell the content types of a container that they list themselves"
    USERS_BY_KEY = "find a user by an API key"


@dataclass(frozen=True, slots=True)
class Environment:
    """One generation of the client; its lock stands beside this file."""

    version: str
    can: frozenset[Can]
    module: str = "kili.client"
    """Where the class `Kili` is."""

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
        locks = b"".join(lock.read_bytes() for lock in (BUILD_LOCK, self.lock, AZURE_LOCK))
        made_of = locks + f"{sys.version}\n{self.directory}".encode()
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
                self._install("--no-deps", "--require-hashes", "-r", str(AZURE_LOCK))
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


class Ours(Environment):
    """Our own client, in the interpreter that runs the tests."""

    @property
    def python(self) -> Path:
        return Path(sys.executable)

    def is_built(self) -> bool:
        return True

    def build(self) -> Path:
        return self.python


_FIRST = frozenset({Can.USERS_BY_KEY, Can.KEEP_SCHEMA, Can.ACCOUNTS, Can.MEMBERS, Can.SUBSCRIBE, Can.PANDAS})
_2023 = _FIRST | {Can.DRY_RUN, Can.NOT_IN}
_2024 = _2023 | {Can.MANAGE_INTEGRATIONS, Can.CUSTOM_S3, Can.TELL_TYPES}
_2025 = _2024 | {Can.PATTERNS, Can.DELETED}
_2026 = _2025 - {Can.USERS_BY_KEY} | {Can.NAMESPACES}

OLDEST = Environment("2.135.0", _FIRST)

REFERENCE = Environment("2.145.2", _2023 | {Can.WHO})
"""The generation that the reference page shows."""

NEWEST = Environment("26.2.4", _2026 - {Can.PANDAS} | {Can.WHO, Can.JSON})

OURS = Ours("bucketlink", frozenset(Can) - {Can.KEEP_SCHEMA, Can.PANDAS, Can.SUBSCRIBE}, "bucketlink.kili")

ALL = (
    OLDEST,
    REFERENCE,
    Environment("2.160.4", _2024),
    Environment("2.176.1", _2025),
    Environment("25.2.10", _2026),
    NEWEST,
)
USUAL = (OLDEST, REFERENCE, NEWEST)


def named(names: list[str]) -> list[Environment]:
    """The environments of these names, each once; ``usual`` and ``all`` stand for several, ours among them."""
    several = {"usual": [*USUAL, OURS], "all": [*ALL, OURS]}
    known = {environment.version: [environment] for environment in (*ALL, OURS)}
    found = {environment: None for name in names for environment in (several | known)[name]}
    return list(found)


@contextmanager
def _alone(name: str) -> Iterator[None]:
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def main(names: list[str]) -> int:
    """Build the environments of these names, or the usual ones; returns the exit status."""
    try:
        wanted = named(names or ["usual"])
    except KeyError as unknown:
        known = ", ".join(["usual", "all", *(environment.version for environment in ALL)])
        print(f"There is no environment {unknown}; there are {known}.", file=sys.stderr)  # noqa: T201 - asked for by hand
        return 2
    for environment in wanted:
        if not environment.is_built():
            print(f"Installing the client {environment.version} (once) ...", flush=True)  # noqa: T201 - asked for by hand
        environment.build()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
