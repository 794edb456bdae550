"""Changing assets: applying differences, adopting, undoing. Each call is one step of a run, within one transaction.

Rows move between `assets` and `removed_assets` and never vanish; counters move with them, and every other live run is
settled. What a step has done is no longer among the differences, so a step that is taken again finds the next ones.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    Table,
    and_,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from bucketlink.model import DifferenceType, Run, RunKind, Summary
from bucketlink.store import connections as connection_store
from bucketlink.store import projects as project_store
from bucketlink.store import runs as run_store
from bucketlink.store.database import first_rows, now
from bucketlink.store.dialects import count_anew, number
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
    of_type = (differences.c.run_id == source, differences.c.type == type_)
    count, last = first_rows(tx, differences.c.key, of_type, limit)
    if not count:
        return 0
    these = (*of_type, differences.c.key <= last)
    keys = select(differences.c.key).where(*these)
    settled: tuple[DifferenceType, ...] = (type_,)
    moved = 0
    if type_ is DifferenceType.ADD:
        moved = _add(tx, run, these, count)
        done = Summary(added=moved)
        _trust_selection(tx, run, source)
    elif type_ is DifferenceType.REMOVE:
        moved = -_remove(tx, run, (*identity(assets, run), assets.c.key.in_(keys)))
        settled = (DifferenceType.REMOVE, DifferenceType.CHANGED)
        done = Summary(removed=-moved)
    else:
        done = Summary(changed=_set_state(tx, run, differences, these))
    settle(tx, project(run), integration(run), settled, keys, but=source)
    tx.execute(delete(differences).where(*these))
    shown = tx.scalar(select(connections.c.published_run_id).where(connections.c.id == run.connection_id))
    connection_store.add_to_counts(
        tx,
        connection(run),
        assets=moved,
        differences={type_: -count} if shown == source else None,
    )
    if moved:
        project_store.add_to_count(tx, project(run), moved)
    run_store.hold(tx, claim, done=done)
    return count


def remove_some(tx: Connection, claim: Claim, after: str | None, limit: int) -> str | None:
    """Remove what the run's connection owns of the next assets behind a key; returns the key reached, or None."""
    run = claim.run
    run_store.hold(tx, claim)
    project_store.lock(tx, project(run))
    reached = _reached(tx, run, after, limit, assets)
    owned = (*_between(assets, run, after, reached), assets.c.connection_id == run.connection_id)
    _settle_gone(tx, run, owned)
    _count(tx, claim, Summary(removed=_remove(tx, run, owned)))
    return reached


def undo_some(tx: Connection, claim: Claim, after: str | None, limit: int) -> str | None:
    """Undo what the source run did to the next assets behind a key; returns the key reached, None at the end.

    Only assets that nothing has changed since the source run are touched; what is undone is this run's from then on.
    """
    run = claim.run
    run_store.hold(tx, claim)
    project_store.lock(tx, project(run))
    reached = _reached(tx, run, after, limit, assets, removed_assets)
    here, gone = (
        (*_between(table, run, after, reached), table.c.run_id == run.source_run_id)
        for table in (assets, removed_assets)
    )
    _settle(tx, run, (DifferenceType.ADD,), removed_assets, gone)
    restored = _restore(tx, run, gone)
    before = (
        asset_changes.c.run_id == run.source_run_id,
        asset_changes.c.type == DifferenceType.CHANGED,
        *_beyond(asset_changes, after, reached),
    )
    changed_here = (*here, assets.c.key.in_(select(asset_changes.c.key).where(*before)))
    _settle(tx, run, (DifferenceType.CHANGED,), assets, changed_here)
    changed = _set_state(tx, run, asset_changes, (*before, *here), prefix="prior_")
    # What is left of the source run it has added.
    _settle_gone(tx, run, here)
    removed = _remove(tx, run, here)
    if restored or changed:
        # What comes back may lie outside of the selection.
        tx.execute(update(connections).where(connections.c.id == run.connection_id).values(clean_digest=None))
    _count(tx, claim, Summary(restored, removed, changed))
    return reached


def _count(tx: Connection, claim: Claim, done: Summary) -> None:
    """Move every counter by what a step added and removed."""
    run = claim.run
    amount = done.added - done.removed
    if amount:
        connection_store.add_to_counts(tx, connection(run), assets=amount)
        project_store.add_to_count(tx, project(run), amount)
    run_store.hold(tx, claim, done=done)


def _settle(
    tx: Connection, run: Run, types: Sequence[DifferenceType], table: Table, these: Sequence[ColumnElement[bool]]
) -> None:
    settle(tx, project(run), integration(run), types, select(table.c.key).where(*these))


def _settle_gone(tx: Connection, run: Run, these: Sequence[ColumnElement[bool]]) -> None:
    _settle(tx, run, (DifferenceType.REMOVE, DifferenceType.CHANGED), assets, these)


def _reached(tx: Connection, run: Run, after: str | None, limit: int, *tables: Table) -> str | None:
    """The key that the next rows of these tables reach, whoever changed them: what a step walks is bounded.

    None where fewer than `limit` rows are left in each.
    """
    ends = [first_rows(tx, table.c.key, _between(table, run, after, None), limit) for table in tables]
    return min((last for count, last in ends if count == limit and last is not None), default=None)


def _between(table: Table, run: Run, after: str | None, reached: str | None) -> tuple[ColumnElement[bool], ...]:
    return (*identity(table, run), *_beyond(table, after, reached))


def _beyond(table: Table, after: str | None, reached: str | None) -> tuple[ColumnElement[bool], ...]:
    """That a row's key lies behind one key and not behind the other; None is the beginning or the end."""
    conditions = [] if after is None else [table.c.key > after]
    return (*conditions, *([] if reached is None else [table.c.key <= reached]))


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
    """That another run changed an asset after the one undone; an earlier undoing of it that holds is no such run."""
    again = runs.alias("again")
    undone_again = exists(select(again.c.id).where(again.c.source_run_id == runs.c.id, again.c.kind == RunKind.UNDO))
    undoings = select(runs.c.id).where(
        runs.c.source_run_id == run.source_run_id, runs.c.kind == RunKind.UNDO, ~undone_again
    )
    changes = asset_changes.c
    return (changes.prior_run_id == run.source_run_id, changes.run_id != run.id, changes.run_id.not_in(undoings))


def _add(tx: Connection, run: Run, these: Sequence[ColumnElement[bool]], count: int) -> int:
    """Make assets of these differences; those that were removed come back as what they were. Returns how many."""
    moment = now()
    found, before = differences.c, removed_assets.c
    of_run = identity(removed_assets, run)
    base = _take_ids(tx, count)
    id_: ColumnElement[int] = base + number(found.key)
    created_at: ColumnElement[int] = literal(moment)
    source: FromClause = differences
    # That nothing can come back is quicker to see than to look for every key.
    returning = tx.scalar(select(before.id).where(*of_run).limit(1)) is not None
    again = (*of_run, before.key.in_(select(found.key).where(*these)))
    if returning:
        remember(tx, run, removed_assets, again, DifferenceType.ADD)
        id_ = func.coalesce(before.id, id_)
        created_at = func.coalesce(before.created_at, created_at)
        source = differences.outerjoin(removed_assets, and_(*of_run, before.key == found.key))
    made = select(
        literal(project(run)),
        literal(integration(run)),
        found.key,
        id_,
        literal(connection(run)),
        *(found[column] for column in STATE),
        literal(run.id),
        created_at,
        literal(moment),
    )
    columns = ["project_id", "integration_id", "key", "id", "connection_id", *STATE]
    count_anew(tx)
    added = tx.execute(
        insert(assets).from_select(
            [*columns, "run_id", "created_at", "updated_at"],
            made.select_from(source).where(*these).order_by(found.key),
        )
    ).rowcount
    if returning:
        tx.execute(delete(removed_assets).where(*again))
    return added


def _remove(tx: Connection, run: Run, these: Sequence[ColumnElement[bool]]) -> int:
    """Move those of these assets that the run's connection owns to the removed ones; returns how many."""
    moment = now()
    owned = (*these, assets.c.connection_id == run.connection_id)
    remember(tx, run, assets, owned, DifferenceType.REMOVE)
    _move(tx, assets, removed_assets, owned, run_id=run.id, updated_at=moment, removed_at=moment)
    return tx.execute(delete(assets).where(*owned)).rowcount


def _restore(tx: Connection, run: Run, these: Sequence[ColumnElement[bool]]) -> int:
    """Move these removed assets back; returns how many."""
    remember(tx, run, removed_assets, these, DifferenceType.ADD)
    _move(tx, removed_assets, assets, these, run_id=run.id, updated_at=now())
    return tx.execute(delete(removed_assets).where(*these)).rowcount


def _set_state(
    tx: Connection, run: Run, source: Table, these: Sequence[ColumnElement[bool]], *, prefix: str = ""
) -> int:
    """Give assets the state that these rows of a table hold, whose columns have a prefix; returns how many."""
    same = (*of_keys(run, source), *these)
    state: dict[str, ColumnElement[Any]] = {name: source.c[f"{prefix}{name}"] for name in STATE}
    # What a listing does not tell of the new object is what it was of the old one.
    state["content_type"] = func.coalesce(state["content_type"], assets.c.content_type)
    remember(tx, run, assets, same, DifferenceType.CHANGED)
    return tx.execute(update(assets).where(*same).values(run_id=run.id, updated_at=now(), **state)).rowcount


def remember(
    tx: Connection, run: Run, table: Table, these: Sequence[ColumnElement[bool]], type_: DifferenceType
) -> None:
    """Keep the state of assets, present or removed, before the run changes them."""
    source = table.c
    kept = ["run_id", "key", "type", "asset_id", "prior_run_id", "prior_connection_id"]
    tx.execute(
        insert(asset_changes).from_select(
            [*kept, *(f"prior_{name}" for name in STATE), "created_at"],
            select(
                literal(run.id),
                source.key,
                literal(int(type_)),
                source.id,
                source.run_id,
                source.connection_id,
                *(source[name] for name in STATE),
                literal(now()),
            ).where(*these),
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


def of_keys(run: Run, source: Table) -> tuple[ColumnElement[bool], ...]:
    """That an asset has the key of a row of another table, looked up for each of those rows."""
    # Compared with the mere column, SQLite may choose to look up that table's rows for all assets instead.
    return (*identity(assets, run), assets.c.key == source.c.key.concat(""))


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
