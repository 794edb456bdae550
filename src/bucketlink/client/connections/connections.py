"""Connections: an integration used in a project, and its synchronization."""

from collections.abc import Generator, Iterable
from typing import ClassVar, Literal, TypedDict, overload

from bucketlink.client.checks import check_page, checked
from bucketlink.client.connections import synchronize
from bucketlink.client.connections.progress import bar
from bucketlink.client.graphql.queries import CONNECTION, mutation
from bucketlink.client.graphql.wire import Wire
from bucketlink.client.mapping import sent
from bucketlink.client.rows import Rows
from bucketlink.client.types import ConnectionRef, FieldNames, Observer, Row, SynchronizedConnection, Texts
from bucketlink.errors import InvalidInput

_ADD = mutation("addDataConnection", {"data": "DataConnectionInput!"}, ("id",))
_UPDATE_DATA = {
    "selected_folders": "selectedFolders",
    "all_folders": "allFolders",
    "prefix": "prefix",
    "include": "include",
    "exclude": "exclude",
}
_UPDATE = mutation(
    "updateDataConnection",
    {"data": "DataConnectionSelection!", **CONNECTION},
    ("id", "selectedFolders", "prefix", "include", "exclude"),
)
_DELETE = mutation("deleteDataConnection", CONNECTION, None)
_WHERE = {"project_id": "projectId", "cloud_storage_integration_id": "integrationId"}
_ADD_DATA = {
    **_WHERE,
    "selected_folders": "selectedFolders",
    "prefix": "prefix",
    "include": "include",
    "exclude": "exclude",
    "is_json_processing_enabled": "isJsonProcessingEnabled",
}
CONNECTION_FIELDS = ("id", "lastChecked", "numberOfAssets", "selectedFolders", "projectId")
"""What is answered of a connection unless a script says otherwise."""


class SelectedConnection(TypedDict):
    """A connection and what it selects."""

    id: str
    """The connection's id."""
    selectedFolders: list[str] | None
    """The folders whose objects it takes; None for all, an empty list for none."""
    prefix: str | None
    """What keys must start with, instead of lying in the folders; None where the folders count."""
    include: list[str] | None
    """Patterns, one of which a key must match; None or empty where there is none."""
    exclude: list[str] | None
    """Patterns, none of which a key may match; None or empty where there is none."""


class Connections:
    """The methods about connections."""

    _wire: Wire
    _more_connection_fields: ClassVar[tuple[str, ...]] = ()
    """Further fields to answer of a connection where a script does not say which."""

    @overload
    def cloud_storage_connections(
        self,
        cloud_storage_connection_id: str | None = None,
        cloud_storage_integration_id: str | None = None,
        project_id: str | None = None,
        fields: FieldNames = CONNECTION_FIELDS,
        first: int | None = None,
        skip: int = 0,
        disable_tqdm: bool | None = None,
        *,
        as_generator: Literal[True],
    ) -> Generator[Row, None, None]: ...

    @overload
    def cloud_storage_connections(
        self,
        cloud_storage_connection_id: str | None = None,
        cloud_storage_integration_id: str | None = None,
        project_id: str | None = None,
        fields: FieldNames = CONNECTION_FIELDS,
        first: int | None = None,
        skip: int = 0,
        disable_tqdm: bool | None = None,
        *,
        as_generator: Literal[False] = False,
    ) -> list[Row]: ...

    @checked
    def cloud_storage_connections(
        self,
        cloud_storage_connection_id: str | None = None,
        cloud_storage_integration_id: str | None = None,
        project_id: str | None = None,
        fields: FieldNames = CONNECTION_FIELDS,
        first: int | None = None,
        skip: int = 0,
        disable_tqdm: bool | None = None,
        *,
        as_generator: bool = False,
    ) -> Iterable[Row]:
        """Show one connection, or list those of a project, an integration, or both, in order of creation.

        Args:
            cloud_storage_connection_id: this connection; the other criteria, ``first`` and ``skip`` then do
                not matter.
            cloud_storage_integration_id: those that use this integration.
            project_id: those of this project.
            fields: what to answer of each, as named in the schema's ``DataConnection``;
                ``dataIntegration.name`` reaches into an object.
            first: how many at most; None for all.
            skip: how many to leave out.
            disable_tqdm: True for no progress bar, None for one on terminals only. There is none without
                ``first``, as the number of connections is not known beforehand.
            as_generator: answer a generator that asks for rows as they are taken, and draws no bar.

        Returns:
            A list of dictionaries with the fields asked for, or the generator.

        Raises:
            NotFound: there is no such connection; or the project or integration has gone while its connections
                were listed.
            InvalidInput: no criterion, a negative number, or a field that does not exist.
            TypeError: an argument of another type.

        Example:
            >>> client.cloud_storage_connections("12", fields=("id", "numberOfAssets"))  # doctest: +SKIP
            [{'id': '12', 'numberOfAssets': 5108}]

        """
        check_page(first, skip)
        where = sent(_WHERE, locals())
        if fields is CONNECTION_FIELDS:
            fields = (*fields, *self._more_connection_fields)
        if cloud_storage_connection_id is not None:
            found = Rows([self._wire.connection(cloud_storage_connection_id, fields)])
            return (row for row in found) if as_generator else found
        if not where:
            raise InvalidInput(
                "Say which connections: give cloud_storage_connection_id, cloud_storage_integration_id or project_id."
            )
        rows = self._wire.rows(
            "dataConnections",
            ("DataConnectionsWhere!", where),
            fields,
            first=first,
            skip=skip,
            disable_tqdm=True if as_generator else disable_tqdm,
            whole=lambda: self._check_parents(project_id, cloud_storage_integration_id),
        )
        return rows if as_generator else Rows(rows)

    def _check_parents(self, project_id: str | None, integration_id: str | None) -> None:
        if project_id is not None:
            self._wire.check_project(project_id)
        if integration_id is not None:
            self._wire.check_integration(integration_id)

    @checked
    def add_cloud_storage_connection(
        self,
        project_id: str,
        cloud_storage_integration_id: str,
        selected_folders: Texts | None = None,
        prefix: str | None = None,
        include: Texts | None = None,
        exclude: Texts | None = None,
        is_json_processing_enabled: bool | None = None,
    ) -> ConnectionRef:
        """Use an integration in a project. The server then computes the differences; nothing is imported yet.

        Where the integration uses service credentials (Azure), the differences are computed by synchronizing.

        Args:
            project_id: the project.
            cloud_storage_integration_id: the integration.
            selected_folders: the folders to take, whole segments of keys. None takes every object, an empty
                list none.
            prefix: the characters that keys must start with; it replaces the folders.
            include: patterns, one of which a key must match. One without ``*`` matches keys that start with
                it; one with ``*`` must match the whole key, each ``*`` standing for one or more characters,
                ``/`` included.
            exclude: patterns, none of which a key may match.
            is_json_processing_enabled: kept and answered.

        Returns:
            ``{"id": …}`` of the connection.

        Raises:
            NotFound: there is no such integration, or no such project; nothing has been done then.
            InvalidInput, NotAllowed: in the server's words.
            TypeError: an argument of another type.

        Example:
            >>> client.add_cloud_storage_connection("3", "7", ["bears", "foxes/arctic"])  # doctest: +SKIP
            {'id': '12'}

        """
        self._wire.check_integration(cloud_storage_integration_id)
        added = self._wire.ask(_ADD, data=sent(_ADD_DATA, locals()))
        return {"id": added["id"]}

    @checked
    def update_cloud_storage_connection(
        self,
        cloud_storage_connection_id: str,
        selected_folders: Texts | None = None,
        prefix: str | None = None,
        include: Texts | None = None,
        exclude: Texts | None = None,
        *,
        all_folders: bool | None = None,
    ) -> SelectedConnection:
        """Change what a connection selects. The server then computes the differences; nothing is applied yet.

        Arguments mean what they mean to `add_cloud_storage_connection`; None leaves a thing as it is. Differences of
        the selection before are shown no more. What is no longer selected is removed by synchronizing with
        ``delete_extraneous_files``.

        Args:
            cloud_storage_connection_id: the connection.
            selected_folders: the folders to take instead of those from before; an empty list takes nothing.
            prefix: the characters that keys must start with; ``""`` for none, so that the folders count again.
            include: patterns instead of those from before; an empty list for none.
            exclude: patterns instead of those from before; an empty list for none.
            all_folders: True takes every folder again.

        Returns:
            The connection's id and what it selects now.

        Raises:
            NotFound: there is no such connection.
            InvalidInput: nothing is given, folders are given while a prefix replaces them, or a pattern cannot be used.
            TypeError: an argument of another type.

        Example:
            >>> client.update_cloud_storage_connection("con4", exclude=["*.tmp"])  # doctest: +SKIP
            {'id': 'con4', 'selectedFolders': ['bears'], 'prefix': None, 'include': None, 'exclude': ['*.tmp']}

        """
        data = sent(_UPDATE_DATA, locals())
        changed: SelectedConnection = self._wire.ask(_UPDATE, data=data, where={"id": cloud_storage_connection_id})
        return changed

    @checked
    def synchronize_cloud_storage_connection(
        self,
        cloud_storage_connection_id: str,
        delete_extraneous_files: bool = False,
        dry_run: bool = False,
        *,
        force: bool = False,
        max_delete: int | None = None,
        apply_changed: bool = True,
        progress: bool | Observer | None = None,
    ) -> SynchronizedConnection:
        """Compute what differs between bucket and project, and apply it, however long that takes.

        New objects become assets, and assets whose objects changed are renewed. Assets whose objects are gone
        stay, unless ``delete_extraneous_files``; `undo` brings them back for 29 days. Log lines (INFO) say what is
        found and done.

        Args:
            cloud_storage_connection_id: the connection.
            delete_extraneous_files: remove the assets of this connection whose objects are gone or no longer
                selected.
            dry_run: only tell what differs.
            force: remove even where the guard against large removals would refuse.
            max_delete: how many assets may be removed at most, forced or not; 0 for none, None for no limit of
                yours. If more would go, nothing is changed at all; where that shows only while it is at work, since
                another computation finds more to remove, nothing is removed.
            apply_changed: whether to renew assets whose objects changed; False leaves them as they are, and among the
                differences.
            progress: True for a progress bar on standard error, False for none, None for one on terminals and in
                notebooks. It shows objects as the listing does, and then assets as they change; how much is left of a
                listing where the selection was computed before. Or a function that is called with a
                `bucketlink.client.types.Progress` about once a second, and at the end of each step; what it raises
                ends the wait, while the work goes on. Other servers of this wire do not tell how far they are.

        Returns:
            The connection's ``id``, its ``numberOfAssets`` and its ``projectId``, after the fact.

        Raises:
            NotFound: there is no such connection.
            InvalidInput: a negative ``max_delete``.
            BucketError: the bucket could not be read; nothing has been changed.
            Conflict: what the connection selects, or its integration, was changed meanwhile, again and again. Once,
                and it is computed again.
            RunFailed: somebody cancelled it, or it failed as nobody expected.
            GuardRefusal: more than ``max_delete`` assets would go, as said there; or a large removal needs ``force``,
                and what was to be added has been.
            TypeError: an argument of another type.

        Example:
            >>> client.synchronize_cloud_storage_connection("12", dry_run=True)  # doctest: +SKIP
            {'id': '12', 'numberOfAssets': 5108, 'projectId': '3'}
            >>> client.synchronize_cloud_storage_connection(  # doctest: +SKIP
            ...     "12", True, max_delete=100, progress=lambda seen: print(seen.title, seen.done)
            ... )
            Computing 5113
            Applying 5
            {'id': '12', 'numberOfAssets': 5113, 'projectId': '3'}

        """
        with bar(self._wire, shown=progress) as observe:
            outcome = synchronize.synchronize(
                self._wire,
                cloud_storage_connection_id,
                delete_extraneous_files=delete_extraneous_files,
                dry_run=dry_run,
                force=force,
                max_delete=max_delete,
                apply_changed=apply_changed,
                observe=observe,
            )
        return {
            "id": outcome.connection_id,
            "numberOfAssets": outcome.number_of_assets,
            "projectId": outcome.project_id,
        }

    @checked
    def delete_cloud_storage_connection(self, cloud_storage_connection_id: str) -> str:
        """Remove a connection from its project. Its assets stay, for another connection to adopt.

        Args:
            cloud_storage_connection_id: the connection.

        Returns:
            The connection's id.

        Raises:
            NotFound: there is none with this id.

        Example:
            >>> client.delete_cloud_storage_connection("con1")  # doctest: +SKIP
            'con1'

        """
        answered: str = self._wire.ask(_DELETE, where={"id": cloud_storage_connection_id})
        return answered
