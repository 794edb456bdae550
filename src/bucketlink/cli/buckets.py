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

from bucketlink.cli.asking import ask_secret, text_of
from bucketlink.cli.choice import Choice
from bucketlink.cli.common import F, State

if TYPE_CHECKING:
    from bucketlink.client.types import PlatformName

PLATFORMS = ("AWS", "CustomS3", "GCP", "Azure", "Folder")
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path, allow_dash=True)
_S3 = frozenset({"AWS", "CustomS3"})

_ACCESS_KEY = "BUCKETLINK_S3_ACCESS_KEY"
_FROM_FILE = "A file that holds it; or the environment's {}."
_STYLE, _CERTIFICATES = "--addressing-style", "--ca-certificates"

_GCP, _AZURE, _AWS, _CUSTOM = (frozenset({name}) for name in ("GCP", "Azure", "AWS", "CustomS3"))
_ANY = _S3 | _GCP | _AZURE
_TEXTS: tuple[tuple[str, str, str, frozenset[str], str], ...] = (
    ("--bucket", "bucket", "BUCKET", _ANY, "The bucket's name, or the container's (Azure)."),
    ("--endpoint-url", "endpoint_url", "URL", _S3 | _GCP, "Address of the server (CustomS3), or not Google's (GCP)."),
    ("--region", "s3_region", "REGION", _S3, "The bucket's region; found by itself on AWS."),
    ("--role-arn", "aws_role_arn", "ARN", _S3, "Role to assume before reading (AWS)."),
    ("--access-point-arn", "aws_access_point_arn", "ARN", _AWS, "Access point, instead of the bucket's name (AWS)."),
    ("--container-url", "azure_connection_url", "URL", _AZURE, "Address of the container (Azure)."),
    ("--tenant-id", "azure_tenant_id", "ID", _AZURE, "Tenant of the service principal or identity (Azure)."),
    ("--client-id", "azure_client_id", "ID", _AZURE, "The service principal, or managed identity (Azure)."),
    ("--access-key", "s3_access_key", "ID", _S3, f"Access key; else {_ACCESS_KEY}, or anonymous (S3)."),
    ("--secret-key", "s3_secret_key", "SECRET", _S3, "Its secret. Others on this machine can see it here."),
    ("--session-token", "s3_session_token", "TOKEN", _S3, "Of temporary keys. Others on this machine can see it here."),
    ("--addressing-style", "s3_addressing_style", "[path|virtual]", _CUSTOM, "Where the bucket's name stands in URLs."),
)
"""Option, argument of the client, what is given, the platforms that take it, and what to say of it."""
_FLAGS: tuple[tuple[str, str, frozenset[str], str], ...] = (
    ("--requester-pays", "s3_requester_pays", _AWS, "Agree to pay for what is read (AWS)."),
    ("--server-identity", "uses_server_identity", _GCP | _AZURE, "Read as the server itself, if it lets you."),
    ("--clients-list", "azure_is_using_service_credentials", _AZURE, "Clients list the container, and send that."),
)
_SECRETS: tuple[tuple[str, str, str, frozenset[str]], ...] = (
    ("--secret-key-file", "s3_secret_key", "BUCKETLINK_S3_SECRET_KEY", _S3),
    ("--session-token-file", "s3_session_token", "BUCKETLINK_S3_SESSION_TOKEN", _S3),
    ("--service-account-key-file", "gcp_service_account_key", "BUCKETLINK_GCP_SERVICE_ACCOUNT_KEY", _GCP),
    ("--sas-token-file", "azure_sas_token", "BUCKETLINK_AZURE_SAS_TOKEN", _AZURE),
    ("--account-key-file", "azure_account_key", "BUCKETLINK_AZURE_ACCOUNT_KEY", _AZURE),
    ("--connection-string-file", "azure_connection_string", "BUCKETLINK_AZURE_CONNECTION_STRING", _AZURE),
    ("--client-secret-file", "azure_client_secret", "BUCKETLINK_AZURE_CLIENT_SECRET", _AZURE),
)
"""Option, argument of the client, variable of the environment, and the platforms that take it."""
_OF_AZURE = (
    *("azure_connection_url", "azure_tenant_id", "azure_client_id", "azure_is_using_service_credentials"),
    *("connection_string_file", "sas_token_file", "account_key_file", "client_secret_file"),
)
"""Options that nothing but a container of Azure has."""


def bucket_options(command: F) -> F:
    """Give a command the options of a bucket; it takes them as one mapping, for `bucket_arguments`."""
    styles = Choice(["path", "virtual"])
    decorators: list[Callable[[F], F]] = [
        click.option(name, argument, metavar=metavar, type=styles if name == _STYLE else str, help=text)
        for name, argument, metavar, _, text in _TEXTS
    ]
    decorators += [
        click.option(name, argument, is_flag=True, default=None, help=text) for name, argument, _, text in _FLAGS
    ]
    decorators.append(
        click.option(_CERTIFICATES, type=_FILE, metavar="FILE", help="PEM that verifies the server's (CustomS3).")
    )
    decorators += [
        click.option(name, type=_FILE, metavar="FILE", help=_FROM_FILE.format(variable))
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


def check_options(given: Mapping[str, Any], platform: str) -> None:
    """Raise UsageError for options that mean nothing on a platform."""
    taken_by = {argument: (option, platforms) for option, argument, _, platforms, _ in _TEXTS}
    taken_by |= {argument: (option, platforms) for option, argument, platforms, _ in _FLAGS}
    taken_by |= {_parameter(option): (option, platforms) for option, _, _, platforms in _SECRETS}
    taken_by[_parameter(_CERTIFICATES)] = (_CERTIFICATES, _CUSTOM)
    for name, (option, platforms) in taken_by.items():
        if given[name] is not None and platform not in platforms:
            instead = "; on Azure give --container-url" if option == "--endpoint-url" and platform == "Azure" else ""
            raise click.UsageError(f"{option} means nothing on platform {platform}: leave it out{instead}.")


def bucket_arguments(given: Mapping[str, Any], platform: str, *, environment: bool) -> dict[str, Any]:
    """The client's arguments for what a command was given, and for the secrets that stand in the environment.

    Raises UsageError for what does not go together.
    """
    check_options(given, platform)
    plain = [argument for _, argument, *_ in _TEXTS[2:]] + [argument for _, argument, *_ in _FLAGS]
    arguments = {argument: given[argument] for argument in plain if given[argument] is not None}
    bucket, endpoint = given["bucket"], given["endpoint_url"]
    named = {"GCP": ("gcp_bucket_name", "gcp_endpoint"), "Azure": ("azure_container_name", "")}
    bucket_name, endpoint_name = named.get(platform, ("s3_bucket_name", "s3_endpoint"))
    if bucket:
        arguments[bucket_name] = bucket
    if endpoint:
        arguments[endpoint_name] = endpoint
    if given["ca_certificates"]:
        arguments["s3_ca_certificates"] = text_of(given["ca_certificates"], "certificates")
    for option, argument, _, _ in _SECRETS:
        file = given[_parameter(option)]
        if file is None:
            continue
        if argument in arguments:
            raise click.UsageError(f"{option} and {option.removesuffix('-file')} are two: give one of them.")
        arguments[argument] = text_of(file, option.removeprefix("--").removesuffix("-file").replace("-", " "))
    return {**_of_environment(platform), **arguments} if environment else arguments


def _parameter(option: str) -> str:
    return option.removeprefix("--").replace("-", "_")


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
    arguments["s3_secret_key"] = ask_secret("Secret key")


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
