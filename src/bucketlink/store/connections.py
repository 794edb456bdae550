"""Connections: their selection, their published counts, and whether anything is under way on them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, exists, func, insert, select, update

from bucketlink import model
from bucketlink.ids import Noun
from bucketlink.model import DifferenceType, RunKind, Selection, Summary
from bucketlink.notices import Notice, stored
from bucketlink.store import runs as run_store
from bucketlink.store.database import now
from bucketlink.store.tables import connections, projects, runs

COUNTERS = {
    DifferenceType.ADD: connections.c.added,
    DifferenceType.REMOVE: connections.c.removed,
    DifferenceType.CHANGED: connections.c.changed,
}


def add(
    tx: Connection,
    project: model.Project,
    integration: model.Integration,
    selection: Selection,
    *,
    json_processing: bool,
    notices: Sequence[Notice] = (),
) -> int:
    """Connect an integration to a project; returns the connection's id."""
    created = now()
    statement = (
        insert(connections)
        .values(
            organization_id=project.organization_id,
            project_id=project.id,
            integration_id=integration.id,
            selected_folders=_listed(selection.selected_folders),
            prefix=selection.prefix,
            include=_listed(selection.include),
            exclude=_listed(selection.exclude),
            json_processing=json_processing,
            warnings=[one.row() for one in notices],
            created_at=created,
            updated_at=created,
        )
        .returning(connections.c.id)
    )
    return int(tx.scalars(statement).one())


def get(tx: Connection, organization_id: int, connection_id: int) -> model.Connection:
    """A connection of the organization; raises NotFound."""
    found = find(tx, organization_id, connection_id=connection_id)
    if not found:
        raise Noun.CONNECTION.absent(connection_id)
    return found[0]


def find(
    tx: Connection,
    organization_id: int,
    *,
    connection_id: int | None = None,
    project_id: int | None = None,
    integration_id: int | None = None,
    first: int = 500,
    skip: int = 0,
) -> list[model.Connection]:
    """Connections of the organization, oldest first."""
    statement = (
        select(
            connections,
            _under_way(RunKind.COMPUTE).label("is_checking"),
            _under_way(RunKind.APPLY, RunKind.UNDO, RunKind.REMOVE).label("is_applying"),
        )
        .join_from(connections, projects, connections.c.project_id == projects.c.id)
        .where(*_wanted(organization_id, connection_id, project_id, integration_id))
        .order_by(connections.c.id)
        .limit(first)
        .offset(skip)
    )
    return [_connection(row) for row in tx.execute(statement)]


def count(
    tx: Connection, organization_id: int, *, project_id: int | None = None, integration_id: int | None = None
) -> int:
    """How many connections `find` would find."""
    statement = (
        select(func.count())
        .select_from(connections.join(projects, connections.c.project_id == projects.c.id))
        .where(*_wanted(organization_id, None, project_id, integration_id))
    )
    return int(tx.scalars(statement).one())


def _wanted(
    organization_id: int, connection_id: int | None, project_id: int | None, integration_id: int | None
) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = [
        connections.c.organization_id == organization_id,
        projects.c.deleted_at.is_(None),
    ]
    for column, value in (
        (connections.c.id, connection_id),
        (connections.c.project_id, project_id),
        (connections.c.integration_id, integration_id),
    ):
        if value is not None:
            wanted.append(column == value)
    return wanted


def sharing(tx: Connection, project_id: int, integration_id: int) -> frozenset[int]:
    """Every connection of this project and integration: who can own its assets."""
    return frozenset(
        tx.scalars(
            select(connections.c.id).where(
                connections.c.project_id == project_id, connections.c.integration_id == integration_id
            )
        )
    )


def select_anew(tx: Connection, connection_id: int, selection: Selection, notices: Sequence[Notice]) -> None:
    """Change a connection's selection, and show nothing more of what was computed of the one before."""
    tx.execute(
        update(connections)
        .where(connections.c.id == connection_id)
        .values(
            selected_folders=_listed(selection.selected_folders),
            prefix=selection.prefix,
            include=_listed(selection.include),
            exclude=_listed(selection.exclude),
            warnings=[one.row() for one in notices],
            published_run_id=None,
            added=0,
            removed=0,
            changed=0,
            last_checked_at=None,
            updated_at=now(),
        )
    )


def remove(tx: Connection, organization_id: int, connection_id: int) -> None:
    """Remove a connection and fence off its runs. Its assets stay, without owner."""
    get(tx, organization_id, connection_id)
    run_store.cancel(tx, runs.c.connection_id == connection_id, "The connection was removed.")
    tx.execute(delete(connections).where(connections.c.id == connection_id))


def add_to_counts(
    tx: Connection,
    connection_id: int,
    *,
    assets: int = 0,
    differences: dict[DifferenceType, int] | None = None,
) -> None:
    """Move the counters of a connection, in the transaction that changes the rows."""
    values: dict[Any, Any] = {
        COUNTERS[type_]: COUNTERS[type_] + amount for type_, amount in (differences or {}).items() if type_ in COUNTERS
    }
    if assets:
        values[connections.c.number_of_assets] = connections.c.number_of_assets + assets
    if values:
        tx.execute(update(connections).where(connections.c.id == connection_id).values(values))


def is_clean(tx: Connection, connection_id: int, selection_digest: bytes) -> bool:
    """Whether none of the connection's assets is outside the selection of this digest."""
    kept = tx.scalar(select(connections.c.clean_digest).where(connections.c.id == connection_id))
    return kept is not None and bytes(kept) == selection_digest


def set_error(tx: Connection, connection_id: int, error: str | None) -> None:
    """Keep why the last run failed, or that it did not."""
    tx.execute(update(connections).where(connections.c.id == connection_id).values(error=error))


def _under_way(*kinds: RunKind) -> ColumnElement[bool]:
    return exists(
        select(runs.c.id).where(
            runs.c.connection_id == connections.c.id,
            runs.c.kind.in_(kinds),
            runs.c.finished_at.is_(None),
        )
    )


def _listed(values: tuple[str, ...] | None) -> list[str] | None:
    return None if values is None else list(values)


def _connection(row: Row[Any]) -> model.Connection:
    return model.Connection(
        id=row.id,
        organization_id=row.organization_id,
        project_id=row.project_id,
        integration_id=row.integration_id,
        selection=Selection(
            None if row.selected_folders is None else tuple(row.selected_folders),
            row.prefix,
            tuple(row.include or ()),
            tuple(row.exclude or ()),
        ),
        json_processing=row.json_processing,
        number_of_assets=row.number_of_assets,
        published_run_id=row.published_run_id,
        summary=Summary(row.added, row.removed, row.changed),
        last_checked_at=row.last_checked_at,
        is_checking=bool(row.is_checking),
        is_applying=bool(row.is_applying),
        error=row.error,
        notices=tuple(map(stored, row.warnings or ())),
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
