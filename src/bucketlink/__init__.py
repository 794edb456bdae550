"""Bucketlink keeps annotation projects in step with the cloud buckets where their data lives.

What takes time to load, `Client` above all, is loaded when it is first asked for.
"""

from typing import TYPE_CHECKING

from bucketlink.errors import (
    BucketError,
    BucketlinkError,
    BucketMisbehaved,
    BucketNotFound,
    BucketRefused,
    BucketUnavailable,
    BucketUnreachable,
    Conflict,
    DataDirectoryError,
    GuardRefusal,
    InvalidInput,
    NoSuchMethod,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    RunFailed,
    SealingError,
    ServerError,
    ServerUnreachable,
    StillRunning,
)

if TYPE_CHECKING:
    from bucketlink.client.client import Client
    from bucketlink.client.rows import Rows
    from bucketlink.client.wrong_type import WrongArgumentType
    from bucketlink.kili import Kili

    __version__: str

__all__ = [
    "BucketError",
    "BucketMisbehaved",
    "BucketNotFound",
    "BucketRefused",
    "BucketUnavailable",
    "BucketUnreachable",
    "BucketlinkError",
    "Client",
    "Conflict",
    "DataDirectoryError",
    "GuardRefusal",
    "InvalidInput",
    "Kili",
    "NoSuchMethod",
    "NotAllowed",
    "NotAuthenticated",
    "NotFound",
    "Rows",
    "RunFailed",
    "SealingError",
    "ServerError",
    "ServerUnreachable",
    "StillRunning",
    "WrongArgumentType",
    "__version__",
]

_LATER = {
    "Client": "bucketlink.client.client",
    "Kili": "bucketlink.kili",
    "Rows": "bucketlink.client.rows",
    "WrongArgumentType": "bucketlink.client.wrong_type",
}
"""Modules of what is loaded by need."""


def __getattr__(name: str) -> object:
    if name in _LATER:
        from importlib import import_module  # noqa: PLC0415 - as what it loads

        return getattr(import_module(_LATER[name]), name)
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415 - reads a file

        return version("bucketlink")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
