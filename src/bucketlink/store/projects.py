"""Projects. A deleted one is hidden at once; its rows go in the background."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, func, insert, select, update

from bucketlink.ids import Noun
from bucketlink.model import InputType, Project
from bucketlink.store import runs as run_store
from bucketlink.store.database import now
from bucketlink.store.tables import connections, projects, runs

WILDCARD = "%"
ESCAPE = "\\"


def add(
    tx: Connection,
    organization_id: int,
    *,
    title: str,
    description: str,
    input_type: InputType,
    json_interface: str,
    properties: Mapping[str, object] = MappingProxyType({}),
) -> Project:
    """Make a project."""
    created = now()
    row = tx.execute(
        insert(projects)
        .values(
            organization_id=organization_id,
            title=title,
            description=description,
            input_type=input_type,
            json_interface=json_interface,
            properties=dict(properties),
            created_at=created,
            updated_at=created,
        )
        .returning(projects)
    ).one()
    return _project(row)


def get(tx: Connection, organization_id: int, project_id: int) -> Project:
    """A project of the organization; raises NotFound."""
    row = tx.execute(select(projects).where(*_wanted(organization_id, project_id=project_id))).first()
    if row is None:
        raise Noun.PROJECT.absent(project_id)
    return _project(row)


def find(
    tx: Connection,
    organization_id: int,
    *,
    project_id: int | None = None,
    search: str | None = None,
    archived: bool | None = None,
    created: tuple[int | None, int | None] = (None, None),
    updated: tuple[int | None, int | None] = (None, None),
    first: int = 100,
    skip: int = 0,
) -> list[Project]:
    """Projects of the organization, oldest first.

    `search` is part of a title or description, or, with a ``%``, a pattern that one of them matches as a whole.
    """
    wanted = _wanted(organization_id, project_id, search, archived, created, updated)
    rows = tx.execute(select(projects).where(*wanted).order_by(projects.c.id).limit(first).offset(skip))
    return [_project(row) for row in rows]


def count(
    tx: Connection,
    organization_id: int,
    *,
    project_id: int | None = None,
    search: str | None = None,
    archived: bool | None = None,
    created: tuple[int | None, int | None] = (None, None),
    updated: tuple[int | None, int | None] = (None, None),
) -> int:
    """How many projects `find` would find."""
    wanted = _wanted(organization_id, project_id, search, archived, created, updated)
    return tx.scalars(select(func.count()).select_from(projects).where(*wanted)).one()


def change(tx: Connection, organization_id: int, project_id: int, values: dict[str, object]) -> Project:
    """Change columns of a project."""
    get(tx, organization_id, project_id)
    tx.execute(update(projects).where(projects.c.id == project_id).values(**values, updated_at=now()))
    return get(tx, organization_id, project_id)


def remove(tx: Connection, organization_id: int, project_id: int) -> None:
    """Hide a project at once and fence off its runs; `bucketlink.store.garbage` deletes its rows."""
    get(tx, organization_id, project_id)
    moment = now()
    tx.execute(update(projects).where(projects.c.id == project_id).values(deleted_at=moment))
    run_store.cancel(tx, runs.c.project_id == project_id, "The project was deleted.")
    tx.execute(delete(connections).where(connections.c.project_id == project_id))


def lock(tx: Connection, project_id: int) -> None:
    """Wait for every other transaction that changes assets of the project; the database's own lock on SQLite."""
    tx.execute(select(projects.c.id).where(projects.c.id == project_id).with_for_update())


def add_to_count(tx: Connection, project_id: int, amount: int) -> None:
    """Move the counter of a project's assets, in the transaction that changes the rows."""
    tx.execute(
        update(projects)
        .where(projects.c.id == project_id)
        .values(number_of_assets=projects.c.number_of_assets + amount, updated_at=now())
    )


def _wanted(
    organization_id: int,
    project_id: int | None = None,
    search: str | None = None,
    archived: bool | None = None,
    created: tuple[int | None, int | None] = (None, None),
    updated: tuple[int | None, int | None] = (None, None),
) -> list[ColumnElement[bool]]:
    wanted = [projects.c.organization_id == organization_id, projects.c.deleted_at.is_(None)]
    if project_id is not None:
        wanted.append(projects.c.id == project_id)
    if search:
        titles, descriptions = projects.c.title, projects.c.description
        if WILDCARD in search:
            wanted.append(titles.ilike(search, escape=ESCAPE) | descriptions.ilike(search, escape=ESCAPE))
        else:
            wanted.append(titles.icontains(search, autoescape=True) | descriptions.icontains(search, autoescape=True))
    if archived is not None:
        wanted.append(projects.c.archived.is_(archived))
    for column, (earliest, latest) in (
        (projects.c.created_at, created),
        (projects.c.updated_at, updated),
    ):
        if earliest is not None:
            wanted.append(column >= earliest)
        if latest is not None:
            wanted.append(column <= latest)
    return wanted


def _project(row: Row[Any]) -> Project:
    return Project(
        id=row.id,
        organization_id=row.organization_id,
        title=row.title,
        description=row.description,
        input_type=InputType(row.input_type),
        json_interface=row.json_interface,
        archived=row.archived,
        number_of_assets=row.number_of_assets,
        created_at=row.created_at,
        updated_at=row.updated_at,
        properties=row.properties or {},
    )
