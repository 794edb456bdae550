"""What a client's user is told of wrong calls: the server's sentence, in an exception of the client."""

import shutil
from collections.abc import Mapping

import pytest

from tests.api.server import Json, Server, wait_until
from tests.clients.conftest import Client
from tests.clients.crowd import APPLY, NEW_CONNECTION, STATE
from tests.clients.environments import Can, Environment
from tests.clients.telling import told

MANY = 1200
NEW_PROJECT = """mutation ($title: String!) {
  data: createProject(data: {title: $title, inputType: IMAGE, jsonInterface: "{}"}) { id }
}"""
NEW_KEY = 'mutation { data: createApiKey(data: {email: "clerk@example.com", role: USER}) { key } }'

NO_PROJECT = "There is no project with the id prj999999"
NO_INTEGRATION = "There is no integration with the id int999999"
ADMINISTRATORS = "Only an administrator of your organization may do this"
TOLD = {
    "connection of no project": NO_PROJECT,
    "connection of a malformed project": "nonsense",
    "connection of no integration": "int999999",
    "connection of a malformed integration": "nonsense",
    "connection of an integration of other projects": "may not be used in this project",
    "synchronizing no connection": " connection",
    "synchronizing a malformed id": "nonsense",
    "listing a malformed connection": "nonsense",
    "changing no project": NO_PROJECT,
    "changing a malformed project": "nonsense",
    "an empty title": "title is missing or empty",
    "deleting no project": NO_PROJECT,
    "an unknown field of integrations": "Cannot query field 'nonsense'",
    "an unknown field of projects": "Cannot query field 'nonsense'",
}
OF_INTEGRATIONS = {
    "deleting in use": "The integration is in use by the connections",
    "deleting no integration": NO_INTEGRATION,
    "deleting a malformed integration": "nonsense",
    "changing no integration": NO_INTEGRATION,
    "creating as a user": ADMINISTRATORS,
    "changing as a user": ADMINISTRATORS,
    "deleting as a user": ADMINISTRATORS,
    "a bucket at no address": "No connection to http://127.0.0.1:1",
}


@pytest.fixture(scope="session")
def given(server: Server) -> Mapping[str, str]:
    """What the wrong calls are about; refused calls leave all of it as it is."""
    title = {"title": "only here"}
    allowed = server.create_folder_integration(
        "allowed elsewhere", ["1.jpg"], allowedProjects=[server.data(NEW_PROJECT, title)["id"]]
    )
    in_use, project_of_gone, gone = _imported(server, "gone", 3)
    shutil.rmtree(server.root / "gone")
    _, project_of_shrunk, shrunk = _imported(server, "shrunk", MANY)
    for number in range(MANY - 50):
        (server.root / "shrunk" / f"{number:04d}.jpg").unlink()
    return {
        "integration": server.create_folder_integration("whole", ["1.jpg"]),
        "allowed elsewhere": allowed,
        "in use": in_use,
        "gone": gone,
        "project of gone": project_of_gone,
        "shrunk": shrunk,
        "project of shrunk": project_of_shrunk,
        "user key": server.data(NEW_KEY)["key"],
    }


def _imported(server: Server, name: str, count: int) -> tuple[str, str, str]:
    """An integration of so many files, a project and a connection that has imported them."""
    integration = server.create_folder_integration(name, [f"{number:04d}.jpg" for number in range(count)])
    project: str = server.data(NEW_PROJECT, {"title": name})["id"]
    connection = server.data(NEW_CONNECTION, {"project": project, "integration": integration})
    server.data(APPLY, connection)
    wait_until(lambda: not server.data(STATE, connection)["isApplyingDataDifferences"])
    return integration, project, str(connection["id"])


@pytest.fixture(scope="module")
def said(client: Client, given: Mapping[str, str]) -> Json:
    return client.run("errors", **given)


def test_is_told_what_is_wrong(said: Json, given: Mapping[str, str]) -> None:
    assert told(said["synchronizing an integration"], given["integration"])
    assert {case for case, sentence in TOLD.items() if told(said[case], sentence)} == set(TOLD)


def test_is_told_that_a_bucket_cannot_be_read(said: Json, environment: Environment) -> None:
    cases = ["synchronizing a bucket that is gone"]
    cases += ["looking at a bucket that is gone"] if Can.DRY_RUN in environment.can else []
    for case in cases:
        assert told(said[case], "There is no directory")
    assert said["what the bucket that is gone still holds"] == 3


def test_does_not_remove_too_much(said: Json) -> None:
    assert told(said["removing too much"], f"This would remove 1,150 of the connection's {MANY:,} assets")
    assert said["what is left of too much"] == MANY


@pytest.mark.needs(Can.MANAGE_INTEGRATIONS)
def test_is_told_what_is_wrong_with_integrations(said: Json) -> None:
    assert {case for case, sentence in OF_INTEGRATIONS.items() if told(said[case], sentence)} == set(OF_INTEGRATIONS)
