"""Landmarks of buckets: keys of the last listing below a prefix, so many keys apart. Wrong ones cost time, no more."""

import zlib

from sqlalchemy import Connection, delete, insert, select

from bucketlink.buckets.landmarks import NO_LANDMARKS, Landmarks
from bucketlink.store.tables import landmarks


def get(tx: Connection, integration_id: int, prefix: str) -> Landmarks:
    """Those of a bucket below a prefix, which may be none."""
    found = select(landmarks).where(landmarks.c.integration_id == integration_id, landmarks.c.prefix == prefix)
    row = tx.execute(found).first()
    return NO_LANDMARKS if row is None else Landmarks(zlib.decompress(row.keys).decode().split("\0"), row.spacing)


def keep(tx: Connection, integration_id: int, prefix: str, found: Landmarks) -> None:
    """Keep landmarks instead of those from before."""
    forget(tx, integration_id, prefix)
    if found.keys:
        keys = zlib.compress("\0".join(found.keys).encode(), 1)
        tx.execute(
            insert(landmarks).values(integration_id=integration_id, prefix=prefix, spacing=found.spacing, keys=keys)
        )


def forget(tx: Connection, integration_id: int, prefix: str | None = None) -> None:
    """Delete those of a bucket, of one prefix or all."""
    statement = delete(landmarks).where(landmarks.c.integration_id == integration_id)
    tx.execute(statement if prefix is None else statement.where(landmarks.c.prefix == prefix))
