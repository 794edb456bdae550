"""Nouns as the wire shows them; what needs another query is a function, called only where a client asks for it."""

from collections.abc import Mapping
from typing import Any

from bucketlink import model
from bucketlink.api import content, people
from bucketlink.api.context import Context, Info, Shape, context
from bucketlink.api.integration_data import SECRETS, fields_of
from bucketlink.api.limits import MOST_NESTED_ROWS
from bucketlink.buckets import cors
from bucketlink.ids import Noun
from bucketlink.model import RunKind
from bucketlink.notices import Kind, Notice
from bucketlink.store import accounts, changes, connections, integrations, projects

ADMINISTRATOR, MEMBER = "ADMIN", "TEAM_MANAGER"

_PROJECT_DEFAULTS: Mapping[str, Any] = {
    "canNavigateBetweenAssets": True,
    "canSkipAsset": True,
    "consensusMark": None,
    "consensusTotCoverage": 0,
    "honeypotMark": None,
    "instructions": None,
    "metadataProperties": None,
    "metadataTypes": None,
    "minConsensusSize": 1,
    "reviewCoverage": 0,
    "secondsToLabelBeforeAutoAssign": None,
    "shouldAutoAssign": None,
    "complianceTags": None,
    "useHoneyPot": False,
}
PROJECT_PROPERTIES = frozenset(_PROJECT_DEFAULTS)


def members(info: Info, value: model.Project, **wanted: Any) -> list[Shape]:
    """The ProjectUsers of a project: everyone in its organization, or those of them that are wanted."""
    asked = context(info)
    organization_id = asked.caller.organization_id
    found = asked.list_within(
        f"users {wanted}",
        organization_id,
        lambda tx: accounts.list_users(tx, organization_id, **wanted, first=MOST_NESTED_ROWS + 1),
    )
    return [_member(value, one) for one in found]


def _member(of: model.Project, value: accounts.User) -> Shape:
    is_administrator = value.role is model.Role.ADMIN
    return {
        "id": f"{Noun.PROJECT.show(of.id)}-{Noun.USER.show(value.id)}",
        "role": ADMINISTRATOR if is_administrator else MEMBER,
        "user": people.user(value),
        "project": project(of),
        "activated": True,
        "starred": False,
        "status": "ORG_ADMIN" if is_administrator else "ACTIVATED",
        **dict.fromkeys(("numberOfAnnotations", "numberOfLabeledAssets", "numberOfLabels", "totalDuration"), 0),
    }


def project(value: model.Project) -> Shape:
    """A Project."""

    def data_connections(info: Info) -> list[Shape]:
        asked = context(info)
        found = asked.list_within(
            "connections of a project",
            value.id,
            lambda tx: connections.find(
                tx, asked.caller.organization_id, project_id=value.id, first=MOST_NESTED_ROWS + 1
            ),
        )
        return [connection(one) for one in found]

    nothing = dict.fromkeys(
        (
            "numberOfOpenIssues",
            "numberOfSolvedIssues",
            "numberOfOpenQuestions",
            "numberOfSolvedQuestions",
            "numberOfReviewedAssets",
            "numberOfSkippedAssets",
        ),
        0,
    )
    return {
        **_PROJECT_DEFAULTS,
        **nothing,
        **value.properties,
        "id": Noun.PROJECT.show(value.id),
        "title": value.title,
        "description": value.description,
        "inputType": value.input_type,
        "jsonInterface": value.json_interface,
        "archived": value.archived,
        "numberOfAssets": value.number_of_assets,
        "numberOfRemainingAssets": value.number_of_assets,
        "createdAt": value.created_at,
        "updatedAt": value.updated_at,
        "organizationId": Noun.ORGANIZATION.show(value.organization_id),
        "dataConnections": data_connections,
        "roles": lambda info: members(info, value),
        "starred": False,
        "deleted": False,
        "tags": [],
        "steps": [],
        "workflowVersion": "V1",
    }


def integration(value: model.Integration) -> Shape:
    """A DataIntegration. Secrets are answered as null, whatever is stored, save a token for whoever lists by it."""
    address = value.address
    allowed = value.allowed_projects
    return {
        **dict.fromkeys(SECRETS),
        **fields_of(value),
        "azureSASToken": lambda info: content.listing_token(context(info), value),
        "corsHint": lambda info: cors.hint(value.address, context(info).home.settings.public_url),
        "id": Noun.INTEGRATION.show(value.id),
        "name": value.name,
        "platform": address.platform,
        "status": value.status,
        "statusReason": value.reason,
        "organizationId": Noun.ORGANIZATION.show(value.organization_id),
        "allowedPaths": value.restriction.allowed_paths,
        "allowedProjects": None if allowed is None else [Noun.PROJECT.show(one) for one in allowed],
        "includeRootFiles": value.restriction.include_root_files,
        "internalProcessingAuthorized": value.internal_processing_authorized,
        "foundRegion": value.found_region,
        "createdAt": value.created_at,
        "updatedAt": value.updated_at,
        "lastChecked": value.checked_at,
    }


def _project_of(asked: Context, project_id: int) -> Shape:
    organization_id = asked.caller.organization_id
    return project(asked.load("project", project_id, lambda tx: projects.get(tx, organization_id, project_id)))


def _integration_of(asked: Context, integration_id: int) -> model.Integration:
    organization_id = asked.caller.organization_id
    return asked.load("integration", integration_id, lambda tx: integrations.get(tx, organization_id, integration_id))


def summary(value: model.Summary) -> Shape:
    """A DataDifferencesSummary."""
    return {"added": value.added, "removed": value.removed, "total": value.total, "changed": value.changed}


def connection(value: model.Connection) -> Shape:
    """A DataConnection."""
    return {
        "id": Noun.CONNECTION.show(value.id),
        "projectId": Noun.PROJECT.show(value.project_id),
        "dataIntegrationId": Noun.INTEGRATION.show(value.integration_id),
        "dataIntegration": lambda info: integration(_integration_of(context(info), value.integration_id)),
        "project": lambda info: _project_of(context(info), value.project_id),
        "dataDifferencesSummary": summary(value.summary),
        "isComputed": value.published_run_id is not None,
        "isChecking": value.is_checking,
        "isApplyingDataDifferences": value.is_applying,
        "lastChecked": value.last_checked_at,
        "lastCheck": value.last_checked_at,
        "numberOfAssets": value.number_of_assets,
        "selectedFolders": value.selection.selected_folders,
        "prefix": value.selection.prefix,
        "include": value.selection.include or None,
        "exclude": value.selection.exclude or None,
        "isJsonProcessingEnabled": value.json_processing,
        "error": value.error,
        "warnings": list(dict.fromkeys(one.on_the_wire for one in value.notices)),
        "warningDetails": [notice(one) for one in value.notices],
        "createdAt": value.created_at,
        "updatedAt": value.updated_at,
    }


def notice(value: Notice) -> Shape:
    """A DataConnectionWarning."""
    is_text = value.kind is Kind.TEXT
    return {
        "kind": value.kind,
        "text": value.text,
        "count": None if is_text else value.count,
        "example": None if is_text else value.example,
    }


def asset(value: model.Asset) -> Shape:
    """An Asset. Bucketlink keeps no labels: every asset is to do."""
    return {
        "id": Noun.ASSET.show(value.id),
        "externalId": value.key,
        "content": lambda info: _located(info, value).url or "",
        "signedUrl": lambda info: _signed_url(_located(info, value)),
        "archived": value.archived,
        "jsonContent": "",
        "jsonMetadata": "{}",
        "createdAt": value.created_at,
        "updatedAt": value.updated_at,
        "projectId": Noun.PROJECT.show(value.project_id),
        "project": lambda info: _project_of(context(info), value.project_id),
        "status": "TODO",
        "skipped": False,
        "isHoneypot": False,
        "isUsedForConsensus": False,
        "priority": 0,
        "numberOfValidLocks": 0,
        **{name: [] for name in ("labels", "latestLabels", "issues", "locks", "toBeLabeledBy", "assignees")},
        "size": value.size if value.size >= 0 else None,
        "etag": value.etag or None,
        "contentType": value.content_type,
        "dataIntegrationId": Noun.INTEGRATION.show(value.integration_id),
        "dataConnectionId": Noun.CONNECTION.show(value.connection_id) if value.connection_id else None,
    }


def _located(info: Info, value: model.Asset) -> content.Location:
    asked = context(info)
    integration = _integration_of(asked, value.integration_id)
    return asked.remember("location", value.id, lambda: content.locate(asked, value, integration))


def _signed_url(value: content.Location) -> Shape:
    return {"url": value.url, "expiresAt": value.expires_at, "reason": value.reason}


def run(value: model.Run) -> Shape:
    """A Run."""

    def left_keys(info: Info, first: int, after: str | None = None) -> list[str]:
        if value.kind is not RunKind.UNDO:
            return []
        return context(info).list_within(
            f"left keys {first} {after!r}",
            value.id,
            lambda tx: changes.left_keys(tx, value, first=first, after=after),
        )

    return {
        "id": Noun.RUN.show(value.id),
        "kind": value.kind,
        "state": value.state,
        "connectionId": Noun.CONNECTION.show(value.connection_id) if value.connection_id else None,
        "integrationId": Noun.INTEGRATION.show(value.integration_id) if value.integration_id else None,
        "projectId": Noun.PROJECT.show(value.project_id) if value.project_id else None,
        "sourceRunId": Noun.RUN.show(value.source_run_id) if value.source_run_id else None,
        "types": [type_.name for type_ in value.types],
        "objects": value.objects,
        "expected": value.expected,
        "share": value.share,
        "rate": value.rate,
        "summary": summary(value.summary),
        "left": value.left,
        "leftKeys": left_keys,
        "error": value.error,
        "errorKind": value.error_kind,
        "undoneBy": Noun.RUN.show(value.undone_by) if value.undone_by else None,
        "createdAt": value.created_at,
        "startedAt": value.started_at,
        "steppedAt": value.stepped_at,
        "finishedAt": value.finished_at,
    }
