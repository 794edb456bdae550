"""Registering and changing integrations: what is checked, what is kept, and what stays."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bucketlink.api.application import MOST_WAITING
from bucketlink.ids import Noun
from bucketlink.model import Caller, Credentials, Status
from bucketlink.settings import Settings
from bucketlink.store import accounts, integrations
from tests.api.conftest import CREATE_INTEGRATION, Api, open_api
from tests.servers.pages import Faults, PageServer

UPDATE = """
mutation ($data: DataIntegrationData!, $where: DataIntegrationWhere!) {
  data: updatePropertiesInDataIntegration(data: $data, where: $where) { id name status statusReason s3SecretKey }
}
"""
CREATE_WITH_STATUS = "mutation ($data: DataIntegrationData!) { data: createDataIntegration(data: $data) { id status } }"
STATUS = "query ($id: ID!) { data: dataIntegrations(where: {id: $id}, first: 1, skip: 0) { status statusReason } }"
ACCESS, SECRET, TOKEN = "AKIAEXAMPLE", "a-secret-of-some-length", "a-token"


class Elsewhere:
    """Leaves what is queued to somebody else."""

    def deliver(self) -> None:
        pass

    def close(self) -> None:
        pass


@pytest.fixture
def server() -> Iterator[PageServer]:
    """A bucket that takes any credentials."""
    with PageServer(["a.jpg"]) as pages:
        yield pages


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    """The API, allowed to read this machine's own servers."""
    api = open_api(Settings(data_dir=tmp_path / "data", allow_private_endpoints=True))
    yield api
    api.home.close()


def bucket(server: PageServer, **fields: object) -> dict[str, object]:
    return {"name": "b", "platform": "CustomS3", "s3BucketName": "bucket", "s3Endpoint": server.endpoint, **fields}


def stored(api: Api, caller: Caller, identifier: str) -> Credentials:
    with api.home.database.read() as tx:
        found = integrations.get(tx, caller.organization_id, Noun.INTEGRATION.number(identifier))
        return integrations.credentials(tx, api.home.sealer, found)


def refused(api: Api, caller: Caller, query: str, variables: dict[str, object]) -> str:
    response = api.ask(caller, query, variables)
    return str(response["errors"][0]["message"])


def test_a_secret_that_is_not_given_stays(api: Api, caller: Caller, server: PageServer) -> None:
    made = api.data(caller, CREATE_INTEGRATION, {"data": bucket(server, s3AccessKey=ACCESS, s3SecretKey=SECRET)})["id"]
    where = {"id": made}
    answer = api.data(caller, UPDATE, {"data": {"s3SessionToken": TOKEN}, "where": where})
    assert stored(api, caller, made) == Credentials(ACCESS, SECRET, TOKEN)
    assert answer["s3SecretKey"] is None
    api.data(caller, UPDATE, {"data": {"s3SecretKey": "another"}, "where": where})
    assert stored(api, caller, made) == Credentials(ACCESS, "another", TOKEN)
    api.data(caller, UPDATE, {"data": {"name": "renamed"}, "where": where})
    assert stored(api, caller, made) == Credentials(ACCESS, "another", TOKEN)
    api.data(caller, UPDATE, {"data": {"s3AccessKey": "AKIANEW"}, "where": where})
    assert stored(api, caller, made) == Credentials("AKIANEW", "another", None)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"s3AccessKey": ACCESS}, "s3SecretKey is missing"),
        ({"s3SecretKey": SECRET}, "s3AccessKey is missing"),
        ({"s3SessionToken": TOKEN}, "s3AccessKey and s3SecretKey"),
        ({"s3AccessKey": "not a key", "s3SecretKey": SECRET}, "key"),
        ({"name": " "}, "name"),
        ({"name": "n" * 501}, "too long"),
        ({"organizationId": "org999"}, "organizationId"),
        ({"allowedProjects": ["prj999"]}, "project"),
        ({"awsRoleARN": "not a role", "s3AccessKey": "key", "s3SecretKey": SECRET}, "awsRoleARN"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_leaves_nothing(
    api: Api, caller: Caller, server: PageServer, fields: dict[str, object], says: str
) -> None:
    assert says in refused(api, caller, CREATE_INTEGRATION, {"data": bucket(server, **fields)})
    assert api.data(caller, "{ data: countDataIntegrations(where: {}) }") == 0


def test_credentials_that_are_refused_later_disconnect_and_say_why(
    api: Api, caller: Caller, server: PageServer
) -> None:
    made = api.data(caller, CREATE_INTEGRATION, {"data": bucket(server)})["id"]
    server.faults = Faults(status=403, code="AccessDenied")
    api.data(caller, UPDATE, {"data": {"s3Region": "eu-west-3"}, "where": {"id": made}})
    state = api.data(caller, STATUS, {"id": made})[0]
    assert state["status"] == "DISCONNECTED"
    assert state["statusReason"]
    server.faults = Faults()
    api.data(caller, UPDATE, {"data": {"s3Region": "eu-west-1"}, "where": {"id": made}})
    assert api.data(caller, STATUS, {"id": made})[0] == {"status": "CONNECTED", "statusReason": None}


def test_filters_of_more_values_than_can_be_looked_for_are_refused(api: Api, caller: Caller) -> None:
    count = "query ($where: AssetWhere!) { data: countAssets(where: $where) }"
    for name, most in (("externalIdIn", 100), ("externalIdStrictlyIn", 10_000), ("idIn", 10_000)):
        for number, fits in ((most, True), (most + 1, False)):
            where = {"project": {"id": "prj1"}, name: [f"ast{one}" for one in range(number)]}
            response = api.ask(caller, count, {"where": where})
            assert ("errors" not in response) == fits
            assert fits or name in response["errors"][0]["message"]


def test_the_administrators_own_key_is_nobody_elses(api: Api, caller: Caller) -> None:
    with api.home.database.write() as tx:
        user = accounts.ensure_user(tx, caller.organization_id, "ana@example.com", None)
        text, _ = accounts.add_api_key(tx, user, name=accounts.SETTINGS_KEY_NAME, days=1)
        accounts.set_settings_key(tx, None)
        assert accounts.authenticate(tx, text) is not None


def test_a_request_sent_again_takes_nothing_back_that_was_made(api: Api, caller: Caller, server: PageServer) -> None:
    request = {"data": bucket(server)}
    made = api.ask(caller, CREATE_INTEGRATION, request, call="call-1")["data"]["data"]["id"]
    server.faults = Faults(status=403, code="AccessDenied")
    with api.home.database.write() as tx:
        integration = integrations.get(tx, caller.organization_id, Noun.INTEGRATION.number(made))
        integrations.set_status(tx, integration.id, integration.revision, Status.DISCONNECTED, "refused")
    assert api.ask(caller, CREATE_INTEGRATION, request, call="call-1")["data"]["data"]["id"] == made
    assert api.data(caller, "{ data: countDataIntegrations(where: {}) }") == 1


@pytest.mark.parametrize("paths", [["a"] + [f"{n}" for n in range(10_001)], ["nul\0"]])
def test_paths_that_no_selection_can_take_are_refused(
    api: Api, caller: Caller, server: PageServer, paths: list[str]
) -> None:
    assert refused(api, caller, CREATE_INTEGRATION, {"data": bucket(server, allowedPaths=paths)})
    made = api.data(caller, CREATE_INTEGRATION, {"data": bucket(server)})["id"]
    assert refused(api, caller, UPDATE, {"data": {"allowedPaths": paths}, "where": {"id": made}})


def test_variables_nested_without_end_are_refused(api: Api, caller: Caller) -> None:
    nested: list[object] = []
    for _ in range(1000):
        nested = [nested]
    response = api.ask(caller, "{ viewer { id } }", {"x": nested}, call="call-2")
    assert response["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("azureConnectionURL", "https://x.blob.core.windows.net/y"),
        ("azureSASToken", "sv=2024"),
        ("azureTenantId", "tenant"),
        ("azureIsUsingServiceCredentials", True),
        ("gcpBucketName", "b"),
        ("awsAccessPointARN", "arn:aws:s3:eu-west-1:123456789012:accesspoint/mine"),
        ("gcpServiceAccountKey", "{}"),
        ("s3RequesterPays", True),
        ("usesServerIdentity", True),
        ("folderPath", "/data"),
    ],
)
def test_a_field_of_another_platform_is_refused(
    api: Api, caller: Caller, server: PageServer, name: str, value: object
) -> None:
    made = api.data(caller, CREATE_INTEGRATION, {"data": bucket(server)})["id"]
    before = api.rows()

    says = f"{name} means nothing on platform CustomS3: leave it out."
    assert refused(api, caller, CREATE_INTEGRATION, {"data": bucket(server, **{name: value})}) == says
    assert refused(api, caller, UPDATE, {"data": {name: value}, "where": {"id": made}}) == says
    assert api.rows() == before
    unset = {name: False if isinstance(value, bool) else ""}
    assert api.data(caller, UPDATE, {"data": unset, "where": {"id": made}})["status"] == "CONNECTED"


def test_what_cannot_be_meant_is_refused_before_the_bucket_is_asked(
    api: Api, caller: Caller, server: PageServer
) -> None:
    for fields in ({"allowedProjects": ["prj999"]}, {"allowedPaths": ["nul\0"]}):
        assert refused(api, caller, CREATE_INTEGRATION, {"data": bucket(server, **fields)})

    assert server.counts.total() == 0


def test_whoever_comes_when_many_wait_is_answered_at_once(api: Api, caller: Caller, server: PageServer) -> None:
    taken = 0
    while api.application.waiters.acquire(blocking=False):
        taken += 1
    idle = replace(api, application=replace(api.application, delivery=Elsewhere()))

    made = idle.data(caller, CREATE_WITH_STATUS, {"data": bucket(server)})

    assert taken == MOST_WAITING
    assert made["status"] == "CHECKING"
    assert server.counts.total() == 0
    api.application.delivery.deliver()
    assert api.data(caller, STATUS, {"id": made["id"]})[0]["status"] == "CONNECTED"
    assert not api.application.waiters.acquire(blocking=False)


def test_waiting_ends_with_the_answer(api: Api, caller: Caller, server: PageServer) -> None:
    api.data(caller, CREATE_INTEGRATION, {"data": bucket(server)})
    server.faults = Faults(status=403, code="AccessDenied")
    assert refused(api, caller, CREATE_INTEGRATION, {"data": bucket(server)})

    assert all(api.application.waiters.acquire(blocking=False) for _ in range(MOST_WAITING))


SAS = "sv=2024-11-04&sp=rl&sr=c&se=2099-01-01T00:00:00Z&sig=canary%3D"


def test_a_stored_secret_does_not_follow_to_another_server(api: Api, caller: Caller, server: PageServer) -> None:
    keys = {"s3AccessKey": ACCESS, "s3SecretKey": SECRET}
    made = api.data(caller, CREATE_INTEGRATION, {"data": bucket(server, **keys)})["id"]
    with PageServer(["a.jpg"]) as other:
        change: dict[str, object] = {"s3Endpoint": other.endpoint}
        sentence = refused(api, caller, UPDATE, {"data": change, "where": {"id": made}})
        assert "s3AccessKey and s3SecretKey again" in sentence
        assert "s3SecretKey again" in refused(
            api, caller, UPDATE, {"data": {**change, "s3AccessKey": ACCESS}, "where": {"id": made}}
        )
        assert other.counts == {}
        answer = api.data(caller, UPDATE, {"data": {**change, **keys}, "where": {"id": made}})
    assert answer["status"] == "CONNECTED"
    assert stored(api, caller, made) == Credentials(ACCESS, SECRET)


def test_a_stored_secret_is_not_turned_into_one_that_clients_are_answered(
    api: Api, caller: Caller, server: PageServer
) -> None:
    url = f"{server.endpoint}/devstoreaccount1/container"
    data = {"name": "a", "platform": "Azure", "azureConnectionURL": url, "azureSASToken": SAS}
    made = api.data(caller, CREATE_INTEGRATION, {"data": data})["id"]
    change: dict[str, object] = {"azureIsUsingServiceCredentials": True}
    assert "azureSASToken again" in refused(api, caller, UPDATE, {"data": change, "where": {"id": made}})
    api.data(caller, UPDATE, {"data": {**change, "azureSASToken": SAS}, "where": {"id": made}})


@pytest.mark.parametrize(
    "data",
    [
        {"azureContainerName": "other"},
        {"azureContainerName": "other", "azureConnectionURL": "https://x.blob.core.windows.net/one"},
    ],
)
def test_a_container_that_would_not_count_is_refused(
    api: Api, caller: Caller, server: PageServer, data: dict[str, object]
) -> None:
    url = f"{server.endpoint}/devstoreaccount1/container"
    made = api.data(caller, CREATE_INTEGRATION, {"data": {"name": "a", "platform": "Azure", "azureConnectionURL": url}})
    assert "azureContainerName" in refused(api, caller, UPDATE, {"data": data, "where": {"id": made["id"]}})


def test_an_empty_path_allows_nothing_by_accident(api: Api, caller: Caller, server: PageServer) -> None:
    assert "empty path" in refused(api, caller, CREATE_INTEGRATION, {"data": bucket(server, allowedPaths=["a", ""])})
    made = api.data(caller, CREATE_INTEGRATION, {"data": bucket(server, allowedPaths=["a"])})["id"]
    assert "empty path" in refused(api, caller, UPDATE, {"data": {"allowedPaths": [""]}, "where": {"id": made}})


def test_a_restriction_to_paths_can_be_lifted(api: Api, caller: Caller, server: PageServer) -> None:
    made = api.data(caller, CREATE_INTEGRATION, {"data": bucket(server, allowedPaths=["a"])})["id"]
    for change, left in (({"allowedPaths": None}, ("a",)), ({"allPathsAllowed": True}, None)):
        api.data(caller, UPDATE, {"data": change, "where": {"id": made}})
        with api.home.database.read() as tx:
            found = integrations.get(tx, caller.organization_id, Noun.INTEGRATION.number(made))
        assert found.restriction.allowed_paths == left


def test_what_copying_put_around_a_value_does_not_count(api: Api, caller: Caller, server: PageServer) -> None:
    fields = {"s3AccessKey": f" {ACCESS}\n", "s3SecretKey": f"\ufeff{SECRET} \r\n", "s3Endpoint": f"{server.endpoint} "}
    made = api.data(caller, CREATE_INTEGRATION, {"data": {**bucket(server), **fields}})["id"]
    assert stored(api, caller, made) == Credentials(ACCESS, SECRET)


def test_a_connection_string_can_be_renewed_alone(api: Api, caller: Caller, server: PageServer) -> None:
    def string(key: str) -> str:
        return f"AccountName=devstoreaccount1;AccountKey={key};BlobEndpoint={server.endpoint}/devstoreaccount1"

    first, second = "Zmlyc3Qga2V5IG9mIGFuIGFjY291bnQ=", "c2Vjb25kIGtleSBvZiBhbiBhY2NvdW50"
    data = {"name": "a", "platform": "Azure", "azureConnectionString": string(first), "azureContainerName": "scans"}
    made = api.data(caller, CREATE_INTEGRATION, {"data": data})["id"]
    api.data(caller, UPDATE, {"data": {"azureConnectionString": string(second)}, "where": {"id": made}})
    assert stored(api, caller, made) == Credentials(account_key=second)


def test_a_service_principal_without_its_secret_is_no_identity_of_the_server(api: Api, caller: Caller) -> None:
    data = {
        "azureConnectionURL": "https://acme.blob.core.windows.net/scans",
        "azureTenantId": "t",
        "azureClientId": "c",
    }
    sentence = refused(api, caller, CREATE_INTEGRATION, {"data": {"name": "a", "platform": "Azure", **data}})
    assert sentence.startswith("azureClientSecret is missing")
