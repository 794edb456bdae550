"""The members of a project."""

from collections.abc import Generator, Iterable, Sequence
from typing import Literal, TypeAlias, overload

from bucketlink.client.checks import checked
from bucketlink.client.graphql.wire import Wire
from bucketlink.client.listing import Listing
from bucketlink.client.mapping import sent
from bucketlink.client.types import FieldNames, Row

MemberStatus: TypeAlias = Literal["ACTIVATED", "ORG_ADMIN", "ORG_SUSPENDED"]

_MEMBERS = Listing("projectUsers", "countProjectUsers", "ProjectUserWhere!")
_WHERE = {
    "project_id": "project.id",
    "email": "user.email",
    "id": "id",
    "organization_id": "user.organization.id",
}
_STATUSES: tuple[MemberStatus, ...] = ("ACTIVATED", "ORG_ADMIN", "ORG_SUSPENDED")
_FIELDS = ("activated", "id", "role", "starred", "user.email", "user.id", "status")


class Members:
    """The methods about the members of projects."""

    _wire: Wire

    @overload
    def project_users(
        self,
        project_id: str,
        email: str | None = None,
        id: str | None = None,
        organization_id: str | None = None,
        status_in: Sequence[MemberStatus] | None = _STATUSES,
        fields: FieldNames = _FIELDS,
        first: int | None = None,
        skip: int = 0,
        disable_tqdm: bool | None = None,
        *,
        as_generator: Literal[True],
    ) -> Generator[Row, None, None]: ...

    @overload
    def project_users(
        self,
        project_id: str,
        email: str | None = None,
        id: str | None = None,
        organization_id: str | None = None,
        status_in: Sequence[MemberStatus] | None = _STATUSES,
        fields: FieldNames = _FIELDS,
        first: int | None = None,
        skip: int = 0,
        disable_tqdm: bool | None = None,
        *,
        as_generator: Literal[False] = False,
    ) -> list[Row]: ...

    @checked
    def project_users(
        self,
        project_id: str,
        email: str | None = None,
        id: str | None = None,  # noqa: A002 - the name that scripts use
        organization_id: str | None = None,
        status_in: Sequence[MemberStatus] | None = _STATUSES,
        fields: FieldNames = _FIELDS,
        first: int | None = None,
        skip: int = 0,
        disable_tqdm: bool | None = None,
        *,
        as_generator: bool = False,
    ) -> Iterable[Row]:
        """List the members of a project that match every criterion given: everybody in its organization is one.

        Args:
            project_id: the project.
            email: the member with this address.
            id: the member with this id, which is one of the project alone.
            organization_id: those of this organization; of any other than the caller's there are none.
            status_in: of what ``first`` and ``skip`` leave, those with one of these statuses; None for all.
                Administrators of the organization are ORG_ADMIN, others ACTIVATED, and nobody is ORG_SUSPENDED.
            fields: what to answer of each, as named in the schema's ``ProjectUser``.
            first: how many at most; None for all.
            skip: how many to leave out.
            disable_tqdm: True for no progress bar, None for one on terminals only.
            as_generator: answer a generator that asks for rows as they are taken, and draws no bar.

        Returns:
            A list of dictionaries with the fields asked for, and ``status`` where ``status_in`` is given, or the
            generator.

        Raises:
            InvalidInput: a negative number, or a field that does not exist.
            NotFound: the project has gone while its members were listed.
            TypeError: an argument of another type.

        Example:
            >>> client.project_users("prj1", fields=("role", "user.email"), status_in=None)  # doctest: +SKIP
            [{'role': 'ADMIN', 'user': {'email': 'ana@example.com'}}]

        """
        found = _MEMBERS.answer(
            self._wire,
            sent(_WHERE, locals()),
            fields if status_in is None else tuple(dict.fromkeys((*fields, "status"))),
            first=first,
            skip=skip,
            disable_tqdm=disable_tqdm,
            as_generator=as_generator,
            whole=lambda: self._wire.check_project(project_id),
        )
        if status_in is None:
            return found
        chosen = (row for row in found if row["status"] in status_in)
        return chosen if as_generator else list(chosen)

    @checked
    def count_project_users(
        self,
        project_id: str,
        email: str | None = None,
        id: str | None = None,  # noqa: A002 - the name that scripts use
        organization_id: str | None = None,
        status_in: Sequence[MemberStatus] | None = _STATUSES,
    ) -> int:
        """Count the members that `project_users` lists for the same criteria.

        Example:
            >>> client.count_project_users("prj1", status_in=["ORG_ADMIN"])  # doctest: +SKIP
            1

        """
        where = sent(_WHERE, locals())
        if status_in is None or set(status_in) == set(_STATUSES):
            return _MEMBERS.count(self._wire, where)
        return sum(_MEMBERS.count(self._wire, {**where, "status": status}) for status in set(status_in))
