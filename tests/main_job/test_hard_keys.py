"""Every hard key, through everything: listing, selection, database, differences, API, SDK, export and download."""

import csv
import json
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bucketlink import Client
from bucketlink.cli import main
from bucketlink.sync import media
from tests.api.server import PRIVATE, Server
from tests.buckets.gcs_holders import unfit_for_emulator
from tests.buckets.hard_keys import HARD_KEYS, unfit_for_a_folder
from tests.servers import azurite as azure_server
from tests.servers.gcs_login import GET, LIST, GoogleLogin
from tests.servers.raw import downloaded

KEYS = tuple(key for key in HARD_KEYS if (media.of_extension(key) or "image").startswith("image"))
"""Those that a project of images takes, if their content type is an image's."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket on a real server: how it is registered, and the hard keys that it holds."""

    fields: dict[str, Any]
    keys: tuple[str, ...]

    @property
    def bodies(self) -> dict[str, bytes]:
        return {key: f"body of {key}".encode() for key in self.keys}


def on_rgw(request: pytest.FixtureRequest, stack: ExitStack, _: Server) -> Bucket:
    rgw = request.getfixturevalue("rgw")
    made = stack.enter_context(rgw.bucket("hard-keys"))
    keys = {"s3_access_key": rgw.access_key, "s3_secret_key": rgw.secret_key}
    found = Bucket({"platform": "CustomS3", "s3_bucket_name": made.name, "s3_endpoint": rgw.endpoint, **keys}, KEYS)
    made.put_many(found.bodies, content_type="image/png")
    return found


def on_gcs(request: pytest.FixtureRequest, stack: ExitStack, _: Server) -> Bucket:
    emulator = request.getfixturevalue("gcs")
    emulator.create("hard-keys")
    login = stack.enter_context(GoogleLogin(emulator.port))
    key = login.new_key("reader", LIST, GET)
    found = Bucket(
        {
            "platform": "GCP",
            "gcp_bucket_name": "hard-keys",
            "gcp_endpoint": login.endpoint,
            "gcp_service_account_key": key,
        },
        tuple(one for one in KEYS if unfit_for_emulator(one) is None),
    )
    emulator.put_many("hard-keys", found.bodies, content_type="image/png")
    return found


def on_azurite(request: pytest.FixtureRequest, stack: ExitStack, _: Server) -> Bucket:
    azurite = request.getfixturevalue("azurite")
    made = stack.enter_context(azurite.container("hard-keys"))
    found = Bucket(
        {
            "platform": "Azure",
            "azure_connection_url": f"{azurite.endpoint}/{made.name}",
            "azure_account_key": azurite.key,
        },
        tuple(key for key in KEYS if azure_server.unfit(key) is None),
    )
    made.put_many(found.bodies, content_type="image/png")
    return found


def in_a_folder(_: pytest.FixtureRequest, __: ExitStack, server: Server) -> Bucket:
    """What a directory holds has no content type but by its name's end."""
    held = (key for key in KEYS if unfit_for_a_folder(key) is None and not key.endswith("/"))
    named = tuple(f"{key}.jpg" for key in held if len(key.rpartition("/")[2].encode()) < 250 and len(key) < 1000)
    found = Bucket({"platform": "Folder", "folder_path": str(server.root / "hard-keys")}, named)
    for key, body in found.bodies.items():
        path = server.root / "hard-keys" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    return found


WAYS = {"S3 on RGW": on_rgw, "GCS on emulator": on_gcs, "Azure on Azurite": on_azurite, "Folder": in_a_folder}


@dataclass(frozen=True, slots=True)
class Imported:
    """A bucket whose hard keys were synchronized into a project over HTTP."""

    bucket: Bucket
    server: Server
    client: Client
    integration: str
    connection: str
    project: str


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("hard-keys"), PRIVATE) as server:
        yield server


@pytest.fixture(scope="module", params=WAYS)
def imported(request: pytest.FixtureRequest, server: Server) -> Iterator[Imported]:
    with ExitStack() as stack:
        bucket = WAYS[request.param](request, stack, server)
        client = stack.enter_context(Client(server.api_key, server.endpoint))
        platform, name = bucket.fields["platform"], str(request.param)
        options = {field: value for field, value in bucket.fields.items() if field != "platform"}
        integration = client.create_cloud_storage_integration(platform, name, **options)["id"]
        project = client.create_project("IMAGE", {}, name)["id"]
        connection = client.add_cloud_storage_connection(project, integration)["id"]
        assert [row["bucketKey"] for row in client.differences(connection)] == sorted(bucket.keys)
        client.synchronize_cloud_storage_connection(connection)
        yield Imported(bucket, server, client, integration, connection, project)


def test_the_corpus_is_worth_it(imported: Imported) -> None:
    assert len(imported.bucket.keys) >= 60


def test_assets_carry_the_keys(imported: Imported) -> None:
    rows = imported.client.assets(imported.project, fields=("externalId", "contentType"), disable_tqdm=True)

    assert [row["externalId"] for row in rows] == sorted(imported.bucket.keys)


def test_each_is_found_by_its_key(imported: Imported) -> None:
    found = imported.client.assets(
        imported.project,
        fields=("externalId",),
        external_id_strictly_in=list(imported.bucket.keys),
        disable_tqdm=True,
    )

    assert len(found) == len(imported.bucket.keys)


def test_a_second_look_finds_no_difference(imported: Imported) -> None:
    imported.client.synchronize_cloud_storage_connection(imported.connection, delete_extraneous_files=True)

    assert imported.client.differences_summary(imported.connection)["total"] == 0
    assert imported.client.differences_summary(imported.connection)["changed"] == 0


def test_each_folder_can_be_selected(imported: Imported) -> None:
    folders = sorted({key.rpartition("/")[0] for key in imported.bucket.keys if "/" in key.strip("/")})
    project = imported.client.create_project("IMAGE", {}, "folders")["id"]
    connection = imported.client.add_cloud_storage_connection(project, imported.integration, folders)["id"]

    found = [row["bucketKey"] for row in imported.client.differences(connection)]

    prefixes = tuple(folder if folder.endswith("/") else f"{folder}/" if folder else "" for folder in folders)
    assert found == sorted(key for key in imported.bucket.keys if key.startswith(prefixes))
    assert len(folders) >= 10


def test_the_database_holds_them(imported: Imported) -> None:
    with closing(sqlite3.connect(imported.server.data_dir / "bucketlink.db")) as database:
        rows = database.execute(
            "SELECT key FROM assets WHERE project_id = ? ORDER BY key", (int(imported.project.removeprefix("prj")),)
        )
        assert [key for (key,) in rows] == sorted(imported.bucket.keys)


@pytest.mark.parametrize("name", ["all.csv", "all.jsonl"])
def test_an_export_holds_them(imported: Imported, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUCKETLINK_API_ENDPOINT", imported.server.endpoint)
    monkeypatch.setenv("BUCKETLINK_API_KEY", imported.server.api_key)
    file = tmp_path / name

    assert main(["assets", "export", imported.project, "--output", str(file)]) == 0

    with file.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines)) if name == "all.csv" else [json.loads(line) for line in lines]
    assert [row["externalId"] for row in rows] == sorted(imported.bucket.keys)


def test_each_is_downloaded_by_its_url_byte_for_byte(imported: Imported) -> None:
    rows = imported.client.assets(
        imported.project, fields=("externalId", "content", "signedUrl.reason"), disable_tqdm=True
    )
    assert {row["signedUrl"]["reason"] for row in rows} == {None}

    with ThreadPoolExecutor(4) as pool:
        got = pool.map(downloaded, (row["content"] for row in rows))
        answers = {row["externalId"]: answer for row, answer in zip(rows, got, strict=True)}

    assert answers == {key: (200, body) for key, body in imported.bucket.bodies.items()}
