"""Reading buckets: one protocol, one implementation for each platform."""

from pathlib import Path
from typing import TYPE_CHECKING

from bucketlink.buckets.permits import Permits
from bucketlink.buckets.protocol import BucketReader, Content, SignedUrl
from bucketlink.model import Access, BucketAddress, Credentials, Integration, Platform

if TYPE_CHECKING:
    from bucketlink.buckets.helpers import Source
    from bucketlink.buckets.reach import Patience
    from bucketlink.settings import Settings

__all__ = ["BucketReader", "Content", "SignedUrl", "open_bucket", "open_integration", "source_of", "validate_address"]

NO_ACCESS = Access()
_FIELDS = {Platform.GCP: "gcpEndpoint", Platform.AZURE: "azureConnectionURL"}
"""What an address comes from, where it does not depend on what else is given."""


def open_bucket(
    address: BucketAddress,
    credentials: Credentials,
    settings: Permits,
    *,
    access: Access = NO_ACCESS,
    found_region: str | None = None,
    patience: "Patience | None" = None,
) -> BucketReader:
    """A reader of the bucket, without asking the bucket for anything yet; the caller closes it.

    ``found_region`` is where the bucket was found before, for an address of S3 that names no region.
    ``patience`` says how long to try again what fails for now; the default is made for runs in the background.

    Raises:
        InvalidInput: address, access or credentials cannot be meant, or the platform's extra is not installed.
        NotAllowed: what the operator did not allow: this directory, or the server's own identity.

    """
    validate_address(address, settings)
    if address.platform is Platform.FOLDER:
        from bucketlink.buckets.folder import FolderReader  # noqa: PLC0415

        return FolderReader(Path(address.bucket), settings.roots)
    from bucketlink.buckets.http import Http  # noqa: PLC0415

    http = Http(
        allow_private=settings.allow_private_endpoints,
        patience=patience,
        ca_certificates=access.ca_certificates,
        field=_FIELDS.get(address.platform, "s3Endpoint") if address.endpoint else None,
    )
    if address.platform is Platform.GCP:
        from bucketlink.buckets.gcs import GcsReader  # noqa: PLC0415

        return GcsReader(address, access, credentials, http=http, settings=settings)
    if address.platform is Platform.AZURE:
        from bucketlink.buckets.azure import AzureReader  # noqa: PLC0415

        return AzureReader(address, access, credentials, http=http, settings=settings)
    from bucketlink.buckets.s3 import S3Reader  # noqa: PLC0415

    return S3Reader(address, access, credentials, http=http, settings=settings, found_region=found_region)


def open_integration(
    integration: Integration, credentials: Credentials, settings: Permits, *, patience: "Patience | None" = None
) -> BucketReader:
    """As `open_bucket`, for the bucket of an integration, in the region where it was found if none is given."""
    return open_bucket(
        integration.address,
        credentials,
        settings,
        access=integration.access,
        found_region=integration.found_region,
        patience=patience,
    )


def source_of(integration: Integration, credentials: Credentials, settings: "Settings") -> "Source":
    """What helper processes open the bucket of an integration by."""
    from bucketlink.buckets.helpers import Source  # noqa: PLC0415

    return Source(integration.address, integration.access, credentials, settings.permitted, integration.found_region)


def validate_address(address: BucketAddress, settings: Permits) -> None:
    """Check what can be checked without asking the bucket; a directory's path is resolved, nothing else is read.

    Raises:
        InvalidInput: the address cannot be meant.
        NotAllowed: the directory is outside of those that the operator allowed.

    """
    if address.platform is Platform.FOLDER:
        from bucketlink.buckets.folder import resolved  # noqa: PLC0415

        resolved(Path(address.bucket), settings.roots)
    elif address.platform is Platform.GCP:
        from bucketlink.buckets.gcs_address import place as gcs_place  # noqa: PLC0415

        gcs_place(address)
    elif address.platform is Platform.AZURE:
        from bucketlink.buckets.azure_address import place as azure_place  # noqa: PLC0415

        azure_place(address)
    else:
        from bucketlink.buckets.s3_address import place  # noqa: PLC0415

        place(address)
