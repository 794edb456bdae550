"""Content types that were asked for object by object."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, delete, insert, select

from bucketlink.store.tables import content_types

_CHUNK = 500


def known(tx: Connection, integration_id: int, etags: Mapping[str, str]) -> dict[str, str | None]:
    """What is kept for these keys, where it was asked of an object with the same etag; None: it has none."""
    found: dict[str, str | None] = {}
    keys = list(etags)
    for start in range(0, len(keys), _CHUNK):
        rows = tx.execute(
            select(content_types).where(
                content_types.c.integration_id == integration_id,
                content_types.c.key.in_(keys[start : start + _CHUNK]),
            )
        )
        found.update({row.key: row.content_type for row in rows if row.etag == etags[row.key]})
    return found


def keep(tx: Connection, integration_id: int, answers: Sequence[tuple[str, str, str | None]]) -> None:
    """Keep answers: key, etag, content type."""
    if not answers:
        return
    for start in range(0, len(answers), _CHUNK):
        tx.execute(
            delete(content_types).where(
                content_types.c.integration_id == integration_id,
                content_types.c.key.in_([key for key, _, _ in answers[start : start + _CHUNK]]),
            )
        )
    tx.execute(
        insert(content_types),
        [
            {"integration_id": integration_id, "key": key, "etag": etag, "content_type": content_type}
            for key, etag, content_type in answers
        ],
    )
