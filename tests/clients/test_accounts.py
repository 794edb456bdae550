"""Keys, users, organizations; and the schema that clients fetch before anything else."""

from collections.abc import Mapping

import pytest

from bucketlink.store import accounts
from bucketlink.store.database import Database
from tests.api.server import Server
from tests.clients.conftest import Client, Scenario, Start
from tests.clients.environments import Can, Environment
from tests.clients.telling import told

NEW_KEY = """mutation ($email: String!) {
  data: createApiKey(data: {email: $email, role: USER}) { key user { id email } }
}"""
ME = {"id": "usr1", "email": "local@bucketlink.invalid"}


@pytest.fixture(scope="module")
def user(server: Server) -> Mapping[str, Mapping[str, str]]:
    """A user without rights to administrate, and their key."""
    made: Mapping[str, Mapping[str, str]] = server.data(NEW_KEY, {"email": "user@example.com"})
    return made


@pytest.fixture(scope="module")
def running(
    start: Start,
    server: Server,
    user: Mapping[str, str],
    environment: Environment,
    tmp_path_factory: pytest.TempPathFactory,
) -> Mapping[str, Scenario]:
    database = Database(server.data_dir / "bucketlink.db")
    with database.write() as tx:
        late = accounts.ensure_user(tx, 1, "late@example.com", None)
        expired, _ = accounts.add_api_key(tx, late, name="late", days=-1)
    database.close()
    started = {"accounts": start("accounts", **{"expired": expired, "user key": user["key"]})}
    if Can.KEEP_SCHEMA in environment.can:
        started["schema"] = start("schema", Client(environment, server, tmp_path_factory.mktemp("schemas")))
    return started


def test_has_what_the_facts_say(running: Mapping[str, Scenario], environment: Environment) -> None:
    said = running["accounts"].result()

    assert said["can"] == sorted(can.name for can in environment.can)


def test_authenticates_and_is_refused_in_its_own_words(running: Mapping[str, Scenario]) -> None:
    said = running["accounts"].result()

    assert said["user"] == ME
    assert told(said["bad"])
    assert told(said["expired"])
    assert said["bad"]["type"] in {"AuthenticationFailed", "NotAuthenticated"}
    assert said["expired"]["type"] == said["bad"]["type"]


@pytest.mark.needs(Can.WHO)
def test_says_who_owns_a_key(running: Mapping[str, Scenario], user: Mapping[str, Mapping[str, str]]) -> None:
    said = running["accounts"].result()

    assert said["of a user"] == user["user"]


@pytest.mark.needs(Can.ACCOUNTS)
def test_lists_users_organizations_and_keys(running: Mapping[str, Scenario]) -> None:
    said = running["accounts"].result()

    named = {**ME, "firstname": "local", "lastname": ""}
    assert said["users"] == [ME]
    assert said["default fields"] == said["generated"] == [named]
    assert said["in the organization"] == [{"id": ME["id"]}]
    assert said["first"] == said["count"] == 1
    assert said["skip"] is True
    assert said["nobody"] == [[], 0]
    assert [row["id"] for row in said["organizations"]] == ["org1"]
    assert said["counted"] == [1, 0]
    assert [row["user"] for row in said["keys"]] == [{"id": ME["id"]}]
    assert said["keys"][0]["revoked"] is False
    assert said["default fields of keys"] == ["createdAt", "id", "name", "revoked"]
    assert said["count of keys"] == [1, 0]


@pytest.mark.needs(Can.USERS_BY_KEY)
def test_finds_a_user_by_a_key(running: Mapping[str, Scenario], user: Mapping[str, Mapping[str, str]]) -> None:
    said = running["accounts"].result()

    assert said["by key"] == [user["user"]]
    assert said["count by key"] == [1, 0]


@pytest.mark.needs(Can.MEMBERS)
def test_lists_the_members_of_a_project(running: Mapping[str, Scenario]) -> None:
    said = running["accounts"].result()

    assert said["count of members"] == 1
    (member,) = said["members"]
    assert member["id"] == f"{said['project']}-{ME['id']}"
    assert member["role"] == "ADMIN"
    assert member["user"] == ME


@pytest.mark.needs(Can.KEEP_SCHEMA)
def test_reads_and_keeps_the_schema_with_its_own_library(running: Mapping[str, Scenario]) -> None:
    said = running["schema"].result()

    assert [said["before"], said["written"]] == [0, 1]
    assert said["second client wrote nothing"] is True
    assert said["after another version"] is True
    assert [said["library"], said["prints"], said["validates"], said["finds faults"]] == ["3.2.6", True, [], 1]
