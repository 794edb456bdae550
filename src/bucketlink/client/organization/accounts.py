"""Users and their organization."""

from collections.abc import Generator, Iterable
from typing import Literal, overload

from bucketlink.client.checks import checked
from bucketlink.client.graphql.queries import query
from bucketlink.client.graphql.wire import Wire
from bucketlink.client.listing import Listing
from bucketlink.client.mapping import sent
from bucketlink.client.types import FieldNames, Row
from bucketlink.errors import NotAuthenticated

_USERS = Listing("users", "countUsers", "UserWhere!")
_USER_WHERE = {"email": "email", "organization_id": "organization.id", "api_key": "apiKey"}
_ORGANIZATIONS = Listing("organizations", "countOrganizations", "OrganizationWhere!")
_ORGANIZATION_WHERE = {"email": "user.email", "organization_id": "id"}


class Accounts:
    """The methods about users and organizations."""

    _wire: Wire

    @overload
    def users(
        self,
        email: str | None = None,
        organization_id: str | None = None,
        fields: FieldNames = ("email", "id", "firstname", "lastname"),
        first: int | None = None,
        skip: int = 0,
        disable_tqdm: bool | None = None,
        *,
        as_generator: Literal[True],
        api_key: str | None = None,
    ) -> Generator[Row, None, None]: ...

    @overload
    def users(
        self,
        email: str | None = None,
        organization_id: str | None = None,
        fields: FieldNames = ("email", "id", "firstname", "lastname"),
        first: int | None = None,
        skip: int = 0,
        disable_tqdm: bool | None = None,
        *,
        as_generator: Literal[False] = False,
        api_key: str | None = None,
    ) -> list[Row]: ...

    @checked
    def users(
        self,
        email: str | None = None,
        organization_id: str | None = None,
        fields: FieldNames = ("email", "id", "firstname", "lastname"),
        first: int | None = None,
        skip: int = 0,
        disable_tqdm: bool | None = None,
        *,
        as_generator: bool = False,
        api_key: str | None = None,
    ) -> Iterable[Row]:
        """List the organization's users that match every criterion given.

        Args:
            email: the user with this address.
            organization_id: those of this organization; of any other than the caller's there are none.
            fields: what to answer of each, as named in the schema's ``User``.
            first: how many at most; None for all.
            skip: how many to leave out.
            disable_tqdm: True for no progress bar, None for one on terminals only.
            as_generator: answer a generator that asks for rows as they are taken, and draws no bar.
            api_key: the user whose key this is.

        Returns:
            A list of dictionaries with the fields asked for, or the generator.

        Raises:
            InvalidInput: a negative number, or a field that does not exist.
            TypeError: an argument of another type.

        Example:
            >>> client.users(fields=("id", "email"))  # doctest: +SKIP
            [{'id': 'usr1', 'email': 'ana@example.com'}]

        """
        return _USERS.answer(
            self._wire,
            sent(_USER_WHERE, locals()),
            fields,
            first=first,
            skip=skip,
            disable_tqdm=disable_tqdm,
            as_generator=as_generator,
        )

    @checked
    def count_users(
        self, organization_id: str | None = None, email: str | None = None, *, api_key: str | None = None
    ) -> int:
        """Count the users that `users` lists for the same criteria.

        Example:
            >>> client.count_users()  # doctest: +SKIP
            1

        """
        return _USERS.count(self._wire, sent(_USER_WHERE, locals()))

    @checked
    def get_user(self) -> Row:
        """Answer ``id`` and ``email`` of the user whose API key this is.

        Raises:
            NotAuthenticated: the server knows no user of this key.

        Example:
            >>> client.get_user()  # doctest: +SKIP
            {'id': 'usr1', 'email': 'ana@example.com'}

        """
        return self._current(("id", "email"))

    @checked
    def get_current_user(self, fields: FieldNames = ("email", "id", "firstname", "lastname")) -> Row:
        """Answer the user whose API key this is.

        Args:
            fields: what to answer, as named in the schema's ``User``.

        Raises:
            InvalidInput: a field that does not exist.
            NotAuthenticated: the server knows no user of this key.

        Example:
            >>> client.get_current_user(fields=("email",))  # doctest: +SKIP
            {'email': 'ana@example.com'}

        """
        return self._current(fields)

    def _current(self, fields: FieldNames) -> Row:
        found: Row | None = self._wire.ask(query("viewer", {}, fields))
        if found is None:
            raise NotAuthenticated("The server does not know the user of this API key.")
        return found

    @overload
    def organizations(
        self,
        email: str | None = None,
        organization_id: str | None = None,
        fields: FieldNames = ("id", "name"),
        first: int | None = None,
        skip: int = 0,
        disable_tqdm: bool | None = None,
        *,
        as_generator: Literal[True],
    ) -> Generator[Row, None, None]: ...

    @overload
    def organizations(
        self,
        email: str | None = None,
        organization_id: str | None = None,
        fields: FieldNames = ("id", "name"),
        first: int | None = None,
        skip: int = 0,
        disable_tqdm: bool | None = None,
        *,
        as_generator: Literal[False] = False,
    ) -> list[Row]: ...

    @checked
    def organizations(
        self,
        email: str | None = None,
        organization_id: str | None = None,
        fields: FieldNames = ("id", "name"),
        first: int | None = None,
        skip: int = 0,
        disable_tqdm: bool | None = None,
        *,
        as_generator: bool = False,
    ) -> Iterable[Row]:
        """List the caller's organization, which is the only one that a caller sees.

        Args:
            email: only if it has a user with this address.
            organization_id: only if this is its id.
            fields: what to answer, as named in the schema's ``Organization``.
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
            >>> client.organizations()  # doctest: +SKIP
            [{'id': 'org1', 'name': 'Acme'}]

        """
        return _ORGANIZATIONS.answer(
            self._wire,
            sent(_ORGANIZATION_WHERE, locals()),
            fields,
            first=first,
            skip=skip,
            disable_tqdm=disable_tqdm,
            as_generator=as_generator,
        )

    @checked
    def count_organizations(self, email: str | None = None, organization_id: str | None = None) -> int:
        """Count the organizations that `organizations` lists for the same criteria.

        Example:
            >>> client.count_organizations()  # doctest: +SKIP
            1

        """
        return _ORGANIZATIONS.count(self._wire, sent(_ORGANIZATION_WHERE, locals()))
