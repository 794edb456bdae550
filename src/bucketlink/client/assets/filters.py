"""What assets can be filtered by, and how the wire names it."""

from collections.abc import Mapping
from typing import Annotated, TypeAlias, TypedDict, get_args, get_type_hints

from bucketlink.client.mapping import sent
from bucketlink.client.types import Row, Texts
from bucketlink.errors import InvalidInput

Pairs: TypeAlias = list[tuple[str, str]] | tuple[tuple[str, str], ...]
"""Pairs of a step and a status."""

Moment: TypeAlias = str
"""``2026-01-31``, or a moment of that day."""


class AssetFilters(TypedDict, total=False):
    """Filters of assets that scripts give by name, each with its path on the wire.

    A deprecated spelling stands before the one that replaced it, which counts where both are given. One without
    a path is about what only another server of this wire could resolve.
    """

    consensus_mark_gt: Annotated[float | None, "consensusMarkGte"]
    consensus_mark_gte: Annotated[float | None, "consensusMarkGte"]
    consensus_mark_lt: Annotated[float | None, "consensusMarkLte"]
    consensus_mark_lte: Annotated[float | None, "consensusMarkLte"]
    honeypot_mark_gt: Annotated[float | None, "honeypotMarkGte"]
    honeypot_mark_gte: Annotated[float | None, "honeypotMarkGte"]
    honeypot_mark_lt: Annotated[float | None, "honeypotMarkLte"]
    honeypot_mark_lte: Annotated[float | None, "honeypotMarkLte"]
    inference_mark_gte: Annotated[float | None, "inferenceMarkGte"]
    inference_mark_lte: Annotated[float | None, "inferenceMarkLte"]
    external_id_contains: Annotated[Texts | None, "externalIdStrictlyIn"]
    external_id_strictly_in: Annotated[Texts | None, "externalIdStrictlyIn"]
    external_id_in: Annotated[Texts | None, "externalIdIn"]
    metadata_where: Annotated[dict[str, object] | None, "metadata"]
    skipped: Annotated[bool | None, "skipped"]
    status_in: Annotated[Texts | None, "statusIn"]
    created_at_gte: Annotated[Moment | None, "createdAtGte"]
    created_at_lte: Annotated[Moment | None, "createdAtLte"]
    updated_at_gte: Annotated[Moment | None, "updatedAtGte"]
    updated_at_lte: Annotated[Moment | None, "updatedAtLte"]
    assignee_in: Annotated[Texts | None, "assigneeIn"]
    assignee_not_in: Annotated[Texts | None, "assigneeNotIn"]
    issue_type: Annotated[str | None, "issue.type"]
    issue_status: Annotated[str | None, "issue.status"]
    label_author_in: Annotated[Texts | None, "label.authorIn"]
    label_category_search: Annotated[str | None, "label.search"]
    label_consensus_mark_gt: Annotated[float | None, "label.consensusMarkGte"]
    label_consensus_mark_gte: Annotated[float | None, "label.consensusMarkGte"]
    label_consensus_mark_lt: Annotated[float | None, "label.consensusMarkLte"]
    label_consensus_mark_lte: Annotated[float | None, "label.consensusMarkLte"]
    label_created_at: Annotated[Moment | None, "label.createdAt"]
    label_created_at_gt: Annotated[Moment | None, "label.createdAtGte"]
    label_created_at_gte: Annotated[Moment | None, "label.createdAtGte"]
    label_created_at_lt: Annotated[Moment | None, "label.createdAtLte"]
    label_created_at_lte: Annotated[Moment | None, "label.createdAtLte"]
    label_honeypot_mark_gt: Annotated[float | None, "label.honeypotMarkGte"]
    label_honeypot_mark_gte: Annotated[float | None, "label.honeypotMarkGte"]
    label_honeypot_mark_lt: Annotated[float | None, "label.honeypotMarkLte"]
    label_honeypot_mark_lte: Annotated[float | None, "label.honeypotMarkLte"]
    label_labeler_in: Annotated[Texts | None, "label.labelerIn"]
    label_labeler_not_in: Annotated[Texts | None, "label.labelerNotIn"]
    label_reviewer_in: Annotated[Texts | None, "label.reviewerIn"]
    label_reviewer_not_in: Annotated[Texts | None, "label.reviewerNotIn"]
    label_type_in: Annotated[Texts | None, "label.typeIn"]
    step_id_in: Annotated[Texts | None, "stepIdIn"]
    step_id_not_in: Annotated[Texts | None, "stepIdNotIn"]
    step_id_and_status_in: Annotated[Pairs | None, "stepIdAndStatusIn"]
    step_id_and_status_not_in: Annotated[Pairs | None, "stepIdAndStatusNotIn"]
    step_status_in: Annotated[Texts | None, "stepStatusIn"]
    step_status_not_in: Annotated[Texts | None, "stepStatusNotIn"]
    step_name_in: Texts | None
    step_name_not_in: Texts | None
    step_name_and_status_in: Pairs | None
    step_name_and_status_not_in: Pairs | None
    group_name_in: Annotated[Texts | None, "groupNameIn"]
    group_name_not_in: Annotated[Texts | None, "groupNameNotIn"]


class AssetChoice(AssetFilters, total=False):
    """Which assets of a project are meant: all that match every filter given, as `Assets.assets` describes them."""

    asset_id: str | None
    asset_id_in: Texts | None
    asset_id_not_in: Texts | None


_IDS = {"project_id": "project.id", "asset_id": "id", "asset_id_in": "idIn", "asset_id_not_in": "idNotIn"}
_HINTS = get_type_hints(AssetFilters, include_extras=True)
_PATHS = _IDS | {name: get_args(hint)[1] for name, hint in _HINTS.items() if isinstance(get_args(hint)[1], str)}
_WITHOUT_PATH = tuple(name for name in _HINTS if name not in _PATHS)


def asset_where(given: Mapping[str, object]) -> Row:
    """Write the filters among a method's parameters as ``AssetWhere``.

    Raises:
        InvalidInput: a filter by the name of a step.

    """
    for name in _WITHOUT_PATH:
        if given.get(name) is not None:
            raise InvalidInput(f"Bucketlink keeps no steps, so assets cannot be filtered by {name}: leave it out.")
    where = sent(_PATHS, given)
    for name in ("stepIdAndStatusIn", "stepIdAndStatusNotIn"):
        if name in where:
            where[name] = [{"stepId": step, "status": status} for step, status in where[name]]
    return where
