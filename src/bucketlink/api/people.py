"""Organizations, users and API keys: as the wire shows them, and the resolvers that list them."""

from typing import Any

from bucketlink.api.binding import Fields
from bucketlink.api.context import Info, Shape, Where, checked_skip, context, is_own
from bucketlink.ids import Noun
from bucketlink.store import accounts

query = Fields("Query")


def organization(value: accounts.Organization) -> Shape:
    """An Organization."""
    return {
        "id": Noun.ORGANIZATION.show(value.id),
        "name": value.name,
        "createdAt": value.created_at,
        "awsRoleExternalId": value.external_id,
    }


def user(value: accounts.User) -> Shape:
    """A User."""
    name = value.email.partition("@")[0]
    return {
        "id": Noun.USER.show(value.id),
        "email": value.email,
        "name": name,
        "firstname": name,
        "lastname": "",
        "activated": True,
        "createdAt": value.created_at,
        "updatedAt": value.created_at,
        "role": value.role,
        "organizationRole": value.role,
        "organizationId": Noun.ORGANIZATION.show(value.organization_id),
        "organization": lambda info: organization(
            context(info).load(
                "organization", value.organization_id, lambda tx: accounts.organization(tx, value.organization_id)
            )
        ),
    }


def user_of(info: Info, user_id: int) -> Shape:
    """The User of this number."""
    asked = context(info)
    return user(
        asked.load(
            "user",
            user_id,
            lambda tx: accounts.list_users(tx, asked.caller.organization_id, user_id=user_id)[0],
        )
    )


def api_key(value: accounts.ApiKey) -> Shape:
    """An ApiKey, without the key."""
    return {
        "id": Noun.API_KEY.show(value.id),
        "name": value.name,
        "createdAt": value.created_at,
        "expiryDate": value.expires_at,
        "revoked": value.revoked_at is not None,
        "userId": Noun.USER.show(value.user_id),
        "user": lambda info: user_of(info, value.user_id),
    }


@query.field("me")
@query.field("viewer")
def resolve_me(_: object, info: Info) -> Shape:
    """The caller."""
    return user_of(info, context(info).caller.user_id)


@query.field("users")
def resolve_users(_: object, info: Info, where: Where, first: int, skip: int) -> list[Shape]:
    """Users of the organization."""
    wanted = users_wanted(info, where)
    if wanted is None:
        return []
    organization_id = context(info).caller.organization_id
    found = context(info).read(
        lambda tx: accounts.list_users(tx, organization_id, **wanted, first=first, skip=checked_skip(skip))
    )
    return [user(one) for one in found]


@query.field("countUsers")
def resolve_count_users(_: object, info: Info, where: Where) -> int:
    """How many users there are."""
    wanted = users_wanted(info, where)
    if wanted is None:
        return 0
    organization_id = context(info).caller.organization_id
    return context(info).read(lambda tx: accounts.count_users(tx, organization_id, **wanted))


def users_wanted(info: Info, where: Where) -> dict[str, Any] | None:
    """Filters of users, or None where no user can be meant."""
    organization = (where.get("organization") or {}).get("id")
    if organization and not is_own(info, organization):
        return None
    wanted: dict[str, Any] = {"email": where.get("email")}
    if where.get("id"):
        wanted["user_id"] = Noun.USER.sought(where["id"])
    if where.get("apiKey"):
        keys = context(info).read(lambda tx: accounts.list_api_keys(tx, context(info).caller, key=where["apiKey"]))
        if not keys:
            return None
        wanted["user_id"] = keys[0].user_id
    return wanted


@query.field("organizations")
def resolve_organizations(_: object, info: Info, where: Where, first: int, skip: int) -> list[Shape]:
    """The caller's organization."""
    own = context(info).caller.organization_id
    found = context(info).read(lambda tx: accounts.organization(tx, own))
    wanted = (not where.get("id") or is_own(info, where["id"])) and where.get("name") in {None, found.name}
    email = (where.get("user") or {}).get("email")
    if email:
        wanted = wanted and context(info).read(lambda tx: accounts.count_users(tx, own, email=email)) > 0
    return [organization(found)][checked_skip(skip) :][:first] if wanted else []


@query.field("countOrganizations")
def resolve_count_organizations(_: object, info: Info, where: Where) -> int:
    """One, or none that fits."""
    return len(resolve_organizations(_, info, where, 1, 0))


@query.field("apiKeys")
def resolve_api_keys(_: object, info: Info, where: Where, first: int, skip: int) -> list[Shape]:
    """API keys that the caller may see."""
    return [api_key(one) for one in _api_keys(info, where)[checked_skip(skip) :][:first]]


@query.field("countApiKeys")
def resolve_count_api_keys(_: object, info: Info, where: Where) -> int:
    """How many API keys there are."""
    return len(_api_keys(info, where))


def _api_keys(info: Info, where: Where) -> list[accounts.ApiKey]:
    user = (where.get("user") or {}).get("id")
    return context(info).read(
        lambda tx: accounts.list_api_keys(
            tx,
            context(info).caller,
            key=where.get("key"),
            key_id=Noun.API_KEY.sought(where["id"]) if where.get("id") else None,
            user_id=Noun.USER.sought(user) if user else None,
        )
    )
