"""What the operator of this process lets buckets be read by, without the library that reads settings."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bucketlink.errors import NotAllowed
from bucketlink.model import Platform


class Permits(Protocol):
    """What a reader has to know of `bucketlink.settings.Settings`."""

    @property
    def allow_private_endpoints(self) -> bool:
        """Whether buckets at addresses of the own network may be read."""
        ...

    @property
    def roots(self) -> Sequence[Path]:
        """Directories that may be read as buckets."""
        ...

    def check_identity(self, platform: Platform) -> None:
        """Raise NotAllowed unless integrations of a platform may read as the server itself."""
        ...


@dataclass(frozen=True, slots=True)
class Permitted:
    """`Permits` for a process that reads no settings of its own."""

    allow_private_endpoints: bool = False
    server_identities: tuple[Platform, ...] = ()
    roots: tuple[Path, ...] = ()

    def check_identity(self, platform: Platform) -> None:
        """Raise NotAllowed unless integrations of a platform may read as the server itself."""
        if platform not in self.server_identities:
            raise NotAllowed(
                f"Reading as the server itself is not allowed for {platform}. If it should be: export "
                f"BUCKETLINK_SERVER_IDENTITIES={platform} (where Bucketlink runs); else give credentials of your own."
            )
