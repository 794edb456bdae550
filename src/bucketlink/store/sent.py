"""Listings that clients made themselves and sent for a computation: sorted, in pages, for as long as it runs.

The first page's first key is empty, so that a listing of nothing is told from none.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, Select, delete, func, insert, select

from bucketlink.notices import Notice
from bucketlink.store.tables import runs, sent_pages

PAGE_KEYS = 5000


@dataclass(frozen=True, slots=True)
class SentPage:
    """Keys in ascending order, each with its content type where the client told any."""

    keys: list[str]
    content_types: list[str | None] | None
    notices: list[dict[str, Any] | str]


@dataclass(frozen=True, slots=True)
class PackedPage:
    """A page as it is stored."""

    first: str
    objects: bytes


def packed(
    keys: Sequence[str], content_types: Sequence[str | None] | None, notices: Sequence[Notice]
) -> list[PackedPage]:
    """Pages of a listing: ascending keys, none twice, their content types if those are told; notices with the first."""
    pages = []
    for start in range(0, max(len(keys), 1), PAGE_KEYS):
        within = slice(start, start + PAGE_KEYS)
        types = None if content_types is None else content_types[within]
        body = orjson.dumps([keys[within], types, [] if start else [one.row() for one in notices]])
        pages.append(PackedPage(keys[start] if start else "", zlib.compress(body, 1)))
    return pages


def keep(tx: Connection, run_id: int, pages: Sequence[PackedPage]) -> None:
    """Keep a listing for a run."""
    rows = [{"run_id": run_id, "first": page.first, "objects": page.objects} for page in pages]
    tx.execute(insert(sent_pages), rows)


def first_page(tx: Connection, run_id: int, key: str) -> str | None:
    """The first key of the page that holds a key, or would; None if the run was sent no listing."""
    statement = select(func.max(sent_pages.c.first)).where(sent_pages.c.run_id == run_id, sent_pages.c.first <= key)
    found: str | None = tx.scalar(statement)
    return found


def page(tx: Connection, run_id: int, first: str) -> tuple[SentPage, str | None]:
    """The page with this first key, and the first key of the next one, None for the last."""
    of_run = (sent_pages.c.run_id == run_id, sent_pages.c.first >= first)
    rows = tx.execute(
        select(sent_pages.c.first, sent_pages.c.objects).where(*of_run).order_by(sent_pages.c.first).limit(2)
    )
    here, following = [*rows, None, None][:2]
    assert here is not None  # noqa: S101 - pages of a run that is under way stay
    keys, types, notices = orjson.loads(zlib.decompress(here.objects))
    return SentPage(keys, types, notices), None if following is None else following.first


def of_ended_runs() -> Select[tuple[int, str]]:
    """Pages that nobody reads any more."""
    ended = select(sent_pages.c.run_id, sent_pages.c.first).join(runs, runs.c.id == sent_pages.c.run_id)
    return ended.where(runs.c.finished_at.is_not(None))


def forget_some(tx: Connection, limit: int) -> bool:
    """Delete pages of runs that have ended; returns whether there were any."""
    rows = tx.execute(of_ended_runs().limit(limit)).all()
    for row in rows:
        tx.execute(delete(sent_pages).where(sent_pages.c.run_id == row.run_id, sent_pages.c.first == row.first))
    return bool(rows)
