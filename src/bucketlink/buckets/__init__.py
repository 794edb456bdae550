"""Reading buckets: one protocol, one implementation for each platform."""

from pathlib import Path
from typing import TYPE_CHECKING

from bucketlink.buckets.protocol import BucketReader
from bucketlink.errors import InvalidInput
from bucketlink.model import BucketAddress, Credentials, Platform
from bucketlink.settings import Settings

if TYPE_CHECKING:
    from bucketlink.buckets.http import Patience

__all__ = ["BucketReader", "open_bucket", "validate_address"]

_S3 = {Platform.AWS, Platform.CUSTOM_S3}
_NOT_YET = {Platform.GCP: "Google Cloud Storage", Platform.AZURE: "Azure Blob Storage"}


def open_bucket(
    address: BucketAddress,
    credentials: Credentials,
    settings: Settings,
    *,
    patience: "Patience | None" = None,
) -> BucketReader:
    """A reader of the bucket, without asking the bucket for anything yet; the caller closes it.

    ``patience`` says how long to try again what fails for now; the default is made for runs in the background.

    Raises:
        InvalidInput: the address or the credentials cannot be meant, or the platform is not available yet.
        NotAllowed: the directory is outside of those that the operator allowed.

    """
    validate_address(address, settings)
    if address.platform is Platform.FOLDER:
        from bucketlink.buckets.folder import FolderReader  # noqa: PLC0415

        return FolderReader(Path(address.bucket), settings.roots)
    from bucketlink.buckets.http import Http  # noqa: PLC0415
    from bucketlink.buckets.s3 import S3Reader  # noqa: PLC0415

    http = Http(allow_private=settings.allow_private_endpoints, patience=patience)
    return S3Reader(address, credentials, http=http)


def validate_address(address: BucketAddress, settings: Settings) -> None:
    """Check what can be checked without asking the bucket; a directory's path is resolved, nothing else is read.

    Raises:
        InvalidInput: the address cannot be meant, or its platform is not available yet.
        NotAllowed: the directory is outside of those that the operator allowed.

    """
    if address.platform in _NOT_YET:
        raise InvalidInput(
            f"{_NOT_YET[address.platform]} ({address.platform.value}) is not available in this release yet; "
            "use AWS, CustomS3 or Folder."
        )
    if address.platform in _S3:
        from bucketlink.buckets.s3_address import place  # noqa: PLC0415

        place(address)
        return
    from bucketlink.buckets.folder import resolved  # noqa: PLC0415

    resolved(Path(address.bucket), settings.roots)
