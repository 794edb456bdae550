"""Users, organizations and API keys."""

import pytest

from bucketlink import Client
from bucketlink.errors import InvalidInput, NotAuthenticated

from .fake_server import FakeServer, client_of


@pytest.fixture
def server() -> FakeServer:
    return FakeServer()


@pytest.fixture
def client(server: FakeServer) -> Client:
    return client_of(server, Client)


def test_users_are_listed_and_counted(client: Client, server: FakeServer) -> None:
    row = {"email": "ana@example.com", "id": "1", "firstname": "Ana", "lastname": None}
    assert client.users() == [row]
    assert list(client.users("ana@example.com", "org1", ("id",), as_generator=True)) == [{"id": "1"}]
    assert client.count_users("org1", "ana@example.com", api_key="k") == 1
    where = {"email": "ana@example.com", "organization": {"id": "org1"}}
    assert [sent["where"] for _, sent in server.sent] == [{}, where, {**where, "apiKey": "k"}]


def test_whose_key_it_is_is_answered(client: Client) -> None:
    assert client.get_user() == {"id": "1", "email": "ana@example.com"}
    assert client.get_current_user() == {
        "email": "ana@example.com",
        "id": "1",
        "firstname": "Ana",
        "lastname": None,
    }
    assert client.get_current_user(["firstname"]) == {"firstname": "Ana"}


def test_nobody_is_no_user(client: Client, server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "viewer", lambda _: None)
    with pytest.raises(NotAuthenticated, match="does not know"):
        client.get_user()


def test_the_organization_is_listed_and_counted(client: Client, server: FakeServer) -> None:
    assert client.organizations() == [{"id": "org1", "name": "Ours"}]
    assert list(client.organizations("ana@example.com", "org1", as_generator=True)) == client.organizations()
    assert client.count_organizations("ana@example.com", "org1") == 1
    where = {"user": {"email": "ana@example.com"}, "id": "org1"}
    assert server.sent[1][1]["where"] == server.sent[-1][1]["where"] == where


def test_api_keys_are_listed_and_counted(client: Client, server: FakeServer) -> None:
    assert client.api_keys() == [{"id": "5", "name": "mine", "createdAt": None, "revoked": False}]
    assert list(client.api_keys("5", "1", "k", 0, ["id"], 1, as_generator=True)) == [{"id": "5"}]
    assert client.count_api_keys("5", "1", "k") == 1
    where = {"id": "5", "user": {"id": "1"}, "key": "k"}
    assert [sent["where"] for _, sent in server.sent] == [{}, where, where]


@pytest.mark.parametrize("method", ["users", "organizations", "api_keys"])
def test_wrong_arguments_send_nothing(client: Client, server: FakeServer, method: str) -> None:
    with pytest.raises(InvalidInput, match="skip must be"):
        getattr(client, method)(skip=-1, as_generator=True)
    with pytest.raises(TypeError, match="first, not this str"):
        getattr(client, method)(first="1")
    assert server.sent == []
