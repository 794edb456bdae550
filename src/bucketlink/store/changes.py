"""Changing assets: applying differences, adopting, undoing. Each call is one step of a run, within one transaction.

Rows move between `assets` and `removed_assets` and never vanish; counters move with them, and every other live run is
settled. What a step has done is no longer among the differences, so a step that is taken again finds the next ones.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    Table,
    and_,
    bindparam,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from bucketlink.model import DifferenceType, Run, Summary
from bucketlink.store import connections as connection_store
from bucketlink.store import projects as project_store
from bucketlink.store import runs as run_store
from bucketlink.store.database import now
from bucketlink.store.differences import settle
from bucketlink.store.runs import Claim
from bucketlink.store.tables import (
    asset_changes,
    assets,
    connections,
    differences,
    removed_assets,
    runs,
    sequences,
)

STATE = ("size", "etag", "modified_at", "content_type", "archived")
_ASSETS = "assets"


def apply_some(tx: Connection, claim: Claim, type_: DifferenceType, limit: int) -> int:
    """Apply the next `limit` differences of a type of the run's source; returns how many, 0 at the end."""
    run = claim.run
    source = run.source_run_id
    assert source is not None  # noqa: S101 - applications are queued with their source
    run_store.hold(tx, claim)
    project_store.lock(tx, project(run))
    wanted = differences.c if type_ is DifferenceType.CHANGED else [differences.c.key]
    batch = tx.execute(
        select(*wanted)
        .where(differences.c.run_id == source, differences.c.type == type_)
        .order_by(differences.c.key)
        .limit(limit)
    ).all()
    if not batch:
        return 0
    keys = [row.key for row in batch]
    within = and_(differences.c.run_id == source, differences.c.type == type_, differences.c.key <= keys[-1])
    settled: tuple[DifferenceType, ...] = (type_,)
    moved = 0
    if type_ is DifferenceType.ADD:
        _add(tx, run, keys, within)
        moved = len(batch)
        done = Summary(added=moved)
        _trust_selection(tx, run, source)
    elif type_ is DifferenceType.REMOVE:
        moved = -_remove(tx, run, keys)
        settled = (DifferenceType.REMOVE, DifferenceType.CHANGED)
        done = Summary(removed=-moved)
    else:
        done = Summary(changed=_change(tx, run, batch))
    settle(tx, project(run), integration(run), settled, keys, but=source)
    tx.execute(delete(differences).where(within))
    shown = tx.scalar(select(connections.c.published_run_id).where(connections.c.id == run.connection_id))
    connection_store.add_to_counts(
        tx,
        connection(run),
        assets=moved,
        differences={type_: -len(batch)} if shown == source else None,
    )
    if moved:
        project_store.add_to_count(tx, project(run), moved)
    run_store.hold(tx, claim, done=done)
    return len(batch)


def remove_some(tx: Connection, claim: Claim, after: str | None, limit: int) -> str | None:
    """Remove what the run's connection owns of the next assets behind a key; returns the key reached, or None."""
    run = claim.run
    run_store.hold(tx, claim)
    project_store.lock(tx, project(run))
    rows = _next(tx, assets, run, after, limit)
    keys = [row.key for row in rows if row.connection_id == run.connection_id]
    removed = _remove(tx, run, keys)
    _settle_gone(tx, run, keys)
    _count(tx, claim, Summary(removed=removed))
    return rows[-1].key if len(rows) == limit else None


def undo_some(tx: Connection, claim: Claim, after: str | None, limit: int) -> str | None:
    """Undo what the source run did to the next assets behind a key; returns the key reached, None at the end.

    Only assets that nothing has changed since the source run are touched.
    """
    run = claim.run
    run_store.hold(tx, claim)
    project_store.lock(tx, project(run))
    present, removed = (_next(tx, table, run, after, limit) for table in (assets, removed_assets))
    ends = [str(rows[-1].key) for rows in (present, removed) if len(rows) == limit]
    reached = min(ends, default=None)

    def last_changed_by_source(rows: Sequence[Any]) -> list[str]:
        return [row.key for row in rows if row.run_id == run.source_run_id and (reached is None or row.key <= reached)]

    touched, restored = last_changed_by_source(present), last_changed_by_source(removed)
    changed = _changes_of_source(tx, run, touched)
    taken_back = [key for key in touched if key not in changed]

    _restore(tx, run, restored)
    _change_back(tx, run, list(changed.values()))
    gone = _remove(tx, run, taken_back)
    settle(tx, project(run), integration(run), (DifferenceType.ADD,), restored)
    settle(tx, project(run), integration(run), (DifferenceType.CHANGED,), list(changed))
    _settle_gone(tx, run, taken_back)
    if restored or changed:
        # What comes back may lie outside of the selection.
        tx.execute(update(connections).where(connections.c.id == run.connection_id).values(clean_digest=None))
    _count(tx, claim, Summary(len(restored), gone, len(changed)))
    return reached


def _changes_of_source(tx: Connection, run: Run, keys: Sequence[str]) -> dict[str, Row[Any]]:
    """The states before, by key, of assets whose objects the source run found to be others."""
    rows = (
        row
        for chunk in chunks(keys)
        for row in tx.execute(
            select(asset_changes).where(
                asset_changes.c.run_id == run.source_run_id,
                asset_changes.c.type == DifferenceType.CHANGED,
                asset_changes.c.key.in_(chunk),
            )
        )
    )
    return {row.key: row for row in rows}


def _count(tx: Connection, claim: Claim, done: Summary) -> None:
    """Move every counter by what a step added and removed."""
    run = claim.run
    amount = done.added - done.removed
    if amount:
        connection_store.add_to_counts(tx, connection(run), assets=amount)
        project_store.add_to_count(tx, project(run), amount)
    run_store.hold(tx, claim, done=done)


def _settle_gone(tx: Connection, run: Run, keys: Sequence[str]) -> None:
    gone = (DifferenceType.REMOVE, DifferenceType.CHANGED)
    settle(tx, project(run), integration(run), gone, keys)


def _next(tx: Connection, table: Table, run: Run, after: str | None, limit: int) -> Sequence[Any]:
    """The next rows behind a key, whoever changed them: what a step walks is bounded, not only what it does."""
    statement = select(table.c.key, table.c.run_id, table.c.connection_id).where(*identity(table, run))
    if after is not None:
        statement = statement.where(table.c.key > after)
    return tx.execute(statement.order_by(table.c.key).limit(limit)).all()


def left_keys(tx: Connection, run: Run, *, first: int, after: str | None = None) -> list[str]:
    """Keys of assets that an undoing left alone, since another run changed them after the run that it undoes."""
    statement = select(asset_changes.c.key).distinct().where(*_left(run))
    if after is not None:
        statement = statement.where(asset_changes.c.key > after)
    return list(tx.scalars(statement.order_by(asset_changes.c.key).limit(first)))


def count_left(tx: Connection, run: Run) -> int:
    """How many keys `left_keys` lists."""
    return tx.scalars(select(func.count(asset_changes.c.key.distinct())).where(*_left(run))).one()


def _left(run: Run) -> tuple[ColumnElement[bool], ...]:
    return (asset_changes.c.prior_run_id == run.source_run_id, asset_changes.c.run_id != run.id)


def _add(tx: Connection, run: Run, keys: Sequence[str], within: ColumnElement[bool]) -> None:
    """Make assets of the differences `within`; those that were removed come back as what they were."""
    moment = now()
    returning = and_(*identity(removed_assets, run), removed_assets.c.key == differences.c.key)
    again = list(
        tx.scalars(
            select(removed_assets.c.key).where(
                *identity(removed_assets, run),
                removed_assets.c.key.in_(select(differences.c.key).where(within)),
            )
        )
    )
    remember(tx, run, removed_assets, again, DifferenceType.ADD)
    base = _take_ids(tx, len(keys))
    found = differences.c
    made = (
        select(
            literal(project(run)),
            literal(integration(run)),
            found.key,
            func.coalesce(removed_assets.c.id, base + func.row_number().over(order_by=found.key)),
            literal(connection(run)),
            *(found[column] for column in STATE),
            literal(run.id),
            func.coalesce(removed_assets.c.created_at, moment),
            literal(moment),
        )
        .select_from(differences.outerjoin(removed_assets, returning))
        .where(within)
        .order_by(found.key)
    )
    columns = ["project_id", "integration_id", "key", "id", "connection_id", *STATE]
    tx.execute(insert(assets).from_select([*columns, "run_id", "created_at", "updated_at"], made))
    for chunk in chunks(again):
        tx.execute(delete(removed_assets).where(*identity(removed_assets, run), removed_assets.c.key.in_(chunk)))


def _remove(tx: Connection, run: Run, keys: Sequence[str]) -> int:
    """Move assets that the run's connection owns to the removed ones; returns how many."""
    moment = now()
    moved = 0
    for chunk in chunks(keys):
        remember(tx, run, assets, chunk, DifferenceType.REMOVE)
        these = (
            *identity(assets, run),
            assets.c.key.in_(chunk),
            assets.c.connection_id == run.connection_id,
        )
        _move(tx, assets, removed_assets, these, run_id=run.id, updated_at=moment, removed_at=moment)
        moved += tx.execute(delete(assets).where(*these)).rowcount
    return moved


def _restore(tx: Connection, run: Run, keys: Sequence[str]) -> None:
    moment = now()
    for chunk in chunks(keys):
        remember(tx, run, removed_assets, chunk, DifferenceType.ADD)
        these = (*identity(removed_assets, run), removed_assets.c.key.in_(chunk))
        _move(tx, removed_assets, assets, these, run_id=run.id, updated_at=moment)
        tx.execute(delete(removed_assets).where(*these))


def _change(tx: Connection, run: Run, batch: Sequence[Row[Any]]) -> int:
    return _set_state(tx, run, [_parameters(row, "") for row in batch])


def _change_back(tx: Connection, run: Run, before: Sequence[Row[Any]]) -> None:
    _set_state(tx, run, [_parameters(row, "prior_") for row in before])


def _parameters(row: Row[Any], prefix: str) -> dict[str, Any]:
    return {"k": row.key, **{f"new_{name}": getattr(row, f"{prefix}{name}") for name in STATE}}


def _set_state(tx: Connection, run: Run, rows: list[dict[str, Any]]) -> int:
    if not rows:
        return 0
    remember(tx, run, assets, [row["k"] for row in rows], DifferenceType.CHANGED)
    statement = (
        update(assets)
        .where(*identity(assets, run), assets.c.key == bindparam("k"))
        .values(
            run_id=run.id,
            updated_at=now(),
            size=bindparam("new_size"),
            etag=bindparam("new_etag"),
            modified_at=bindparam("new_modified_at"),
            # What a listing does not tell of the new object is what it was of the old one.
            content_type=func.coalesce(bindparam("new_content_type"), assets.c.content_type),
            archived=bindparam("new_archived"),
        )
    )
    return int(tx.execute(statement, rows).rowcount)


def remember(tx: Connection, run: Run, table: Table, keys: Sequence[str], type_: DifferenceType) -> None:
    """Keep the state of assets, present or removed, before the run changes them."""
    source = table.c
    for chunk in chunks(keys):
        tx.execute(
            insert(asset_changes).from_select(
                [
                    *("run_id", "key", "type", "asset_id", "prior_run_id", "prior_connection_id"),
                    *(f"prior_{name}" for name in STATE),
                    "created_at",
                ],
                select(
                    literal(run.id),
                    source.key,
                    literal(int(type_)),
                    source.id,
                    source.run_id,
                    source.connection_id,
                    *(source[name] for name in STATE),
                    literal(now()),
                ).where(*identity(table, run), source.key.in_(chunk)),
            )
        )


def _move(tx: Connection, source: Table, target: Table, these: Sequence[ColumnElement[bool]], **changed: int) -> None:
    columns = [
        literal(changed[column.name]) if column.name in changed else source.c[column.name] for column in target.c
    ]
    moved: Select[Any] = select(*columns).where(*these)
    tx.execute(insert(target).from_select([column.name for column in target.c], moved))


def _trust_selection(tx: Connection, run: Run, source: int) -> None:
    """Assets of a selection that is no longer the connection's may lie outside the present one."""
    digest = select(runs.c.selection_digest).where(runs.c.id == source).scalar_subquery()
    tx.execute(
        update(connections)
        .where(
            connections.c.id == run.connection_id,
            or_(connections.c.clean_digest != digest, digest.is_(None)),
        )
        .values(clean_digest=None)
    )


def _take_ids(tx: Connection, amount: int) -> int:
    """Reserve ids of assets; returns the one before the first."""
    taken = tx.scalar(
        update(sequences)
        .where(sequences.c.name == _ASSETS)
        .values(value=sequences.c.value + amount)
        .returning(sequences.c.value)
    )
    if taken is None:
        tx.execute(insert(sequences).values(name=_ASSETS, value=amount))
        return 0
    return int(taken) - amount


def identity(table: Table, run: Run) -> tuple[ColumnElement[bool], ...]:
    """That a row of assets, present or removed, is of a run's project and integration."""
    return (table.c.project_id == project(run), table.c.integration_id == integration(run))


def chunks(keys: Sequence[str], size: int = 500) -> list[Sequence[str]]:
    """Keys in lists that a statement can hold."""
    return [keys[start : start + size] for start in range(0, len(keys), size)]


def project(run: Run) -> int:
    """The project of a run that has one."""
    assert run.project_id is not None  # noqa: S101 - every run on a connection has its project
    return run.project_id


def integration(run: Run) -> int:
    """The integration of a run that has one."""
    assert run.integration_id is not None  # noqa: S101 - every run has its integration
    return run.integration_id


def connection(run: Run) -> int:
    """The connection of a run that has one."""
    assert run.connection_id is not None  # noqa: S101 - only checks have none
    return run.connection_id
