"""Containers that clients list themselves: what they send is kept, sorted, selected from, and marched like others."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from bucketlink import jobs
from bucketlink.api import bodies
from bucketlink.api.limits import LONGEST_BODY
from bucketlink.api.web import PATH, web_application
from bucketlink.model import Caller, Role
from bucketlink.settings import Settings
from bucketlink.store import accounts, sent
from bucketlink.store.database import now
from bucketlink.sync import engine
from tests.api.buckets import ACCOUNT_KEY, APPLY, assets_of, connect
from tests.api.conftest import COMPUTE, CREATE_INTEGRATION, Api, InPlace, World, open_api

URL = "https://acme.blob.core.windows.net/scans"
SAS = "sv=2024-11-04&sp=rl&sr=c&se=2099-01-01T00:00:00Z&sig=stored%3D"
MISSING, UNSUPPORTED = (
    "Objects with missing content-type were ignored",
    "Objects with unsupported content-type for this type of project were ignored",
)
SEND = """
mutation ($id: ID!, $data: DataConnectionComputeDifferencesPayload) {
  data: computeDifferences(where: {id: $id}, data: $data) { id }
}
"""
SHOW = """
query ($id: ID!) {
  data: dataConnection(where: {id: $id}) {
    dataDifferencesSummary { added removed total changed } numberOfAssets warnings isChecking
  }
}
"""
RUNS = "query ($id: ID!) { data: runs(where: {connectionId: $id}, first: 9, skip: 0) { state } }"
TOKEN = "query ($id: ID!) { data: dataIntegrations(where: {id: $id}, first: 1, skip: 0) { azureSASToken } }"


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    api = open_api(Settings(data_dir=tmp_path / "data"))
    yield api
    api.home.close()


def listed_by_clients(api: Api, caller: Caller, **fields: object) -> str:
    data = {
        "name": "scans",
        "platform": "Azure",
        "azureConnectionURL": URL,
        "azureIsUsingServiceCredentials": True,
        "azureSASToken": SAS,
        **fields,
    }
    made: str = api.data(caller, CREATE_INTEGRATION, {"data": data})["id"]
    return made


@pytest.fixture
def ids(api: Api, caller: Caller) -> tuple[str, str]:
    return connect(api, caller, listed_by_clients(api, caller))


def send(api: Api, caller: Caller, connection: str, paths: list[str], **more: object) -> dict[str, Any]:
    api.data(caller, SEND, {"id": connection, "data": {"blobPaths": paths, **more}})
    shown: dict[str, Any] = api.data(caller, SHOW, {"id": connection})
    return shown


def counts(shown: dict[str, Any]) -> tuple[int, int]:
    summary = shown["dataDifferencesSummary"]
    return summary["added"], summary["removed"]


def test_names_alone_are_enough(api: Api, caller: Caller, ids: tuple[str, str]) -> None:
    project, connection = ids

    shown = send(api, caller, connection, ["b.jpg", "a/1.JPG", "b.jpg", "notes.txt", "unknown"])
    api.data(caller, APPLY, {"id": connection})

    assert counts(shown) == (2, 0)
    assert set(shown["warnings"]) == {MISSING, UNSUPPORTED}
    found = assets_of(api, caller, project)
    assert list(found) == ["a/1.JPG", "b.jpg"]
    assert {(row["size"], row["etag"]) for row in found.values()} == {(None, None)}


def test_content_types_and_warnings_that_were_sent_count(api: Api, caller: Caller, ids: tuple[str, str]) -> None:
    paths, types = ["z", "a", "m.jpg"], ["image/png", "video/mp4", "image/jpeg"]

    shown = send(api, caller, ids[1], paths, contentTypes=types, warnings=[MISSING])

    assert counts(shown) == (2, 0)
    assert set(shown["warnings"]) == {MISSING, UNSUPPORTED}


def test_the_whole_selection_is_applied_here(api: Api, caller: Caller) -> None:
    integration = listed_by_clients(api, caller, allowedPaths=["bears", "cats"])
    _, connection = connect(api, caller, integration, selectedFolders=["bears"], exclude=["*thumb*"])
    paths = ["bears/1.jpg", "bears/thumb1.jpg", "bears2/1.jpg", "cats/1.jpg", "root.jpg", "bears/deep/2.jpg"]

    assert counts(send(api, caller, connection, paths)) == (2, 0)


@pytest.mark.parametrize("count", [0, 1, 4999, 5000, 5001, 12_345])
def test_listings_of_any_length_come_whole(api: Api, caller: Caller, ids: tuple[str, str], count: int) -> None:
    names = [f"{number % 7}/{number:05d}.jpg" for number in range(count)]

    assert counts(send(api, caller, ids[1], names[::-1])) == (count, 0)


def test_what_is_not_sent_any_more_is_removed_and_nothing_is_changed(
    api: Api, caller: Caller, ids: tuple[str, str]
) -> None:
    _, connection = ids
    send(api, caller, connection, ["a.jpg", "b.jpg"])
    api.data(caller, APPLY, {"id": connection})

    shown = send(api, caller, connection, ["b.jpg", "c.jpg"])

    assert shown["dataDifferencesSummary"] == {"added": 1, "removed": 1, "total": 2, "changed": 0}
    assert counts(send(api, caller, connection, [])) == (0, 2)


def test_nothing_is_computed_before_a_client_has_sent_something(api: Api, caller: Caller, ids: tuple[str, str]) -> None:
    assert api.data(caller, SHOW, {"id": ids[1]})["isChecking"] is False
    (error,) = api.ask(caller, COMPUTE, {"id": ids[1]})["errors"]
    assert "service credentials" in error["message"]
    assert "blobPaths" in error["message"]


def test_hard_names_come_out_as_they_went_in_and_impossible_ones_with_a_warning(
    api: Api, caller: Caller, ids: tuple[str, str]
) -> None:
    project, connection = ids
    names = [
        "a//b.jpg",
        "/lead.jpg",
        "\u00e9.jpg",
        "e\u0301.jpg",
        "new\nline.jpg",
        "\U0001f600.jpg",
        "\uffff.jpg",
        " .jpg",
    ]

    shown = send(api, caller, connection, [*names, "k" * 1025 + ".jpg", "nul\0.jpg", ""])
    api.data(caller, APPLY, {"id": connection})

    assert list(assets_of(api, caller, project)) == sorted(names, key=str.encode)
    assert any("left out" in warning for warning in shown["warnings"])


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"contentTypes": ["image/png"]}, "blobPaths is missing"),
        ({"blobPaths": ["a", "b"], "contentTypes": ["image/png"]}, "one for each"),
    ],
)
def test_what_makes_no_sense_is_refused(
    api: Api, caller: Caller, ids: tuple[str, str], data: dict[str, object], says: str
) -> None:
    before = api.rows()
    (error,) = api.ask(caller, SEND, {"id": ids[1], "data": data})["errors"]
    assert says in error["message"]
    assert api.rows() == before


def test_other_integrations_take_no_listing(world: World) -> None:
    variables = {"id": world.ours.ids["connection"], "data": {"blobPaths": ["a.jpg"]}}
    (error,) = world.api.ask(world.ours.admin, SEND, variables)["errors"]
    assert "blobPaths are taken only for an Azure integration" in error["message"]


class Later(InPlace):
    """Leaves the work for later."""

    def deliver(self) -> None:
        pass


def test_a_listing_is_kept_until_it_is_used_and_no_longer(
    api: Api, caller: Caller, ids: tuple[str, str], tmp_path: Path
) -> None:
    object.__setattr__(api.application, "delivery", Later(api.home))
    api.data(caller, SEND, {"id": ids[1], "data": {"blobPaths": ["first.jpg"]}})
    api.data(caller, SEND, {"id": ids[1], "data": {"blobPaths": ["second.jpg", "third.jpg"]}})
    api.home.close()

    again = open_api(Settings(data_dir=tmp_path / "data"))
    InPlace(again.home).deliver()

    assert counts(again.data(caller, SHOW, {"id": ids[1]})) == (2, 0)
    while jobs.tidy(again.home):
        pass
    with again.home.database.read() as tx:
        assert tx.scalar(text("SELECT count(*) FROM sent_pages")) == 0
        assert tx.execute(sent.of_ended_runs()).all() == []
    again.home.close()


def test_a_listing_gives_way_to_a_newer_one_that_is_sent_before_it_is_used(
    api: Api, caller: Caller, ids: tuple[str, str]
) -> None:
    object.__setattr__(api.application, "delivery", Later(api.home))
    for number in range(3):
        api.data(caller, SEND, {"id": ids[1], "data": {"blobPaths": [f"{number}.jpg", "same.jpg"]}})

    runs = api.data(caller, RUNS, {"id": ids[1]})
    assert [run["state"] for run in runs] == ["QUEUED", "CANCELLED", "CANCELLED"]
    InPlace(api.home).deliver()
    assert counts(api.data(caller, SHOW, {"id": ids[1]})) == (2, 0)


def test_a_listing_that_waited_for_too_long_is_not_used(
    api: Api, caller: Caller, ids: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    send(api, caller, ids[1], ["kept.jpg"])
    api.data(caller, APPLY, {"id": ids[1]})
    object.__setattr__(api.application, "delivery", Later(api.home))
    api.data(caller, SEND, {"id": ids[1], "data": {"blobPaths": []}})
    later = now() + 3601 * 1000
    monkeypatch.setattr(engine, "now", lambda: later)
    InPlace(api.home).deliver()

    (error,) = api.ask(caller, SHOW, {"id": ids[1]})["errors"]
    assert "list the container again" in error["message"]


def test_content_types_that_are_none_are_not_kept(api: Api, caller: Caller, ids: tuple[str, str]) -> None:
    types = ["image/png\r\nSet-Cookie: x=y", "image/" + "x" * 1000, "Image/PNG; q=1"]

    shown = send(api, caller, ids[1], ["a", "b", "c"], contentTypes=types)

    assert counts(shown) == (1, 0)


@pytest.mark.parametrize(("name", "value"), [("MOST_LISTED", 10_000), ("MOST_LONG_BODIES", 0)])
def test_a_listing_beyond_what_memory_is_kept_for_is_refused(
    api: Api, caller: Caller, ids: tuple[str, str], monkeypatch: pytest.MonkeyPatch, name: str, value: int
) -> None:
    monkeypatch.setattr(bodies, name, value)
    with api.home.database.write() as tx:
        user = accounts.ensure_user(tx, caller.organization_id, "ana@example.com", Role.USER)
        key = accounts.add_api_key(tx, user, name="", days=1)[0]
    names = [f"{'x' * 300}-{number:08d}.jpg" for number in range(15_000)]
    body = json.dumps({"query": SEND, "variables": {"id": ids[1], "data": {"blobPaths": names}}}).encode()
    headers = {"Authorization": f"X-API-Key: {key}"}

    with TestClient(web_application(api.application)) as http:
        answer = http.post(f"{PATH}/graphql", content=body, headers=headers)
        small = http.post(f"{PATH}/graphql", content=b'{"query": "{ me { id } }"}', headers=headers)

    assert len(body) > LONGEST_BODY
    assert answer.status_code == {"MOST_LISTED": 413, "MOST_LONG_BODIES": 503}[name]
    assert small.status_code == 200


def test_a_long_listing_goes_over_http_and_nothing_else_that_long_does(
    api: Api, caller: Caller, ids: tuple[str, str]
) -> None:
    with api.home.database.write() as tx:
        user = accounts.ensure_user(tx, caller.organization_id, "ana@example.com", Role.USER)
        key = accounts.add_api_key(tx, user, name="", days=1)[0]
    names = [f"folder-{number // 1000:04d}/{'x' * 60}-{number:08d}.jpg" for number in range(60_000)]
    body = json.dumps({"query": SEND, "variables": {"id": ids[1], "data": {"blobPaths": names}}}).encode()
    other = json.dumps({"query": COMPUTE, "variables": {"id": ids[1], "names": names}}).encode()
    both = SEND.replace("}\n", "} other: computeDifferences(where: {id: $id}) { id } }", 1)
    two = json.dumps({"query": both, "variables": {"id": ids[1], "data": {"blobPaths": names}}}).encode()
    headers = {"Authorization": f"X-API-Key: {key}", "Content-Type": "application/json"}
    assert len(body) > LONGEST_BODY

    with TestClient(web_application(api.application)) as http:
        answers = [
            http.post(f"{PATH}/graphql", content=content, headers={**headers, **encoding})
            for content, encoding in (
                (body, {}),
                (gzip.compress(body, 1), {"Content-Encoding": "gzip"}),
                (two, {}),
                (body.replace(b"computeDifferences", b"validateDifferences"), {}),
                (other, {}),
            )
        ]

    assert [answer.status_code for answer in answers] == [200, 200, 413, 413, 200]
    assert "errors" not in answers[0].json()
    assert "errors" not in answers[1].json()
    assert "errors" in answers[4].json()
    assert counts(api.data(caller, SHOW, {"id": ids[1]})) == (60_000, 0)


def test_without_credentials_nobody_is_told_a_url_that_opens_nothing(api: Api, caller: Caller) -> None:
    integration = listed_by_clients(api, caller, azureSASToken=None)
    project, connection = connect(api, caller, integration)
    send(api, caller, connection, ["a.jpg"])
    api.data(caller, APPLY, {"id": connection})

    row = assets_of(api, caller, project, "http://testserver")["a.jpg"]

    assert row["content"] == ""
    assert "azureSASToken or azureAccountKey" in row["signedUrl"]["reason"]


def test_who_lists_is_answered_a_token(api: Api, caller: Caller) -> None:
    with api.home.database.write() as tx:
        user = accounts.ensure_user(tx, caller.organization_id, "ben@example.com", Role.USER)
    member = Caller(user.organization_id, user.id, user.email, user.role)
    by_token, by_key = (
        listed_by_clients(api, caller),
        listed_by_clients(api, caller, azureSASToken=None, azureAccountKey=ACCOUNT_KEY),
    )
    here = listed_by_clients_not(api, caller)

    stored, minted = (api.data(caller, TOKEN, {"id": one})[0]["azureSASToken"] for one in (by_token, by_key))

    assert stored == SAS
    assert api.data(member, TOKEN, {"id": by_token})[0]["azureSASToken"] is None
    assert "sp=rl" in minted
    assert "sr=c" in minted
    assert ACCOUNT_KEY not in minted
    assert "sp=rl" in api.data(member, TOKEN, {"id": by_key})[0]["azureSASToken"]
    assert api.data(caller, TOKEN, {"id": here})[0]["azureSASToken"] is None


def listed_by_clients_not(api: Api, caller: Caller) -> str:
    """An integration that the server would list, which then was made one that it cannot reach."""
    made = listed_by_clients(api, caller)
    with api.home.database.write() as tx:
        tx.execute(text("UPDATE integrations SET access = NULL WHERE id = (SELECT max(id) FROM integrations)"))
    return made
