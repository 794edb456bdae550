"""API keys: shown once, stored as hashes, expiring, and those of the settings replaced with the settings."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from bucketlink.api.server import open_served_home
from bucketlink.model import Caller, Role
from bucketlink.settings import Settings
from bucketlink.store import accounts
from tests.api.conftest import Api

FIRST, SECOND = "the-first-administrators-key-0001", "the-second-administrators-key-002"
CREATE = (
    "mutation ($data: CreateApiKeyData!) { data: createApiKey(data: $data) { id key expiryDate user { email role } } }"
)
LIST = "{ data: apiKeys(where: {}, first: 10, skip: 0) { id name expiryDate } }"


def who(api: Api, key: str) -> Caller | None:
    with api.home.database.read() as tx:
        return accounts.authenticate(tx, key)


def test_a_new_key_opens_and_is_kept_as_a_hash_alone(api: Api, caller: Caller) -> None:
    made = api.data(caller, CREATE, {"data": {"email": "ana@example.com", "role": "USER"}})
    key = made["key"]

    found = who(api, key)
    assert found is not None
    assert (found.email, found.role) == ("ana@example.com", Role.USER)
    assert key.startswith(accounts.KEY_PREFIX)
    assert key not in str(api.data(caller, LIST))
    (row,) = api.rows()["api_keys"]
    assert hashlib.sha256(key.encode()).digest() in row
    for file in api.home.settings.data_dir.iterdir():
        assert key.encode() not in file.read_bytes(), file.name


def test_two_keys_are_never_the_same(api: Api, caller: Caller) -> None:
    keys = {api.data(caller, CREATE, {"data": {"email": "ana@example.com"}})["key"] for _ in range(20)}

    assert len(keys) == 20
    assert all(len(key) > 40 for key in keys)


@pytest.mark.parametrize("change", [str.upper, str.swapcase, lambda key: key[:-1], lambda key: f"{key}x", lambda _: ""])
def test_a_key_that_is_almost_right_does_not_open(api: Api, caller: Caller, change: Callable[[str], str]) -> None:
    key = api.data(caller, CREATE, {"data": {"email": "ana@example.com"}})["key"]

    assert who(api, key) is not None
    assert who(api, change(key)) is None


def test_a_key_that_has_expired_does_not_open(api: Api, caller: Caller) -> None:
    with api.home.database.write() as tx:
        user = accounts.ensure_user(tx, caller.organization_id, "ana@example.com", None)
        over, _ = accounts.add_api_key(tx, user, name="", days=-1)
        good, _ = accounts.add_api_key(tx, user, name="", days=1)

    assert who(api, over) is None
    assert who(api, good) is not None


@pytest.mark.parametrize("days", [0, -1, 3651])
def test_a_key_for_no_sensible_time_is_refused(api: Api, caller: Caller, days: int) -> None:
    response = api.ask(caller, CREATE, {"data": {"email": "ana@example.com", "expiresInDays": days}})

    assert response["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert api.rows()["api_keys"] == []


def test_the_settings_key_opens_from_the_first_start_and_stops_when_another_is_set(tmp_path: Path) -> None:
    def opened(key: str | None) -> list[bool]:
        given = None if key is None else SecretStr(key)
        home = open_served_home(Settings(data_dir=tmp_path / "data", admin_api_key=given))
        try:
            with home.database.read() as tx:
                callers = [accounts.authenticate(tx, one) for one in (FIRST, SECOND)]
        finally:
            home.close()
        assert all(caller.role is Role.ADMIN for caller in callers if caller)
        return [caller is not None for caller in callers]

    assert opened(FIRST) == [True, False]
    assert opened(FIRST) == [True, False]
    assert opened(SECOND) == [False, True]
    assert opened(FIRST) == [True, False]
    assert opened(None) == [False, False]


def test_another_settings_key_leaves_keys_that_were_made(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data", admin_api_key=SecretStr(FIRST))
    home = open_served_home(settings)
    with home.database.write() as tx:
        user = accounts.ensure_user(tx, 1, "ana@example.com", None)
        made, _ = accounts.add_api_key(tx, user, name="", days=1)
    home.close()

    home = open_served_home(settings.model_copy(update={"admin_api_key": SecretStr(SECOND)}))
    with home.database.read() as tx:
        found = accounts.authenticate(tx, made)
    home.close()

    assert found is not None


def test_a_settings_key_that_is_short_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="32 characters or more") as caught:
        Settings(data_dir=tmp_path, admin_api_key=SecretStr("x" * 31))

    assert "x" * 31 not in str(caught.value)
