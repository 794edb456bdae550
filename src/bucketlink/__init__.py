"""Bucketlink keeps annotation projects in step with the cloud buckets where their data lives.

`Client` is loaded when it is first asked for, so that importing any other part of the package stays light.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bucketlink.client.client import Client

    __version__: str

__all__ = ["Client", "__version__"]


def __getattr__(name: str) -> object:
    if name == "Client":
        from bucketlink.client.client import Client  # noqa: PLC0415 - the reason of this function

        return Client
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415 - reads a file

        return version("bucketlink")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
