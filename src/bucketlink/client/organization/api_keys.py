"""API keys: who may speak to the server."""

from collections.abc import Generator, Iterable
from typing import Literal, overload

from bucketlink.client.checks import checked
from bucketlink.client.graphql.queries import mutation
from bucketlink.client.graphql.wire import Wire
from bucketlink.client.listing import Listing
from bucketlink.client.mapping import sent
from bucketlink.client.types import FieldNames, NewApiKey, RevokedApiKey, RoleName, Row

_API_KEYS = Listing("apiKeys", "countApiKeys", "ApiKeyWhere!")
_WHERE = {"api_key_id": "id", "user_id": "user.id", "api_key": "key"}
_CREATE = mutation(
    "createApiKey", {"data": "CreateApiKeyData!"}, ("id", "key", "expiryDate", "user.email", "user.role")
)
_REVOKE = mutation("revokeApiKey", {"where": "ApiKeyIdWhere!"}, ("id", "name", "revoked", "user.email"))
_CREATE_DATA = {"email": "email", "role": "role", "expires_in_days": "expiresInDays"}


class ApiKeys:
    """The methods about API keys."""

    _wire: Wire

    @overload
    def api_keys(
        self,
        api_key_id: str | None = None,
        user_id: str | None = None,
        api_key: str | None = None,
        skip: int = 0,
        fields: FieldNames = ("id", "name", "createdAt", "revoked"),
        first: int | None = None,
        disable_tqdm: bool | None = None,
        *,
        as_generator: Literal[True],
    ) -> Generator[Row, None, None]: ...

    @overload
    def api_keys(
        self,
        api_key_id: str | None = None,
        user_id: str | None = None,
        api_key: str | None = None,
        skip: int = 0,
        fields: FieldNames = ("id", "name", "createdAt", "revoked"),
        first: int | None = None,
        disable_tqdm: bool | None = None,
        *,
        as_generator: Literal[False] = False,
    ) -> list[Row]: ...

    @checked
    def api_keys(
        self,
        api_key_id: str | None = None,
        user_id: str | None = None,
        api_key: str | None = None,
        skip: int = 0,
        fields: FieldNames = ("id", "name", "createdAt", "revoked"),
        first: int | None = None,
        disable_tqdm: bool | None = None,
        *,
        as_generator: bool = False,
    ) -> Iterable[Row]:
        """List API keys that match every criterion given: an administrator sees all, a user the own ones.

        Args:
            api_key_id: the key with this id.
            user_id: those of this user.
            api_key: this very key.
            skip: how many to leave out.
            fields: what to answer of each, as named in the schema's ``ApiKey``, which never holds the key itself.
            first: how many at most; None for all.
            disable_tqdm: True for no progress bar, None for one on terminals only.
            as_generator: answer a generator that asks for rows as they are taken, and draws no bar.

        Returns:
            A list of dictionaries with the fields asked for, or the generator.

        Raises:
            InvalidInput: a negative number, or a field that does not exist.
            TypeError: an argument of another type.

        Example:
            >>> client.api_keys(fields=("id", "name", "expiryDate"))  # doctest: +SKIP
            [{'id': 'key1', 'name': 'ana@example.com', 'expiryDate': '2027-01-31T12:00:00.000000Z'}]

        """
        return _API_KEYS.answer(
            self._wire,
            sent(_WHERE, locals()),
            fields,
            first=first,
            skip=skip,
            disable_tqdm=disable_tqdm,
            as_generator=as_generator,
        )

    @checked
    def count_api_keys(
        self, api_key_id: str | None = None, user_id: str | None = None, api_key: str | None = None
    ) -> int:
        """Count the API keys that `api_keys` lists for the same criteria.

        Example:
            >>> client.count_api_keys()  # doctest: +SKIP
            1

        """
        return _API_KEYS.count(self._wire, sent(_WHERE, locals()))

    @checked
    def create_api_key(self, email: str, role: RoleName | None = None, expires_in_days: int | None = None) -> NewApiKey:
        """Make an API key for a user of the organization, who is made if need be. Administrators only.

        Args:
            email: whose key it is.
            role: what the user may do from now on, by any key; ADMIN manages integrations, users and keys. None leaves
                it as it is, and makes a new user a USER.
            expires_in_days: None for the server's own choice, a year.

        Returns:
            The key, in ``key``, for the only time.

        Example:
            >>> client.create_api_key("ana@example.com", "ADMIN", 90)["key"]  # doctest: +SKIP
            'bl_…'

        """
        row: NewApiKey = self._wire.ask(_CREATE, data=sent(_CREATE_DATA, locals()))
        return row

    @checked
    def revoke_api_key(self, api_key_id: str) -> RevokedApiKey:
        """Have the server accept an API key no more, from its next request on. Administrators only.

        A key stays revoked, and in the list.

        Args:
            api_key_id: id of the key, as `api_keys` lists it; not the key itself.

        Returns:
            What is known of the key, which is now revoked; the same for one that was revoked before.

        Raises:
            NotFound: there is no such key in the organization.
            Conflict: the server's own settings bring the key.

        Example:
            >>> client.revoke_api_key("key7")["revoked"]  # doctest: +SKIP
            True

        """
        row: RevokedApiKey = self._wire.ask(_REVOKE, where={"id": api_key_id})
        return row
