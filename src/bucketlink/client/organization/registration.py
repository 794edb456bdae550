"""Registering buckets as integrations, changing and deleting them."""

from typing import Unpack

from bucketlink.client.checks import checked
from bucketlink.client.graphql.queries import mutation
from bucketlink.client.graphql.wire import Wire
from bucketlink.client.mapping import sent
from bucketlink.client.organization.platforms import NOT_ANSWERED, ON_THE_WIRE, PlatformOptions
from bucketlink.client.types import FieldNames, PlatformName, Row, StatusName, Texts

INTEGRATION_FIELDS = ("id", "name", "status", "platform", "allowedPaths")
"""What is answered of a new integration unless a script says otherwise."""

_WHERE = {"where": "DataIntegrationWhere!"}
_DATA = {"data": "DataIntegrationData!"}
_DELETE = mutation("deleteDataIntegration", _WHERE, None)
_CREATE_DATA = {
    "platform": "platform",
    "name": "name",
    "allowed_paths": "allowedPaths",
    "allowed_projects": "allowedProjects",
    "aws_access_point_arn": "awsAccessPointARN",
    "aws_role_arn": "awsRoleARN",
    "aws_role_external_id": "awsRoleExternalId",
    "azure_connection_url": "azureConnectionURL",
    "azure_is_using_service_credentials": "azureIsUsingServiceCredentials",
    "azure_sas_token": "azureSASToken",
    "azure_tenant_id": "azureTenantId",
    "gcp_bucket_name": "gcpBucketName",
    "include_root_files": "includeRootFiles",
    "internal_processing_authorized": "internalProcessingAuthorized",
    "s3_access_key": "s3AccessKey",
    "s3_bucket_name": "s3BucketName",
    "s3_endpoint": "s3Endpoint",
    "s3_region": "s3Region",
    "s3_secret_key": "s3SecretKey",
    "s3_session_token": "s3SessionToken",
    "folder_path": "folderPath",
}
_UPDATE_DATA = _CREATE_DATA | {"organization_id": "organizationId", "status": "status"}


class Registration:
    """The methods that register, change and delete integrations. For administrators only."""

    _wire: Wire

    @checked
    def create_cloud_storage_integration(
        self,
        platform: PlatformName,
        name: str,
        fields: FieldNames = INTEGRATION_FIELDS,
        allowed_paths: Texts | None = None,
        allowed_projects: Texts | None = None,
        aws_access_point_arn: str | None = None,
        aws_role_arn: str | None = None,
        aws_role_external_id: str | None = None,
        azure_connection_url: str | None = None,
        azure_is_using_service_credentials: bool | None = None,
        azure_sas_token: str | None = None,
        azure_tenant_id: str | None = None,
        gcp_bucket_name: str | None = None,
        include_root_files: bool | str | None = None,
        internal_processing_authorized: bool | str | None = None,
        s3_access_key: str | None = None,
        s3_bucket_name: str | None = None,
        s3_endpoint: str | None = None,
        s3_region: str | None = None,
        s3_secret_key: str | None = None,
        s3_session_token: str | None = None,
        *,
        folder_path: str | None = None,
        **more: Unpack[PlatformOptions],
    ) -> Row:
        """Register a bucket with the organization. Administrators only.

        Without any credentials a bucket is read anonymously. What cannot be read is refused, with the reason.

        Args:
            platform: ``AWS``; ``CustomS3`` for anything else that speaks S3; ``Folder`` for a directory of
                the server; ``Azure`` or ``GCP``.
            name: what people call it.
            fields: what to answer, as named in the schema's ``DataIntegration``.
            allowed_paths: the only folders that connections may see; None for all, an empty list for none.
            allowed_projects: ids of the only projects that may use it; None for all, an empty list for none.
            aws_access_point_arn: the access point through which to read a bucket of AWS.
            aws_role_arn: the role to assume before reading.
            aws_role_external_id: can be left out; Bucketlink makes one for each organization, and no other is taken.
            azure_connection_url: the address of the container; it may carry the SAS token.
            azure_is_using_service_credentials: whether clients list the container and send what they found.
            azure_sas_token: the container's shared access signature, a secret.
            azure_tenant_id: the directory of a service principal, or of the server's own identity.
            gcp_bucket_name: the bucket of Google Cloud Storage.
            include_root_files: whether objects outside any folder count where folders restrict.
            internal_processing_authorized: kept and answered.
            s3_access_key: the public half of the credentials.
            s3_bucket_name: the bucket.
            s3_endpoint: the address of a CustomS3 server.
            s3_region: the bucket's region.
            s3_secret_key: the secret half of the credentials. It is sealed, and never answered again.
            s3_session_token: goes with temporary credentials.
            folder_path: the absolute path of a Folder, below one of the roots that the server's operator
                allowed.
            more: what `bucketlink.client.platforms.PlatformOptions` names.

        Returns:
            A dictionary with the fields asked for.

        Raises:
            InvalidInput, NotAllowed, BucketError: in the server's words.
            TypeError: an argument of another type.

        Example:
            >>> client.create_cloud_storage_integration(  # doctest: +SKIP
            ...     "AWS", "Street scenes", s3_bucket_name="street-scenes", s3_access_key="AKIA…", s3_secret_key="…"
            ... )
            {'id': 'int7', 'name': 'Street scenes', 'status': 'CONNECTED', 'platform': 'AWS', 'allowedPaths': None}

        """
        return create(self._wire, {**sent(_CREATE_DATA, locals()), **sent(ON_THE_WIRE, more)}, fields)

    @checked
    def update_cloud_storage_integration(  # noqa: D417 - the others are as in create_cloud_storage_integration
        self,
        cloud_storage_integration_id: str,
        allowed_paths: Texts | None = None,
        allowed_projects: Texts | None = None,
        aws_access_point_arn: str | None = None,
        aws_role_arn: str | None = None,
        aws_role_external_id: str | None = None,
        azure_connection_url: str | None = None,
        azure_is_using_service_credentials: bool | None = None,
        azure_sas_token: str | None = None,
        azure_tenant_id: str | None = None,
        gcp_bucket_name: str | None = None,
        include_root_files: bool | str | None = None,
        internal_processing_authorized: bool | str | None = None,
        name: str | None = None,
        organization_id: str | None = None,
        platform: PlatformName | None = None,
        status: StatusName | None = None,
        s3_access_key: str | None = None,
        s3_bucket_name: str | None = None,
        s3_endpoint: str | None = None,
        s3_region: str | None = None,
        s3_secret_key: str | None = None,
        s3_session_token: str | None = None,
        *,
        folder_path: str | None = None,
        **more: Unpack[PlatformOptions],
    ) -> Row:
        """Change what is given of an integration, and have its bucket tried again. Administrators only.

        Args:
            cloud_storage_integration_id: the integration. Parameters that are not named here mean what they mean
                to `create_cloud_storage_integration`; None leaves a property as it is.
            allowed_paths: the only folders that connections may see; an empty list for none.
            allowed_projects: ids of the only projects that may use it; an empty list for none.
            organization_id: can be none but the caller's own.
            status: without effect, as the server finds it by trying.

        Returns:
            The integration's ``id``, and what was given as it is now, by its name on the wire; credentials are
            answered as None, save an ``azure_sas_token`` for whoever has to list the container.

        Raises:
            NotFound: there is none with this id.
            InvalidInput, NotAllowed: in the server's words.
            TypeError: an argument of another type.

        Example:
            >>> client.update_cloud_storage_integration("7", name="Streets")  # doctest: +SKIP
            {'id': '7', 'name': 'Streets'}

        """
        given = {**sent(_UPDATE_DATA, locals()), **sent(ON_THE_WIRE, more)}
        return update(self._wire, cloud_storage_integration_id, given)

    @checked
    def check_cloud_storage_integration(
        self, cloud_storage_integration_id: str, fields: FieldNames = ("id", "name", "status", "statusReason")
    ) -> Row:
        """Have an integration's bucket tried again, as a synchronization would read it. Administrators only.

        Args:
            cloud_storage_integration_id: the integration.
            fields: what to answer, as named in the schema's ``DataIntegration``.

        Returns:
            A dictionary with the fields asked for. Its ``status`` is CHECKING where trying takes more than 20 seconds.

        Raises:
            NotFound: there is none with this id.

        Example:
            >>> client.check_cloud_storage_integration("7")  # doctest: +SKIP
            {'id': '7', 'name': 'Streets', 'status': 'CONNECTED', 'statusReason': None}

        """
        row: Row = self._wire.ask(
            mutation("checkDataIntegration", _WHERE, fields), where={"id": cloud_storage_integration_id}
        )
        return row

    @checked
    def delete_cloud_storage_integration(self, cloud_storage_integration_id: str) -> str:
        """Delete an integration that no connection uses, and answer its id. Administrators only.

        Raises:
            Conflict: connections use it; the sentence names them.
            NotFound: there is none with this id.

        Example:
            >>> client.delete_cloud_storage_integration("int7")  # doctest: +SKIP
            'int7'

        """
        answered: str = self._wire.ask(_DELETE, where={"id": cloud_storage_integration_id})
        return answered


def create(wire: Wire, data: Row, fields: FieldNames) -> Row:
    """Register a bucket, given as the wire names it."""
    row: Row = wire.ask(mutation("createDataIntegration", _DATA, fields), data=data)
    return row


def update(wire: Wire, integration_id: str, data: Row) -> Row:
    """Change an integration, given as the wire names it, and answer its id and what was given."""
    answered = (name for name in data if name not in NOT_ANSWERED)
    document = mutation("updatePropertiesInDataIntegration", {**_DATA, **_WHERE}, ("id", *answered))
    row: Row = wire.ask(document, data=data, where={"id": integration_id})
    return row
