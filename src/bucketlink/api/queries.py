"""Resolvers of the queries. Each answers only of the caller's organization; an id of another is as unknown."""

from typing import Any, TypeVar

from bucketlink import model
from bucketlink.api import asset_columns, people, shapes
from bucketlink.api.binding import Fields
from bucketlink.api.context import Info, Shape, Where, checked_skip, context, is_own
from bucketlink.api.scalars import Day
from bucketlink.errors import BucketError, InvalidInput, NotFound, RunFailed, kind_of_failure
from bucketlink.ids import Noun
from bucketlink.model import Platform, RunKind, RunState, Status
from bucketlink.store import assets, connections, integrations, projects, runs
from bucketlink.store.assets import AssetFilter

query = Fields("Query")

_NOT_KEPT = "Bucketlink keeps no {}, so assets cannot be filtered by {!r}: leave it out."
_NOT_KEPT_FIELDS = {
    "consensusMarkGte": "marks",
    "consensusMarkLte": "marks",
    "honeypotMarkGte": "marks",
    "honeypotMarkLte": "marks",
    "inferenceMarkGte": "marks",
    "inferenceMarkLte": "marks",
    "metadata": "metadata",
    "label": "labels",
    "issue": "issues",
    "assigneeIn": "assignments",
    "assigneeNotIn": "assignments",
    "stepIdIn": "steps",
    "stepIdNotIn": "steps",
    "stepStatusIn": "steps",
    "stepStatusNotIn": "steps",
    "stepIdAndStatusIn": "steps",
    "stepIdAndStatusNotIn": "steps",
    "groupNameIn": "groups",
    "groupNameNotIn": "groups",
}
TODO = "TODO"
MOST_KEYS = 10_000
"""Values that a filter of exact ids or keys may hold."""
MOST_PARTS = 100
"""Values that a filter by parts of keys may hold: each is looked for in every key of the project."""
Value = TypeVar("Value")


@query.field("projects")
def resolve_projects(_: object, info: Info, where: Where, first: int, skip: int) -> list[Shape]:
    """Projects of the organization."""
    wanted = _projects(info, where)
    if wanted is None:
        return []
    organization_id = context(info).caller.organization_id
    found = context(info).read(
        lambda tx: projects.find(tx, organization_id, **wanted, first=first, skip=checked_skip(skip))
    )
    return [shapes.project(one) for one in found]


@query.field("countProjects")
def resolve_count_projects(_: object, info: Info, where: Where) -> int:
    """How many projects there are."""
    wanted = _projects(info, where)
    if wanted is None:
        return 0
    organization_id = context(info).caller.organization_id
    return context(info).read(lambda tx: projects.count(tx, organization_id, **wanted))


def _projects(info: Info, where: Where) -> dict[str, Any] | None:
    """Filters of projects, or None where no project can be meant."""
    organization = where.get("organizationId")
    none_is = ("deleted", "starred", "tagIds", "shouldRelaunchKpiComputation")
    if (organization and not is_own(info, organization)) or any(where.get(name) for name in none_is):
        return None
    return {
        "project_id": Noun.PROJECT.sought(where["id"]) if where.get("id") else None,
        "search": where.get("searchQuery") or None,
        "archived": where.get("archived"),
        "created": _period(where, "createdAt"),
        "updated": _period(where, "updatedAt"),
    }


def _period(where: Where, name: str) -> tuple[int | None, int | None]:
    """From when to when; a day at the end is within."""
    latest: int | None = where.get(f"{name}Lte")
    return where.get(f"{name}Gte"), latest.end if isinstance(latest, Day) else latest


@query.field("projectUsers")
def resolve_project_users(_: object, info: Info, where: Where, first: int, skip: int) -> list[Shape]:
    """Members of a project."""
    return _project_users(info, where)[checked_skip(skip) :][:first]


@query.field("countProjectUsers")
def resolve_count_project_users(_: object, info: Info, where: Where) -> int:
    """How many members a project has."""
    return len(_project_users(info, where))


def _project_users(info: Info, where: Where) -> list[Shape]:
    asked = context(info)
    number = Noun.PROJECT.sought(where["project"].get("id") or "")
    wanted = people.users_wanted(info, where.get("user") or {})
    if wanted is None or where.get("activeInProject") or where.get("deleted"):
        return []
    found = asked.read(lambda tx: projects.find(tx, asked.caller.organization_id, project_id=number))
    members = [member for one in found for member in shapes.members(info, one, **wanted)]
    return [
        member
        for member in members
        if where.get("id") in {None, member["id"]} and where.get("status") in {None, member["status"]}
    ]


@query.field("listTagsByOrg")
def resolve_tags(_: object, _info: Info) -> list[Shape]:
    """No tag is kept."""
    return []


@query.field("listTagsByProject")
def resolve_project_tags(_: object, info: Info, projectId: str) -> list[Shape]:  # noqa: N803 - the wire's name
    """No tag is kept; raises NotFound where there is no such project."""
    number = Noun.PROJECT.number(projectId)
    context(info).read(lambda tx: projects.get(tx, context(info).caller.organization_id, number))
    return []


@query.field("assets")
def resolve_assets(_: object, info: Info, where: Where, first: int, skip: int, after: str | None = None) -> list[Shape]:
    """Assets of a project, in order of creation."""
    behind = _behind(after)
    wanted = _assets(where)
    if wanted is None:
        return []
    project_id, filter_ = wanted
    organization_id = context(info).caller.organization_id
    found = context(info).read(
        lambda tx: assets.find(
            tx, organization_id, project_id, filter_, first=first, skip=checked_skip(skip), after=behind
        )
    )
    return [shapes.asset(one) for one in found]


@query.field("assetColumns")
def resolve_asset_columns(
    _: object, info: Info, where: Where, first: int, fields: list[str], after: str | None = None
) -> list[list[Any]]:
    """Assets of a project as columns, in order of creation."""
    asked = context(info)
    asked.count_column_rows(first)
    names = asset_columns.stored(fields)
    behind = _behind(after)
    wanted = _assets(where)
    if wanted is None:
        return []
    found = asked.read(
        lambda tx: assets.columns(tx, asked.caller.organization_id, *wanted, names, first=first, after=behind)
    )
    return asset_columns.shown(fields, found)


def _behind(after: str | None) -> int:
    """The number of the asset behind which a page begins."""
    number = Noun.ASSET.number_or_none(after) if after is not None else 0
    if number is None:
        raise InvalidInput("after is not the id of an asset: give the id of the last one that was answered.")
    return number


@query.field("countAssets")
def resolve_count_assets(_: object, info: Info, where: Where) -> int:
    """How many assets there are."""
    wanted = _assets(where)
    if wanted is None:
        return 0
    project_id, filter_ = wanted
    organization_id = context(info).caller.organization_id
    return context(info).read(lambda tx: assets.count(tx, organization_id, project_id, filter_))


def _assets(where: Where) -> tuple[int, AssetFilter] | None:
    """The project and filters of assets, or None where no asset can be meant."""
    project = (where.get("project") or {}).get("id")
    if not project:
        raise InvalidInput("Assets are listed by project: give the project's id.")
    for name, kept in _NOT_KEPT_FIELDS.items():
        if _is_given(where.get(name)):
            raise InvalidInput(_NOT_KEPT.format(kept, name))
    statuses = where.get("statusIn")
    if (statuses is not None and TODO not in statuses) or where.get("skipped"):
        return None
    ids = _asset_numbers(where.get("idIn"))
    if where.get("id"):
        only = Noun.ASSET.sought(where["id"])
        ids = [only] if ids is None or only in ids else []
    return Noun.PROJECT.sought(project), AssetFilter(
        ids=_few(ids, "idIn", MOST_KEYS),
        not_ids=_few(_asset_numbers(where.get("idNotIn")), "idNotIn", MOST_KEYS),
        keys=_few(where.get("externalIdStrictlyIn"), "externalIdStrictlyIn", MOST_KEYS),
        key_parts=_few(where.get("externalIdIn"), "externalIdIn", MOST_PARTS),
        created=_period(where, "createdAt"),
        updated=_period(where, "updatedAt"),
    )


def _is_given(value: object) -> bool:
    if isinstance(value, dict):
        return any(_is_given(one) for one in value.values())
    return value is not None


def _few(values: list[Value] | None, name: str, most: int) -> list[Value] | None:
    if values is not None and len(values) > most:
        raise InvalidInput(f"{name} holds {len(values):,} values: give at most {most:,}, and ask again for the rest.")
    return values


def _asset_numbers(ids: list[str] | None) -> list[int] | None:
    return None if ids is None else [Noun.ASSET.number_or_none(one) or 0 for one in ids]


@query.field("dataIntegrations")
def resolve_integrations(_: object, info: Info, where: Where, first: int, skip: int) -> list[Shape]:
    """Integrations of the organization."""
    wanted = integrations_wanted(info, where)
    if wanted is None:
        return []
    organization_id = context(info).caller.organization_id
    found = context(info).read(
        lambda tx: integrations.find(tx, organization_id, **wanted, first=first, skip=checked_skip(skip))
    )
    return [shapes.integration(one) for one in found]


@query.field("countDataIntegrations")
def resolve_count_integrations(_: object, info: Info, where: Where) -> int:
    """How many integrations there are; or connections, where they are asked for by what only connections have."""
    if where.get("projectId") is not None or where.get("integrationId") is not None:
        return context(info).read(lambda tx: connections.count(tx, **_connections(info, where)))
    wanted = integrations_wanted(info, where)
    if wanted is None:
        return 0
    organization_id = context(info).caller.organization_id
    return context(info).read(lambda tx: integrations.count(tx, organization_id, **wanted))


def integrations_wanted(info: Info, where: Where) -> dict[str, Any] | None:
    """Filters of integrations, or None where no integration can be meant."""
    if where.get("projectId") is not None or where.get("integrationId") is not None:
        raise InvalidInput("projectId and integrationId filter connections, not integrations: leave them out.")
    organization = where.get("organizationId")
    if organization and not is_own(info, organization):
        return None
    return {
        "integration_id": Noun.INTEGRATION.sought(where["id"]) if where.get("id") is not None else None,
        "name": where.get("name"),
        "platform": Platform(where["platform"]) if where.get("platform") else None,
        "status": Status(where["status"]) if where.get("status") else None,
    }


@query.field("dataConnections")
def resolve_connections(_: object, info: Info, where: Where, first: int, skip: int) -> list[Shape]:
    """Connections of the organization."""
    wanted = _connections(info, where)
    found = context(info).read(lambda tx: connections.find(tx, **wanted, first=first, skip=checked_skip(skip)))
    return [shapes.connection(one) for one in found]


def _connections(info: Info, where: Where) -> dict[str, Any]:
    """The organization and filters of connections."""
    project, integration = where.get("projectId"), where.get("integrationId")
    return {
        "organization_id": context(info).caller.organization_id,
        "project_id": Noun.PROJECT.sought(project) if project is not None else None,
        "integration_id": Noun.INTEGRATION.sought(integration) if integration is not None else None,
    }


@query.field("dataConnection")
def resolve_connection(_: object, info: Info, where: Where) -> Shape:
    """One connection; raises NotFound, since clients take null for a connection without fields."""
    number = Noun.CONNECTION.number(where["id"])
    organization_id = context(info).caller.organization_id
    found = context(info).read(lambda tx: connections.get(tx, organization_id, number))
    shape = shapes.connection(found)
    if found.error is not None and not found.is_checking:
        shape["dataDifferencesSummary"] = lambda info: _summary_unless_failed(info, found)
    return shape


def _summary_unless_failed(info: Info, connection: model.Connection) -> Shape:
    """What a connection shows; raises what its last computation failed of, RunFailed where it was cancelled.

    Clients that wait for a computation read nothing else of how it went: they would take what was found before for its
    result, and call a project in step whose bucket is gone.
    """
    last = context(info).read(lambda tx: runs.newest(tx, connection.id, RunKind.COMPUTE))
    if last is not None and last.error is not None:
        was_cancelled = last.state is RunState.CANCELLED
        kind = RunFailed if was_cancelled else kind_of_failure(last.error_kind, BucketError)
        raise kind(last.error)
    return shapes.summary(connection.summary)


@query.field("runs")
def resolve_runs(_: object, info: Info, where: Where, first: int, skip: int) -> list[Shape]:
    """The history of a connection."""
    number = Noun.CONNECTION.number(where["connectionId"])
    organization_id = context(info).caller.organization_id
    with context(info).home.database.read() as tx:
        if not runs.find(tx, organization_id, number, first=1):
            # A connection that was removed keeps its history; one that never was has none.
            connections.get(tx, organization_id, number)
        found = runs.find(tx, organization_id, number, first=first, skip=checked_skip(skip))
    return [shapes.run(one) for one in found]


@query.field("run")
def resolve_run(_: object, info: Info, where: Where) -> Shape | None:
    """One run."""
    organization_id = context(info).caller.organization_id
    try:
        number = Noun.RUN.number(where["id"])
        return shapes.run(context(info).read(lambda tx: runs.get(tx, organization_id, number)))
    except NotFound:
        return None
