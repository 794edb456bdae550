"""Integrations: the buckets of an organization."""

from collections.abc import Generator, Iterable
from typing import Literal, overload

from bucketlink.client.checks import check_page, checked
from bucketlink.client.queries import mutation, query
from bucketlink.client.types import FieldNames, PlatformName, Row, StatusName
from bucketlink.client.wire import Wire

_COUNT = query("countDataIntegrations", {"where": "DataIntegrationWhere!"}, None)
_DELETE = mutation("deleteDataIntegration", {"where": "DataIntegrationWhere!"}, None)


class Integrations:
    """The methods about integrations."""

    _wire: Wire

    @overload
    def cloud_storage_integrations(
        self,
        cloud_storage_integration_id: str | None = None,
        name: str | None = None,
        platform: PlatformName | None = None,
        status: StatusName | None = None,
        organization_id: str | None = None,
        fields: FieldNames = ("name", "id", "platform", "status"),
        first: int | None = None,
        skip: int = 0,
        disable_tqdm: bool | None = None,
        *,
        as_generator: Literal[True],
    ) -> Generator[Row, None, None]: ...

    @overload
    def cloud_storage_integrations(
        self,
        cloud_storage_integration_id: str | None = None,
        name: str | None = None,
        platform: PlatformName | None = None,
        status: StatusName | None = None,
        organization_id: str | None = None,
        fields: FieldNames = ("name", "id", "platform", "status"),
        first: int | None = None,
        skip: int = 0,
        disable_tqdm: bool | None = None,
        *,
        as_generator: Literal[False] = False,
    ) -> list[Row]: ...

    @checked
    def cloud_storage_integrations(
        self,
        cloud_storage_integration_id: str | None = None,
        name: str | None = None,
        platform: PlatformName | None = None,
        status: StatusName | None = None,
        organization_id: str | None = None,
        fields: FieldNames = ("name", "id", "platform", "status"),
        first: int | None = None,
        skip: int = 0,
        disable_tqdm: bool | None = None,
        *,
        as_generator: bool = False,
    ) -> Iterable[Row]:
        """List the organization's integrations that match every criterion given, in order of creation.

        Args:
            cloud_storage_integration_id: the integration with this id.
            name: those of this very name.
            platform: those on this platform.
            status: those that answered so when they were last checked.
            organization_id: those of this organization; of any other than the caller's there are none.
            fields: what to answer of each, as named in the schema's ``DataIntegration``. Secrets are answered
                as None.
            first: how many at most; None for all.
            skip: how many to leave out.
            disable_tqdm: True for no progress bar, None for one on terminals only.
            as_generator: answer a generator that asks for rows as they are taken, and draws no bar.

        Returns:
            A list of dictionaries with the fields asked for, or the generator.

        Raises:
            InvalidInput: a negative number, or a field that does not exist.
            TypeError: an argument of another type.

        Example:
            >>> client.cloud_storage_integrations(platform="AWS")  # doctest: +SKIP
            [{'name': 'Street scenes', 'id': '7', 'platform': 'AWS', 'status': 'CONNECTED'}]

        """
        check_page(first, skip)
        where = _where(cloud_storage_integration_id, name, platform, status, organization_id)
        rows = self._wire.rows(
            "dataIntegrations",
            ("DataIntegrationWhere!", where),
            fields,
            first=first,
            skip=skip,
            disable_tqdm=True if as_generator else disable_tqdm,
            count=lambda: self._count(where),
        )
        return rows if as_generator else list(rows)

    @checked
    def count_cloud_storage_integrations(
        self,
        cloud_storage_integration_id: str | None = None,
        name: str | None = None,
        platform: PlatformName | None = None,
        status: StatusName | None = None,
        organization_id: str | None = None,
    ) -> int:
        """Count the integrations that `cloud_storage_integrations` lists for the same criteria.

        Example:
            >>> client.count_cloud_storage_integrations(status="DISCONNECTED")  # doctest: +SKIP
            1

        """
        return self._count(_where(cloud_storage_integration_id, name, platform, status, organization_id))

    def _count(self, where: Row) -> int:
        number: int = self._wire.ask(_COUNT, where=where)
        return number

    @checked
    def create_cloud_storage_integration(
        self,
        platform: PlatformName,
        name: str,
        fields: FieldNames = ("id", "name", "status", "platform", "allowedPaths"),
        allowed_paths: list[str] | None = None,
        allowed_projects: list[str] | None = None,
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
    ) -> Row:
        """Register a bucket with the organization. Administrators only.

        Without access key and secret key a bucket is read anonymously.

        Args:
            platform: ``AWS``; ``CustomS3`` for anything else that speaks S3; ``Folder`` for a directory of
                the server.
            name: what people call it.
            fields: what to answer.
            allowed_paths: the only folders that connections may see; None for all, an empty list for none.
            allowed_projects: ids of the only projects that may use it; None for all, an empty list for none.
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

        Raises:
            InvalidInput, NotAllowed, BucketError: in the server's words.

        """
        given = {
            "platform": platform,
            "name": name,
            "allowedPaths": allowed_paths,
            "allowedProjects": allowed_projects,
            "includeRootFiles": include_root_files,
            "internalProcessingAuthorized": internal_processing_authorized,
            "s3AccessKey": s3_access_key,
            "s3BucketName": s3_bucket_name,
            "s3Endpoint": s3_endpoint,
            "s3Region": s3_region,
            "s3SecretKey": s3_secret_key,
            "s3SessionToken": s3_session_token,
            "folderPath": folder_path,
        }
        document = mutation("createDataIntegration", {"data": "DataIntegrationData!"}, fields)
        row: Row = self._wire.ask(document, data=without_none(given))
        return row

    @checked
    def delete_cloud_storage_integration(self, cloud_storage_integration_id: str) -> str:
        """Delete an integration that no connection uses, and answer its id. Administrators only.

        Raises:
            Conflict: connections use it; the sentence names them.
            NotFound: there is none with this id.

        """
        answered: str = self._wire.ask(_DELETE, where={"id": cloud_storage_integration_id})
        return answered


def without_none(given: Row) -> Row:
    """Leave out what was not given."""
    return {name: value for name, value in given.items() if value is not None}


def _where(
    id_: str | None, name: str | None, platform: str | None, status: str | None, organization: str | None
) -> Row:
    return without_none(
        {"id": id_, "name": name, "platform": platform, "status": status, "organizationId": organization}
    )
