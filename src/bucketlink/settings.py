"""Every setting of the server, from the environment (``BUCKETLINK_…``)."""

import os
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bucketlink.buckets.permits import Permitted
from bucketlink.errors import DataDirectoryError
from bucketlink.model import Platform

ROOTS_FILE = "folder-roots"
"""File of the data directory: absolute paths, one a line, of directories that integrations may read."""


def default_data_dir() -> Path:
    """Where a Bucketlink without ``BUCKETLINK_DATA_DIR`` keeps its data."""
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "bucketlink"


class Settings(BaseSettings):
    """What an operator can set. Each field is read from ``BUCKETLINK_`` and its name in capitals."""

    model_config = SettingsConfigDict(
        env_prefix="BUCKETLINK_", frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True
    )

    data_dir: Path = Field(default_factory=default_data_dir)
    """Directory of the database, the key file and the lock."""
    secret_key: SecretStr | None = None
    """Master keys that seal credentials, separated by commas. Without any a key file is made in ``data_dir``."""
    admin_api_key: SecretStr | None = None
    """An administrator's API key to accept from the first start on; 32 characters or more."""
    allow_private_endpoints: bool = False
    """Whether buckets at loopback, link-local and private addresses may be read."""
    server_identities: Annotated[tuple[Platform, ...], NoDecode] = ()
    """Platforms on which integrations may read as the server itself (AWS to assume their roles, GCP, Azure)."""
    public_url: str | None = None
    """Where browsers reach the server, for URLs of what it hands on; else what the request was sent to."""
    folder_roots: Annotated[tuple[Path, ...], NoDecode] = ()
    """Directories below which Folder integrations may read, separated as in ``PATH``."""

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        # A worker that is started later must find the same directory, wherever the program has gone meanwhile.
        return value.expanduser().absolute()

    @field_validator("folder_roots", mode="before")
    @classmethod
    def _split_roots(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(Path(part).expanduser() for part in value.split(os.pathsep) if part)
        return value

    @field_validator("server_identities", mode="before")
    @classmethod
    def _split_platforms(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("admin_api_key")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < 32:
            msg = "must have 32 characters or more"
            raise ValueError(msg)
        return value

    @property
    def roots(self) -> tuple[Path, ...]:
        """Directories that the operator allowed, by the environment or in the data directory's own file."""
        listed = self.data_dir / ROOTS_FILE
        lines = listed.read_text("utf-8").splitlines() if listed.is_file() else []
        return (*self.folder_roots, *(Path(line) for line in lines if line))

    @property
    def permitted(self) -> Permitted:
        """What these settings let buckets be read by."""
        return Permitted(self.allow_private_endpoints, self.server_identities, self.roots)

    def check_identity(self, platform: Platform) -> None:
        """Raise NotAllowed unless the operator lets integrations of a platform read as the server itself."""
        self.permitted.check_identity(platform)

    def environment(self) -> dict[str, str]:
        """The environment in which another process reads these same settings."""
        own = {
            "DATA_DIR": str(self.data_dir),
            "ALLOW_PRIVATE_ENDPOINTS": str(self.allow_private_endpoints).lower(),
            "SERVER_IDENTITIES": ",".join(self.server_identities),
            "PUBLIC_URL": self.public_url or "",
            "FOLDER_ROOTS": os.pathsep.join(str(root) for root in self.folder_roots),
            "SECRET_KEY": self.secret_key.get_secret_value() if self.secret_key else "",
            "ADMIN_API_KEY": self.admin_api_key.get_secret_value() if self.admin_api_key else "",
        }
        return {**os.environ, **{f"BUCKETLINK_{name}": value for name, value in own.items()}}

    def allow_root(self, root: Path) -> None:
        """Allow a directory for good, by a line in the data directory's file: who can write there is the operator."""
        root = root.expanduser().resolve()
        if root in self.roots:
            return
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
            with (self.data_dir / ROOTS_FILE).open("a", encoding="utf-8") as file:
                file.write(f"{root}\n")
        except OSError as error:
            raise DataDirectoryError(
                f"The data directory {self.data_dir} cannot be used ({error.strerror}): choose another with "
                "--data-dir or BUCKETLINK_DATA_DIR."
            ) from error
