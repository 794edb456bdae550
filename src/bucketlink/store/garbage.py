"""Deleting what nobody can ask for any more, a little at a time."""

from sqlalchemy import Connection, Select, delete, exists, select, update

from bucketlink.store import accounts, differences, sent
from bucketlink.store.database import first_rows, now
from bucketlink.store.tables import (
    asset_changes,
    assets,
    connections,
    content_types,
    integrations,
    projects,
    removed_assets,
    replies,
    runs,
)

UNDO_LIFE = 30 * 24 * 3600 * 1000
"""Milliseconds that removed assets and what undoing needs are kept."""


def is_any(tx: Connection) -> bool:
    """Whether there is something to delete."""
    return any(
        tx.scalar(statement.limit(1)) is not None
        for statement in (
            _dead_runs(),
            sent.of_ended_runs(),
            select(projects.c.id).where(projects.c.deleted_at.is_not(None)),
            select(integrations.c.id).where(integrations.c.deleted_at.is_not(None)),
            select(removed_assets.c.id).where(removed_assets.c.removed_at <= now() - UNDO_LIFE),
            select(asset_changes.c.run_id).where(asset_changes.c.created_at <= now() - UNDO_LIFE),
            select(replies.c.created_at).where(replies.c.created_at <= now() - accounts.REPLY_LIFE),
        )
    )


def collect_some(tx: Connection, limit: int) -> bool:
    """Delete up to `limit` rows; returns whether there may be more."""
    accounts.forget_replies(tx)
    return (
        _differences(tx, limit)
        or sent.forget_some(tx, limit)
        or _deleted_projects(tx, limit)
        or _expired(tx, limit)
        or _deleted_integrations(tx, limit)
    )


def _dead_runs() -> Select[int]:
    """Runs that keep differences which nobody can apply any more."""
    using = runs.alias("using")
    return select(runs.c.id).where(
        runs.c.keeps_differences.is_(True),
        runs.c.finished_at.is_not(None),
        ~exists(select(connections.c.id).where(connections.c.published_run_id == runs.c.id)),
        ~exists(select(using.c.id).where(using.c.source_run_id == runs.c.id, using.c.finished_at.is_(None))),
    )


def _differences(tx: Connection, limit: int) -> bool:
    """Differences of runs that are not live."""
    run_id = tx.scalar(_dead_runs().limit(1))
    if run_id is None:
        return False
    if not differences.delete_some(tx, run_id, limit):
        tx.execute(update(runs).where(runs.c.id == run_id).values(keeps_differences=False))
    return True


def _deleted_projects(tx: Connection, limit: int) -> bool:
    """Assets of deleted projects; the project's row goes last."""
    project_id = tx.scalar(select(projects.c.id).where(projects.c.deleted_at.is_not(None)).limit(1))
    if project_id is None:
        return False
    for table in (assets, removed_assets):
        integration_id = tx.scalar(select(table.c.integration_id).where(table.c.project_id == project_id).limit(1))
        if integration_id is not None:
            same = (table.c.project_id == project_id, table.c.integration_id == integration_id)
            _, last = first_rows(tx, table.c.key, same, limit)
            tx.execute(delete(table).where(*same, table.c.key <= last))
            return True
    tx.execute(delete(projects).where(projects.c.id == project_id))
    return True


def _expired(tx: Connection, limit: int) -> bool:
    """Removed assets, and what undoing needs, after their time."""
    latest = now() - UNDO_LIFE
    found = False
    for table, moment in (
        (removed_assets, removed_assets.c.removed_at),
        (asset_changes, asset_changes.c.created_at),
    ):
        identity = list(table.primary_key)
        rows = tx.execute(select(*identity).where(moment <= latest).limit(limit)).all()
        for row in rows:
            tx.execute(delete(table).where(*(column == value for column, value in zip(identity, row, strict=True))))
        found = found or bool(rows)
    return found


def _deleted_integrations(tx: Connection, limit: int) -> bool:
    """What was asked of the objects of deleted integrations; the integration's row goes last."""
    integration_id = tx.scalar(select(integrations.c.id).where(integrations.c.deleted_at.is_not(None)).limit(1))
    if integration_id is None:
        return False
    of_it = (content_types.c.integration_id == integration_id,)
    count, last = first_rows(tx, content_types.c.key, of_it, limit)
    if count:
        tx.execute(delete(content_types).where(*of_it, content_types.c.key <= last))
    else:
        tx.execute(delete(integrations).where(integrations.c.id == integration_id))
    return True
