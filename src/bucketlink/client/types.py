"""Shapes of what the SDK takes and answers.

Ids are opaque texts; dates have the form ``2026-01-31T12:00:00.000000Z``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, TypedDict

PlatformName: TypeAlias = Literal["AWS", "Azure", "GCP", "CustomS3", "Folder"]
StatusName: TypeAlias = Literal["CONNECTED", "DISCONNECTED", "CHECKING"]
InputTypeName: TypeAlias = Literal["IMAGE", "VIDEO", "PDF", "TEXT"]
AnyInputTypeName: TypeAlias = Literal[
    "IMAGE", "VIDEO", "PDF", "TEXT", "AUDIO", "GEOSPATIAL", "LLM_INSTR_FOLLOWING", "LLM_RLHF", "LLM_STATIC"
]
"""What scripts name as a project's kind of data; Bucketlink has projects of the first four."""
RoleName: TypeAlias = Literal["ADMIN", "USER"]
DifferenceTypeName: TypeAlias = Literal["ADD", "REMOVE", "CHANGED"]
RunKindName: TypeAlias = Literal["CHECK", "COMPUTE", "APPLY", "UNDO", "REMOVE"]
RunStateName: TypeAlias = Literal["QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"]

Texts: TypeAlias = list[str] | tuple[str, ...]

FieldNames: TypeAlias = list[str] | tuple[str, ...]
"""Names of fields to ask for; ``a.b`` is field b of the object in field a."""

JsonInterface: TypeAlias = dict[str, Any] | str
"""A project's annotation interface, or the JSON text of it."""

Row: TypeAlias = dict[str, Any]
"""The fields asked for, by their names on the wire."""


class ProjectRef(TypedDict):
    """A project, by its id."""

    id: str


class ConnectionRef(TypedDict):
    """A connection, by its id."""

    id: str


class SynchronizedConnection(TypedDict):
    """A connection after synchronizing; ``numberOfAssets`` counts the assets that it owns."""

    id: str
    numberOfAssets: int
    projectId: str


class SummaryRow(TypedDict):
    """Counts of differences; ``total`` is added and removed, without changed."""

    added: int
    removed: int
    changed: int
    total: int


class ProjectRow(TypedDict):
    """A project, in short."""

    id: str
    title: str
    inputType: InputTypeName
    numberOfAssets: int


class DifferenceRow(TypedDict):
    """One published difference; ``dataAssetId`` is None for an object that is no asset yet."""

    type: DifferenceTypeName
    bucketKey: str
    size: int
    dataAssetId: str | None


class FolderRow(TypedDict):
    """Differences below one first segment of keys; ``""`` stands for keys without a slash."""

    folder: str
    added: int
    removed: int
    changed: int


class RunRow(TypedDict):
    """One check, computation, application or undoing."""

    id: str
    kind: RunKindName
    state: RunStateName
    connectionId: str | None
    sourceRunId: str | None
    types: list[DifferenceTypeName]
    objects: int
    summary: SummaryRow
    left: int
    error: str | None
    createdAt: str
    startedAt: str | None
    finishedAt: str | None


class UserEmail(TypedDict):
    """Whose something is."""

    email: str


class NewApiKey(TypedDict):
    """An API key that was just made. The key itself is never answered again."""

    id: str
    key: str
    expiryDate: str | None
    user: UserEmail


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a synchronization found and did; of a dry run, found only (the counts of what was done are 0)."""

    connection_id: str
    project_id: str
    number_of_assets: int
    found: SummaryRow
    added: int
    removed: int
    changed: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a wait has come: objects that the listing has shown, or assets that were changed."""

    activity: Literal["computing", "applying", "undoing", "removing"]
    done: int


Observer: TypeAlias = Callable[[Progress], None]
"""Is called now and then during a wait."""
