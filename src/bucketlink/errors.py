"""Every error that Bucketlink raises on purpose. A message is one or two sentences and says what to do next.

::

    BucketlinkError
    ├── InvalidInput            what was asked makes no sense as it stands
    ├── NotFound                no such thing in the caller's organization
    ├── NotAllowed              the caller's role, or the operator's settings, forbid it
    ├── Conflict                it cannot be done to this thing in its present state
    │   └── GuardRefusal        it would remove too much; can be forced. `removed`, `owned`
    ├── NotAuthenticated        no valid API key
    ├── BucketError             the bucket could not be read
    │   ├── BucketNotFound      it does not exist
    │   ├── BucketRefused       its owner refuses these credentials
    │   ├── BucketUnreachable   no connection, or no answer in time
    │   ├── BucketUnavailable   it answered that it cannot answer now, again and again
    │   └── BucketMisbehaved    its answer breaks the protocol, or was cut short
    ├── SealingError            no usable key to seal or open credentials
    ├── NoSuchMethod            a script called for a method of `kili` that Bucketlink does not have
    ├── DataDirectoryError      the data directory or its database cannot be used
    ├── WrongArgumentType       an argument has another type than the method takes (`bucketlink.client.wrong_type`)
    ├── RunFailed               a run that was waited for was cancelled, or failed as nobody expected. `run`
    ├── StillRunning            a run has not ended in the time that it was given, and goes on. `run`
    └── ServerError             a server answered with something that is not Bucketlink's protocol. `status`
        └── ServerUnreachable   no connection, or no answer in time

InvalidInput is a ValueError too, NotFound a LookupError and a ValueError, NoSuchMethod an AttributeError,
WrongArgumentType a TypeError and StillRunning a TimeoutError. Where a run was waited for, as a synchronization waits
for several, whatever made it fail is raised in its own kind, and `run` is the run as it ended.
"""

from collections.abc import Mapping
from typing import Any, ClassVar


class BucketlinkError(Exception):
    """Base of every error here; ``code`` names its kind on the wire. Each can be made of its sentence alone."""

    code = "INTERNAL"
    details: ClassVar[tuple[str, ...]] = ()
    """Attributes, numbers or None, that go over the wire beside the sentence."""
    run: Mapping[str, Any] | None = None
    """The `bucketlink.client.types.RunRow` of the run that failed so and was waited for; None where there is none."""

    @property
    def context(self) -> dict[str, int]:
        """Those of `details` that are known."""
        return {name: value for name in self.details if (value := getattr(self, name)) is not None}


class InvalidInput(BucketlinkError, ValueError):
    """What was asked makes no sense as it stands."""

    code = "BAD_USER_INPUT"


class NotFound(BucketlinkError, LookupError, ValueError):
    """No such thing in the caller's organization."""

    code = "NOT_FOUND"


class NotAllowed(BucketlinkError):
    """The caller's role, or the operator's settings, forbid it."""

    code = "FORBIDDEN"


class Conflict(BucketlinkError):
    """It cannot be done to this thing in its present state."""

    code = "CONFLICT"


class GuardRefusal(Conflict):
    """It would remove too much at once; can be forced.

    Attributes:
        removed: assets that would go; None where that is not told.
        owned: assets that the connection has; None where that is not told.

    """

    code = "GUARD_REFUSED"
    details = ("removed", "owned")

    def __init__(self, message: str, *, removed: int | None = None, owned: int | None = None) -> None:
        super().__init__(message)
        self.removed = removed
        self.owned = owned


class NotAuthenticated(BucketlinkError):
    """No valid API key came with the request."""

    code = "UNAUTHENTICATED"


class BucketError(BucketlinkError):
    """The bucket could not be read."""

    code = "BUCKET_ERROR"


class BucketNotFound(BucketError):
    """The bucket, or the directory, does not exist."""

    code = "BUCKET_NOT_FOUND"


class BucketRefused(BucketError):
    """The bucket's owner refuses these credentials, or an operator's setting refuses the bucket's address."""

    code = "BUCKET_REFUSED"


class BucketUnreachable(BucketError):
    """No connection, or no answer in time."""

    code = "BUCKET_UNREACHABLE"


class BucketUnavailable(BucketError):
    """The bucket answered that it cannot answer now, until patience ran out."""

    code = "BUCKET_UNAVAILABLE"


class BucketMisbehaved(BucketError):
    """The bucket's answer breaks the protocol, or was cut short."""

    code = "BUCKET_MISBEHAVED"


class SealingError(BucketlinkError):
    """There is no usable key to seal or open credentials."""

    code = "SEALING"


class DataDirectoryError(BucketlinkError):
    """The data directory or its database cannot be used."""

    code = "DATA_DIRECTORY"


class RunFailed(BucketlinkError):
    """A run that was waited for was cancelled, or failed for a reason of no other kind; the sentence is its own.

    Attributes:
        run: the `bucketlink.client.types.RunRow` as it ended.

    """

    code = "RUN_FAILED"

    def __init__(self, message: str, run: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.run = run


class StillRunning(BucketlinkError, TimeoutError):
    """A run has not ended in the time that it was given. It goes on, and can be waited for again.

    Attributes:
        run: the `bucketlink.client.types.RunRow` as it was last seen.

    """

    code = "STILL_RUNNING"

    def __init__(self, message: str, run: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.run = run


class ServerError(BucketlinkError):
    """What answered does not speak Bucketlink's protocol, or nothing did.

    Attributes:
        status: the answer's HTTP status; None where there was no answer, or none over HTTP.

    """

    code = "SERVER"

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class ServerUnreachable(ServerError):
    """No connection to the server, or no answer in time."""

    code = "SERVER_UNREACHABLE"


class NoSuchMethod(BucketlinkError, AttributeError):
    """A script called for a method of `kili` that Bucketlink does not have."""

    code = "NO_SUCH_METHOD"


def kinds() -> dict[str, type[BucketlinkError]]:
    """Every kind of error that is loaded, by its code."""
    return _below(BucketlinkError)


def kind_of_failure(code: str | None, otherwise: type[BucketlinkError]) -> type[BucketlinkError]:
    """What to raise of a run that failed of an error with this code: RunFailed where nobody expected it.

    ``otherwise`` is what to raise where none was kept, as of runs that failed under an earlier release.
    """
    if not code:
        return otherwise
    kind = kinds().get(code, RunFailed)
    return RunFailed if kind is BucketlinkError else kind


def _below(root: type[BucketlinkError]) -> dict[str, type[BucketlinkError]]:
    found = {root.code: root}
    for kind in root.__subclasses__():
        # One that has no code of its own is its base to whoever reads the code.
        found = _below(kind) | found
    return found
