"""Shapes of what the SDK takes and answers.

Ids are opaque texts; dates are texts like ``2026-01-31T12:00:00.000000Z`` (UTC). Below each field stands what it is.
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
    """The project's id."""


class ConnectionRef(TypedDict):
    """A connection, by its id."""

    id: str
    """The connection's id."""


class SynchronizedConnection(TypedDict):
    """A connection after synchronizing."""

    id: str
    """The connection's id."""
    numberOfAssets: int
    """How many assets the connection owns."""
    projectId: str
    """The id of the project that it brings them to."""


class SummaryRow(TypedDict):
    """Counts of differences, or of assets that a run changed."""

    added: int
    """Objects to add, or assets that were added."""
    removed: int
    """Assets to remove, or that were removed."""
    changed: int
    """Assets whose objects are others than they were, or that were renewed."""
    total: int
    """Added and removed, without changed."""


class ProjectRow(TypedDict):
    """A project, in short."""

    id: str
    """The project's id."""
    title: str
    """What people call it."""
    inputType: InputTypeName
    """The kind of data that it takes."""
    numberOfAssets: int
    """How many assets it has, of all connections."""


class DifferenceRow(TypedDict):
    """One difference between bucket and project."""

    type: DifferenceTypeName
    """ADD: an object that is no asset yet. REMOVE: an asset whose object is gone, or no longer selected. CHANGED: an
    asset whose object is another than it was."""
    bucketKey: str
    """The object's key, exactly."""
    size: int | None
    """Bytes of the object: for REMOVE as it was last seen, else as it is; None where nobody told."""
    dataAssetId: str | None
    """The asset's id; None for an object that is no asset yet."""


class FolderRow(TypedDict):
    """Differences below one folder, counted."""

    folder: str | None
    """The folder from the bucket's root on; the folder that was asked for itself, or ``""``, for keys in none below it;
    None for all the folders together that are too many to be answered, which have the fewest."""
    added: int
    """Objects to add."""
    removed: int
    """Assets to remove."""
    changed: int
    """Assets whose objects are others than they were."""


class WarningRow(TypedDict):
    """Something left out of a bucket, or selected of it and not there."""

    kind: str
    """A word for it, such as ``EMPTY_FOLDER`` or ``TOO_LONG``; ``TEXT`` where the sentence alone is known."""
    text: str
    """A sentence for people, with the number and an example."""
    count: int | None
    """Of how many objects, links, folders or patterns; None if nobody can know."""
    example: str | None
    """What one of them is called; None if nobody can know."""


class RunRow(TypedDict):
    """One check, computation, application or undoing."""

    id: str
    """The run's id."""
    kind: RunKindName
    """What it does: REMOVE removes a connection with its assets."""
    state: RunStateName
    """Where it stands; the last three are final."""
    connectionId: str | None
    """The connection that it is of; None for a check of an integration."""
    sourceRunId: str | None
    """The computation whose differences it applies, or the run that it undoes; else None."""
    types: list[DifferenceTypeName]
    """The types of differences that it applies; empty for what applies none."""
    objects: int
    """Objects that the listing of the bucket has shown so far."""
    expected: int | None
    """Objects that the listing is likely to show (COMPUTE), or assets likely to be changed; None if nobody can know."""
    share: float | None
    """How much is done, from 0 to 1, which only a run that succeeded reaches; None if nobody can know."""
    rate: float | None
    """Objects (COMPUTE) or assets a second, on average from ``startedAt`` to ``steppedAt``; None if nobody can know."""
    summary: SummaryRow
    """Differences found (COMPUTE), or assets changed, so far."""
    left: int
    """Assets that an undoing left alone, as something changed them later."""
    error: str | None
    """Why it failed or was cancelled, in a sentence; None if neither."""
    errorKind: str | None
    """The code of the error that it failed of, such as ``BUCKET_REFUSED``; None if nobody can know."""
    undoneBy: str | None
    """The run that has undone this one, or is at it; None where there is none, so that it may be undone."""
    createdAt: str
    """When it was asked for."""
    startedAt: str | None
    """When it began, or began anew; None while it waits."""
    steppedAt: str | None
    """When its counts were last true; None before the first."""
    finishedAt: str | None
    """When it ended; None before that."""


class UserEmail(TypedDict):
    """Whose something is."""

    email: str
    """The user's address."""


class UserRole(UserEmail):
    """Whose something is, and what they may do."""

    role: RoleName
    """ADMIN manages integrations, users and keys; USER works with projects and connections."""


class NewApiKey(TypedDict):
    """An API key that was just made."""

    id: str
    """The id of the key, which is no secret."""
    key: str
    """The key itself, which is never answered again."""
    expiryDate: str | None
    """When it expires."""
    user: UserRole
    """Whose key it is."""


class RevokedApiKey(TypedDict):
    """An API key that is accepted no more."""

    id: str
    """The id of the key."""
    name: str
    """What the key was called when it was made; its user's address, if nobody said otherwise."""
    revoked: bool
    """True."""
    user: UserEmail
    """Whose key it was."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a synchronization found and did.

    What was done is told by the runs that did it; another server of this wire tells only what was left to do.
    """

    connection_id: str
    """The connection's id."""
    project_id: str
    """The id of its project."""
    number_of_assets: int
    """How many assets the connection owns, after the fact."""
    found: SummaryRow
    """Differences that were found."""
    added: int
    """Assets that were added; 0 of a dry run, like the next two."""
    removed: int
    """Assets that were removed."""
    changed: int
    """Assets that were renewed."""
    warnings: "tuple[WarningRow, ...]" = ()
    """What was left out, and what is selected and not there."""


Activity: TypeAlias = Literal["waiting", "checking", "computing", "applying", "undoing", "removing"]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a wait has come."""

    activity: Activity
    """What is going on; ``waiting`` while another run has to end first."""
    done: int
    """Objects that the listing has shown (``computing``), or assets that were changed."""
    expected: int | None = None
    """How many they are likely to be in the end; None if nobody can know."""
    share: float | None = None
    """How much is done, from 0 to 1, which is reached at the end alone; None if nobody can know."""
    rate: float | None = None
    """Objects or assets a second; None if nobody can know."""
    behind: str | None = None
    """The id of the run that a waiting one waits for, if there is one."""

    @property
    def remaining(self) -> float | None:
        """Seconds that are left at this rate; None where nobody can know, as beyond what was expected."""
        left = (self.expected or 0) - self.done
        return left / self.rate if self.rate and left > 0 else None

    @property
    def title(self) -> str:
        """What is going on, in a word or a few."""
        if self.activity == "waiting":
            return f"Waiting for {self.behind} to end" if self.behind else "Waiting to be taken up"
        return self.activity.capitalize()


Observer: TypeAlias = Callable[[Progress], None]
"""Is called now and then during a wait."""
