"""The published clients do what the reference page shows, and what scripts do around it."""

import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from bucketlink.store import accounts
from bucketlink.store.database import Database
from tests.api.server import Server
from tests.clients.conftest import Client, Scenario
from tests.clients.environments import Environment
from tests.servers import rgw

DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
PICTURES = [f"{folder}/{number}.jpg" for folder in ("bears", "cats") for number in range(3)]
ALL_KEYS = [*PICTURES, "cover.jpg"]
MANY = 230

NAME_OF = "query ($id: ID!) { data: dataIntegrations(where: {id: $id}, first: 1, skip: 0) { name } }"

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

NAMES = count(1)


@dataclass(frozen=True, slots=True)
class Integration:
    """One that reads a folder; its name is the folder's."""

    id: str
    folder: Path


NewIntegration = Callable[[str], Integration]


@pytest.fixture(scope="session")
def new_integration(server: Server) -> NewIntegration:
    """Make a folder of seven pictures and a text, and the integration that reads it."""

    def make(name: str) -> Integration:
        name = f"{name} {next(NAMES)}"
        return Integration(server.create_folder_integration(name, [*ALL_KEYS, "cats/about.txt"]), server.root / name)

    return make


@pytest.fixture(scope="module")
def waiting(client: Client, new_integration: NewIntegration) -> Iterator[Mapping[str, Scenario]]:
    """Scenarios that mostly wait, by name, started together: the other tests go on meanwhile."""
    changing = new_integration("changing")
    started = {
        "add_then_synchronize": client.start(
            "add_then_synchronize", integration=new_integration("shortest").id, folders=["cats"]
        ),
        "synchronize": client.start("synchronize", integration=new_integration("unchanged").id),
        "synchronize_changes": client.start(
            "synchronize_changes", integration=changing.id, folder=str(changing.folder)
        ),
        "assets": client.start("assets", integration=new_integration("assets").id),
    }
    yield started
    for scenario in started.values():
        scenario.stop()


def test_adds_a_connection_and_synchronizes_at_once(waiting: Mapping[str, Scenario]) -> None:
    said = waiting["add_then_synchronize"].result()

    assert said["keys"] == PICTURES[3:]
    assert said["count"] == said["connection"]["numberOfAssets"] == len(said["keys"])
    assert said["synchronized"] == {"numberOfAssets": 3, "projectId": said["project"]}


def test_authenticates_and_is_refused_in_its_own_words(client: Client, server: Server) -> None:
    database = Database(server.data_dir / "bucketlink.db")
    with database.write() as tx:
        user = accounts.ensure_user(tx, 1, "late@example.com", None)
        expired, _ = accounts.add_api_key(tx, user, name="late", days=-1)
    database.close()

    said = client.run("authenticate", expired=expired)

    assert said["user"] == said["cached"] == {"id": "usr1", "email": "local@bucketlink.invalid"}
    assert said["bad"]["type"] == said["expired"]["type"] == "AuthenticationFailed"
    assert len(said["schemas"]) == 1


def test_reads_the_schema_with_its_own_library(client: Client) -> None:
    said = client.run("introspect")

    assert said == {"library": "3.2.6", "prints": True, "validates": [], "finds faults": 1}


def test_lists_and_counts_several_hundred_integrations(environment: Environment, tmp_path: Path) -> None:
    server = Server(tmp_path / "server")
    server.start()
    try:
        with ThreadPoolExecutor(8) as pool:
            made = pool.map(lambda number: server.create_folder_integration(f"number {number}", ["1.jpg"]), range(MANY))
            ids = sorted(made, key=lambda one: int(one.removeprefix("int")))
        name = server.data(NAME_OF, {"id": ids[7]})[0]["name"]
        said = Client(environment.python, server, tmp_path).run(
            "integrations", name=name, id=ids[7], organization="org1", fields=INTEGRATION_FIELDS
        )
    finally:
        server.stop()

    assert said["default"] == [{"name": name, "id": ids[7], "platform": "Folder", "status": "CONNECTED"}]
    assert said["all"] == said["generated"] == ids
    assert said["count"] == said["with a bar"] == MANY
    assert said["by id"] == said["by name"] == said["by organization"] == [{"id": ids[7]}]
    assert said["by platform"] == {"AWS": 0, "Azure": 0, "GCP": 0}
    assert said["by status"] == {"CONNECTED": MANY, "DISCONNECTED": 0, "CHECKING": 0}
    assert said["by unknown"] == [[], [], [], [], []]
    assert said["counts of unknown"] == [0, 0, 0]
    assert said["first 3"] == ids[:3]
    assert said["skip 2, first 3"] == ids[2:5]
    assert said["first 150"] == ids[:150]
    assert said["skip 101"] == ids[101:]
    assert said["skip all"] == []
    assert set(said["every field"]) == set(INTEGRATION_FIELDS)
    assert said["every field"]["organizationId"] == "org1"
    assert said["every field"]["includeRootFiles"] is False


def test_adds_and_lists_connections(client: Client, new_integration: NewIntegration) -> None:
    integration = new_integration("connections")
    said = client.run("connections", integration=integration.id, fields=CONNECTION_FIELDS)

    everything, bears, nothing = ids = said["ids"]
    assert [row["id"] for row in said["by project"]] == ids
    assert set(said["by project"][0]) == {"id", "lastChecked", "numberOfAssets", "selectedFolders", "projectId"}
    assert all(DATE.fullmatch(row["lastChecked"]) for row in said["by project"])
    assert [row["selectedFolders"] for row in said["by project"]] == [None, ["bears"], []]
    assert said["by integration"] == said["generated"] == said["in the end"] == ids
    assert said["by both"] == len(ids)
    assert said["by id"] == [said["by project"][1]]
    assert said["generated by id"] == said["second"] == [bears]
    assert [(row["id"], row["dataDifferencesSummary"], row["dataIntegration"]) for row in said["dotted"]] == [
        (one, {"added": found, "total": found}, {"name": integration.folder.name})
        for one, found in ((everything, 7), (bears, 3), (nothing, 0))
    ]
    assert set(said["every field"]) == {field.split(".")[0] for field in CONNECTION_FIELDS}
    assert said["by unknown project"] == []
    assert said["by nothing"]["type"] == "ValueError"
    assert said["unknown connection"]["type"] == "GraphQLError"
    assert "There is no such connection in your organization" in said["unknown connection"]["text"]
    assert said["unknown field"]["type"] == "GraphQLError"
    assert "Cannot query field 'nonsense'" in said["unknown field"]["text"]
    assert said["unknown integration"]["type"] == "ValueError"
    assert "int999999" in said["unknown integration"]["text"]
    assert said["unknown project"]["type"] == "GraphQLError"
    assert "There is no such project in your organization" in said["unknown project"]["text"]


@pytest.mark.skipif(not rgw.available(), reason="the S3 server is not installed: see tests/servers/install.sh")
def test_synchronizes_a_bucket_of_a_real_s3_server(client: Client, server: Server) -> None:
    keys = [f"{folder}/{number:04d}.jpg" for folder in ("a", "b", "é +%") for number in range(60)]
    with rgw.Rgw() as s3, s3.bucket("pictures") as bucket:
        bucket.put_many(keys)
        integration = server.create_integration(
            {
                "name": "A real bucket",
                "platform": "CustomS3",
                "s3Endpoint": s3.endpoint,
                "s3Region": "us-east-1",
                "s3BucketName": bucket.name,
                "s3AccessKey": bucket.access_key,
                "s3SecretKey": bucket.secret_key,
            }
        )
        said = client.run("add_then_synchronize", integration=integration, folders=["b", "é +%"])

    assert said["keys"] == keys[60:]
    assert said["count"] == said["synchronized"]["numberOfAssets"] == len(keys[60:])


def test_creates_lists_counts_changes_and_deletes_projects(client: Client) -> None:
    said = client.run("projects")

    ids = said["ids"]
    assert said["made"] == [len(ids), True]
    assert said["default fields"] == {
        "id": ids["IMAGE"],
        "title": "catalogue of IMAGE",
        "inputType": "IMAGE",
        "jsonInterface": {"jobs": {"J": {"n": 1}}},
        "consensusTotCoverage": 0,
        "minConsensusSize": 1,
        "reviewCoverage": 0,
        "roles": [
            {"id": f"{ids['IMAGE']}-{user['id']}", "role": role, "user": user}
            for role, user in (("ADMIN", said["user"]), *_others(said))
        ],
    }
    assert said["by title"] == [ids["VIDEO"]]
    assert said["count by title"] == 1
    assert said["generated"] == list(ids.values())
    assert said["skip"] == [ids["VIDEO"], ids["PDF"]]
    assert said["changed"] == {
        "id": ids["IMAGE"],
        "title": "Another catalogue",
        "description": "About it",
        "canSkipAsset": False,
    }
    assert said["archived"] == [{"id": ids["TEXT"]}, 1, {"id": ids["TEXT"]}, 0]
    assert said["deleted"] == ids["TEXT"]
    assert said["after"] == len(ids) - 1
    assert said["gone"] == []
    assert said["wrong type"]["type"] == "GraphQLError"
    assert said["users"] == [said["user"]]
    assert [row["id"] for row in said["organizations"]] == ["org1"]


def _others(said: dict[str, dict[str, list[dict[str, dict[str, str]]]]]) -> list[tuple[str, dict[str, str]]]:
    """Users that other tests made in the same organization."""
    return [("TEAM_MANAGER", role["user"]) for role in said["default fields"]["roles"][1:]]


def test_lists_and_counts_assets_by_the_common_filters(waiting: Mapping[str, Scenario]) -> None:
    said = waiting["assets"].result()

    keys = ALL_KEYS
    assert said["all"] == [keys, 7]
    assert said["default fields"]["externalId"] == keys[0]
    assert said["default fields"]["status"] == "TODO"
    assert said["default fields"]["labels"] == []
    assert DATE.fullmatch(said["default fields"]["createdAt"])
    assert said["generated"] == said["as a table"] == keys
    assert said["with a bar"] == len(keys)
    assert said["external_id_in"] == [["bears/0.jpg", "cats/1.jpg"], 2]
    assert said["external_id_strictly_in"] == [["bears/1.jpg", "cats/1.jpg"], 2]
    assert said["asset_id"] == [["cats/0.jpg"], 1]
    assert said["asset_id_in"] == [["bears/0.jpg", "cats/1.jpg"], 2]
    assert said["asset_id_not_in"] == [keys[-2:], 2]
    assert said["created since 2020"] == said["status TODO"] == len(keys)
    assert said["created since 2100"] == said["created until 2020"] == said["status LABELED"] == [[], 0]
    assert said["first 2"] == [{"externalId": key} for key in keys[:2]]
    assert said["skip 1, first 2"] == [{"externalId": key} for key in keys[1:3]]
    assert said["of an unknown project"] == [0, []]
    assert said["by a mark"]["type"] == said["unknown field"]["type"] == "GraphQLError"
    assert "keeps no marks" in said["by a mark"]["text"]


def test_synchronizes_a_connection(waiting: Mapping[str, Scenario]) -> None:
    said = waiting["synchronize"].result()

    state = {"projectId": said["project"]}
    assert said["dry run"] == [{**state, "numberOfAssets": 0}, 0]
    assert said["plain"] == [{**state, "numberOfAssets": 7}, 7]
    assert said["nothing to do"] == [
        {
            **state,
            "numberOfAssets": 7,
            "id": said["connection"],
            "isChecking": False,
            "dataDifferencesSummary": {"added": 0, "removed": 0, "total": 0},
        },
        7,
    ]
    assert said["unknown connection"]["type"] == "GraphQLError"


def test_synchronizes_a_connection_whose_bucket_has_changed(waiting: Mapping[str, Scenario]) -> None:
    said = waiting["synchronize_changes"].result()

    state = {"projectId": said["project"]}
    assert said["without deletion"] == [{**state, "numberOfAssets": 8}, [*ALL_KEYS, "bears/new.jpg"]]
    assert said["dry run with deletion"] == [{**state, "numberOfAssets": 8}, [*ALL_KEYS, "bears/new.jpg"]]
    assert said["with deletion"] == [{**state, "numberOfAssets": 7}, [*ALL_KEYS[1:], "bears/new.jpg"]]
