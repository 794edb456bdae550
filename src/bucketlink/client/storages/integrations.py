"""Integrations as newer scripts name their methods: ``storages.integrations``."""

from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Any, NoReturn, TypedDict

from bucketlink.client.checks import checked
from bucketlink.client.client import Client
from bucketlink.client.mapping import sent
from bucketlink.client.organization.registration import INTEGRATION_FIELDS, create
from bucketlink.client.storages.missing import missing
from bucketlink.client.types import FieldNames, PlatformName, Row, StatusName, Texts

Listed = list[Row]
_NAMESPACE = "storages.integrations."

_ALLOWED = {
    "allowed_paths": "allowedPaths",
    "allowed_projects": "allowedProjects",
    "include_root_files": "includeRootFiles",
    "internal_processing_authorized": "internalProcessingAuthorized",
}
_S3 = {
    **_ALLOWED,
    "name": "name",
    "bucket_name": "s3BucketName",
    "region": "s3Region",
    "access_key": "s3AccessKey",
    "secret_key": "s3SecretKey",
    "session_token": "s3SessionToken",
}
_AWS = {
    **_S3,
    "access_point_arn": "awsAccessPointARN",
    "role_arn": "awsRoleARN",
    "role_external_id": "awsRoleExternalId",
}
_CUSTOM_S3 = {**_S3, "endpoint": "s3Endpoint"}
_GCP = {**_ALLOWED, "name": "name", "bucket_name": "gcpBucketName"}
_AZURE = {
    **_ALLOWED,
    "name": "name",
    "connection_url": "azureConnectionURL",
    "sas_token": "azureSASToken",
    "is_using_service_credentials": "azureIsUsingServiceCredentials",
    "tenant_id": "azureTenantId",
}


class IntegrationFilter(TypedDict, total=False):
    """Which integrations; every criterion given must hold."""

    integration_id: str | None
    name: str | None
    platform: PlatformName | None
    status: StatusName | None
    organization_id: str | None


class StorageIntegrations:
    """The organization's integrations. Methods are those of `Client`, by shorter names.

    In place of a list with one path, or one project, that path or project may be given (``allowed_path``).
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    @checked
    def list(
        self,
        fields: FieldNames = ("name", "id", "platform", "status"),
        first: int | None = None,
        skip: int = 0,
        disable_tqdm: bool | None = None,
        filter: IntegrationFilter | None = None,  # noqa: A002 - the name that scripts use
    ) -> Listed:
        """List integrations, as `Client.cloud_storage_integrations`."""
        rows: Listed = self._client.cloud_storage_integrations(
            **criteria(filter, "integration_id"), fields=fields, first=first, skip=skip, disable_tqdm=disable_tqdm
        )
        return rows

    @checked
    def list_as_generator(
        self,
        fields: FieldNames = ("name", "id", "platform", "status"),
        first: int | None = None,
        skip: int = 0,
        disable_tqdm: bool | None = None,
        filter: IntegrationFilter | None = None,  # noqa: A002
    ) -> Generator[Row, None, None]:
        """Go through integrations, as `Client.cloud_storage_integrations` with ``as_generator``."""
        return self._client.cloud_storage_integrations(
            **criteria(filter, "integration_id"),
            fields=fields,
            first=first,
            skip=skip,
            disable_tqdm=disable_tqdm,
            as_generator=True,
        )

    @checked
    def count(self, filter: IntegrationFilter | None = None) -> int:  # noqa: A002
        """Count integrations, as `Client.count_cloud_storage_integrations`."""
        return self._client.count_cloud_storage_integrations(**criteria(filter, "integration_id"))

    @checked
    def create_aws(
        self,
        bucket_name: str,
        region: str,
        name: str,
        fields: FieldNames = INTEGRATION_FIELDS,
        access_key: str | None = None,
        secret_key: str | None = None,
        session_token: str | None = None,
        access_point_arn: str | None = None,
        role_arn: str | None = None,
        role_external_id: str | None = None,
        allowed_path: str | None = None,
        allowed_paths: Texts | None = None,
        allowed_project: str | None = None,
        allowed_projects: Texts | None = None,
        include_root_files: bool | str | None = None,
        internal_processing_authorized: bool | str | None = None,
    ) -> Row:
        """Register a bucket of AWS, as `Client.create_cloud_storage_integration`."""
        return self._create("AWS", _AWS, locals())

    @checked
    def create_azure(
        self,
        connection_url: str,
        name: str,
        fields: FieldNames = INTEGRATION_FIELDS,
        sas_token: str | None = None,
        is_using_service_credentials: bool | None = None,
        tenant_id: str | None = None,
        allowed_path: str | None = None,
        allowed_paths: Texts | None = None,
        allowed_project: str | None = None,
        allowed_projects: Texts | None = None,
        include_root_files: bool | str | None = None,
        internal_processing_authorized: bool | str | None = None,
    ) -> Row:
        """Register a container of Azure, as `Client.create_cloud_storage_integration`."""
        return self._create("Azure", _AZURE, locals())

    @checked
    def create_gcp(
        self,
        bucket_name: str,
        name: str,
        fields: FieldNames = INTEGRATION_FIELDS,
        allowed_path: str | None = None,
        allowed_paths: Texts | None = None,
        allowed_project: str | None = None,
        allowed_projects: Texts | None = None,
        include_root_files: bool | str | None = None,
        internal_processing_authorized: bool | str | None = None,
    ) -> Row:
        """Register a bucket of Google Cloud Storage, as `Client.create_cloud_storage_integration`."""
        return self._create("GCP", _GCP, locals())

    @checked
    def create_s3(
        self,
        endpoint: str,
        bucket_name: str,
        name: str,
        fields: FieldNames = INTEGRATION_FIELDS,
        access_key: str | None = None,
        secret_key: str | None = None,
        session_token: str | None = None,
        region: str | None = None,
        allowed_path: str | None = None,
        allowed_paths: Texts | None = None,
        allowed_project: str | None = None,
        allowed_projects: Texts | None = None,
        include_root_files: bool | str | None = None,
        internal_processing_authorized: bool | str | None = None,
    ) -> Row:
        """Register a bucket of anything that speaks S3, as `Client.create_cloud_storage_integration`."""
        return self._create("CustomS3", _CUSTOM_S3, locals())

    def _create(self, platform: PlatformName, names: Mapping[str, str], given: Mapping[str, Any]) -> Row:
        data = {"platform": platform, **sent(names, _in_lists(given))}
        return create(self._client.wire, data, given["fields"])

    @checked
    def update(
        self,
        integration_id: str,
        allowed_path: str | None = None,
        allowed_paths: Texts | None = None,
        allowed_project: str | None = None,
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
    ) -> Row:
        """Change an integration, as `Client.update_cloud_storage_integration`."""
        given = _in_lists(locals())
        for name_ in ("self", "integration_id", "allowed_path", "allowed_project"):
            del given[name_]
        return self._client.update_cloud_storage_integration(integration_id, **given)

    @checked
    def delete(self, integration_id: str) -> str:
        """Delete an integration, as `Client.delete_cloud_storage_integration`."""
        return self._client.delete_cloud_storage_integration(integration_id)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            raise missing(StorageIntegrations, name, asked=_NAMESPACE, nearest=_NAMESPACE)


def criteria(given: Mapping[str, Any] | None, *ids: str) -> dict[str, Any]:
    """Name criteria as the methods of `Client` do, whose ids are those of a ``cloud_storage_…``."""
    return {f"cloud_storage_{name}" if name in ids else name: value for name, value in (given or {}).items()}


def _in_lists(given: Mapping[str, Any]) -> dict[str, Any]:
    """Put one path, or one project, into the list of its kind."""
    listed = dict(given)
    for one, several in (("allowed_path", "allowed_paths"), ("allowed_project", "allowed_projects")):
        if given[one] is not None:
            listed[several] = [given[one]]
    return listed
