"""Projects: listing, counting and deleting them."""

from collections.abc import Generator, Iterable
from typing import Literal, overload

from bucketlink.client.checks import checked
from bucketlink.client.graphql.queries import mutation
from bucketlink.client.listing import Listing
from bucketlink.client.mapping import read_json, sent
from bucketlink.client.projects.changes import ProjectChanges
from bucketlink.client.types import FieldNames, Row, Texts
from bucketlink.errors import InvalidInput

_PROJECTS = Listing("projects", "countProjects", "ProjectWhere!", lambda row: read_json(row, "jsonInterface"))
_DELETE = mutation("deleteProjectAsynchronously", {"where": "ProjectWhere!"}, None)
_WHERE = {
    "project_id": "id",
    "search_query": "searchQuery",
    "should_relaunch_kpi_computation": "shouldRelaunchKpiComputation",
    "updated_at_gte": "updatedAtGte",
    "updated_at_lte": "updatedAtLte",
    "archived": "archived",
    "starred": "starred",
    "organization_id": "organizationId",
    "deleted": "deleted",
}
PROJECT_FIELDS = (
    *("consensusTotCoverage", "id", "inputType", "jsonInterface", "minConsensusSize", "reviewCoverage"),
    *("roles.id", "roles.role", "roles.user.email", "roles.user.id", "title"),
)
"""What is answered of a project unless a script says otherwise."""


class Projects(ProjectChanges):
    """The methods about projects."""

    @overload
    def projects(
        self,
        project_id: str | None = None,
        search_query: str | None = None,
        should_relaunch_kpi_computation: bool | None = None,
        updated_at_gte: str | None = None,
        updated_at_lte: str | None = None,
        archived: bool | None = None,
        starred: bool | None = None,
        tags_in: Texts | None = None,
        organization_id: str | None = None,
        fields: FieldNames = PROJECT_FIELDS,
        deleted: bool | None = None,
        first: int | None = None,
        skip: int = 0,
        disable_tqdm: bool | None = None,
        *,
        as_generator: Literal[True],
    ) -> Generator[Row, None, None]: ...

    @overload
    def projects(
        self,
        project_id: str | None = None,
        search_query: str | None = None,
        should_relaunch_kpi_computation: bool | None = None,
        updated_at_gte: str | None = None,
        updated_at_lte: str | None = None,
        archived: bool | None = None,
        starred: bool | None = None,
        tags_in: Texts | None = None,
        organization_id: str | None = None,
        fields: FieldNames = PROJECT_FIELDS,
        deleted: bool | None = None,
        first: int | None = None,
        skip: int = 0,
        disable_tqdm: bool | None = None,
        *,
        as_generator: Literal[False] = False,
    ) -> list[Row]: ...

    @checked
    def projects(
        self,
        project_id: str | None = None,
        search_query: str | None = None,
        should_relaunch_kpi_computation: bool | None = None,
        updated_at_gte: str | None = None,
        updated_at_lte: str | None = None,
        archived: bool | None = None,
        starred: bool | None = None,
        tags_in: Texts | None = None,
        organization_id: str | None = None,
        fields: FieldNames = PROJECT_FIELDS,
        deleted: bool | None = None,
        first: int | None = None,
        skip: int = 0,
        disable_tqdm: bool | None = None,
        *,
        as_generator: bool = False,
    ) -> Iterable[Row]:
        """List the organization's projects that match every criterion given, in order of creation.

        Args:
            project_id: the project with this id.
            search_query: those whose title or description holds this text, in capitals or not.
            should_relaunch_kpi_computation: True for none, as there is nothing to compute.
            updated_at_gte: those last changed on this day (``2026-01-31``), or at this moment, or later.
            updated_at_lte: those last changed on this day, or at this moment, or earlier.
            archived: True for archived ones only, False for the others only.
            starred: True for none, as there are no stars.
            tags_in: cannot be given, as Bucketlink keeps no tags.
            organization_id: those of this organization; of any other than the caller's there are none.
            fields: what to answer of each, as named in the schema's ``Project``; ``roles.user.email`` reaches
                into objects.
            deleted: True for none, as a deleted project is gone.
            first: how many at most; None for all.
            skip: how many to leave out.
            disable_tqdm: True for no progress bar, None for one on terminals only.
            as_generator: answer a generator that asks for rows as they are taken, and draws no bar.

        Returns:
            A list of dictionaries with the fields asked for, or the generator; ``jsonInterface`` is a dictionary
            in turn.

        Raises:
            InvalidInput: a tag, a negative number, or a field that does not exist.
            TypeError: an argument of another type.

        Example:
            >>> client.projects(search_query="Street", fields=("id", "title"))  # doctest: +SKIP
            [{'id': '3', 'title': 'Street scenes'}]

        """
        _refuse_tags(tags_in)
        return _PROJECTS.answer(
            self._wire,
            sent(_WHERE, locals()),
            fields,
            first=first,
            skip=skip,
            disable_tqdm=disable_tqdm,
            as_generator=as_generator,
        )

    @checked
    def count_projects(
        self,
        project_id: str | None = None,
        search_query: str | None = None,
        should_relaunch_kpi_computation: bool | None = None,
        updated_at_gte: str | None = None,
        updated_at_lte: str | None = None,
        archived: bool | None = None,
        deleted: bool | None = None,
        organization_id: str | None = None,
        starred: bool | None = None,
        tags_in: Texts | None = None,
    ) -> int:
        """Count the projects that `projects` lists for the same criteria.

        Example:
            >>> client.count_projects(archived=False)  # doctest: +SKIP
            12

        """
        _refuse_tags(tags_in)
        return _PROJECTS.count(self._wire, sent(_WHERE, locals()))

    @checked
    def delete_project(self, project_id: str) -> str:
        """Delete a project with its assets and connections, and answer its id. It cannot be undone.

        Raises:
            NotFound: there is none with this id.

        Example:
            >>> client.delete_project("prj1")  # doctest: +SKIP
            'prj1'

        """
        answered: str = self._wire.ask(_DELETE, where={"id": project_id})
        return answered


def _refuse_tags(tags: Texts | None) -> None:
    if tags:
        raise InvalidInput("Bucketlink keeps no tags, so projects cannot be chosen by tags_in: leave it out.")
