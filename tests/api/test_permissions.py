"""Credentials that never opened a bucket, and those that open a part of it: what is told, and what works."""

import base64
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bucketlink.model import Caller
from bucketlink.settings import Settings
from tests.api import taken_azure, taken_gcs, taken_s3
from tests.api.conftest import CREATE_INTEGRATION, Api, open_api
from tests.api.places import INTEGRATIONS, Place, in_step, refusal
from tests.api.taken import Fields
from tests.buckets.test_s3_real_roles import temporary
from tests.servers.gcs_login import GET, LIST

Register = Callable[[pytest.FixtureRequest], Fields]


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    api = open_api(Settings(data_dir=tmp_path / "data", allow_private_endpoints=True))
    yield api
    api.home.close()


# Never opened


def _s3(**fields: object) -> Register:
    def data(request: pytest.FixtureRequest) -> Fields:
        on = taken_s3.on_rgw(request)
        return {**on.data(on.keys), **fields}

    return data


def _session_that_ended(request: pytest.FixtureRequest) -> Fields:
    on = taken_s3.on_rgw(request)
    keys = temporary(on.rgw, on.rgw.role(on.user, user="tester"), 0)
    return on.data(keys, s3SessionToken=keys.session_token, s3Endpoint=on.rgw.sts_endpoint())


def _nothing_allowed(request: pytest.FixtureRequest) -> Fields:
    on = taken_s3.on_rgw(request)
    on.bucket._send("DELETE", "?policy")
    return on.data(on.keys)


def _google(*permissions: str, other_key: bool = False) -> Register:
    def data(request: pytest.FixtureRequest) -> Fields:
        on = taken_gcs.OnGoogle(request)
        key = on.login.new_key("reader", *permissions)
        if other_key:
            on.login.account("reader").keys.clear()
            on.login.new_key("reader", number=1)
        return on.data(key)

    return data


def _azure(**fields: object) -> Register:
    return lambda request: taken_azure.on_azure(request).data(**fields)


def _sas(*, permissions: str = "rl", seconds: float = 600, wrong: bool = False) -> Register:
    def data(request: pytest.FixtureRequest) -> Fields:
        on = taken_azure.on_azure(request)
        sas = on.sas(permissions=permissions, seconds=seconds)
        return on.data(azureSASToken=sas.replace("sig=", "sig=00") if wrong else sas)

    return data


NEVER: dict[str, tuple[Register, str]] = {
    "S3: wrong secret key": (_s3(s3SecretKey="never-a-secret"), "give the right secret key as s3SecretKey"),
    "S3: unknown access key": (_s3(s3AccessKey="NEVERAKEY"), "give one that exists there as s3AccessKey"),
    "S3: no keys": (_s3(s3AccessKey=None, s3SecretKey=None), "give an access key and a secret key"),
    "S3: nothing allowed": (_nothing_allowed, "grant s3:ListBucket on the bucket, or give others"),
    "S3: session that ended": (_session_that_ended, "may have expired .*s3AccessKey, s3SecretKey, s3SessionToken"),
    "GCP: key of another": (_google(LIST, GET, other_key=True), "does not accept this key .*gcpServiceAccountKey"),
    "GCP: nothing allowed": (_google(), "roles/storage.objectViewer .*storage.objects.list"),
    "GCP: no key": (lambda request: taken_gcs.OnGoogle(request).data(None), "give a gcpServiceAccountKey"),
    "GCP: the server's identity": (
        lambda request: {**taken_gcs.OnGoogle(request).data(None), "usesServerIdentity": True},
        "BUCKETLINK_SERVER_IDENTITIES=GCP",
    ),
    "Azure: SAS that has expired": (_sas(seconds=-90), r"azureSASToken has expired on \d{4}-\d\d-\d\d; give a new one"),
    "Azure: SAS without list": (
        _sas(permissions="r"),
        r"azureSASToken does not permit listing; .*read and list",
    ),
    "Azure: SAS of another key": (_sas(wrong=True), "azureSASToken"),
    "Azure: another account's key": (
        _azure(azureAccountKey=base64.b64encode(b"never a key of this").decode()),
        "azureAccountKey",
    ),
    "Azure: no credentials": (_azure(), "to everybody"),
    "Azure: the server's identity": (_azure(usesServerIdentity=True), "BUCKETLINK_SERVER_IDENTITIES=Azure"),
}


@pytest.mark.parametrize("way", NEVER)
def test_credentials_that_open_nothing_are_refused_in_a_sentence_that_says_what_to_mend(
    request: pytest.FixtureRequest, api: Api, caller: Caller, way: str
) -> None:
    register, says = NEVER[way]
    assert re.search(says, refusal(api, caller, register(request)))


# Listing without reading


def _s3_lists(request: pytest.FixtureRequest) -> tuple[Fields, Callable[[], object]]:
    on = taken_s3.on_rgw(request)
    on.bucket.put("a.jpg", b"x")
    on.allow("s3:ListBucket")
    return on.data(on.keys), lambda: on.allow(*taken_s3.READ)


def _google_lists(request: pytest.FixtureRequest) -> tuple[Fields, Callable[[], object]]:
    on = taken_gcs.OnGoogle(request)
    on.emulator.put(on.name, "a.jpg", b"x")
    return on.data(on.login.new_key("reader", LIST)), lambda: on.login.account("reader").permissions.add(GET)


def _azure_lists(request: pytest.FixtureRequest) -> tuple[Fields, Callable[[], object]]:
    on = taken_azure.on_azure(request)
    on.put("a.jpg")
    on.set_policy("l")
    return on.data(azureSASToken=on.sas(policy="reading")), lambda: on.set_policy("rl")


LISTS = {
    "S3": (_s3_lists, "grant s3:GetObject on its objects"),
    "GCP": (_google_lists, "read objects of the bucket .* storage.objects.get"),
    "Azure": (_azure_lists, r"azureSASToken read objects of the container .* permit read \(r\)"),
}


@pytest.mark.parametrize("platform", LISTS)
def test_who_may_list_and_not_read_is_connected_with_a_warning(
    request: pytest.FixtureRequest, api: Api, caller: Caller, platform: str
) -> None:
    make, says = LISTS[platform]
    data, grant = make(request)

    place = in_step(api, caller, data)

    status, warning = place.status()
    assert status == "CONNECTED"
    assert re.search(says, warning or "")
    assert place.check() == (status, warning)
    grant()
    assert place.check() == ("CONNECTED", None)


# A part of the bucket

PART = ["scans/*"]


def test_permission_for_a_folder_suffices_where_the_integration_allows_no_other(
    request: pytest.FixtureRequest, api: Api, caller: Caller
) -> None:
    on = taken_s3.on_rgw(request)
    on.bucket.put_many(["scans/1.jpg", "others/1.jpg"])
    on.allow(*taken_s3.READ, prefixes=PART)

    assert "grant s3:ListBucket" in refusal(api, caller, on.data(on.keys))
    assert "grant s3:ListBucket" in refusal(api, caller, on.data(on.keys, allowedPaths=["others"]))
    place = in_step(api, caller, on.data(on.keys, allowedPaths=["scans"]))

    assert place.check() == ("CONNECTED", None)
    assert place.shown()[0].keys() == {"scans/1.jpg"}
    status, reason = place.update(allowedPaths=["scans", "others"])
    assert (status, "grant s3:ListBucket" in str(reason)) == ("DISCONNECTED", True)
    assert "Asked for was the folder others/." in str(reason)


def test_permission_for_a_folder_suffices_where_connections_select_no_other(
    request: pytest.FixtureRequest, api: Api, caller: Caller
) -> None:
    on = taken_s3.on_rgw(request)
    on.bucket.put_many(["scans/1.jpg", "others/1.jpg"])
    folders = in_step(api, caller, on.data(on.keys), selectedFolders=["scans"])
    on.allow(*taken_s3.READ, prefixes=PART)

    assert folders.check() == ("CONNECTED", None)
    on.bucket.put("scans/2.jpg")
    assert folders.compute() is None
    assert folders.shown()[1] == [("ADD", "scans/2.jpg", None)]

    whole = add_connection(folders)
    assert "grant s3:ListBucket" in str(whole.compute())
    assert folders.check()[0] == "DISCONNECTED"
    assert folders.compute() is None
    assert folders.status() == ("CONNECTED", None)


def add_connection(beside: Place) -> Place:
    """Another connection of the integration, of all that is in its bucket."""
    query = "mutation ($data: DataConnectionInput!) { data: addDataConnection(data: $data) { id } }"
    data = {"projectId": beside.project, "integrationId": beside.integration}
    added = beside.api.data(beside.caller, query, {"data": data})["id"]
    return Place(beside.api, beside.caller, beside.integration, beside.project, added)


# Tokens


def test_an_access_token_that_ends_is_nobodys_concern(request: pytest.FixtureRequest, api: Api, caller: Caller) -> None:
    on = taken_gcs.OnGoogle(request)
    on.emulator.put(on.name, "a.jpg", b"x")
    place = in_step(api, caller, on.data(on.login.new_key("reader", LIST, GET)))
    on.login.revoke_tokens()

    assert place.check() == ("CONNECTED", None)
    assert place.compute() is None


def test_nothing_of_a_refused_integration_is_listed(request: pytest.FixtureRequest, api: Api, caller: Caller) -> None:
    data = _nothing_allowed(request)
    response = api.ask(caller, CREATE_INTEGRATION, {"data": data}, call="sent-twice")
    again = api.ask(caller, CREATE_INTEGRATION, {"data": data}, call="sent-twice")

    assert again == response
    assert api.data(caller, INTEGRATIONS % "id", {"where": {}}) == []
