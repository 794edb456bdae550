"""A first synchronization of 20,000 objects, in the time that clients wait: one minute for each part of it in 2023.

Both generations do it side by side, so that each has half of the server at most.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.api.server import Json, Server
from tests.clients.conftest import Client
from tests.clients.environments import NEWEST, OLDEST, Environment
from tests.servers.pages import Formula, PageProcess

OBJECTS = 20_000
SKIPPED = 12_345
PAGE = 500

ASSETS = """query ($project: ID!, $skip: Int!) {
    data: assets(where: {project: {id: $project}}, first: 500, skip: $skip) { id externalId }
}"""
RUNS = """query ($connection: ID!) {
    data: runs(where: {connectionId: $connection}, first: 100, skip: 0) {
        kind state objects summary { added removed }
    }
}"""


@pytest.fixture(scope="module")
def said(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[Environment, Json]]:
    """What each generation answered."""

    def synchronize(environment: Environment) -> Json:
        environment.build()
        home: Path = tmp_path_factory.mktemp(environment.version)
        data = {"platform": "CustomS3", "s3BucketName": "bucket", "s3Endpoint": pages.endpoint}
        integration = server.create_integration({"name": f"large {environment.version}", **data})
        client = Client(environment, server, home)
        return client.run("fault_large", title=home.name, integration=integration, skip=SKIPPED)

    with PageProcess(OBJECTS) as pages, ThreadPoolExecutor() as pool:
        yield dict(zip((OLDEST, NEWEST), pool.map(synchronize, (OLDEST, NEWEST)), strict=True))


@pytest.mark.parametrize("generation", [OLDEST, NEWEST], ids=lambda generation: generation.version)
def test_a_first_synchronization_of_20000_objects_ends_in_time(
    said: dict[Environment, Json], server: Server, generation: Environment
) -> None:
    it = said[generation]
    keys = list(Formula(OBJECTS))

    assert it["first"] == {"numberOfAssets": OBJECTS, "projectId": it["project"]}
    assert it["second"]["numberOfAssets"] == it["count"] == OBJECTS
    assert it["page"] == keys[SKIPPED : SKIPPED + 250]
    assets = [
        asset
        for skip in range(0, OBJECTS + PAGE, PAGE)
        for asset in server.data(ASSETS, {"project": it["project"], "skip": skip})
    ]
    assert [asset["externalId"] for asset in assets] == keys
    assert len({asset["id"] for asset in assets}) == OBJECTS
    runs = server.data(RUNS, {"connection": it["connection"]})
    assert {run["state"] for run in runs} == {"SUCCEEDED"}
    assert [run["summary"] for run in runs if run["kind"] == "APPLY"] == [{"added": OBJECTS, "removed": 0}]
    latest = runs[0]
    assert (latest["kind"], latest["objects"], latest["summary"]) == ("COMPUTE", OBJECTS, {"added": 0, "removed": 0})
