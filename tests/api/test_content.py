"""Where an asset's object can be read: signed by the platform, or handed on by the server; short-lived and narrow."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from starlette.testclient import TestClient

from bucketlink.api import content
from bucketlink.api.web import web_application
from bucketlink.buckets.s3 import S3Reader
from bucketlink.errors import BucketUnreachable
from bucketlink.model import Caller, Role
from bucketlink.settings import Settings
from bucketlink.store import accounts
from tests.api.buckets import ACCESS, ACCOUNT_KEY, APPLY, SECRET, assets_of, azure, connect, gcs, s3
from tests.api.conftest import COMPUTE, CREATE_INTEGRATION, Api, open_api
from tests.servers.pages import PageServer
from tests.servers.pages_core import Stored

SAS = "sv=2024-11-04&sp=rl&sr=c&se=2099-01-01T00:00:00Z&sig=canary%2Bcanary%3D"
HERE = "http://testserver"
Register = Callable[[PageServer], dict[str, object]]
KEYS = ("a b+c%25.jpg", "folder//two/é.jpg", "plain.jpg")
UPDATE = """
mutation ($data: DataIntegrationData!, $where: DataIntegrationWhere!) {
  data: updatePropertiesInDataIntegration(data: $data, where: $where) { id }
}
"""


@pytest.fixture
def server() -> Iterator[PageServer]:
    with PageServer() as pages:
        pages.put_all({key: Stored(len(key.encode()), "1", "image/jpeg", body=key.encode()) for key in KEYS})
        yield pages


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    api = open_api(
        Settings(data_dir=tmp_path / "data", allow_private_endpoints=True, folder_roots=(tmp_path / "buckets",))
    )
    yield api
    api.home.close()


@pytest.fixture
def http(api: Api) -> Iterator[TestClient]:
    with TestClient(web_application(api.application)) as client:
        yield client


def imported(api: Api, caller: Caller, data: dict[str, object]) -> tuple[str, str, str]:
    """A project with the assets of a new integration: ids of project, connection, integration."""
    integration = api.data(caller, CREATE_INTEGRATION, {"data": data})["id"]
    project, connection = connect(api, caller, integration)
    api.data(caller, APPLY, {"id": connection})
    return project, connection, integration


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(s3, id="S3, anonymous"),
        pytest.param(lambda server: s3(server, s3AccessKey=ACCESS, s3SecretKey=SECRET), id="S3, keys"),
        pytest.param(gcs, id="GCS, anonymous"),
        pytest.param(lambda server: azure(server, azureAccountKey=ACCOUNT_KEY), id="Azure, account key"),
    ],
)
def test_the_platform_signs_where_it_can(api: Api, caller: Caller, server: PageServer, data: Register) -> None:
    project, *_ = imported(api, caller, data(server))

    found = assets_of(api, caller, project)

    assert set(found) == set(KEYS)
    for key, row in found.items():
        assert row["content"] == row["signedUrl"]["url"]
        assert urlsplit(row["content"]).netloc == urlsplit(server.endpoint).netloc
        assert SECRET not in row["content"]
        assert ACCOUNT_KEY not in row["content"]
        with urlopen(row["content"]) as answer:  # noqa: S310
            assert answer.read() == key.encode()


@pytest.mark.parametrize(
    ("data", "secret"),
    [
        pytest.param(lambda server: azure(server, azureSASToken=SAS), "canary", id="Azure, SAS token"),
        pytest.param(
            lambda server: s3(server, s3AccessKey=ACCESS, s3SecretKey=SECRET, s3SessionToken="canary-token"),
            "canary",
            id="S3, session token",
        ),
    ],
)
def test_the_server_hands_on_what_only_a_secret_could_sign(
    api: Api, caller: Caller, http: TestClient, server: PageServer, data: Register, secret: str
) -> None:
    project, *_ = imported(api, caller, data(server))

    without = assets_of(api, caller, project)
    found = assets_of(api, caller, project, HERE)

    assert {(row["content"], "bucketlink serve" in row["signedUrl"]["reason"]) for row in without.values()} == {
        ("", True)
    }
    for key, row in found.items():
        assert row["content"].startswith(f"{HERE}{content.PATH}/")
        assert secret not in str(row)
        answer = http.get(row["content"])
        assert (answer.status_code, answer.content) == (200, key.encode())
        assert answer.headers["content-type"].startswith("image/jpeg")
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "sandbox" in answer.headers["content-security-policy"]


def test_a_folder_is_read_through_the_server(api: Api, caller: Caller, http: TestClient, tmp_path: Path) -> None:
    directory = tmp_path / "buckets" / "one"
    directory.mkdir(parents=True)
    (directory / "a b%.jpg").write_bytes(b"0123456789")
    project, *_ = imported(api, caller, {"name": "f", "platform": "Folder", "folderPath": str(directory)})

    url = assets_of(api, caller, project, HERE)["a b%.jpg"]["content"]

    assert http.get(url).content == b"0123456789"
    part = http.get(url, headers={"Range": "bytes=2-4"})
    assert (part.status_code, part.content, part.headers["content-range"]) == (206, b"234", "bytes 2-4/10")
    tail = http.get(url, headers={"Range": "bytes=7-"})
    assert (tail.status_code, tail.content) == (206, b"789")
    end = http.get(url, headers={"Range": "bytes=-3"})
    assert (end.status_code, end.content, end.headers["content-range"]) == (206, b"789", "bytes 7-9/10")
    assert http.get(url, headers={"Range": "bytes=-99"}).content == b"0123456789"
    assert http.head(url, headers={"Range": "bytes=0-1"}).status_code == 200
    asked = {"Origin": "https://x.example", "Access-Control-Request-Method": "GET"}
    preflight = http.options(url, headers={**asked, "Access-Control-Request-Headers": "range"})
    assert (preflight.status_code, preflight.headers["access-control-allow-headers"]) == (204, "*")
    assert http.get(url, headers={"Range": "bytes=10-"}).status_code == 416
    head = http.head(url)
    assert (head.status_code, head.headers["content-length"], head.content) == (200, "10", b"")
    assert http.post(url).status_code == 405
    (directory / "a b%.jpg").unlink()
    assert http.get(url).status_code == 404


def test_a_url_of_the_server_cannot_be_made_up_or_outlived(
    api: Api, caller: Caller, http: TestClient, server: PageServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, *_ = imported(api, caller, azure(server, azureSASToken=SAS))
    first, second, _ = (row["content"] for row in assets_of(api, caller, project, HERE).values())
    start, _, token = first.rpartition("/")
    swapped = f"{start}/{second.rpartition('/')[2][:40]}{token[40:]}"

    for wrong in (
        first[:-4],
        first + "AAAA",
        swapped,
        f"{HERE}{content.PATH}/nonsense",
        f"{HERE}{content.PATH}/%C3%A9",
    ):
        answer = http.get(wrong)
        assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (403, "FORBIDDEN")
    late = int((time.time() + content.URL_SECONDS + 1) * 1000)
    monkeypatch.setattr(content, "now", lambda: late)
    assert "time is over" in http.get(first).json()["errors"][0]["message"]


def test_narrower_paths_stop_urls_at_once(api: Api, caller: Caller, http: TestClient, server: PageServer) -> None:
    project, _, integration = imported(api, caller, azure(server, azureSASToken=SAS))
    before = assets_of(api, caller, project, HERE)

    api.data(caller, UPDATE, {"data": {"allowedPaths": ["folder"]}, "where": {"id": integration}})
    after = assets_of(api, caller, project, HERE)

    assert http.get(before["plain.jpg"]["content"]).status_code == 403
    assert after["plain.jpg"]["content"] == ""
    assert "paths" in after["plain.jpg"]["signedUrl"]["reason"]
    assert http.get(after["folder//two/é.jpg"]["content"]).status_code == 200


def test_projects_that_are_no_longer_allowed_get_no_url(api: Api, caller: Caller, server: PageServer) -> None:
    project, _, integration = imported(api, caller, s3(server))

    api.data(caller, UPDATE, {"data": {"allowedProjects": []}, "where": {"id": integration}})

    assert "not allowed in this project" in assets_of(api, caller, project)["plain.jpg"]["signedUrl"]["reason"]


def test_an_archived_object_says_so_until_it_is_restored(api: Api, caller: Caller, server: PageServer) -> None:
    server.put("old.jpg", Stored(3, "e", "image/jpeg", storage_class="GLACIER"))
    project, connection, _ = imported(api, caller, s3(server))

    row = assets_of(api, caller, project)["old.jpg"]

    assert (row["archived"], row["content"]) == ("GLACIER", "")
    assert "archived (GLACIER)" in row["signedUrl"]["reason"]
    server.put("old.jpg", Stored(3, "e", "image/jpeg"))
    api.data(caller, COMPUTE, {"id": connection})
    row = assets_of(api, caller, project)["old.jpg"]
    assert row["archived"] is None
    assert row["content"].startswith(server.endpoint)


def test_an_object_that_is_archived_later_says_so(api: Api, caller: Caller, server: PageServer) -> None:
    project, connection, _ = imported(api, caller, s3(server))
    kept = server.stored["plain.jpg"]
    server.put("plain.jpg", Stored(kept.size, kept.etag, kept.content_type, storage_class="DEEP_ARCHIVE"))

    api.data(caller, COMPUTE, {"id": connection})

    assert assets_of(api, caller, project)["plain.jpg"]["archived"] == "DEEP_ARCHIVE"
    summary = "query ($id: ID!) { data: dataConnection(where: {id: $id}) { dataDifferencesSummary { total changed } } }"
    assert api.data(caller, summary, {"id": connection})["dataDifferencesSummary"] == {"total": 0, "changed": 0}


def test_what_is_learned_is_nothing_that_undoing_would_take_back(api: Api, caller: Caller, server: PageServer) -> None:
    project, connection, _ = imported(api, caller, s3(server))
    kept = server.stored["plain.jpg"]
    server.put("plain.jpg", Stored(kept.size, kept.etag, kept.content_type, storage_class="GLACIER"))
    api.data(caller, COMPUTE, {"id": connection})
    runs = "query ($id: ID!) { data: runs(where: {connectionId: $id}, first: 9, skip: 0) { id kind } }"
    applied = next(run["id"] for run in api.data(caller, runs, {"id": connection}) if run["kind"] == "APPLY")

    api.data(caller, "mutation ($id: ID!) { data: undoRun(where: {id: $id}) { id } }", {"id": applied})

    assert assets_of(api, caller, project) == {}


def test_a_bucket_that_cannot_sign_is_not_asked_for_every_asset(
    api: Api, caller: Caller, server: PageServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, *_ = imported(api, caller, s3(server))
    asked = []

    def signed_url(_: S3Reader, key: str, seconds: int) -> None:
        asked.append((key, seconds))
        raise BucketUnreachable("No answer.")

    monkeypatch.setattr(S3Reader, "signed_url", signed_url)
    for _ in range(2):
        found = assets_of(api, caller, project)
        assert {row["signedUrl"]["reason"] for row in found.values()} == {"No answer."}
    assert len(asked) == 1


def test_an_empty_object_and_a_failure_are_answered_as_what_they_are(
    api: Api, caller: Caller, http: TestClient, tmp_path: Path
) -> None:
    directory = tmp_path / "buckets" / "one"
    directory.mkdir(parents=True)
    (directory / "empty.jpg").write_bytes(b"")
    project, *_ = imported(api, caller, {"name": "f", "platform": "Folder", "folderPath": str(directory)})
    url = assets_of(api, caller, project, HERE)["empty.jpg"]["content"]

    whole = http.get(url, headers={"Range": "bytes=0-"})
    (directory / "empty.jpg").unlink()
    gone = http.get(url)

    assert (whole.status_code, whole.content, "content-range" in whole.headers) == (200, b"", False)
    assert (gone.status_code, gone.headers["cache-control"]) == (404, "no-store")


def test_another_organization_cannot_use_the_readers(api: Api, caller: Caller, server: PageServer) -> None:
    project, *_ = imported(api, caller, s3(server))
    with api.home.database.write() as tx:
        other = accounts.ensure_user(tx, accounts.add_organization(tx, "other"), "o@example.com", Role.ADMIN)
    stranger = Caller(other.organization_id, other.id, other.email, other.role)

    assert assets_of(api, stranger, project) == {}


def test_urls_follow_a_public_address(tmp_path: Path, server: PageServer) -> None:
    api = open_api(
        Settings(data_dir=tmp_path / "d", allow_private_endpoints=True, public_url="https://annotate.example.com/b/")
    )
    with api.home.database.write() as tx:
        caller = accounts.ensure_local_administrator(tx)
    project, *_ = imported(api, caller, azure(server, azureSASToken=SAS))

    row = assets_of(api, caller, project, HERE)["plain.jpg"]

    assert row["content"].startswith(f"https://annotate.example.com/b{content.PATH}/")
    api.home.close()
