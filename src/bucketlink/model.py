"""The nouns: what Bucketlink speaks of, without any I/O.

Keys are exact: a key is the sequence of characters that the bucket holds, and two keys compare by their UTF-8
bytes, which is the order of Python's ``str``. Times are integers, milliseconds since 1970 (UTC). Ids are positive
integers inside; the API shows them as opaque strings.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

from bucketlink.notices import Notice

MAX_KEY_BYTES = 1024
"""The longest key that a bucket may hold, in bytes of UTF-8 (the limit of S3, GCS and Azure)."""
MOST_UNFINISHED = 0.99
"""The share of a run that has done all that was expected of it, and has not succeeded yet."""


class Platform(StrEnum):
    """Where a bucket lives. ``FOLDER`` is a directory of the server's own machine."""

    AWS = "AWS"
    AZURE = "Azure"
    GCP = "GCP"
    CUSTOM_S3 = "CustomS3"
    FOLDER = "Folder"


class Status(StrEnum):
    """Whether an integration's bucket answered when it was last checked."""

    CONNECTED = "CONNECTED"
    DISCONNECTED = "DISCONNECTED"
    CHECKING = "CHECKING"


class Role(StrEnum):
    """ADMIN manages integrations, users and keys; USER works with projects, connections and assets."""

    ADMIN = "ADMIN"
    USER = "USER"


class InputType(StrEnum):
    """The kind of data that a project annotates."""

    IMAGE = "IMAGE"
    VIDEO = "VIDEO"
    PDF = "PDF"
    TEXT = "TEXT"


class DifferenceType(IntEnum):
    """What to do to bring a project in step. The numbers are stored."""

    ADD = 1
    REMOVE = 2
    CHANGED = 3
    ADOPT = 4
    """An asset without owner that the connection selects; taken over when a computation publishes, never shown."""
    LEARN = 5
    """What a listing newly tells of an asset whose object is the same; taken over like ADOPT, never shown."""


class RunKind(StrEnum):
    """What a run does."""

    CHECK = "CHECK"
    COMPUTE = "COMPUTE"
    APPLY = "APPLY"
    UNDO = "UNDO"
    REMOVE = "REMOVE"
    """Removes a connection's assets, and then the connection."""


class RunState(StrEnum):
    """Where a run stands. The last three are final."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"

    @property
    def is_final(self) -> bool:
        """Whether nothing more will happen to the run."""
        return self in {RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: a user of an organization, known by an API key or as the local administrator."""

    organization_id: int
    user_id: int
    email: str
    role: Role
    api_key_id: int | None = None


@dataclass(frozen=True, slots=True)
class Project:
    """A project in which assets are annotated; ``number_of_assets`` is kept with every change of its rows.

    ``properties`` are settings of annotation that clients keep here and Bucketlink does not use, by their wire names.
    """

    id: int
    organization_id: int
    title: str
    description: str
    input_type: InputType
    json_interface: str
    archived: bool
    number_of_assets: int
    created_at: int
    updated_at: int
    properties: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which objects a connection wants; ``None`` stands for "not given".

    ``selected_folders=None`` takes everything and ``()`` takes nothing; ``include``, ``exclude`` and ``prefix`` that
    are empty are as not given. A prefix replaces the folders.
    """

    selected_folders: tuple[str, ...] | None = None
    prefix: str | None = None
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Restriction:
    """What an integration lets any of its connections see.

    ``allowed_paths=None`` is everything, ``()`` is nothing. Where paths or folders restrict, keys without ``/``
    count only if ``include_root_files``.
    """

    allowed_paths: tuple[str, ...] | None = None
    include_root_files: bool = False


@dataclass(frozen=True, slots=True)
class Credentials:
    """What opens a bucket, all of it secret. Never printed: the representation shows only which values are there.

    S3 takes an access key with its secret key, and a session token where they are temporary. Azure takes the key of a
    storage account, a SAS token, or the secret of a service principal; Google Cloud Storage the JSON text of a service
    account's key.
    """

    access_key: str | None = None
    secret_key: str | None = None
    session_token: str | None = None
    account_key: str | None = None
    sas_token: str | None = None
    client_secret: str | None = None
    service_account_key: str | None = None

    def __repr__(self) -> str:
        given = [name for name in self.__slots__ if getattr(self, name)]
        return f"Credentials({', '.join(f'{name}=***' for name in given)})"

    @property
    def is_anonymous(self) -> bool:
        """Whether nothing was given, which means anonymous access."""
        return not any(getattr(self, name) for name in self.__slots__)


@dataclass(frozen=True, slots=True)
class BucketAddress:
    """Which bucket: its name (for Azure a container, for ``FOLDER`` a directory), and where it is.

    ``endpoint`` is the address of a server that speaks S3, of Google Cloud Storage if it is not the usual one, or of
    an Azure storage account (``https://account.blob.core.windows.net``). ``access_point`` is the ARN through which a
    bucket of AWS is reached instead of by its name, which may then be empty.
    """

    platform: Platform
    bucket: str
    endpoint: str | None = None
    region: str | None = None
    access_point: str | None = None


@dataclass(frozen=True, slots=True)
class Access:
    """How a bucket is reached, and as whom, beside its credentials. Nothing of it is secret.

    Attributes:
        role_arn: the role of AWS to assume before reading.
        external_id: what Bucketlink says when it assumes a role: one for each organization, made by Bucketlink.
        requester_pays: whether the one who reads pays, and agrees to it (AWS).
        virtual_host: whether the bucket is a part of the host's name rather than of the path (CustomS3).
        ca_certificates: certificates in PEM that the server's own is verified by, instead of the machine's (CustomS3).
        tenant_id: the directory of an Azure identity.
        client_id: the service principal, or the managed identity that was assigned by a user (Azure).
        server_identity: whether the server's own identity reads the bucket, where its operator allows that.
        client_lists: whether clients list the container and send what they found (Azure's service credentials).

    """

    role_arn: str | None = None
    external_id: str | None = None
    requester_pays: bool = False
    virtual_host: bool = False
    ca_certificates: str | None = None
    tenant_id: str | None = None
    client_id: str | None = None
    server_identity: bool = False
    client_lists: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """What trying a bucket that can be listed has shown.

    ``warning`` says what else does not work, such as reading an object; None if all does. ``region`` is where the
    bucket was found to be.
    """

    warning: str | None = None
    region: str | None = None


@dataclass(frozen=True, slots=True)
class Integration:
    """A bucket and how to reach it, usable in any allowed project of its organization (None: in all).

    ``revision`` moves whenever address, access, restriction or credentials change, so that a computation can tell.
    ``found_region`` is where a check found the bucket to be.
    """

    id: int
    organization_id: int
    name: str
    address: BucketAddress
    access: Access
    restriction: Restriction
    allowed_projects: tuple[int, ...] | None
    internal_processing_authorized: bool
    status: Status
    reason: str | None
    checked_at: int | None
    found_region: str | None
    revision: int
    created_at: int
    updated_at: int


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts of published differences. ``total`` is what existing clients count: CHANGED is beside it."""

    added: int = 0
    removed: int = 0
    changed: int = 0

    @property
    def total(self) -> int:
        """Objects to add and assets to remove."""
        return self.added + self.removed


@dataclass(frozen=True, slots=True)
class Connection:
    """An integration used in a project, with its selection, its published differences and how it fares."""

    id: int
    organization_id: int
    project_id: int
    integration_id: int
    selection: Selection
    json_processing: bool
    number_of_assets: int
    published_run_id: int | None
    summary: Summary
    last_checked_at: int | None
    is_checking: bool
    is_applying: bool
    error: str | None
    notices: tuple[Notice, ...]
    created_at: int
    updated_at: int


@dataclass(frozen=True, slots=True)
class Asset:
    """An object imported in a project. Its key is its ``externalId``; its id is its own for life.

    ``connection_id`` is that of its owner, None where the connection that brought it is gone. ``archived`` is the
    storage class that its object has to be restored from before it can be read, None where it can be read at once.
    """

    id: int
    project_id: int
    integration_id: int
    connection_id: int | None
    key: str
    size: int
    etag: str
    modified_at: int | None
    content_type: str | None
    archived: str | None
    created_at: int
    updated_at: int


@dataclass(frozen=True, slots=True)
class Difference:
    """One object to add, one asset to remove, or one asset whose object is another than it was."""

    type: DifferenceType
    key: str
    size: int
    etag: str
    modified_at: int | None = None
    content_type: str | None = None
    archived: str | None = None
    asset_id: int | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """One check, computation, application or undoing; kept as history.

    ``objects`` counts what the listing showed so far; ``summary`` what was found (COMPUTE) or done (APPLY, UNDO);
    ``left`` what an undo did not touch since something else changed it later. ``source_run_id`` is the computation
    whose differences are applied, or the run that is undone; ``revision`` that of the integration which was read.
    ``undone_by`` is the undoing of this run that is queued, running or done; None where there is none, or none that
    succeeded. ``error_kind`` is the code of the error that it failed of, None where that is not known.

    ``attempt`` counts how often the run was taken up. ``expected`` is what ``done`` is likely to be in the end: the
    objects that the last computation of the same selection saw, the differences that were left when the application
    began, what the run undone had done, the assets of the connection that is removed; None where nobody can know.
    A computation that begins anew sets ``started_at`` anew; ``stepped_at`` is when the counts were last true.
    """

    id: int
    organization_id: int
    kind: RunKind
    state: RunState
    integration_id: int | None
    project_id: int | None
    connection_id: int | None
    source_run_id: int | None
    revision: int | None
    types: tuple[DifferenceType, ...]
    attempt: int
    objects: int
    expected: int | None
    summary: Summary
    left: int
    error: str | None
    error_kind: str | None
    undone_by: int | None
    created_at: int
    started_at: int | None
    stepped_at: int | None
    finished_at: int | None

    @property
    def done(self) -> int:
        """Objects seen (COMPUTE), or assets changed."""
        return self.objects if self.kind is RunKind.COMPUTE else self.summary.total + self.summary.changed

    @property
    def share(self) -> float | None:
        """How much of the run is done, from 0 to 1, which only a run that succeeded reaches; None if nobody can know.

        It stays below 1 until then, since buckets grow beyond what was expected of them.
        """
        if self.state is RunState.SUCCEEDED:
            return 1.0
        return min(self.done / self.expected, MOST_UNFINISHED) if self.expected else None

    @property
    def rate(self) -> float | None:
        """Objects (COMPUTE) or assets a second, on average from the start to the last step; None before the first.

        None too of a run that was taken up again: how long nobody worked on it is not kept.
        """
        if self.attempt != 1 or not self.done or self.started_at is None or self.stepped_at is None:
            return None
        took = self.stepped_at - self.started_at
        return self.done * 1000 / took if took > 0 else None
