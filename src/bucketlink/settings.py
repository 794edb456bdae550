"""Every setting of the server, from the environment (``BUCKETLINK_…``)."""

import os
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bucketlink.buckets.permits import Permitted
from bucketlink.errors import DataDirectoryError, InvalidInput
from bucketlink.logs import LOG_LEVEL
from bucketlink.model import Platform

PREFIX = "BUCKETLINK_"
ROOTS_FILE = "folder-roots"
"""File of the data directory: absolute paths, one a line, of directories that integrations may read."""
SQLITE = "sqlite:///"


def default_data_dir() -> Path:
    """Where a Bucketlink without ``BUCKETLINK_DATA_DIR`` keeps its data."""
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "bucketlink"


def database_of(url: str) -> Path:
    """The file that the URL of a database names, absolute; raises ValueError, whose sentence quotes nothing of it."""
    scheme, separator, rest = url.strip().partition("://")
    kind = scheme.lower().partition("+")[0]
    if separator and kind in {"postgres", "postgresql"}:
        raise ValueError(
            "PostgreSQL cannot be used yet. Give a file, as sqlite:////absolute/path.db, or nothing at all."
        )
    file = rest.removeprefix("/")
    if not separator or kind != "sqlite" or rest == file or file in {"", ":memory:"} or "?" in file or "\0" in file:
        raise ValueError(
            "must be a file, as sqlite:////absolute/path.db or sqlite:///relative/path.db, without parameters."
        )
    # Wherever the program goes meanwhile, and by whatever name, it is the same file, and has the same lock.
    return Path(file).expanduser().resolve()


class Settings(BaseSettings):
    """What an operator can set. Each field is read from ``BUCKETLINK_`` and its name in capitals."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True
    )

    data_dir: Path = Field(default_factory=default_data_dir)
    """Directory of the key file, and of database and lock where ``database_url`` does not say otherwise."""
    database_url: str | None = None
    """Where the database is: ``sqlite:///relative.db`` or ``sqlite:////absolute.db``. The lock lies beside it."""
    secret_key: SecretStr | None = None
    """Master key that seals credentials: 32 bytes in base64, or another random secret of 32 characters or more.

    Several, separated by commas, to rotate: the first seals, all open. Without any it is the file ``secret.key`` of
    ``data_dir``, made on the first start.
    """
    admin_api_key: SecretStr | None = None
    """An administrator's API key that a server accepts while it is set, 32 characters or more."""
    allow_private_endpoints: bool = False
    """Whether buckets at private and loopback addresses may be read; those of metadata services never are."""
    server_identities: Annotated[tuple[Platform, ...], NoDecode] = ()
    """Platforms (``AWS,GCP,Azure``) on which integrations may read as the server itself; on AWS to assume roles."""
    public_url: str | None = None
    """Where browsers reach the server, for URLs of what it hands on; else what the request was sent to."""
    folder_roots: Annotated[tuple[Path, ...], NoDecode] = ()
    """Directories below which Folder integrations may read, separated as in ``PATH``.

    The file ``folder-roots`` of ``data_dir`` holds further ones, one a line.
    """

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        # A worker that is started later must find the same directory, wherever the program has gone meanwhile.
        return value.expanduser().absolute()

    @field_validator("database_url")
    @classmethod
    def _of_a_file(cls, value: str | None) -> str | None:
        return None if value is None else f"{SQLITE}{database_of(value)}"

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
    def database(self) -> Path | None:
        """The database's file, where ``database_url`` names one; else it is in the data directory."""
        return None if self.database_url is None else Path(self.database_url.removeprefix(SQLITE))

    @property
    def roots(self) -> tuple[Path, ...]:
        """Directories that the operator allowed, by the environment or in the data directory's own file."""
        listed = self.data_dir / ROOTS_FILE
        lines = listed.read_text("utf-8", "surrogateescape").splitlines() if listed.is_file() else []
        return (*self.folder_roots, *(Path(line) for line in lines if line))

    @property
    def permitted(self) -> Permitted:
        """What these settings let buckets be read by."""
        return Permitted(self.allow_private_endpoints, self.server_identities, self.roots)

    def check_identity(self, platform: Platform) -> None:
        """Raise NotAllowed unless the operator lets integrations of a platform read as the server itself."""
        self.permitted.check_identity(platform)

    def environment(self) -> dict[str, str]:
        """The environment in which a worker reads these same settings, without secrets that it does not need."""
        own = {
            "DATA_DIR": str(self.data_dir),
            "DATABASE_URL": self.database_url or "",
            "ALLOW_PRIVATE_ENDPOINTS": str(self.allow_private_endpoints).lower(),
            "SERVER_IDENTITIES": ",".join(self.server_identities),
            "PUBLIC_URL": self.public_url or "",
            "FOLDER_ROOTS": os.pathsep.join(str(root) for root in self.folder_roots),
            "SECRET_KEY": self.secret_key.get_secret_value() if self.secret_key else "",
        }
        others = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX) or name == LOG_LEVEL}
        return {**others, **{f"{PREFIX}{name}": value for name, value in own.items()}}

    def allow_root(self, root: Path) -> None:
        """Allow a directory for good, by a line in the data directory's file: who can write there is the operator.

        Raises:
            InvalidInput: its path does not fit in a line.
            DataDirectoryError: the file cannot be written.

        """
        root = root.expanduser().resolve()
        if str(root).splitlines() != [str(root)]:
            raise InvalidInput(
                f"The path {str(root)!r} holds a line break, so that the file {ROOTS_FILE} cannot name it: rename "
                "the directory, or set BUCKETLINK_FOLDER_ROOTS."
            )
        if root in self.roots:
            return
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
            with (self.data_dir / ROOTS_FILE).open("ab+") as file:
                file.seek(0)
                ends = file.read()[-1:] in {b"", b"\n"}  # or else an editor has left the last line open
                file.write((f"{root}\n" if ends else f"\n{root}\n").encode("utf-8", "surrogateescape"))
        except OSError as error:
            raise DataDirectoryError(
                f"The data directory {self.data_dir} cannot be used ({error.strerror}): choose another with "
                "--data-dir or BUCKETLINK_DATA_DIR."
            ) from error


def read_settings(**given: Any) -> Settings:  # noqa: ANN401 - whatever the fields take
    """Settings of the environment, save those that are given; raises InvalidInput, which names the variable."""
    try:
        return Settings(**given)
    except ValidationError as error:
        raise InvalidInput(next(iter(complaints(error).values()))) from None


def complaints(error: ValidationError) -> dict[str, str]:
    """What is wrong with which setting, by the name of its field: sentences that quote no value."""
    said: dict[str, str] = {}
    for one in error.errors(include_input=False, include_url=False):
        field = str(one["loc"][0])
        said.setdefault(field, f"{PREFIX}{field.upper()}: {one['msg'].removeprefix('Value error, ')}")
    return said
