"""Integrations. Credentials are kept sealed, and leave only through `credentials`."""

from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Table,
    exists,
    func,
    insert,
    literal,
    literal_column,
    or_,
    select,
    update,
)

from bucketlink.errors import Conflict
from bucketlink.ids import Noun
from bucketlink.model import Access, BucketAddress, Credentials, Finding, Integration, Platform, Restriction, Status
from bucketlink.sealing import Sealer, key_id
from bucketlink.store import landmarks
from bucketlink.store import runs as run_store
from bucketlink.store.database import now
from bucketlink.store.tables import assets, connections, integrations, organizations, projects, removed_assets, runs


def add(
    tx: Connection,
    sealer: Sealer,
    organization_id: int,
    *,
    name: str,
    address: BucketAddress,
    access: Access,
    restriction: Restriction,
    allowed_projects: tuple[int, ...] | None,
    credentials: Credentials,
    internal_processing_authorized: bool = False,
    found: Finding | None = None,
) -> Integration:
    """Register a bucket that can be read, as was found just now, or one that is to be checked (None)."""
    created = now()
    integration_id = tx.scalars(
        insert(integrations)
        .values(
            organization_id=organization_id,
            name=name,
            **_settable(address, access, restriction, allowed_projects),
            internal_processing_authorized=internal_processing_authorized,
            status=Status.CONNECTED if found else Status.CHECKING,
            reason=found.warning if found else None,
            found_region=found.region if found else None,
            checked_at=created if found else None,
            created_at=created,
            updated_at=created,
        )
        .returning(integrations.c.id)
    ).one()
    if not credentials.is_anonymous:
        _seal(tx, sealer, organization_id, integration_id, credentials)
    return get(tx, organization_id, integration_id)


def change(
    tx: Connection,
    sealer: Sealer,
    before: Integration,
    *,
    name: str,
    address: BucketAddress,
    access: Access,
    restriction: Restriction,
    allowed_projects: tuple[int, ...] | None,
    internal_processing_authorized: bool,
    credentials: Credentials | None,
) -> Integration:
    """Change an integration; credentials of None stay. Raises Conflict if its assets would come to point elsewhere."""
    if replace(address, region=before.address.region) != before.address and _projects_with(
        tx, before.id, assets, removed_assets
    ):
        raise Conflict(
            "Platform, bucket and endpoint of an integration cannot change once assets came from it: "
            "add another integration instead."
        )
    renamed_only = (address, access, restriction, credentials) == (
        *(before.address, before.access, before.restriction),
        None,
    )
    tx.execute(
        update(integrations)
        .where(integrations.c.id == before.id, integrations.c.organization_id == before.organization_id)
        .values(
            name=name,
            **_settable(address, access, restriction, allowed_projects),
            internal_processing_authorized=internal_processing_authorized,
            status=Status.CHECKING,
            reason=None,
            found_region=None if address != before.address else before.found_region,
            revision=integrations.c.revision + (0 if renamed_only else 1),
            updated_at=now(),
        )
    )
    if credentials is not None:
        _seal(tx, sealer, before.organization_id, before.id, credentials)
    return get(tx, before.organization_id, before.id)


def get(tx: Connection, organization_id: int, integration_id: int) -> Integration:
    """An integration of the organization; raises NotFound."""
    rows = find(tx, organization_id, integration_id=integration_id)
    if not rows:
        raise Noun.INTEGRATION.absent(integration_id)
    return rows[0]


def find(
    tx: Connection,
    organization_id: int,
    *,
    integration_id: int | None = None,
    name: str | None = None,
    platform: Platform | None = None,
    status: Status | None = None,
    first: int = 100,
    skip: int = 0,
) -> list[Integration]:
    """Integrations of the organization, oldest first."""
    wanted = _wanted(organization_id, integration_id, name, platform, status)
    statement = (
        select(integrations, organizations.c.external_id)
        .join_from(integrations, organizations, organizations.c.id == integrations.c.organization_id)
        .where(*wanted)
        .order_by(integrations.c.id)
    )
    return [_integration(row) for row in tx.execute(statement.limit(first).offset(skip))]


def count(
    tx: Connection,
    organization_id: int,
    *,
    integration_id: int | None = None,
    name: str | None = None,
    platform: Platform | None = None,
    status: Status | None = None,
) -> int:
    """How many integrations `find` would find."""
    wanted = _wanted(organization_id, integration_id, name, platform, status)
    return tx.scalars(select(func.count()).select_from(integrations).where(*wanted)).one()


def credentials(tx: Connection, sealer: Sealer, integration: Integration) -> Credentials:
    """What opens the integration's bucket; raises SealingError."""
    sealed = tx.scalar(
        select(integrations.c.sealed_credentials).where(
            integrations.c.id == integration.id,
            integrations.c.organization_id == integration.organization_id,
        )
    )
    if sealed is None:
        return Credentials()
    return sealer.open(sealed, organization_id=integration.organization_id, integration_id=integration.id)


def has_credentials(tx: Connection, integration: Integration) -> bool:
    """Whether anything is kept that opens the integration's bucket."""
    sealed = select(integrations.c.id).where(
        integrations.c.id == integration.id, integrations.c.sealed_credentials.is_not(None)
    )
    return tx.scalar(sealed) is not None


def set_status(
    tx: Connection, integration_id: int, revision: int, status: Status, reason: str | None, region: str | None = None
) -> None:
    """Keep what a check found, unless the integration has changed since."""
    tx.execute(
        update(integrations)
        .where(integrations.c.id == integration_id, integrations.c.revision == revision)
        .values(
            status=status,
            reason=reason,
            found_region=func.coalesce(literal(region), integrations.c.found_region),
            checked_at=now(),
        )
    )


def check_anew(tx: Connection, integration: Integration) -> None:
    """Show an integration as being checked."""
    tx.execute(
        update(integrations)
        .where(integrations.c.id == integration.id, integrations.c.organization_id == integration.organization_id)
        .values(status=Status.CHECKING, reason=None)
    )


def remove(tx: Connection, organization_id: int, integration_id: int) -> None:
    """Delete an integration; raises Conflict, naming its connections, while it has any."""
    get(tx, organization_id, integration_id)
    used = tx.execute(
        select(connections.c.id, projects.c.title)
        .join_from(connections, projects, connections.c.project_id == projects.c.id)
        .where(connections.c.integration_id == integration_id)
        .order_by(connections.c.id)
        .limit(5)
    ).all()
    if used:
        names = ", ".join(f"con{row.id} (project {row.title!r})" for row in used)
        raise Conflict(f"The integration is in use by the connections {names}: remove them first.")
    titles = _projects_with(tx, integration_id, assets)
    if titles:
        raise Conflict(
            f"Assets that came from the integration are still in {', '.join(map(repr, titles))}: remove them first, by "
            "removing a connection together with its assets, or delete the projects."
        )
    run_store.cancel(tx, runs.c.integration_id == integration_id, "The integration was deleted.")
    landmarks.forget(tx, integration_id)
    tx.execute(
        update(integrations)
        .where(integrations.c.id == integration_id)
        .values(deleted_at=now(), sealed_credentials=None)
    )


def needed_key_ids(tx: Connection) -> set[bytes]:
    """Ids of the master keys that stored credentials need."""
    identifier = func.substr(integrations.c.sealed_credentials, 1, 9)
    heads = tx.scalars(select(identifier).where(integrations.c.sealed_credentials.is_not(None)).distinct())
    return {key_id(bytes(head)) for head in heads}


def _projects_with(tx: Connection, integration_id: int, *tables: Table) -> list[str]:
    """Titles of projects, five at most, of which any of the tables holds assets of an integration."""
    held = [
        exists(
            select(literal_column("1")).where(
                table.c.project_id == projects.c.id, table.c.integration_id == integration_id
            )
        )
        for table in tables
    ]
    statement = select(projects.c.title).where(projects.c.deleted_at.is_(None), or_(*held))
    return list(tx.scalars(statement.order_by(projects.c.id).limit(5)))


def _seal(tx: Connection, sealer: Sealer, organization_id: int, integration_id: int, value: Credentials) -> None:
    sealed = (
        None
        if value.is_anonymous
        else sealer.seal(value, organization_id=organization_id, integration_id=integration_id)
    )
    tx.execute(update(integrations).where(integrations.c.id == integration_id).values(sealed_credentials=sealed))


def _settable(
    address: BucketAddress, access: Access, restriction: Restriction, allowed_projects: tuple[int, ...] | None
) -> dict[str, Any]:
    return {
        "platform": address.platform,
        "bucket": address.bucket,
        "endpoint": address.endpoint,
        "region": address.region,
        "access_point": address.access_point,
        "access": {name: value for name, value in asdict(replace(access, external_id=None)).items() if value} or None,
        "allowed_paths": _listed(restriction.allowed_paths),
        "include_root_files": restriction.include_root_files,
        "allowed_projects": _listed(allowed_projects),
    }


def _listed(values: tuple[Any, ...] | None) -> list[Any] | None:
    return None if values is None else list(values)


def _wanted(
    organization_id: int,
    integration_id: int | None,
    name: str | None,
    platform: Platform | None,
    status: Status | None,
) -> list[ColumnElement[bool]]:
    wanted = [integrations.c.organization_id == organization_id, integrations.c.deleted_at.is_(None)]
    for column, value in (
        (integrations.c.id, integration_id),
        (integrations.c.name, name),
        (integrations.c.platform, platform),
        (integrations.c.status, status),
    ):
        if value is not None:
            wanted.append(column == value)
    return wanted


def _integration(row: Row[Any]) -> Integration:
    return Integration(
        id=row.id,
        organization_id=row.organization_id,
        name=row.name,
        address=BucketAddress(Platform(row.platform), row.bucket, row.endpoint, row.region, row.access_point),
        access=Access(**(row.access or {}), external_id=row.external_id),
        restriction=Restriction(
            None if row.allowed_paths is None else tuple(row.allowed_paths), row.include_root_files
        ),
        allowed_projects=None if row.allowed_projects is None else tuple(row.allowed_projects),
        internal_processing_authorized=row.internal_processing_authorized,
        status=Status(row.status),
        reason=row.reason,
        checked_at=row.checked_at,
        found_region=row.found_region,
        revision=row.revision,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
