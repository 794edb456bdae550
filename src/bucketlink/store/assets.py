"""Reading assets: the ranges that the march reads, and the lists that people ask for."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, or_, select

from bucketlink.buckets.packed import PackedPage
from bucketlink.model import Asset
from bucketlink.store.dialects import position
from bucketlink.store.tables import assets, connections, projects
from bucketlink.sync.march import AssetColumns


@dataclass(frozen=True, slots=True)
class AssetFilter:
    """Which assets of a project are wanted; None is no restriction, an empty list takes nothing."""

    ids: Sequence[int] | None = None
    not_ids: Sequence[int] | None = None
    keys: Sequence[str] | None = None
    key_parts: Sequence[str] | None = None
    created: tuple[int | None, int | None] = (None, None)
    updated: tuple[int | None, int | None] = (None, None)

    @property
    def is_empty(self) -> bool:
        """Whether every asset is wanted."""
        return self == AssetFilter()


def stretch(
    tx: Connection,
    project_id: int,
    integration_id: int,
    *,
    start: str,
    after: str | None,
    through: str | None = None,
    stop: str | None = None,
    limit: int | None = None,
) -> AssetColumns:
    """Assets with ``start <= key``, ``after < key <= through`` and ``key < stop``, in key order, from the key index."""
    told = (assets.c.size, assets.c.etag, assets.c.archived)
    statement = select(assets.c.key, assets.c.id, assets.c.connection_id, *told).where(
        assets.c.project_id == project_id, assets.c.integration_id == integration_id
    )
    statement = statement.where(assets.c.key >= start if after is None else assets.c.key > after)
    if through is not None:
        statement = statement.where(assets.c.key <= through)
    if stop is not None:
        statement = statement.where(assets.c.key < stop)
    statement = statement.order_by(assets.c.key)
    if limit is not None:
        statement = statement.limit(limit)
    rows = tx.execute(statement).all()
    if not rows:
        return AssetColumns()
    keys, ids, owners, sizes, etags, archived = zip(*rows, strict=True)
    return AssetColumns(
        list(keys), list(ids), list(owners), list(sizes), list(etags), list(archived) if any(archived) else None
    )


def agree(
    tx: Connection,
    project_id: int,
    integration_id: int,
    page: PackedPage,
    *,
    start: str,
    after: str | None,
    owners: Collection[int],
) -> bool:
    """Whether the assets of a stretch of keys are those of a page and nothing else, all of these owners.

    The stretch is that of `stretch`, through the page's last key. False may also mean that it cannot be told here.
    """
    if tx.dialect.name != "sqlite":
        return False
    # The primary key's order is the table's own, by which alone it is read here. Values joined in any other order
    # would be others than the page's.
    rows = (
        "FROM assets NOT INDEXED WHERE project_id = ? AND integration_id = ?"
        f" AND key {'>=' if after is None else '>'} ? AND key <= ?"
    )
    within = (project_id, integration_id, start if after is None else after, page.last)
    more = tx.exec_driver_sql(f"SELECT 1 {rows} ORDER BY key LIMIT 1 OFFSET ?", (*within, page.count)).first()
    if more is not None:
        return False
    archived = "NULL" if page.archived is None else "group_concat(coalesce(archived, ''), char(0))"
    found = tx.exec_driver_sql(
        f"SELECT sum(connection_id NOT IN ({', '.join(map(str, owners))})), {archived}, count(archived) > 0,"
        f" group_concat(key, char(0)), group_concat(etag, char(0)), group_concat(size) {rows}",
        within,
    ).one()
    return found == (0, page.archived, page.archived is not None, page.keys, page.etags, page.sizes)


def find(
    tx: Connection,
    organization_id: int,
    project_id: int,
    wanted: AssetFilter,
    *,
    first: int = 100,
    skip: int = 0,
    after: int = 0,
) -> list[Asset]:
    """Assets of a project of the organization behind the one with an id, in order of creation."""
    conditions = _wanted(organization_id, project_id, wanted, after)
    # Ids come from an index alone, so that what is skipped costs no row.
    ids = select(assets.c.id).where(*conditions).order_by(assets.c.id).limit(first).offset(skip).subquery()
    of_project = assets.c.project_id == project_id
    statement = (
        select(assets, connections.c.id.label("owner"))
        .outerjoin(connections, connections.c.id == assets.c.connection_id)
        .where(of_project, assets.c.id.in_(select(ids.c.id)))
        .order_by(assets.c.id)
    )
    return [_asset(row) for row in tx.execute(statement)]


def columns(
    tx: Connection,
    organization_id: int,
    project_id: int,
    wanted: AssetFilter,
    names: Sequence[str],
    *,
    first: int,
    after: int = 0,
) -> list[Sequence[Any]]:
    """What `find` finds, as columns by their names in the table, [] where that is nothing; a gone owner is None."""
    chosen = [connections.c.id.label("owner") if name == "connection_id" else assets.c[name] for name in names]
    statement = select(*chosen).where(*_wanted(organization_id, project_id, wanted, after))
    if "connection_id" in names:
        statement = statement.outerjoin_from(assets, connections, connections.c.id == assets.c.connection_id)
    return list(zip(*tx.execute(statement.order_by(assets.c.id).limit(first)).all(), strict=True))


def count(tx: Connection, organization_id: int, project_id: int, wanted: AssetFilter) -> int:
    """How many assets `find` would find; the project's counter where every asset is wanted."""
    if wanted.is_empty:
        counter = select(projects.c.number_of_assets).where(
            projects.c.id == project_id,
            projects.c.organization_id == organization_id,
            projects.c.deleted_at.is_(None),
        )
        return tx.scalar(counter) or 0
    statement = select(func.count()).select_from(assets)
    return tx.scalars(statement.where(*_wanted(organization_id, project_id, wanted))).one()


def _wanted(organization_id: int, project_id: int, wanted: AssetFilter, after: int = 0) -> list[ColumnElement[bool]]:
    mine = select(projects.c.id).where(
        projects.c.id == project_id,
        projects.c.organization_id == organization_id,
        projects.c.deleted_at.is_(None),
    )
    conditions: list[ColumnElement[bool]] = [assets.c.project_id == mine.scalar_subquery()]
    if wanted.ids is not None:
        # A comparison beside them would have SQLite look at every asset behind, instead of these.
        conditions.append(assets.c.id.in_([number for number in wanted.ids if number > after]))
    elif after:
        conditions.append(assets.c.id > after)
    if wanted.not_ids is not None:
        conditions.append(assets.c.id.not_in(wanted.not_ids))
    if wanted.keys is not None:
        conditions.append(assets.c.key.in_(wanted.keys))
    if wanted.key_parts is not None:
        conditions.append(
            or_(*(position(assets.c.key, part) > 0 for part in wanted.key_parts))
            if wanted.key_parts
            else assets.c.key.in_([])
        )
    for column, (earliest, latest) in (
        (assets.c.created_at, wanted.created),
        (assets.c.updated_at, wanted.updated),
    ):
        if earliest is not None:
            conditions.append(column >= earliest)
        if latest is not None:
            conditions.append(column <= latest)
    return conditions


def _asset(row: Row[Any]) -> Asset:
    return Asset(
        id=row.id,
        project_id=row.project_id,
        integration_id=row.integration_id,
        connection_id=row.owner,
        key=row.key,
        size=row.size,
        etag=row.etag,
        modified_at=row.modified_at,
        content_type=row.content_type,
        archived=row.archived,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
