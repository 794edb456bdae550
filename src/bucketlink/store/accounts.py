"""Organizations, users, API keys, and the replies kept for requests that are sent again."""

import hashlib
import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, func, insert, select, update

from bucketlink.errors import Conflict, InvalidInput
from bucketlink.ids import Noun
from bucketlink.model import Caller, Role
from bucketlink.store.database import now
from bucketlink.store.tables import api_keys, organizations, replies, users

KEY_PREFIX = "bl_"
DAY = 24 * 3600 * 1000
REPLY_LIFE = DAY

LOCAL_ADMINISTRATOR = "local@bucketlink.invalid"
FIRST_ORGANIZATION = "Default"
SETTINGS_KEY_NAME = "BUCKETLINK_ADMIN_API_KEY"


@dataclass(frozen=True, slots=True)
class Organization:
    """Owns users, projects and integrations; nothing crosses it."""

    id: int
    name: str
    external_id: str
    created_at: int


@dataclass(frozen=True, slots=True)
class User:
    """A person, or the local administrator."""

    id: int
    organization_id: int
    email: str
    role: Role
    created_at: int


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is kept of an API key; the key itself is not."""

    id: int
    user_id: int
    name: str
    created_at: int
    expires_at: int
    revoked_at: int | None


def digest(key: str) -> bytes:
    """What is stored of a key. Keys are random and long: nothing slower than one hash is needed."""
    return hashlib.sha256(key.encode()).digest()


def ensure_local_administrator(tx: Connection) -> Caller:
    """The administrator of the first organization, for whoever holds the data directory; both made on first use."""
    organization_id = tx.scalar(select(func.min(organizations.c.id)))
    if organization_id is None:
        organization_id = add_organization(tx, FIRST_ORGANIZATION)
    user = ensure_user(tx, organization_id, LOCAL_ADMINISTRATOR, Role.ADMIN)
    return Caller(organization_id, user.id, user.email, user.role)


def add_organization(tx: Connection, name: str) -> int:
    """Make an organization; returns its id."""
    made = insert(organizations).values(name=name, external_id=new_external_id(), created_at=now())
    return int(tx.scalars(made.returning(organizations.c.id)).one())


def new_external_id() -> str:
    """What an organization's roles of AWS are assumed with; nobody else's can be guessed from it."""
    return f"bucketlink-{secrets.token_hex(16)}"


def ensure_user(tx: Connection, organization_id: int, email: str, role: Role | None) -> User:
    """The organization's user of this e-mail address, made if there is none, with this role if one is given."""
    statement = select(users).where(users.c.organization_id == organization_id, users.c.email == email)
    row = tx.execute(statement).first()
    if row is None:
        tx.execute(
            insert(users).values(organization_id=organization_id, email=email, role=role or Role.USER, created_at=now())
        )
    elif role is not None and row.role != role:
        tx.execute(update(users).where(users.c.id == row.id).values(role=role))
    return _user(tx.execute(statement).one())


def add_api_key(tx: Connection, user: User, *, name: str, days: int, key: str | None = None) -> tuple[str, ApiKey]:
    """Make an API key; the text is answered here and nowhere else. `key` brings a text of the operator's own."""
    text = key or KEY_PREFIX + secrets.token_urlsafe(32)
    created = now()
    row = tx.execute(
        insert(api_keys)
        .values(
            organization_id=user.organization_id,
            user_id=user.id,
            name=name,
            digest=digest(text),
            created_at=created,
            expires_at=created + days * DAY,
        )
        .returning(api_keys)
    ).one()
    return text, _api_key(row)


def set_settings_key(tx: Connection, key: str | None) -> None:
    """Accept the administrator's key of the settings, and none that an earlier setting brought.

    Raises InvalidInput for a key that was made otherwise, and was revoked or has expired.
    """
    kept = b"" if key is None else digest(key)
    administrator = ensure_local_administrator(tx)
    earlier = (api_keys.c.name == SETTINGS_KEY_NAME, api_keys.c.user_id == administrator.user_id)
    tx.execute(delete(api_keys).where(*earlier, api_keys.c.digest != kept))
    if key is None:
        return
    if tx.scalar(select(api_keys.c.id).where(api_keys.c.digest == kept)) is None:
        user = ensure_user(tx, administrator.organization_id, LOCAL_ADMINISTRATOR, Role.ADMIN)
        add_api_key(tx, user, name=SETTINGS_KEY_NAME, days=36500, key=key)
    elif authenticate(tx, key) is None:
        raise InvalidInput(f"{SETTINGS_KEY_NAME} holds an API key that was revoked or has expired: set another one.")


def revoke_api_key(tx: Connection, caller: Caller, key_id: int) -> ApiKey:
    """Accept a key no more from now on; one that was revoked stays as it is.

    Raises:
        NotFound: there is no such key in the organization.
        Conflict: the server's settings bring the key, and would bring it again.

    """
    for key in list_api_keys(tx, caller, key_id=key_id):
        if key.name == SETTINGS_KEY_NAME and _is_local(tx, key.user_id):
            raise Conflict(
                f"{Noun.API_KEY.show(key_id)} is what {SETTINGS_KEY_NAME} holds: take that from the server's "
                "environment, or change it, and start the server again."
            )
        if key.revoked_at is None:
            tx.execute(update(api_keys).where(api_keys.c.id == key_id).values(revoked_at=now()))
        return list_api_keys(tx, caller, key_id=key_id)[0]
    raise Noun.API_KEY.absent(key_id)


def authenticate(tx: Connection, key: str) -> Caller | None:
    """Whose key this is; None for one that is unknown, expired or revoked."""
    row = tx.execute(
        select(users, api_keys.c.id.label("api_key_id"))
        .join_from(api_keys, users, api_keys.c.user_id == users.c.id)
        .where(api_keys.c.digest == digest(key), api_keys.c.expires_at > now(), api_keys.c.revoked_at.is_(None))
    ).first()
    if row is None:
        return None
    return Caller(row.organization_id, row.id, row.email, Role(row.role), row.api_key_id)


def organization(tx: Connection, organization_id: int) -> Organization:
    """The caller's organization."""
    row = tx.execute(select(organizations).where(organizations.c.id == organization_id)).one()
    return Organization(row.id, row.name, row.external_id, row.created_at)


def list_users(
    tx: Connection,
    organization_id: int,
    *,
    user_id: int | None = None,
    email: str | None = None,
    first: int = 100,
    skip: int = 0,
) -> list[User]:
    """Users of an organization, oldest first."""
    statement = select(users).where(*_users(organization_id, user_id, email))
    return [_user(row) for row in tx.execute(statement.order_by(users.c.id).limit(first).offset(skip))]


def count_users(tx: Connection, organization_id: int, *, user_id: int | None = None, email: str | None = None) -> int:
    """How many `list_users` would list."""
    statement = select(func.count()).select_from(users).where(*_users(organization_id, user_id, email))
    return tx.scalars(statement).one()


def _users(organization_id: int, user_id: int | None, email: str | None) -> list[ColumnElement[bool]]:
    wanted = [users.c.organization_id == organization_id]
    if user_id is not None:
        wanted.append(users.c.id == user_id)
    if email is not None:
        wanted.append(users.c.email == email)
    return wanted


def list_api_keys(
    tx: Connection,
    caller: Caller,
    *,
    key: str | None = None,
    key_id: int | None = None,
    user_id: int | None = None,
) -> list[ApiKey]:
    """API keys that the caller may see, oldest first: an administrator all of the organization, a user their own."""
    statement = select(api_keys).where(api_keys.c.organization_id == caller.organization_id)
    if caller.role is not Role.ADMIN:
        statement = statement.where(api_keys.c.user_id == caller.user_id)
    if key is not None:
        statement = statement.where(api_keys.c.digest == digest(key))
    if key_id is not None:
        statement = statement.where(api_keys.c.id == key_id)
    if user_id is not None:
        statement = statement.where(api_keys.c.user_id == user_id)
    return [_api_key(row) for row in tx.execute(statement.order_by(api_keys.c.id))]


def recall_reply(tx: Connection, request: bytes) -> str | None:
    """What was answered to the same request within the last 24 hours."""
    return tx.scalar(
        select(replies.c.answer).where(replies.c.digest == request, replies.c.created_at > now() - REPLY_LIFE)
    )


def keep_reply(tx: Connection, request: bytes, answer: str) -> None:
    """Keep what is answered to a request, in the transaction that does what it asks."""
    tx.execute(delete(replies).where(replies.c.digest == request))
    tx.execute(insert(replies).values(digest=request, answer=answer, created_at=now()))


def forget_replies(tx: Connection) -> None:
    """Delete replies that are too old to be asked for."""
    tx.execute(delete(replies).where(replies.c.created_at <= now() - REPLY_LIFE))


def _is_local(tx: Connection, user_id: int) -> bool:
    return tx.scalar(select(users.c.email).where(users.c.id == user_id)) == LOCAL_ADMINISTRATOR


def _user(row: Row[Any]) -> User:
    return User(row.id, row.organization_id, row.email, Role(row.role), row.created_at)


def _api_key(row: Row[Any]) -> ApiKey:
    return ApiKey(row.id, row.user_id, row.name, row.created_at, row.expires_at, row.revoked_at)
