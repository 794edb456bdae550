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
    """One check, computation, application or undoing.

    ``objects`` counts what the listing has shown; ``expected`` is how many it is likely to show (COMPUTE), or how many
    assets are likely to be changed. ``share`` is how much is done, from 0 to 1; only a run that succeeded reaches 1.
    ``rate`` is per second, on average from ``startedAt`` to ``steppedAt``, when the counts were last true. Each of the
    three is None where it cannot be known.
    """

    id: str
    kind: RunKindName
    state: RunStateName
    connectionId: str | None
    sourceRunId: str | None
    types: list[DifferenceTypeName]
    objects: int
    expected: int | None
    share: float | None
    rate: float | None
    summary: SummaryRow
    left: int
    error: str | None
    createdAt: str
    startedAt: str | None
    steppedAt: str | None
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
    """What a synchronization found and did; of a dry run, found only (the counts of what was done are 0).

    What was done is told by the runs that did it; another server of this wire tells only what was left to do.
    """

    connection_id: str
    project_id: str
    number_of_assets: int
    found: SummaryRow
    added: int
    removed: int
    changed: int


Activity: TypeAlias = Literal["waiting", "checking", "computing", "applying", "undoing", "removing"]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a wait has come: objects that the listing has shown, or assets that were changed.

    ``expected`` is how many they are likely to be in the end, ``share`` how much is done, below 1, and ``rate`` how
    many are done a second; None where that cannot be known. ``behind`` is the run that a waiting one waits for.
    """

    activity: Activity
    done: int
    expected: int | None = None
    share: float | None = None
    rate: float | None = None
    behind: str | None = None

    @property
    def remaining(self) -> float | None:
        """Seconds that are left at this rate; None where nobody can know, as beyond what was expected."""
        left = (self.expected or 0) - self.done
        return left / self.rate if self.rate and left > 0 else None

    @property
    def title(self) -> str:
        """What is going on, in a word or a few."""
        return f"Waiting for {self.behind} to end" if self.behind else self.activity.capitalize()


Observer: TypeAlias = Callable[[Progress], None]
"""Is called now and then during a wait."""
