"""The options that say which bucket, how it is reached, and what opens it; shared by the commands that take them.

A secret is read from the environment or a file, so that nobody has to write it on a command line, where others on the
machine can see it and the shell remembers it.
"""

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bucketlink.cli.common import F, State

if TYPE_CHECKING:
    from bucketlink.client.types import PlatformName

PLATFORMS = ("AWS", "CustomS3", "GCP", "Azure", "Folder")
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path, allow_dash=True)
_S3 = frozenset({"AWS", "CustomS3"})

_ACCESS_KEY = "BUCKETLINK_S3_ACCESS_KEY"

_TEXTS: tuple[tuple[str, str, str, str], ...] = (
    ("--bucket", "bucket", "BUCKET", "The bucket's name, or the container's (Azure)."),
    ("--endpoint-url", "endpoint_url", "URL", "Address of the server (CustomS3), or another one than Google's (GCP)."),
    ("--region", "s3_region", "REGION", "The bucket's region; found by itself on AWS."),
    ("--role-arn", "aws_role_arn", "ARN", "Role to assume before reading (AWS)."),
    ("--access-point-arn", "aws_access_point_arn", "ARN", "Access point, instead of the bucket's name (AWS)."),
    ("--container-url", "azure_connection_url", "URL", "Address of the container (Azure)."),
    ("--tenant-id", "azure_tenant_id", "ID", "Directory of the service principal or managed identity (Azure)."),
    ("--client-id", "azure_client_id", "ID", "The service principal, or a user-assigned managed identity (Azure)."),
)
_FLAGS: tuple[tuple[str, str, str], ...] = (
    ("--requester-pays", "s3_requester_pays", "Agree to pay for what is read (AWS)."),
    ("--server-identity", "uses_server_identity", "Read as the server itself, if its operator lets it (GCP, Azure)."),
    ("--clients-list", "azure_is_using_service_credentials", "Clients list the container and send what they find."),
)
_SECRETS: tuple[tuple[str, str, str, frozenset[str]], ...] = (
    ("--secret-key-file", "s3_secret_key", "BUCKETLINK_S3_SECRET_KEY", _S3),
    ("--session-token-file", "s3_session_token", "BUCKETLINK_S3_SESSION_TOKEN", _S3),
    ("--service-account-key-file", "gcp_service_account_key", "BUCKETLINK_GCP_SERVICE_ACCOUNT_KEY", frozenset({"GCP"})),
    ("--sas-token-file", "azure_sas_token", "BUCKETLINK_AZURE_SAS_TOKEN", frozenset({"Azure"})),
    ("--account-key-file", "azure_account_key", "BUCKETLINK_AZURE_ACCOUNT_KEY", frozenset({"Azure"})),
    ("--connection-string-file", "azure_connection_string", "BUCKETLINK_AZURE_CONNECTION_STRING", frozenset({"Azure"})),
    ("--client-secret-file", "azure_client_secret", "BUCKETLINK_AZURE_CLIENT_SECRET", frozenset({"Azure"})),
)
"""Option, argument of the client, variable of the environment, and the platforms that take it."""
_OF_AZURE = (
    *("azure_connection_url", "azure_tenant_id", "azure_client_id", "azure_is_using_service_credentials"),
    *("connection_string_file", "sas_token_file", "account_key_file", "client_secret_file"),
)
"""Options that nothing but a container of Azure has."""


def bucket_options(command: F) -> F:
    """Give a command the options of a bucket; it takes them as one mapping, for `bucket_arguments`."""
    decorators: list[Callable[[F], F]] = [
        click.option(name, argument, metavar=metavar, help=text) for name, argument, metavar, text in _TEXTS
    ]
    decorators += [
        click.option(name, argument, is_flag=True, default=None, help=text) for name, argument, text in _FLAGS
    ]
    decorators += [
        click.option(
            "--access-key",
            "s3_access_key",
            metavar="ID",
            help=f"Access key (AWS, CustomS3), or the environment's {_ACCESS_KEY}; none: anonymous.",
        ),
        click.option(
            "--secret-key",
            "s3_secret_key",
            metavar="SECRET",
            help="Its secret. Others on this machine can see it here; rather use the environment or a file.",
        ),
        click.option("--session-token", "s3_session_token", metavar="TOKEN", help="Goes with temporary keys."),
        click.option(
            "--addressing-style",
            "s3_addressing_style",
            type=click.Choice(["path", "virtual"]),
            help="Whether the bucket stands in the path or in the host's name (CustomS3).",
        ),
        click.option(
            "--ca-certificates", type=_FILE, help="PEM file by which the server's certificate is verified (CustomS3)."
        ),
    ]
    decorators += [
        click.option(
            name, type=_FILE, help=f"A file that holds it, - for standard input; or the environment's {variable}."
        )
        for name, _, variable, _ in _SECRETS
    ]
    for decorate in reversed(decorators):
        command = decorate(command)
    return command


def platform_of(given: Mapping[str, Any], platform: "PlatformName | None", folder: str | None) -> "PlatformName":
    """The platform that is meant: as said, or as the other options tell."""
    if platform:
        return platform
    if folder:
        return "Folder"
    if any(given[name] for name in _OF_AZURE):
        return "Azure"
    if given["service_account_key_file"]:
        return "GCP"
    return "CustomS3" if given["endpoint_url"] else "AWS"


def bucket_arguments(given: Mapping[str, Any], platform: str, *, environment: bool) -> dict[str, Any]:
    """The client's arguments for what a command was given, and for the secrets that stand in the environment.

    Raises UsageError for what does not go together.
    """
    arguments = {name: given[name] for _, name, *_ in (*_TEXTS[2:], *_FLAGS) if given[name] is not None}
    bucket, endpoint = given["bucket"], given["endpoint_url"]
    named = {"GCP": ("gcp_bucket_name", "gcp_endpoint"), "Azure": ("azure_container_name", None)}
    bucket_name, endpoint_name = named.get(platform, ("s3_bucket_name", "s3_endpoint"))
    if bucket:
        arguments[bucket_name] = bucket
    if endpoint:
        if endpoint_name is None:
            raise click.UsageError("--endpoint-url goes with S3 and GCP; on Azure give --container-url.")
        arguments[endpoint_name] = endpoint
    for name in ("s3_access_key", "s3_secret_key", "s3_session_token", "s3_addressing_style"):
        if given[name] and platform in _S3:
            arguments[name] = given[name]
    if given["ca_certificates"]:
        arguments["s3_ca_certificates"] = _text_of(given["ca_certificates"])
    for option, argument, _, _ in _SECRETS:
        file = given[option.removeprefix("--").replace("-", "_")]
        if file is not None:
            arguments[argument] = _text_of(file)
    return {**_of_environment(platform), **arguments} if environment else arguments


def _of_environment(platform: str) -> dict[str, str]:
    """The secrets of a platform that stand in the environment, as the client's arguments."""
    variables = [(argument, variable) for _, argument, variable, platforms in _SECRETS if platform in platforms]
    if platform in _S3:
        variables.append(("s3_access_key", _ACCESS_KEY))
    return {argument: os.environ[variable] for argument, variable in variables if os.environ.get(variable)}


def ask_secret_key(arguments: dict[str, Any]) -> None:
    """Ask for the secret key where only the access key was given; raises UsageError where nobody can be asked."""
    access, secret = arguments.get("s3_access_key"), arguments.get("s3_secret_key")
    if secret and not access:
        raise click.UsageError("A secret key needs its access key: BUCKETLINK_S3_ACCESS_KEY or --access-key.")
    if not access or secret:
        return
    if not sys.stdin.isatty():
        raise click.UsageError("An access key needs its secret: BUCKETLINK_S3_SECRET_KEY or --secret-key-file.")
    answered: str = click.prompt("Secret key", hide_input=True, err=True)
    arguments["s3_secret_key"] = answered.strip()


def directory_of(state: State, folder: str | None, *, allow_root: bool) -> str:
    """The directory that a Folder reads; it is allowed for good where that is asked for."""
    if not folder:
        raise click.UsageError("Say which directory: --folder DIRECTORY.")
    if not state.server:
        path = Path(folder).expanduser().resolve()
        if allow_root:
            if not path.is_dir():
                raise click.UsageError(f"There is no directory {path}.")
            state.settings().allow_root(path)
        return str(path)
    if allow_root:
        raise click.UsageError(
            "--allow-root works on a data directory; a server's operator sets BUCKETLINK_FOLDER_ROOTS."
        )
    if not folder.startswith("/"):
        raise click.UsageError("--folder is a directory of the server's machine; write its whole path.")
    return folder


def _text_of(file: Path) -> str:
    try:
        return (sys.stdin.read() if str(file) == "-" else file.read_text("utf-8")).strip()
    except UnicodeDecodeError:
        raise click.UsageError(f"{file} holds no text, and so nothing that is meant here.") from None
