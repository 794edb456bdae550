"""What a published computation found and nobody has to apply: assets to adopt, and what a listing newly tells."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, delete, func, or_, select, update

from bucketlink.model import DifferenceType
from bucketlink.store import changes
from bucketlink.store import connections as connection_store
from bucketlink.store import projects as project_store
from bucketlink.store import runs as run_store
from bucketlink.store.database import first_rows
from bucketlink.store.runs import Claim
from bucketlink.store.tables import assets
from bucketlink.store.tables import differences as found


def take_over_some(tx: Connection, claim: Claim, limit: int) -> int:
    """Take over the next of what was found; returns how many, 0 at the end."""
    run_store.hold(tx, claim)
    project_store.lock(tx, changes.project(claim.run))
    for type_, take in ((DifferenceType.ADOPT, _adopt), (DifferenceType.LEARN, _learn)):
        of_type = (found.c.run_id == claim.run.id, found.c.type == type_)
        count, last = first_rows(tx, found.c.key, of_type, limit)
        if count:
            these = (*of_type, found.c.key <= last)
            take(tx, claim, these)
            tx.execute(delete(found).where(*these))
            return count
    return 0


def _adopt(tx: Connection, claim: Claim, these: Sequence[ColumnElement[bool]]) -> None:
    """Take assets without owner; a change like any other, so that what was done before can no longer be undone."""
    run = claim.run
    sharing = connection_store.sharing(tx, changes.project(run), changes.integration(run))
    free = (
        *changes.identity(assets, run),
        assets.c.key.in_(select(found.c.key).where(*these)),
        assets.c.connection_id.not_in(sharing),
    )
    changes.remember(tx, run, assets, free, DifferenceType.ADOPT)
    adopted = tx.execute(update(assets).where(*free).values(connection_id=run.connection_id, run_id=run.id)).rowcount
    connection_store.add_to_counts(tx, changes.connection(run), assets=adopted)


def _learn(tx: Connection, claim: Claim, these: Sequence[ColumnElement[bool]]) -> None:
    """Keep what is told of assets whose object is still the one that was listed; nothing that could be undone."""
    tx.execute(
        update(assets)
        .where(
            *changes.of_keys(claim.run, found),
            *these,
            # What another run has told of an asset meanwhile is newer.
            assets.c.updated_at <= (claim.run.started_at or 0),
            or_(assets.c.etag == found.c.etag, assets.c.etag == "", found.c.etag == ""),
        )
        .values(
            size=found.c.size,
            etag=func.coalesce(func.nullif(found.c.etag, ""), assets.c.etag),
            modified_at=func.coalesce(found.c.modified_at, assets.c.modified_at),
            content_type=func.coalesce(found.c.content_type, assets.c.content_type),
            archived=found.c.archived,
        )
    )
