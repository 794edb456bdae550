"""``bucketlink integrations``."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bucketlink.cli.common import State, common, example, with_state
from bucketlink.cli.text import safe

if TYPE_CHECKING:
    from bucketlink.client.client import Client
    from bucketlink.client.types import PlatformName, Row

CHECK_PATIENCE = 20.0
"""Seconds to wait for the first check of a new integration's bucket."""


@click.group()
def integrations() -> None:
    """Register and list buckets."""


@integrations.command(
    "add",
    epilog=example(
        "bucketlink integrations add --bucket street-scenes --region eu-west-3 --access-key AKIA…",
        "bucketlink integrations add --bucket scans --endpoint-url https://s3.example.com",
        "bucketlink integrations add --folder ~/Pictures --allow-root",
    ),
)
@click.option("--name", metavar="NAME", help="What people call it; the bucket's name if not given.")
@click.option(
    "--platform",
    type=click.Choice(["AWS", "CustomS3", "Folder"], case_sensitive=False),
    metavar="[AWS|CustomS3|Folder]",
    help="Where the bucket is; found by the other options if not given.",
)
@click.option("--bucket", metavar="BUCKET", help="The bucket's name (AWS, CustomS3).")
@click.option("--endpoint-url", metavar="URL", help="Address of the server that speaks S3 (CustomS3).")
@click.option("--region", metavar="REGION", help="The bucket's region.")
@click.option(
    "--access-key",
    envvar="BUCKETLINK_S3_ACCESS_KEY",
    show_envvar=True,
    metavar="ID",
    help="Access key; none: anonymous.",
)
@click.option(
    "--secret-key",
    envvar="BUCKETLINK_S3_SECRET_KEY",
    show_envvar=True,
    metavar="SECRET",
    help="Secret key. Others on this machine can see it here; rather use the environment or a file.",
)
@click.option(
    "--secret-key-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path, allow_dash=True),
    help="A file that holds the secret key; - for standard input.",
)
@click.option(
    "--session-token",
    envvar="BUCKETLINK_S3_SESSION_TOKEN",
    show_envvar=True,
    metavar="TOKEN",
    help="Goes with temporary credentials.",
)
@click.option("--folder", metavar="DIRECTORY", help="A directory of the server's machine, instead of a bucket.")
@click.option("--allow-root", is_flag=True, help="Also allow that this directory is read (not with --endpoint).")
@click.option(
    "--allowed-path", "allowed_paths", multiple=True, metavar="FOLDER", help="Only these folders. Repeatable."
)
@click.option("--include-root-files", is_flag=True, help="With folders given: objects outside any folder count too.")
@common
@with_state
def add_integration(  # noqa: PLR0917, RUF100 - one for each option
    state: State,
    name: str | None,
    platform: "PlatformName | None",
    bucket: str | None,
    endpoint_url: str | None,
    region: str | None,
    access_key: str | None,
    secret_key: str | None,
    secret_key_file: Path | None,
    session_token: str | None,
    folder: str | None,
    allow_root: bool,
    allowed_paths: tuple[str, ...],
    include_root_files: bool,
) -> None:
    """Register a bucket, or a folder, and print its id. Credentials are stored sealed and never shown."""
    platform = platform or ("Folder" if folder else "CustomS3" if endpoint_url else "AWS")
    directory = None
    if folder and (bucket or endpoint_url or platform != "Folder"):
        raise click.UsageError("A bucket or a folder: --folder goes with no --bucket, --endpoint-url or platform.")
    if platform == "Folder":
        directory = _directory(state, folder, allow_root=allow_root)
        access_key = secret_key = session_token = None
    else:
        if not bucket:
            raise click.UsageError("Say which bucket: --bucket NAME, or --folder DIRECTORY.")
        secret_key = _secret(access_key, secret_key, secret_key_file)
    with state.client() as client:
        row = client.create_cloud_storage_integration(
            platform,
            name or bucket or Path(directory or "").name or "/",
            fields=("id", "name", "platform", "status", "statusReason"),
            allowed_paths=list(allowed_paths) or None,
            include_root_files=include_root_files or None,
            s3_access_key=access_key,
            s3_bucket_name=bucket,
            s3_endpoint=endpoint_url,
            s3_region=region,
            s3_secret_key=secret_key,
            s3_session_token=session_token,
            folder_path=directory,
        )
        row = _checked(client, row)
    state.emit(row, row["id"])
    if row["status"] == "DISCONNECTED":
        state.hint(f"It is registered, but does not answer: {safe(row['statusReason'] or 'no reason is known.')}")


def _directory(state: State, folder: str | None, *, allow_root: bool) -> str:
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


def _secret(access_key: str | None, secret_key: str | None, file: Path | None) -> str | None:
    if not access_key and (file or secret_key):
        raise click.UsageError("A secret key needs its access key: BUCKETLINK_S3_ACCESS_KEY or --access-key.")
    if file is not None:
        return _text_of(file)
    if not access_key or secret_key:
        return secret_key
    if not sys.stdin.isatty():
        raise click.UsageError("An access key needs its secret: BUCKETLINK_S3_SECRET_KEY or --secret-key-file.")
    answered: str = click.prompt("Secret key", hide_input=True, err=True)
    return answered.strip()


def _text_of(file: Path) -> str:
    try:
        return (sys.stdin.read() if str(file) == "-" else file.read_text("utf-8")).strip()
    except UnicodeDecodeError:
        raise click.UsageError(f"{file} holds no text, and so no secret key.") from None


def _checked(client: "Client", row: "Row") -> "Row":
    """Wait a little for the first check of the bucket."""
    until = time.monotonic() + CHECK_PATIENCE
    while row["status"] == "CHECKING" and time.monotonic() < until:
        time.sleep(0.2)
        row = client.cloud_storage_integrations(row["id"], fields=tuple(row), disable_tqdm=True)[0]
    return row


@integrations.command("list", epilog=example("bucketlink integrations list"))
@common
@with_state
def list_integrations(state: State) -> None:
    """List the registered buckets, and whether they answered when last checked."""
    with state.client() as client:
        rows = client.cloud_storage_integrations(
            fields=(
                "id",
                "name",
                "platform",
                "status",
                "statusReason",
                "s3BucketName",
                "folderPath",
                "s3Endpoint",
            ),
            disable_tqdm=True,
        )
    if state.as_json:
        state.emit(rows)
    elif rows:
        state.table(
            ("id", "name", "platform", "bucket", "status"),
            [
                (
                    row["id"],
                    row["name"],
                    row["platform"],
                    row["s3BucketName"] or row["folderPath"] or "",
                    _status(row),
                )
                for row in rows
            ],
        )
    else:
        state.hint("No bucket is registered yet: bucketlink integrations add --help.")


def _status(row: "Row") -> str:
    return f"{row['status']}: {row['statusReason']}" if row["statusReason"] else str(row["status"])
