"""The cloud storage methods as newer scripts name them: ``storages.integrations`` and ``storages.connections``."""

from collections.abc import Generator
from typing import TYPE_CHECKING, NoReturn, TypedDict

from bucketlink.client.checks import checked
from bucketlink.client.client import Client
from bucketlink.client.connections.connections import CONNECTION_FIELDS
from bucketlink.client.storages.integrations import Listed, StorageIntegrations, criteria
from bucketlink.client.storages.missing import missing
from bucketlink.client.types import ConnectionRef, FieldNames, Observer, Row, SynchronizedConnection, Texts

_CONNECTIONS = "storages.connections."


class ConnectionFilter(TypedDict, total=False):
    """Which connections; at least one criterion must be given."""

    connection_id: str | None
    integration_id: str | None
    project_id: str | None


class StorageConnections:
    """The organization's connections. Methods are those of `Client`, by shorter names."""

    def __init__(self, client: Client) -> None:
        self._client = client

    @checked
    def list(
        self,
        fields: FieldNames = CONNECTION_FIELDS,
        first: int | None = None,
        skip: int = 0,
        disable_tqdm: bool | None = None,
        filter: ConnectionFilter | None = None,  # noqa: A002
    ) -> Listed:
        """List connections, as `Client.cloud_storage_connections`."""
        rows: Listed = self._client.cloud_storage_connections(
            **criteria(filter, "connection_id", "integration_id"),
            fields=fields,
            first=first,
            skip=skip,
            disable_tqdm=disable_tqdm,
        )
        return rows

    @checked
    def list_as_generator(
        self,
        fields: FieldNames = CONNECTION_FIELDS,
        first: int | None = None,
        skip: int = 0,
        disable_tqdm: bool | None = None,
        filter: ConnectionFilter | None = None,  # noqa: A002
    ) -> Generator[Row, None, None]:
        """Go through connections, as `Client.cloud_storage_connections` with ``as_generator``."""
        return self._client.cloud_storage_connections(
            **criteria(filter, "connection_id", "integration_id"),
            fields=fields,
            first=first,
            skip=skip,
            disable_tqdm=disable_tqdm,
            as_generator=True,
        )

    @checked
    def create(
        self,
        project_id: str,
        cloud_storage_integration_id: str,
        selected_folder: str | None = None,
        selected_folders: Texts | None = None,
        prefix: str | None = None,
        include: Texts | None = None,
        exclude: Texts | None = None,
    ) -> ConnectionRef:
        """Use an integration in a project, as `Client.add_cloud_storage_connection`."""
        folders = selected_folders if selected_folder is None else [selected_folder]
        return self._client.add_cloud_storage_connection(
            project_id, cloud_storage_integration_id, folders, prefix, include, exclude
        )

    @checked
    def sync(
        self,
        connection_id: str,
        delete_extraneous_files: bool = False,
        dry_run: bool = False,
        *,
        force: bool = False,
        max_delete: int | None = None,
        apply_changed: bool = True,
        progress: bool | Observer | None = None,
    ) -> SynchronizedConnection:
        """Synchronize a connection, as `Client.synchronize_cloud_storage_connection`."""
        return self._client.synchronize_cloud_storage_connection(
            connection_id,
            delete_extraneous_files,
            dry_run,
            force=force,
            max_delete=max_delete,
            apply_changed=apply_changed,
            progress=progress,
        )

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            raise missing(StorageConnections, name, asked=_CONNECTIONS, nearest=_CONNECTIONS)


class Storages:
    """The namespace of everything about cloud storages."""

    def __init__(self, client: Client) -> None:
        self._client = client

    @property
    def integrations(self) -> StorageIntegrations:
        """The organization's integrations."""
        return StorageIntegrations(self._client)

    @property
    def connections(self) -> StorageConnections:
        """The organization's connections."""
        return StorageConnections(self._client)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            raise missing(Storages, name, asked="storages.", nearest="storages.")
