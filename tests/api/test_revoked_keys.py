"""API keys that are revoked: refused at once, for good, and by whom it may be done."""

import json
from pathlib import Path

import pytest
from pydantic import SecretStr

from bucketlink import Client, Conflict, InvalidInput, NotAllowed, NotAuthenticated, NotFound
from bucketlink.api.server import open_served_home
from bucketlink.cli.root import main
from bucketlink.model import Caller
from bucketlink.settings import Settings
from bucketlink.store import accounts
from tests.api.conftest import Api
from tests.api.server import Server

REVOKE = "mutation ($id: ID!) { data: revokeApiKey(where: {id: $id}) { id revoked } }"
LIST = "{ data: apiKeys(where: {}, first: 10, skip: 0) { id revoked } }"
SETTINGS_KEY = "an-administrators-key-of-settings"


def test_a_key_that_is_revoked_opens_no_more_and_stays_in_the_list(api: Api, caller: Caller) -> None:
    with api.home.database.write() as tx:
        user = accounts.ensure_user(tx, caller.organization_id, "ana@example.com", None)
        gone, _ = accounts.add_api_key(tx, user, name="", days=1)
        kept, _ = accounts.add_api_key(tx, user, name="", days=1)

    for _ in range(2):
        assert api.data(caller, REVOKE, {"id": "key1"}) == {"id": "key1", "revoked": True}

    with api.home.database.read() as tx:
        assert accounts.authenticate(tx, gone) is None
        assert accounts.authenticate(tx, kept) is not None
    assert api.data(caller, LIST) == [{"id": "key1", "revoked": True}, {"id": "key2", "revoked": False}]


@pytest.mark.parametrize("id_", ["key7", "prj1", "bl_of-which-somebody-pastes-the-text", ""])
def test_what_is_no_key_is_not_there(api: Api, caller: Caller, id_: str) -> None:
    response = api.ask(caller, REVOKE, {"id": id_})

    assert response["errors"][0]["extensions"]["code"] == "NOT_FOUND"
    assert "bucketlink keys list" in response["errors"][0]["message"]
    assert "pastes" not in response["errors"][0]["message"]


def test_the_key_of_the_settings_is_taken_from_the_settings(tmp_path: Path) -> None:
    open_served_home(Settings(data_dir=tmp_path, admin_api_key=SecretStr(SETTINGS_KEY))).close()
    with Client.embedded(tmp_path) as client:
        (row,) = client.api_keys()
        with pytest.raises(Conflict, match="BUCKETLINK_ADMIN_API_KEY"):
            client.revoke_api_key(row["id"])
        assert not client.api_keys()[0]["revoked"]


def test_a_key_that_was_revoked_is_none_for_the_settings_either(tmp_path: Path) -> None:
    with Client.embedded(tmp_path) as client:
        made = client.create_api_key("ana@example.com", "ADMIN")
        client.revoke_api_key(made["id"])
    with pytest.raises(InvalidInput, match=r"BUCKETLINK_ADMIN_API_KEY .*revoked") as caught:
        open_served_home(Settings(data_dir=tmp_path, admin_api_key=SecretStr(made["key"])))
    assert made["key"] not in str(caught.value)


def test_a_client_is_refused_from_its_next_request_on(tmp_path: Path) -> None:
    with Server(tmp_path) as server, Client(server.api_key, server.endpoint) as administrator:
        made = administrator.create_api_key("ana@example.com")
        with Client(made["key"], server.endpoint) as client:
            assert client.projects() == []
            with pytest.raises(NotAllowed):
                client.revoke_api_key(made["id"])
            assert administrator.revoke_api_key(made["id"])["user"]["email"] == "ana@example.com"
            with pytest.raises(NotAuthenticated):
                client.projects()
        with pytest.raises(NotFound):
            administrator.revoke_api_key("key99")


def test_keys_are_listed_and_revoked_at_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def run(*args: str) -> str:
        assert main([*args, "--data-dir", str(tmp_path)]) == 0
        return capsys.readouterr().out

    key = run("keys", "create", "--email", "ana@example.com", "--expires", "30").strip()
    listed = run("keys", "list")
    assert ("key1" in listed, "ana@example.com" in listed, key in listed) == (True, True, False)
    assert "revoked" not in listed
    assert run("keys", "revoke", "key1", "--yes") == "key1\n"
    assert "revoked" in run("keys", "list")
    (row,) = json.loads(run("keys", "list", "--json"))
    assert (row["id"], row["revoked"], row["user"]) == ("key1", True, {"email": "ana@example.com", "role": "USER"})


def test_another_key_leaves_the_role_of_its_user_unless_one_is_given_which_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def create(*more: str) -> tuple[str, str]:
        where = ("--data-dir", str(tmp_path))
        assert main(["keys", "create", "--email", "ana@example.com", *more, *where]) == 0
        said = capsys.readouterr().err
        assert main(["keys", "list", "--json", *where]) == 0
        return json.loads(capsys.readouterr().out)[0]["user"]["role"], said

    role, said = create("--role", "ADMIN")
    assert (role, "ADMIN now" in said) == ("ADMIN", False)
    role, said = create()
    assert (role, "now" in said) == ("ADMIN", False)
    role, said = create("--role", "USER")
    assert (role, "ana@example.com was ADMIN and is USER now, by every key" in said) == ("USER", True)


def test_commands_that_are_suggested_work_where_this_one_did(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "my data"
    assert main(["projects", "list", "--data-dir", str(data)]) == 0
    assert f"bucketlink --data-dir '{data}' projects create TITLE" in capsys.readouterr().err
