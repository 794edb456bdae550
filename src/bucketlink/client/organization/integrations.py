"""Integrations, the buckets of an organization: listing and counting them."""

from collections.abc import Generator, Iterable
from typing import Literal, overload

from bucketlink.client.checks import checked
from bucketlink.client.listing import Listing
from bucketlink.client.mapping import sent
from bucketlink.client.organization.registration import Registration
from bucketlink.client.types import FieldNames, PlatformName, Row, StatusName

_INTEGRATIONS = Listing("dataIntegrations", "countDataIntegrations", "DataIntegrationWhere!")
_WHERE = {
    "cloud_storage_integration_id": "id",
    "name": "name",
    "platform": "platform",
    "status": "status",
    "organization_id": "organizationId",
}


class Integrations(Registration):
    """The methods about integrations."""

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
        return _INTEGRATIONS.answer(
            self._wire,
            sent(_WHERE, locals()),
            fields,
            first=first,
            skip=skip,
            disable_tqdm=disable_tqdm,
            as_generator=as_generator,
        )

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
        return _INTEGRATIONS.count(self._wire, sent(_WHERE, locals()))
