"""What Bucketlink knows of buckets beyond the arguments that scripts have always given."""

from typing import TypedDict


class PlatformOptions(TypedDict, total=False):
    """More arguments of the methods that register and change integrations; by keyword.

    Attributes:
        all_paths_allowed: True lifts the ``allowed_paths`` of an integration that is changed.
        azure_account_key: the storage account's key, a secret.
        azure_client_id: the service principal, or a managed identity that was assigned by a user.
        azure_client_secret: the service principal's secret; goes with ``azure_client_id`` and ``azure_tenant_id``.
        azure_connection_string: the storage account's address and its key or token in one, a secret.
        azure_container_name: the container, where ``azure_connection_string`` is given.
        gcp_endpoint: another address of Google Cloud Storage than the usual one.
        gcp_service_account_key: the JSON of a service account's key, a secret.
        s3_addressing_style: ``path`` or ``virtual``, of a CustomS3 server.
        s3_ca_certificates: certificates in PEM by which a CustomS3 server's own is verified.
        s3_requester_pays: whether the integration's account agrees to pay for what is read (AWS).
        uses_server_identity: whether the server's own identity reads the bucket (GCP, Azure).

    """

    all_paths_allowed: bool | None
    azure_account_key: str | None
    azure_client_id: str | None
    azure_client_secret: str | None
    azure_connection_string: str | None
    azure_container_name: str | None
    gcp_endpoint: str | None
    gcp_service_account_key: str | None
    s3_addressing_style: str | None
    s3_ca_certificates: str | None
    s3_requester_pays: bool | None
    uses_server_identity: bool | None


ON_THE_WIRE = {
    "all_paths_allowed": "allPathsAllowed",
    "azure_account_key": "azureAccountKey",
    "azure_client_id": "azureClientId",
    "azure_client_secret": "azureClientSecret",
    "azure_connection_string": "azureConnectionString",
    "azure_container_name": "azureContainerName",
    "gcp_endpoint": "gcpEndpoint",
    "gcp_service_account_key": "gcpServiceAccountKey",
    "s3_addressing_style": "s3AddressingStyle",
    "s3_ca_certificates": "s3CaCertificates",
    "s3_requester_pays": "s3RequesterPays",
    "uses_server_identity": "usesServerIdentity",
}
"""`PlatformOptions` as the wire names them."""
NOT_ANSWERED = frozenset({"allPathsAllowed", "azureConnectionString", "azureContainerName"})
"""What can be sent and has no field of its own that is answered."""
