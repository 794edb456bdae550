"""What is set in the environment and installed beside Bucketlink."""

import platform
import re
import sqlite3
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from importlib import metadata
from urllib.parse import urlsplit

from pydantic import ValidationError

from bucketlink.client.graphql.transport import endpoint_of
from bucketlink.doctor.commands import installing
from bucketlink.doctor.findings import Finding, ok, skipped, warning, wrong
from bucketlink.errors import InvalidInput
from bucketlink.logs import level_of_environment
from bucketlink.settings import PREFIX, Settings, complaints

OF_COMMANDS = (
    *("API_ENDPOINT", "API_KEY", "DEBUG", "LOG_LEVEL"),
    *("S3_ACCESS_KEY", "S3_SECRET_KEY", "S3_SESSION_TOKEN", "GCP_SERVICE_ACCOUNT_KEY"),
    *("AZURE_SAS_TOKEN", "AZURE_ACCOUNT_KEY", "AZURE_CONNECTION_STRING", "AZURE_CLIENT_SECRET"),
)
"""Variables that are read, beside the server's settings; all of them begin with `PREFIX`."""
OLDEST_SQLITE = (3, 35)
"""The first that answers what it has written (RETURNING)."""
_EXTRA = re.compile(r"^([A-Za-z0-9._-]+).*;.*extra == ['\"]([\w-]+)['\"]")


def usable_settings(given: Mapping[str, object]) -> tuple[Settings, list[Finding]]:
    """Settings of the environment, with defaults in the place of those that make no sense, and what is wrong."""
    try:
        return Settings(**given), []  # type: ignore[arg-type] # checked by the fields themselves
    except ValidationError as error:
        said = complaints(error)
    defaults = {name: Settings.model_fields[name].get_default(call_default_factory=True) for name in said}
    found = [wrong("settings", sentence, "Correct it, or leave it out.") for sentence in said.values()]
    return Settings(**{**given, **defaults}), found


def variables(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Look for variables that nothing reads, most of them misspelled."""
    known = [PREFIX + name for name in (*(field.upper() for field in Settings.model_fields), *OF_COMMANDS)]
    unknown = sorted(name for name in environment if name.startswith(PREFIX) and name not in known)
    for name in unknown:
        near = get_close_matches(name, known, 1, 0.8)
        yield warning(
            "environment", f"{name} is set, but nothing reads it.", f"Is {near[0]} meant?" if near else "Leave it out."
        )
    if not unknown:
        yield ok("environment", f"{sum(name in environment for name in known)} variables are set, and all are known.")


def values(settings: Settings, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Look for settings that can be read, and cannot be meant."""
    try:
        level_of_environment()
    except InvalidInput as error:
        yield wrong("settings", str(error), "Correct it, or leave it out.")
    endpoint = environment.get(f"{PREFIX}API_ENDPOINT")
    if endpoint:
        try:
            endpoint_of(endpoint)
        except InvalidInput as error:
            yield wrong("settings", f"{PREFIX}API_ENDPOINT: {error}", "Correct it, or leave it out.")
    public = urlsplit(settings.public_url or "https://is.not.set")
    if public.scheme not in {"http", "https"} or not public.hostname:
        yield wrong("settings", f"{PREFIX}PUBLIC_URL is no address of a server.", "Write it as https://host.")
    for root in settings.roots:
        if not root.is_absolute() or not root.is_dir():
            yield warning(
                "settings",
                f"{root}, which Folder integrations may read, is no directory of this machine.",
                f"Correct {PREFIX}FOLDER_ROOTS, or the file folder-roots in the data directory.",
            )


def programs() -> Iterator[Finding]:
    """Look at what Bucketlink runs on."""
    yield ok("Python", platform.python_version())
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        needed = ".".join(map(str, OLDEST_SQLITE))
        yield wrong("SQLite", f"{sqlite3.sqlite_version} is too old.", f"Use a Python with SQLite {needed} or later.")
    else:
        yield ok("SQLite", sqlite3.sqlite_version)


def extras() -> Iterator[Finding]:
    """Look which optional libraries are there."""
    missing: dict[str, list[str]] = {}
    for requirement in metadata.requires("bucketlink") or []:
        if found := _EXTRA.match(requirement):
            missing.setdefault(found[2], [])
            if not _is_installed(found[1]):
                missing[found[2]].append(found[1])
    for extra, names in missing.items():
        if names:
            yield skipped(f"extra {extra}", f"Not installed; if you need it: {installing(f'bucketlink[{extra}]')}")
        else:
            yield ok(f"extra {extra}", "Installed.")


def _is_installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True
