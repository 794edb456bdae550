"""Every error that Bucketlink raises on purpose. A message is one or two sentences and says what to do next.

::

    BucketlinkError
    ├── InvalidInput            what was asked makes no sense as it stands
    ├── NotFound                no such thing in the caller's organization
    ├── NotAllowed              the caller's role, or the operator's settings, forbid it
    ├── Conflict                it cannot be done to this thing in its present state
    │   └── GuardRefusal        it would remove too much; can be forced
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
    └── ServerError             a server answered with something that is not Bucketlink's protocol
"""


class BucketlinkError(Exception):
    """Base of every error here; ``code`` names its kind on the wire."""

    code = "INTERNAL"


class InvalidInput(BucketlinkError, ValueError):
    """What was asked makes no sense as it stands."""

    code = "BAD_USER_INPUT"


class NotFound(BucketlinkError, LookupError):
    """No such thing in the caller's organization."""

    code = "NOT_FOUND"


class NotAllowed(BucketlinkError):
    """The caller's role, or the operator's settings, forbid it."""

    code = "FORBIDDEN"


class Conflict(BucketlinkError):
    """It cannot be done to this thing in its present state."""

    code = "CONFLICT"


class GuardRefusal(Conflict):
    """It would remove too much at once; can be forced."""

    code = "GUARD_REFUSED"


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


class ServerError(BucketlinkError):
    """The server could not be reached, or what answered does not speak Bucketlink's protocol."""

    code = "SERVER"


class NoSuchMethod(BucketlinkError, AttributeError):
    """A script called for a method of `kili` that Bucketlink does not have."""

    code = "NO_SUCH_METHOD"
