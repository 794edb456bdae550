"""Projects, their assets, and API keys: as much of them as a first synchronization needs."""

from collections.abc import Generator
from typing import cast

from bucketlink.client.checks import check_page, checked
from bucketlink.client.integrations import without_none
from bucketlink.client.queries import mutation, query
from bucketlink.client.types import FieldNames, InputTypeName, NewApiKey, ProjectRow, RoleName, Row
from bucketlink.client.wire import Wire

_PROJECT_FIELDS = ("id", "title", "inputType", "numberOfAssets")
_CREATE = mutation("createProject", {"data": "CreateProjectData!"}, _PROJECT_FIELDS)
_COUNT_ASSETS = query("countAssets", {"where": "AssetWhere!"}, None)
_CREATE_KEY = mutation("createApiKey", {"data": "CreateApiKeyData!"}, ("id", "key", "expiryDate", "user.email"))


class Projects:
    """The methods about projects, assets and API keys."""

    _wire: Wire

    @checked
    def create_project(
        self,
        title: str,
        input_type: InputTypeName,
        json_interface: str | None = None,
        description: str = "",
    ) -> ProjectRow:
        """Make a project.

        Args:
            title: what people call it; two projects may have one title.
            input_type: the kind of data that it annotates, which decides the objects that connections take.
            json_interface: its annotation interface, as JSON text.
            description: a few words.

        """
        given = {
            "title": title,
            "inputType": input_type,
            "jsonInterface": json_interface,
            "description": description,
        }
        row: ProjectRow = self._wire.ask(_CREATE, data=without_none(given))
        return row

    @checked
    def projects(self, first: int | None = None, skip: int = 0) -> Generator[ProjectRow, None, None]:
        """Go through the organization's projects, in order of creation.

        Raises:
            InvalidInput: a negative number.

        """
        check_page(first, skip)
        rows = self._wire.rows("projects", ("ProjectWhere!", {}), _PROJECT_FIELDS, first=first, skip=skip)
        return cast("Generator[ProjectRow, None, None]", rows)

    @checked
    def assets(
        self,
        project_id: str,
        external_id_strictly_in: list[str] | None = None,
        fields: FieldNames = ("id", "externalId"),
        first: int | None = None,
        skip: int = 0,
    ) -> Generator[Row, None, None]:
        """Go through a project's assets, in order of creation.

        Args:
            project_id: the project.
            external_id_strictly_in: only assets with one of these keys.
            fields: what to answer of each, as named in the schema's ``Asset``.
            first: how many at most; None for all.
            skip: how many to leave out.

        Raises:
            InvalidInput: a negative number, or a field that does not exist.

        """
        check_page(first, skip)
        where = without_none({"project": {"id": project_id}, "externalIdStrictlyIn": external_id_strictly_in})
        return self._wire.rows("assets", ("AssetWhere!", where), fields, first=first, skip=skip)

    @checked
    def count_assets(self, project_id: str) -> int:
        """Count a project's assets."""
        number: int = self._wire.ask(_COUNT_ASSETS, where={"project": {"id": project_id}})
        return number

    @checked
    def create_api_key(self, email: str, role: RoleName = "USER", expires_in_days: int | None = None) -> NewApiKey:
        """Make an API key for a user of the organization, who is made if need be. Administrators only.

        Args:
            email: whose key it is.
            role: what the user may do; ADMIN manages integrations, users and keys.
            expires_in_days: None for the server's own choice, a year.

        Returns:
            The key, in ``key``, for the only time.

        """
        given = {"email": email, "role": role, "expiresInDays": expires_in_days}
        row: NewApiKey = self._wire.ask(_CREATE_KEY, data=without_none(given))
        return row
