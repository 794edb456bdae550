"""What a published computation found and nobody has to apply: assets to adopt, and what a listing newly tells."""

from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, or_, select, update

from bucketlink.model import DifferenceType
from bucketlink.store import changes
from bucketlink.store import connections as connection_store
from bucketlink.store import projects as project_store
from bucketlink.store import runs as run_store
from bucketlink.store.runs import Claim
from bucketlink.store.tables import assets
from bucketlink.store.tables import differences as found


def take_over_some(tx: Connection, claim: Claim, limit: int) -> int:
    """Take over the next of what was found; returns how many, 0 at the end."""
    run_store.hold(tx, claim)
    project_store.lock(tx, changes.project(claim.run))
    for type_, take in ((DifferenceType.ADOPT, _adopt), (DifferenceType.LEARN, _learn)):
        of_run = (found.c.run_id == claim.run.id, found.c.type == type_)
        rows = tx.execute(select(found).where(*of_run).order_by(found.c.key).limit(limit)).all()
        if rows:
            take(tx, claim, rows)
            tx.execute(delete(found).where(*of_run, found.c.key <= rows[-1].key))
            return len(rows)
    return 0


def _adopt(tx: Connection, claim: Claim, rows: Any) -> None:  # noqa: ANN401 - rows of differences
    """Take assets without owner; a change like any other, so that what was done before can no longer be undone."""
    run = claim.run
    sharing = connection_store.sharing(tx, changes.project(run), changes.integration(run))
    adopted = 0
    for chunk in changes.chunks([row.key for row in rows]):
        these = (
            *changes.identity(assets, run),
            assets.c.key.in_(chunk),
            assets.c.connection_id.not_in(sharing),
        )
        free = list(tx.scalars(select(assets.c.key).where(*these)))
        changes.remember(tx, run, assets, free, DifferenceType.ADOPT)
        taken = update(assets).where(*these).values(connection_id=run.connection_id, run_id=run.id)
        adopted += tx.execute(taken).rowcount
    connection_store.add_to_counts(tx, changes.connection(run), assets=adopted)


def _learn(tx: Connection, claim: Claim, rows: Any) -> None:  # noqa: ANN401 - rows of differences
    """Keep what is told of assets whose object is still the one that was listed; nothing that could be undone."""
    statement = (
        update(assets)
        .where(
            *changes.identity(assets, claim.run),
            assets.c.key == bindparam("of_key"),
            # What another run has told of an asset meanwhile is newer.
            assets.c.updated_at <= (claim.run.started_at or 0),
            or_(assets.c.etag == bindparam("told_etag"), assets.c.etag == "", bindparam("told_etag") == ""),
        )
        .values(
            size=bindparam("told_size"),
            etag=func.coalesce(func.nullif(bindparam("told_etag"), ""), assets.c.etag),
            modified_at=func.coalesce(bindparam("told_modified_at"), assets.c.modified_at),
            content_type=func.coalesce(bindparam("told_content_type"), assets.c.content_type),
            archived=bindparam("told_archived"),
        )
    )
    told = [{"of_key": row.key, **{f"told_{name}": getattr(row, name) for name in changes.STATE}} for row in rows]
    tx.execute(statement, told)
