"""Environments of the published clients, one for each generation, built from hashed locks and kept in ``.cache``.

``python -m tests.clients.environments [usual | all | VERSION ...]`` builds them ahead of the tests.
"""

import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tests.environments import CACHE, Locked, build_named

ROOT = Path(__file__).parents[2]
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
    def name(self) -> str:
        """What it is called on a command line."""
        return self.version

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self._place.python

    @property
    def _place(self) -> Locked:
        lock = Path(__file__).with_name(f"kili-{self.version}.lock")
        return Locked(CACHE / "clients" / self.version, lock, AZURE_LOCK)

    def is_built(self) -> bool:
        """Whether it is there, whole, and made from the locks as they are now."""
        return self._place.is_built()

    def build(self) -> None:
        """Build it unless it is there; one process builds, others wait for it."""
        self._place.build()


class Ours(Environment):
    """Our own client, in the interpreter that runs the tests."""

    @property
    def python(self) -> Path:
        return Path(sys.executable)

    def is_built(self) -> bool:
        return True

    def build(self) -> None:
        return


_FIRST = frozenset({Can.USERS_BY_KEY, Can.KEEP_SCHEMA, Can.ACCOUNTS, Can.MEMBERS, Can.SUBSCRIBE, Can.PANDAS})
_2023 = _FIRST | {Can.DRY_RUN, Can.NOT_IN}
_2024 = _2023 | {Can.MANAGE_INTEGRATIONS, Can.CUSTOM_S3, Can.TELL_TYPES}
_2025 = _2024 | {Can.PATTERNS, Can.DELETED}
_2026 = _2025 - {Can.USERS_BY_KEY} | {Can.NAMESPACES}

OLDEST = Environment("2.135.0", _FIRST)

REFERENCE = Environment("2.145.2", _2023 | {Can.WHO})
"""The generation that the reference page shows."""

NEWEST = Environment("26.2.4", _2026 - {Can.PANDAS} | {Can.WHO, Can.JSON})

OURS = Ours("bucketlink", frozenset(Can) - {Can.KEEP_SCHEMA, Can.SUBSCRIBE}, "bucketlink.kili")

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


if __name__ == "__main__":
    sys.exit(build_named("the client", named, sys.argv[1:]))
