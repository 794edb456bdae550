"""Listing and counting none, one, several and several hundred of everything, by every filter."""

import re
from collections.abc import Iterator, Mapping

import pytest

from tests.api.server import Json
from tests.clients.conftest import Client, Scenario, Start
from tests.clients.crowd import KEYS, MANY, TITLE, Crowd, gather
from tests.clients.environments import OLDEST, OURS, REFERENCE, Can, Environment
from tests.clients.telling import told

DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
ONE, OTHER = KEYS[7], KEYS[222]

LISTS_UNKNOWN_PROJECTS = (OLDEST, REFERENCE)
"""Generations that do not look the project up whose assets they list."""

INTEGRATION_FIELDS = [
    "id",
    "name",
    "platform",
    "status",
    "organizationId",
    "allowedPaths",
    "allowedProjects",
    "awsAccessPointARN",
    "awsRoleARN",
    "awsRoleExternalId",
    "azureConnectionURL",
    "azureIsUsingServiceCredentials",
    "azureSASToken",
    "azureTenantId",
    "gcpBucketName",
    "includeRootFiles",
    "internalProcessingAuthorized",
    "s3AccessKey",
    "s3BucketName",
    "s3Endpoint",
    "s3Region",
    "s3SecretKey",
    "s3SessionToken",
]
CONNECTION_FIELDS = [
    "id",
    "projectId",
    "dataIntegrationId",
    "dataIntegration.id",
    "dataIntegration.platform",
    "dataDifferencesSummary.added",
    "dataDifferencesSummary.removed",
    "dataDifferencesSummary.total",
    "isChecking",
    "isApplyingDataDifferences",
    "lastChecked",
    "lastCheck",
    "numberOfAssets",
    "selectedFolders",
    "prefix",
    "include",
    "exclude",
    "isJsonProcessingEnabled",
]
ASSET_FIELDS = [
    "id",
    "externalId",
    "content",
    "createdAt",
    "updatedAt",
    "isHoneypot",
    "jsonContent",
    "jsonMetadata",
    "labels.author.email",
    "labels.id",
    "latestLabel.id",
    "priority",
    "skipped",
    "status",
]


@pytest.fixture(scope="session")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crowd]:
    crowd = gather(tmp_path_factory.mktemp("crowd"))
    yield crowd
    crowd.server.stop()


@pytest.fixture(scope="module")
def crowded(
    crowd: Crowd, environment: Environment, tmp_path_factory: pytest.TempPathFactory, start: Start
) -> Mapping[str, Scenario]:
    """Every scenario of this module, started together."""
    at = Client(environment, crowd.server, tmp_path_factory.mktemp("home"))
    return {
        "integrations": start(
            "integrations",
            at,
            id=crowd.integrations[7],
            name="number 7",
            part="umber 7",
            organization="org1",
            fields=INTEGRATION_FIELDS,
        ),
        "connections": start(
            "connections_listed",
            at,
            id=crowd.connections["several"][1],
            projects=crowd.projects,
            integrations={
                "several": crowd.integrations[0],
                "one": crowd.integrations[1],
                "none": crowd.integrations[2],
            },
            fields=CONNECTION_FIELDS,
        ),
        "projects": start("projects_listed", at, search=TITLE),
        "assets": start(
            "assets", at, project=crowd.assets, empty=crowd.projects["none"], keys=[ONE, OTHER], fields=ASSET_FIELDS
        ),
    }


def test_lists_and_counts_integrations(crowded: Mapping[str, Scenario], crowd: Crowd, environment: Environment) -> None:
    said = crowded["integrations"].result()

    ids, one = crowd.integrations, crowd.integrations[7]
    everything = len(ids)
    assert said["default"] == [{"name": "number 7", "id": one, "platform": "Folder", "status": "CONNECTED"}]
    assert said["all"] == said["generated"] == ids
    assert said["count"] == said["with a bar"] == everything
    assert said["by id"] == said["by name"] == said["by organization"] == said["by all"] == [{"id": one}]
    assert said["by part of a name"] == 0
    assert set(said["by platform"]) == {"AWS", "Azure", "GCP"} | ({"CustomS3"} & _platforms(environment))
    assert all(counted == [0, 0] for counted in said["by platform"].values())
    assert said["by status"] == {
        "CONNECTED": [everything, everything],
        "DISCONNECTED": [0, 0],
        "CHECKING": [0, 0],
    }
    assert said["by unknown"] == [[], [], [], [], [], []]
    assert said["counts of unknown"] == [0, 0, 0]
    _check_pages(said, ids)
    assert said["first 3"] == ids[:3]
    assert said["skip 2, first 3"] == ids[2:5]
    assert set(said["every field"]) == set(INTEGRATION_FIELDS)
    assert said["every field"]["organizationId"] == "org1"
    assert said["every field"]["includeRootFiles"] is False
    assert told(said["unknown field"], "Cannot query field 'nonsense'")


def _platforms(environment: Environment) -> set[str]:
    return {"CustomS3"} if Can.CUSTOM_S3 in environment.can else set()


def _check_pages(said: Json, everything: list[str]) -> None:
    assert said["first 150"] == everything[:150]
    assert said["skip 101"] == everything[101:]
    assert said["generated, skip 99, first 102"] == everything[99:201]
    assert said.get("skip all", []) == []


def test_lists_connections(crowded: Mapping[str, Scenario], crowd: Crowd) -> None:
    said = crowded["connections"].result()

    several, hundreds = crowd.connections["several"], crowd.connections["hundreds"]
    assert said["by project"] == said["generated by project"] == crowd.connections
    assert said["by integration"] == {
        "none": [],
        "one": crowd.connections["one"],
        "several": [*hundreds, *several],
    }
    assert said["by both"] == several
    assert said["by both, none"] == []
    assert said["with a bar"] == MANY
    _check_pages(said, hundreds)
    assert said["first 3"] == hundreds[:3]
    assert said["skip 2, first 3"] == hundreds[2:5]
    assert said["by id"] == [{"id": several[1], "projectId": crowd.projects["several"]}]
    assert said["generated by id"] == [{"id": several[1]}]
    name = {"name": "number 0"}
    assert said["dotted"] == [
        {
            "id": one,
            "selectedFolders": folders,
            "dataIntegration": name,
            "dataDifferencesSummary": {"added": found, "total": found},
        }
        for one, folders, found in zip(several, (None, ["folder 0"], []), (3, 1, 0), strict=True)
    ]
    assert set(said["every field"]) == {field.split(".")[0] for field in CONNECTION_FIELDS}
    assert said["by unknown project"] == said["by unknown integration"] == said["by nonsense"] == []
    assert told(said["by nothing"], "cloud_storage_connection_id, cloud_storage_integration_id or", "project_id")
    assert told(said["unknown connection"], "There is no ", " connection")
    assert told(said["unknown field"], "Cannot query field 'nonsense'")


def test_shows_the_fields_of_a_connection_that_it_asks_for_by_itself(
    crowded: Mapping[str, Scenario], crowd: Crowd
) -> None:
    shown = crowded["connections"].result()["default fields"]

    checked = {"lastCheck", "lastChecked"} & set(shown)
    assert checked
    assert all(DATE.fullmatch(shown.pop(name)) for name in checked)
    shown.pop("isJsonProcessingEnabled", None)
    assert shown == {
        "id": crowd.connections["one"][0],
        "numberOfAssets": 0,
        "selectedFolders": None,
        "projectId": crowd.projects["one"],
    }


def test_lists_and_counts_projects(crowded: Mapping[str, Scenario]) -> None:
    said = crowded["projects"].result()

    ids = said["all"]
    assert len(set(ids)) == len(ids) == said["count"] == said["with a bar"] == MANY
    assert said["generated"] == ids == sorted(ids, key=lambda one: int(one.removeprefix("prj")))
    assert said["none"] == [[], 0]
    _check_pages(said, ids)


def test_lists_and_counts_assets(crowded: Mapping[str, Scenario], environment: Environment) -> None:
    said = crowded["assets"].result()

    everything = len(KEYS)
    assert said["all"] == [KEYS, everything]
    assert said["distinct ids"] == said["with a bar"] == everything
    assert said["generated"] == KEYS
    assert said.get("as a table", KEYS) == KEYS
    assert ("as a table" in said) is (Can.PANDAS in environment.can)
    assert said["none"] == [[], [], 0]
    assert said["external_id_in"] == said["external_id_strictly_in"] == said["asset_id_in"] == [[ONE, OTHER], 2]
    assert said["asset_id"] == [[ONE], 1]
    assert said["external_id_in nothing"] == said["unknown asset"] == [[], 0]
    assert said["created since 2020"] == said["created since the first"] == said["created until 2100"] == everything
    assert said["updated since 2020"] == said["status TODO"] == said["status LABELED or TODO"] == everything
    assert said["created since 2100"] == said["created until 2020"] == said["updated until 2020"] == [[], 0]
    assert said["status LABELED"] == [[], 0]
    assert [said["skipped"], said["not skipped"]] == [0, everything]
    assert said["first 2"] == KEYS[:2]
    assert said["skip 1, first 2"] == KEYS[1:3]
    _check_pages(said, KEYS)
    assert said["counted of an unknown project"] == 0
    if environment in LISTS_UNKNOWN_PROJECTS:
        assert said["of an unknown project"] == {"answer": []}
    else:
        here = "no project with the id prj999999" if environment is OURS else "prj999999. The project does not exist"
        assert told(said["of an unknown project"], here)
    assert said.get("asset_id_not_in") == ([KEYS[-2:], 2] if Can.NOT_IN in environment.can else None)
    assert told(said["by a mark"], "keeps no marks")
    assert told(said["by a label"], "keeps no labels")
    assert told(said["by metadata"], "keeps no metadata")
    assert told(said["unknown field"], "Cannot query field 'nonsense'")


def test_shows_the_fields_of_an_asset(crowded: Mapping[str, Scenario]) -> None:
    said = crowded["assets"].result()

    shown = said["default fields"]
    assert shown["externalId"] == KEYS[0]
    assert shown["isHoneypot"] is False
    assert shown["jsonMetadata"] == {}
    assert shown["labels"] == []
    assert DATE.fullmatch(shown["createdAt"])
    assert {field.split(".")[0] for field in ASSET_FIELDS} <= set(said["every field"])
    assert said["every field"]["status"] == "TODO"
