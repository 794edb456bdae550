"""``bucketlink integrations``."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bucketlink.cli.asking import confirm
from bucketlink.cli.buckets import (
    PLATFORMS,
    ask_secret_key,
    bucket_arguments,
    bucket_options,
    check_options,
    directory_of,
    platform_of,
)
from bucketlink.cli.choice import Choice
from bucketlink.cli.common import F, Ordered, State, common, example, with_state, yes_option
from bucketlink.cli.names import in_options
from bucketlink.errors import BucketRefused, Conflict, NotAllowed
from bucketlink.ids import Noun
from bucketlink.text import safe

if TYPE_CHECKING:
    from bucketlink.client.client import Client
    from bucketlink.client.types import PlatformName, Row

CHECK_PATIENCE = 20.0
"""Seconds to wait for a check of a bucket."""
_NAMES = ("s3_bucket_name", "gcp_bucket_name", "azure_container_name")
_BUCKETS = ("s3BucketName", "awsAccessPointARN", "gcpBucketName", "azureConnectionURL", "folderPath")
_PLACE = ("platform", *_BUCKETS, "s3Endpoint", "gcpEndpoint")
"""What says which bucket an integration reads."""
FIELDS = ("id", "name", "platform", "status", "statusReason")
_MAY_NOT = " does not let "
"""What a refusal says that is about permission, whatever the platform."""
MOST_NAMED = 5
"""Connections that a refusal names, and integrations that a hint does."""


@click.group(cls=Ordered, epilog=example("bucketlink integrations add --bucket street-scenes --access-key AKIA…"))
def integrations() -> None:
    """Register, list, check and change buckets."""


@integrations.command("list", short_help="List the registered buckets.", epilog=example("bucketlink integrations list"))
@common
@with_state
def list_integrations(state: State) -> None:
    """List the registered buckets, and whether they answered when last checked."""
    with state.client() as client:
        rows = client.cloud_storage_integrations(fields=(*FIELDS, *_BUCKETS, "s3Endpoint"), disable_tqdm=True)
    if state.as_json:
        state.emit(rows)
    elif rows:
        state.table(
            ("id", "name", "platform", "bucket", "status"),
            [(row["id"], row["name"], row["platform"], _bucket(row), _status(row)) for row in rows],
        )
    else:
        state.hint("No bucket is registered yet: bucketlink integrations add --help.")


def _bucket(row: "Row") -> str:
    return next((row[name] for name in _BUCKETS if row[name]), "")


def _status(row: "Row") -> str:
    return f"{row['status']}: {in_options(row['statusReason'])}" if row["statusReason"] else str(row["status"])


def _restriction_options(command: F) -> F:
    command = click.option(
        "--include-root-files",
        is_flag=True,
        default=None,
        help="With folders given: objects outside any folder count too.",
    )(command)
    return click.option(
        "--allowed-path", "allowed_paths", multiple=True, metavar="FOLDER", help="Only these folders. Repeatable."
    )(command)


@integrations.command(
    "add",
    epilog=example(
        "bucketlink integrations add --bucket street-scenes --access-key AKIA…",
        "bucketlink integrations add --bucket scans \\",
        "    --endpoint-url https://s3.example.com --allowed-path 2026/spring",
        "bucketlink integrations add --bucket scans \\",
        "    --service-account-key-file key.json",
        "bucketlink integrations add --sas-token-file sas.txt \\",
        "    --container-url https://acme.blob.core.windows.net/scans",
        "bucketlink integrations add --folder ~/Pictures --allow-root",
    ),
)
@click.option("--name", metavar="NAME", help="What people call it; the bucket's name if not given.")
@click.option(
    "--platform",
    type=Choice(PLATFORMS),
    help="Where the bucket is; found by the other options if not given.",
)
@bucket_options
@click.option("--folder", metavar="DIRECTORY", help="A directory of the server's machine, instead of a bucket.")
@click.option("--allow-root", is_flag=True, help="Also allow that this directory is read (not with --endpoint).")
@_restriction_options
@common
@with_state
def add_integration(
    state: State,
    /,
    name: str | None,
    platform: "PlatformName | None",
    folder: str | None,
    allow_root: bool,
    allowed_paths: tuple[str, ...],
    include_root_files: bool | None,
    **given: Any,  # noqa: ANN401 - the options of a bucket
) -> None:
    """Register a bucket, or a folder, and print its id.

    Credentials are stored sealed and never shown. Give secrets in a file, in the environment, or when asked: with -
    as the FILE they are read from standard input, and at a terminal asked for, as with an access key alone.
    """
    platform = platform_of(given, platform, folder)
    if platform != "Folder" and (folder or allow_root):
        raise click.UsageError("A bucket or a folder: --folder and --allow-root are of platform Folder alone.")
    arguments: dict[str, Any] = {}
    if platform == "Folder":
        check_options(given, platform)
        arguments["folder_path"] = directory_of(state, folder, allow_root=allow_root)
    else:
        arguments = bucket_arguments(given, platform, environment=True)
        ask_secret_key(arguments)
        _check_named(arguments)
    with state.client() as client:
        try:
            row = client.create_cloud_storage_integration(
                platform,
                name or _name_of(arguments),
                fields=FIELDS,
                allowed_paths=list(allowed_paths) or None,
                include_root_files=include_root_files,
                **arguments,
            )
        except NotAllowed as refusal:
            if platform != "Folder" or state.server or allow_root:
                raise
            raise NotAllowed(f"{refusal} Or add --allow-root, which allows this one.") from None
        except BucketRefused as refusal:
            if allowed_paths or _MAY_NOT not in str(refusal):
                raise
            raise BucketRefused(
                f"{refusal} Where they may list some folders only, name each of these with --allowed-path."
            ) from None
        row = _checked(client, row)
        others = [] if state.as_json else _of_the_same_bucket(client, row["id"])
    state.emit(row, row["id"])
    _tell(state, row)
    if others:
        names = ", ".join(f"{other['id']} ({safe(other['name'])})" for other in others[:MOST_NAMED])
        state.hint(f"The same bucket is registered as {names} already; one serves any number of projects.")


def _of_the_same_bucket(client: "Client", integration: str) -> list["Row"]:
    """Other integrations that read what this one reads, whatever their credentials."""
    rows = client.cloud_storage_integrations(fields=("id", "name", *_PLACE), disable_tqdm=True)
    places = {row["id"]: tuple(row[name] for name in _PLACE) for row in rows}
    return [row for row in rows if row["id"] != integration and places[row["id"]] == places.get(integration)]


def _check_named(arguments: dict[str, Any]) -> None:
    names = (
        "s3_bucket_name",
        "gcp_bucket_name",
        "azure_container_name",
        "azure_connection_url",
        "aws_access_point_arn",
    )
    if not any(name in arguments for name in names):
        raise click.UsageError("Say which bucket: --bucket NAME, --container-url URL on Azure, or --folder DIRECTORY.")


def _name_of(arguments: dict[str, Any]) -> str:
    if "folder_path" in arguments:
        return Path(arguments["folder_path"]).name or "/"
    for name in _NAMES:
        if name in arguments:
            return str(arguments[name])
    named: str = arguments.get("azure_connection_url") or arguments["aws_access_point_arn"]
    return named.partition("?")[0].rstrip("/").rpartition("/")[2]


def _tell(state: State, row: "Row") -> None:
    reason = safe(in_options(row["statusReason"] or "no reason is known."))
    if row["status"] == "CHECKING":
        state.hint(f"It is still being tried: bucketlink integrations check {row['id']}")
    if row["status"] == "DISCONNECTED":
        state.hint(f"It is registered, but does not answer: {reason}")
    elif row["statusReason"]:
        state.hint(f"It can be synchronized, but: {reason}")


def _show(state: State, row: "Row") -> None:
    """Print the status of a bucket that was tried; exit status 1 where it cannot be read."""
    state.emit(row, row["status"])
    if row["status"] == "DISCONNECTED":
        state.hint(safe(in_options(row["statusReason"] or "No reason is known.")))
        raise click.exceptions.Exit(1)
    _tell(state, row)


def _checked(client: "Client", row: "Row") -> "Row":
    """Wait a little for a check that is under way."""
    until = time.monotonic() + CHECK_PATIENCE
    while row["status"] == "CHECKING" and time.monotonic() < until:
        time.sleep(0.2)
        row = client.cloud_storage_integrations(row["id"], fields=tuple(row), disable_tqdm=True)[0]
    return row


@integrations.command("check", epilog=example("bucketlink integrations check int1"))
@click.argument("integration")
@common
@with_state
def check_integration(state: State, integration: str) -> None:
    """Try a bucket again, as a synchronization would read it.

    Prints its status, and says what is wrong. Exit status 1 if it cannot be read.
    """
    with state.client() as client:
        row = _checked(client, client.check_cloud_storage_integration(integration, fields=FIELDS))
    _show(state, row)


@integrations.command(
    "update",
    short_help="Change what is given of a bucket.",
    epilog=example(
        "bucketlink integrations update int1 --access-key AKIA…",
        "bucketlink integrations update int2 --sas-token-file sas.txt",
    ),
)
@click.argument("integration")
@click.option("--name", metavar="NAME", help="What people call it.")
@click.option("--all-paths", is_flag=True, default=None, help="Lift a restriction to folders.")
@click.option("--from-environment", is_flag=True, help="Take credentials from the environment, as `add` does.")
@bucket_options
@_restriction_options
@common
@with_state
def update_integration(
    state: State,
    /,
    integration: str,
    name: str | None,
    all_paths: bool | None,
    from_environment: bool,
    allowed_paths: tuple[str, ...],
    include_root_files: bool | None,
    **given: Any,  # noqa: ANN401 - the options of a bucket
) -> None:
    """Change what is given of a bucket, such as its credentials, and try it again.

    What is not given stays. Exit status 1 if the bucket cannot be read then.
    """
    with state.client() as client:
        found = client.cloud_storage_integrations(integration, fields=FIELDS, disable_tqdm=True)
        if not found:
            raise Noun.INTEGRATION.absent(integration)
        arguments = bucket_arguments(given, found[0]["platform"], environment=from_environment)
        if arguments.get("s3_access_key") and not arguments.get("s3_secret_key"):
            ask_secret_key(arguments)
        changes = {
            "name": name,
            "allowed_paths": list(allowed_paths) or None,
            "include_root_files": include_root_files,
            "all_paths_allowed": all_paths,
            **arguments,
        }
        if all(value is None for value in changes.values()):
            raise click.UsageError("Say what to change: bucketlink integrations update --help.")
        client.update_cloud_storage_integration(integration, **changes)
        row = client.cloud_storage_integrations(integration, fields=FIELDS, disable_tqdm=True)[0]
        row = _checked(client, row)
    _show(state, row)


@integrations.command(
    "remove", short_help="Remove a bucket that nothing uses.", epilog=example("bucketlink integrations remove int1")
)
@click.argument("integration")
@yes_option
@common
@with_state
def remove_integration(state: State, integration: str, yes: bool) -> None:
    """Remove a bucket that no connection uses, with its credentials.

    What would go is told and asked about first. Nothing changes in the bucket.
    """
    with state.client() as client:
        rows = client.cloud_storage_integrations(integration, fields=(*FIELDS, *_BUCKETS), disable_tqdm=True)
        if not rows:
            raise Noun.INTEGRATION.absent(integration)
        _check_unused(client, integration)
        what = f"{safe(rows[0]['name'])}, {rows[0]['platform']} {safe(_bucket(rows[0]))}".rstrip()
        confirm(f"This removes {integration} ({what}) and its credentials.", yes=yes)
        answered = client.delete_cloud_storage_integration(integration)
    state.emit({"id": answered}, answered)


def _check_unused(client: "Client", integration: str) -> None:
    """Raise Conflict where connections use an integration, which says what to do about it."""
    used = client.cloud_storage_connections(
        cloud_storage_integration_id=integration, fields=("id", "project.title"), disable_tqdm=True
    )
    if not used:
        return
    names = [f"{row['id']} (project {safe(row['project']['title'])})" for row in used[:MOST_NAMED]]
    more = [f"{len(used) - MOST_NAMED} more"] if len(used) > MOST_NAMED else []
    raise Conflict(
        f"{safe(integration)} is used by {', '.join([*names, *more])}. Remove these first, such as by: "
        f"bucketlink connections remove {used[0]['id']}"
    )


@integrations.command("external-id", epilog=example("bucketlink integrations external-id"))
@common
@with_state
def show_external_id(state: State) -> None:
    """Print the external ID that a role of AWS has to ask for.

    It goes into the trust policy of the role, so that Bucketlink may assume it for you alone.
    """
    with state.client() as client:
        found = client.organizations(fields=("awsRoleExternalId",), disable_tqdm=True)
    external_id = next(iter(found))["awsRoleExternalId"]
    state.emit({"awsRoleExternalId": external_id}, external_id)
