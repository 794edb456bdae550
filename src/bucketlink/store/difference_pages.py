"""Published differences as people look at them: narrowed down, page by page, and counted by folder.

After `LONGEST_LOOK` a call begins no further step, and says where to go on. A step costs some hundredths of a second,
however many differences there are; but where they are counted by folder, one folder is one step, however large it is:
some tenths of a second for each million. What is published only becomes less, so whoever goes on misses nothing.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from heapq import nlargest
from itertools import islice

from sqlalchemy import ColumnElement, Connection, case, func, select

from bucketlink.model import Difference, DifferenceType, Summary
from bucketlink.store.dialects import position
from bucketlink.store.tables import differences

SHOWN = (DifferenceType.ADD, DifferenceType.REMOVE, DifferenceType.CHANGED)
LONGEST_LOOK = 0.3
"""Seconds after which a call begins no further step."""
ROWS_AT_ONCE = 20_000
"""Differences of each type that one step looks at in the database."""
KEYS_AT_ONCE = 2000
"""Keys that one step takes from the database, to be tested."""
_LAST = "\U0010ffff"

Place = tuple[DifferenceType, str]
"""Where a difference stands among the others: by type, then by key."""


@dataclass(frozen=True, slots=True)
class Narrowing:
    """Which differences are meant: of these types, with keys from ``start`` to before ``stop`` that pass the test.

    ``stop`` and ``takes`` are None where there is no bound and no test. Every key that passes holds ``part``, and no
    slash if ``skips_folders``, so that most keys that do not pass need no test.
    """

    types: Sequence[DifferenceType] = SHOWN
    start: str = ""
    stop: str | None = None
    takes: Callable[[str], bool] | None = None
    part: str = ""
    skips_folders: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """Differences in order, and the place behind which there may be more; None at the end."""

    rows: list[Difference]
    next: Place | None


def page(
    tx: Connection, run_id: int, narrowing: Narrowing | None = None, *, first: int, after: Place | None = None
) -> Page:
    """The next differences behind a place, by type and then by key: ``first`` at most, fewer if they are far apart."""
    narrowing = narrowing or Narrowing()
    deadline = time.monotonic() + LONGEST_LOOK
    found: list[Difference] = []
    for type_ in narrowing.types if first else ():
        if after is not None and type_ < after[0]:
            continue
        reached = after[1] if after is not None and type_ == after[0] else None
        while True:
            wanted = first - len(found)
            keys, reached = _step(tx, run_id, type_, narrowing, reached, wanted)
            taken = list(islice(filter(narrowing.takes, keys), wanted))
            found += _rows(tx, run_id, type_, taken)
            if len(taken) == wanted:
                return Page(found, (type_, taken[-1]))
            if reached is None:
                break
            if time.monotonic() > deadline:
                return Page(found, (type_, reached))
    return Page(found, None)


def _step(
    tx: Connection, run_id: int, type_: DifferenceType, narrowing: Narrowing, reached: str | None, wanted: int
) -> tuple[Sequence[str], str | None]:
    """The next keys behind one, which are still to be tested, and the key that was come to; None at the end."""
    key = differences.c.key
    # Of two lower bounds the database may choose the wrong one to begin at.
    lower = key >= narrowing.start if reached is None or reached < narrowing.start else key > reached
    these = [differences.c.run_id == run_id, differences.c.type == type_, lower, *_before(narrowing.stop)]
    keys = select(key).order_by(key)
    if narrowing.takes is None:
        found = tx.scalars(keys.where(*these).limit(wanted)).all()
        return found, found[-1] if len(found) == wanted else None
    end = tx.scalar(keys.where(*these).offset(ROWS_AT_ONCE).limit(1))
    if end is not None:
        these.append(key <= end)
    if narrowing.part:
        these.append(position(key, narrowing.part) > 0)
    if narrowing.skips_folders:
        these.append(position(key, "/") == 0)
    found = tx.scalars(keys.where(*these).limit(KEYS_AT_ONCE)).all()
    here = found[-1] if len(found) == KEYS_AT_ONCE else end
    return found, here and _behind(here, narrowing)


def _behind(key: str, narrowing: Narrowing) -> str:
    """Behind which key a search goes on that has looked at this one."""
    folder, slash, _ = key.partition("/")
    return max(key, f"{folder}/{_LAST}") if slash and narrowing.skips_folders else key


def _rows(tx: Connection, run_id: int, type_: DifferenceType, keys: Sequence[str]) -> list[Difference]:
    if not keys:
        return []
    of = differences.c
    told = select(of.key, of.size, of.etag, of.modified_at, of.content_type, of.archived, of.asset_id)
    these = (of.run_id == run_id, of.type == type_, of.key.in_(keys))
    return [Difference(type_, *row) for row in tx.execute(told.where(*these).order_by(of.key)).all()]


@dataclass(frozen=True, slots=True)
class Folder:
    """Differences whose keys start with a folder, whose name ends in a slash."""

    name: str
    counts: Summary


@dataclass(frozen=True, slots=True)
class Folders:
    """Differences below a prefix, by the folders that come next in their keys.

    Attributes:
        largest: the folders with the most differences, each counted whole, in no order.
        others: what lies in any other folder.
        direct: what lies in none.
        next: the key from which on there may be more, of other folders and of none; None at the end.

    """

    largest: list[Folder]
    others: Summary
    direct: Summary
    next: str | None


def folders(
    tx: Connection,
    run_id: int,
    *,
    types: Sequence[DifferenceType] = SHOWN,
    prefix: str = "",
    first: int,
    start: str | None = None,
) -> Folders:
    """Differences of these types, counted by folder from a key on; the ``first`` largest folders by their names.

    ``prefix`` is empty or ends in a slash, ``start`` is where an earlier call ended.
    """
    deadline = time.monotonic() + LONGEST_LOOK
    end = _behind_folder(prefix) if prefix else None
    here: str | None = max(start or "", prefix)
    largest: list[Folder] = []
    below = direct = Summary()
    while here is not None:
        there, folder = _stretch(tx, run_id, types, prefix, here)
        these = (*_between(run_id, here, there or end), differences.c.type.in_(types))
        counted = _counted(tx, these)
        if folder is not None:
            inside, found = counted, [Folder(folder, counted)]
        else:
            inside = _counted(tx, (*these, position(_rest(prefix), "/") > 0))
            found = _largest(tx, these, prefix, first) if inside != Summary() else []
        below, direct = _sum([below, inside]), _sum([direct, counted], [inside])
        largest = nlargest(first, [*largest, *found], key=lambda one: one.counts.total + one.counts.changed)
        here = there
        if time.monotonic() > deadline:
            break
    return Folders(largest, _sum([below], (one.counts for one in largest)), direct, here)


def in_no_folder(
    tx: Connection, run_id: int, *, types: Sequence[DifferenceType] = SHOWN, start: str | None = None
) -> Folders:
    """Differences of these types that lie in no folder, counted from a key on, as `folders`; no folder is counted."""
    deadline = time.monotonic() + LONGEST_LOOK
    here: str | None = start or ""
    direct = Summary()
    while here is not None:
        there, folder = _stretch(tx, run_id, types, "", here)
        if folder is None:
            these = (*_between(run_id, here, there), differences.c.type.in_(types))
            direct = _sum([direct, _counted(tx, (*these, position(differences.c.key, "/") == 0))])
        here = there
        if time.monotonic() > deadline:
            break
    return Folders([], Summary(), direct, here)


def _stretch(
    tx: Connection, run_id: int, types: Sequence[DifferenceType], prefix: str, start: str
) -> tuple[str | None, str | None]:
    """Up to which key to count next, and the folder if that is one alone; folders are never cut.

    The key is None where the rest is not too much.
    """
    key, end = differences.c.key, _behind_folder(prefix) if prefix else None
    ends = [
        tx.scalar(
            select(key)
            .where(*_between(run_id, start, end), differences.c.type == type_)
            .order_by(key)
            .offset(ROWS_AT_ONCE)
            .limit(1)
        )
        for type_ in types
    ]
    last = min((found for found in ends if found is not None), default=None)
    if last is None:
        return None, None
    name, slash, _ = last.removeprefix(prefix).partition("/")
    if not slash:
        return last, None
    folder = f"{prefix}{name}/"
    return (folder, None) if folder > start else (_behind_folder(folder), folder)


def _counted(tx: Connection, these: Sequence[ColumnElement[bool]]) -> Summary:
    type_ = differences.c.type
    counts: dict[int, int] = {
        row.type: row.counted
        for row in tx.execute(select(type_, func.count().label("counted")).where(*these).group_by(type_))
    }
    return Summary(*(counts.get(one, 0) for one in SHOWN))


def _largest(tx: Connection, these: Sequence[ColumnElement[bool]], prefix: str, first: int) -> list[Folder]:
    rest = _rest(prefix)
    slash = position(rest, "/")
    name = func.substr(rest, 1, slash).label("name")
    counts = [func.sum(case((differences.c.type == type_, 1), else_=0)) for type_ in SHOWN]
    rows = tx.execute(
        select(name, *counts).where(*these, slash > 0).group_by(name).order_by(func.count().desc()).limit(first)
    )
    return [Folder(prefix + row[0], Summary(*row[1:])) for row in rows]


def _rest(prefix: str) -> ColumnElement[str]:
    """What stands behind a prefix in a key."""
    return func.substr(differences.c.key, len(prefix) + 1) if prefix else differences.c.key


def _between(run_id: int, start: str, stop: str | None) -> tuple[ColumnElement[bool], ...]:
    return (differences.c.run_id == run_id, differences.c.key >= start, *_before(stop))


def _before(stop: str | None) -> tuple[ColumnElement[bool], ...]:
    return () if stop is None else (differences.c.key < stop,)


def _behind_folder(folder: str) -> str:
    """The first key behind every key of a folder, whose name ends in a slash: "0" comes next to it."""
    return f"{folder[:-1]}0"


def _sum(added: Iterable[Summary], taken: Iterable[Summary] = ()) -> Summary:
    """The sum of some counts, without others."""
    signed = [*((1, one) for one in added), *((-1, one) for one in taken)]
    return Summary(
        sum(sign * one.added for sign, one in signed),
        sum(sign * one.removed for sign, one in signed),
        sum(sign * one.changed for sign, one in signed),
    )
