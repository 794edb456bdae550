"""Whether a listing's keys ascend, and what to do where they do not."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from operator import lt
from pathlib import Path
from tempfile import TemporaryDirectory

from bucketlink.buckets.columns import PAGE_KEYS
from bucketlink.errors import BucketMisbehaved
from bucketlink.notices import Kind, LeftOut
from bucketlink.spans import Page

CACHE_KIB = 16_384
UNSORTED = "The bucket lists its objects in no order, or one of them twice."
SPOOL_PREFIX = "listing-"
"""How the names of directories of sorted listings start; those of a process that died are left behind."""


class Disorder(BucketMisbehaved):
    """A listing's keys do not ascend, or one comes twice. The listing can still be read through `spooled`."""


def in_order(pages: Iterator[Page], after: str | None = None) -> Iterator[Page]:
    """Pass pages on as long as every key is greater than the one before it, and the first greater than ``after``.

    Raises:
        Disorder: before the page on which they do not.

    """
    last = after
    for page in pages:
        keys = page.keys
        if keys:
            if not ascends(keys, last):
                raise Disorder(UNSORTED)
            last = keys[-1]
        yield page


def ascends(keys: Sequence[str], after: str | None = None) -> bool:
    """Whether every key is greater than the one before it, and the first greater than ``after``."""
    return not keys or ((after is None or after < keys[0]) and all(map(lt, keys, keys[1:])))


def spooled(pages: Iterator[Page], directory: Path) -> Iterator[Page]:
    """Sort a listing that comes in any order, through a temporary file in ``directory``, in constant memory.

    Of a key that comes more than once the last row counts. What was left out comes first. Nothing is yielded before
    ``pages`` has ended, and the file goes when the iterator is exhausted or closed.
    """
    with (
        TemporaryDirectory(prefix=SPOOL_PREFIX, dir=directory) as place,
        closing(sqlite3.connect(Path(place) / "objects.sqlite", isolation_level=None)) as database,
    ):
        # The file is of no use to anybody after a crash, so nothing is spent on surviving one.
        database.executescript(
            f"""
            PRAGMA journal_mode = OFF;
            PRAGMA synchronous = OFF;
            PRAGMA cache_size = -{CACHE_KIB};
            CREATE TABLE objects (
                key TEXT PRIMARY KEY, size INTEGER, etag TEXT, modified TEXT, content_type TEXT,
                archived TEXT
            ) WITHOUT ROWID;
            CREATE TABLE left_out (place BLOB PRIMARY KEY, why TEXT) WITHOUT ROWID;
            """
        )
        has_modified, has_types, has_archived = _written(pages, database)
        skipped = database.execute("SELECT place, why FROM left_out ORDER BY place")
        for some in iter(lambda: skipped.fetchmany(PAGE_KEYS), []):
            yield Page([], [], [], left_out=tuple(LeftOut.at(place, Kind(why)) for place, why in some))
        rows = database.execute("SELECT key, size, etag, modified, content_type, archived FROM objects ORDER BY key")
        while batch := rows.fetchmany(PAGE_KEYS):
            keys, sizes, etags, modified, types, archived = map(list, zip(*batch, strict=True))
            yield Page(
                keys=keys,
                sizes=sizes,
                etags=etags,
                modified=modified if has_modified else None,
                content_types=types if has_types else None,
                archived=archived if has_archived else None,
            )


def _written(pages: Iterator[Page], database: sqlite3.Connection) -> tuple[bool, bool, bool]:
    """Write all pages down; answers whether all tell times, whether any tells content types, or archives."""
    has_modified, has_types, has_archived = True, False, False
    database.execute("BEGIN")
    for page in pages:
        told = (page.modified, page.content_types, page.archived)
        columns = (page.keys, page.sizes, page.etags, *(column or [None] * len(page) for column in told))
        database.executemany("INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?, ?)", zip(*columns, strict=True))
        skipped = [(one.place, one.why) for one in page.left_out]
        database.executemany("INSERT OR IGNORE INTO left_out VALUES (?, ?)", skipped)
        has_modified = has_modified and (page.modified is not None or not page.keys)
        has_types = has_types or page.content_types is not None
        has_archived = has_archived or page.archived is not None
    database.execute("COMMIT")
    return has_modified, has_types, has_archived
