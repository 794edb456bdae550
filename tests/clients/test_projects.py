"""Creating, finding, changing, archiving and deleting projects."""

from collections.abc import Mapping

import pytest

from tests.api.server import Json
from tests.clients.conftest import Client
from tests.clients.environments import NEWEST, OURS, Can, Environment
from tests.clients.telling import told

KINDS = ["IMAGE", "VIDEO", "PDF", "TEXT"]
Shown = Mapping[str, Mapping[str, object]]

METADATA = {
    name: {"filterable": True, "type": kind, "visibleByLabeler": True, "visibleByReviewer": seen}
    for name, kind, seen in (("width", "number", True), ("height", "string", False))
}
SHOWN: Shown = {
    "can_navigate_between_assets": {"canNavigateBetweenAssets": False},
    "can_skip_asset": {"canSkipAsset": False},
    "consensus_mark": {"consensusMark": 0.5},
    "consensus_tot_coverage": {"consensusTotCoverage": 7},
    "description": {"description": "About it"},
    "honeypot_mark": {"honeypotMark": 0.25},
    "instructions": {"instructions": "https://example.com/how"},
    "json_interface": {"jsonInterface": {"jobs": {"K": {"n": 2}}}},
    "metadata_types": {"metadataTypes": {"width": "number"}},
    "min_consensus_size": {"minConsensusSize": 2},
    "review_coverage": {"reviewCoverage": 50},
    "title": {"title": "Another catalogue"},
    "use_honeypot": {"useHoneyPot": True},
}
"""What is answered of each property after it was changed, by those generations that have it."""
TAGS: Shown = {"compliance_tags": {"complianceTags": ["PHI"]}}
NEWER: Shown = {
    "metadata_properties": {"metadataProperties": {"height": METADATA["height"]}},
    "seconds_to_label_before_auto_assign": {"shouldAutoAssign": True},
    "should_auto_assign": {"shouldAutoAssign": True},
}
ALONE = TAGS.keys() | {"metadata_properties", "seconds_to_label_before_auto_assign"}
AS_PROPERTIES: Shown = {"metadata_types": {"metadataProperties": {"width": METADATA["width"]}}}
"""How newer generations, but not ours, send metadata types."""


def _shown(environment: Environment) -> Shown:
    shown = {**SHOWN}
    if Can.MANAGE_INTEGRATIONS in environment.can:
        shown |= TAGS
    if Can.PATTERNS in environment.can:
        shown |= NEWER
        shown |= {} if environment == OURS else AS_PROPERTIES
    return shown


@pytest.fixture(scope="module")
def said(client: Client) -> Json:
    return client.run("projects", title=f"catalogue {client.environment.version}")


def test_creates_lists_and_counts_projects(said: Json, client: Client) -> None:
    ids = said["ids"]
    assert said["kinds"] == KINDS
    assert said["made"] == [len(ids), True, 1]
    shown = said["default fields"]
    roles = shown.pop("roles")
    assert shown == {
        "id": ids["IMAGE"],
        "title": f"catalogue {client.environment.version} of IMAGE",
        "inputType": "IMAGE",
        "jsonInterface": {"jobs": {"J": {"n": 1}}},
        "consensusTotCoverage": 0,
        "minConsensusSize": 1,
        "reviewCoverage": 0,
    }
    mine = said["user"]
    assert roles[0] == {"id": f"{ids['IMAGE']}-{mine['id']}", "role": "ADMIN", "user": mine}
    assert said["by title"] == [ids["VIDEO"]]
    assert said["count by title"] == 1
    assert said["generated"] == list(ids.values())
    assert said["skip 1, first 2"] == [ids["VIDEO"], ids["PDF"]]
    assert said["updated since 2020"] == said["not archived"] == len(ids)
    assert said["updated until 2020"] == [0, []]


def test_changes_every_property_of_a_project(said: Json, client: Client) -> None:
    video, image = said["ids"]["VIDEO"], said["ids"]["IMAGE"]
    shown = _shown(client.environment)
    at_once = [properties for name, properties in shown.items() if name not in ALONE]
    assert said["changed"] == {name: {"id": video, **properties} for name, properties in shown.items()}
    assert said["changed at once"] == {"id": image, **dict(item for one in at_once for item in one.items())}
    assert said["taken back"]["canSkipAsset"] is True
    assert said["ignored"] == said["same type"] == said["ids"]["PDF"]
    assert said["assets as they were"] == [{"numberOfAssets": 0}]
    assert said["type as it was"] == [{"inputType": "PDF"}]
    if client.environment == NEWEST:  # which does not send it
        assert said["other type"] == {"answer": {"id": said["ids"]["PDF"]}}
    else:
        assert told(said["other type"], "The input type of a project cannot change")


def test_archives_a_project_and_brings_it_back(said: Json) -> None:
    text = said["ids"]["TEXT"]

    assert said["archived"] == [{"id": text}, [1, 0, [{"id": text}]], {"id": text}, [0, 1, [{"id": text}]]]


def test_deletes_a_project(said: Json) -> None:
    assert said["deleted"] == said["ids"]["TEXT"]
    assert said["after"] == [1, []]


@pytest.mark.needs(Can.DELETED)
def test_counts_no_deleted_projects(said: Json) -> None:
    assert said["counted as deleted"] == [0, []]
