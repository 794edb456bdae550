"""Buckets and assets on the command line, embedded: registering on every platform, checking, changing, exporting."""

import csv
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from bucketlink.home import open_home
from bucketlink.model import Credentials
from bucketlink.settings import Settings
from bucketlink.store import integrations
from tests.api.buckets import ACCOUNT_KEY
from tests.api.command_line import Inside, jobs_done
from tests.servers.pages import Faults, PageServer
from tests.servers.pages_core import Stored

SAS = "sv=2024-11-04&sp=rl&sr=c&se=2099-01-01T00:00:00Z&sig=canary%3D"
KEYS = ("a/1.jpg", 'new\nline, "quoted".jpg', "é/2.jpg", " lead.jpg")


@pytest.fixture
def server() -> Iterator[PageServer]:
    with PageServer() as pages:
        pages.put_all({key: Stored(3, "e", "image/jpeg") for key in KEYS})
        yield pages


@pytest.fixture
def run(run: Inside) -> Iterator[Inside]:
    with jobs_done():
        yield run


def file_of(directory: Path, text: str) -> str:
    file = directory / "secret"
    file.write_text(text + "\n")
    return str(file)


def test_every_platform_can_be_registered_and_checked(run: Inside, server: PageServer, tmp_path: Path) -> None:
    container = f"{server.endpoint}/devstoreaccount1/scans"
    ways = {
        "CustomS3": ["--bucket", "scans", "--endpoint-url", server.endpoint],
        "GCP": ["--platform", "GCP", "--bucket", "scans", "--endpoint-url", server.endpoint],
        "Azure": ["--container-url", container, "--account-key-file", file_of(tmp_path, ACCOUNT_KEY)],
    }
    for number, (platform, options) in enumerate(ways.items(), 1):
        added = run.json("integrations", "add", *options)
        assert (added["id"], added["platform"], added["status"]) == (f"int{number}", platform, "CONNECTED")
        assert run("integrations", "check", added["id"]).stdout == "CONNECTED\n"
    listed = {row["platform"]: row for row in run.json("integrations", "list")}
    assert listed["Azure"]["azureConnectionURL"] == container
    assert listed["GCP"]["gcpBucketName"] == "scans"


def test_a_bucket_that_is_registered_already_is_registered_again_with_a_hint(
    run: Inside, server: PageServer, tmp_path: Path
) -> None:
    scans = ["integrations", "add", "--endpoint-url", server.endpoint, "--bucket", "scans"]
    pictures: list[str | Path] = ["integrations", "add", "--allow-root", "--folder", tmp_path / "pictures"]
    for name in ("pictures", "others"):
        (tmp_path / name).mkdir()
    hint = "The same bucket is registered as {} already; one serves any number of projects.\n"
    assert run(*scans).stderr == run(*pictures).stderr == ""
    assert run(*scans, "--name", "again").stderr == hint.format("int1 (scans)")
    assert run(*scans).stderr == hint.format("int1 (scans), int3 (again)")
    assert run(*pictures).stderr == hint.format("int2 (pictures)")
    assert run.json(*scans)["id"] == "int6"
    assert run(*scans[:-1], "others").stderr == ""
    assert run(*pictures[:-1], tmp_path / "others").stderr == ""


def test_secrets_come_from_the_environment_of_their_platform_alone(
    run: Inside, server: PageServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUCKETLINK_AZURE_SAS_TOKEN", SAS)
    monkeypatch.setenv("BUCKETLINK_GCP_SERVICE_ACCOUNT_KEY", "{}")

    run("integrations", "add", "--bucket", "scans", "--endpoint-url", server.endpoint)
    done = run(
        "integrations", "add", "--platform", "Azure", "--container-url", f"{server.endpoint}/devstoreaccount1/scans"
    )

    assert done.stdout == "int2\n"
    refused = run("integrations", "add", "--platform", "GCP", "--bucket", "scans", status=1)
    assert "--service-account-key-file" in refused.stderr
    assert "canary" not in done.stdout + done.stderr + refused.stderr


def test_a_check_that_fails_says_why_and_exits_with_1(run: Inside, server: PageServer) -> None:
    run("integrations", "add", "--bucket", "scans", "--endpoint-url", server.endpoint)
    server.faults = Faults(status=403, code="AccessDenied")

    done = run.run(["integrations", "check", "int1"])

    assert (done.status, done.stdout) == (1, "DISCONNECTED\n")
    assert run.run(["integrations", "update", "int1", "--name", "renamed"]).status == 1
    assert "--access-key" in done.stderr
    assert run.json("integrations", "list")[0]["status"] == "DISCONNECTED"


def test_credentials_can_be_mended_and_the_rest_stays(run: Inside, server: PageServer, tmp_path: Path) -> None:
    run("integrations", "add", "--name", "Scans", "--bucket", "scans", "--endpoint-url", server.endpoint)
    server.faults = Faults(status=403, code="AccessDenied")
    run.run(["integrations", "check", "int1"])
    server.faults = Faults()

    changed = run.json(
        *("integrations", "update", "int1", "--access-key", "AKIAEXAMPLE"),
        *("--secret-key-file", file_of(tmp_path, "a-secret")),
    )

    assert (changed["name"], changed["status"], changed["statusReason"]) == ("Scans", "CONNECTED", None)
    assert "what to change" in run("integrations", "update", "int1", status=2).stderr
    unknown = run("integrations", "update", "int9", "--name", "x", status=1)
    assert "no integration with the id int9" in unknown.stderr
    assert run("integrations", "remove", "int1", "--yes").stdout == "int1\n"
    assert run.json("integrations", "list") == []


def test_an_update_takes_no_secret_from_the_environment_unasked(
    run: Inside, server: PageServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    container = f"{server.endpoint}/devstoreaccount1/scans"
    key = file_of(tmp_path, ACCOUNT_KEY)
    run("integrations", "add", "--container-url", container, "--account-key-file", key)
    monkeypatch.setenv("BUCKETLINK_AZURE_SAS_TOKEN", SAS)

    assert "what to change" in run("integrations", "update", "int1", status=2).stderr
    run("integrations", "update", "int1", "--name", "renamed")
    assert stored(tmp_path) == Credentials(account_key=ACCOUNT_KEY)
    run("integrations", "update", "int1", "--from-environment")
    assert stored(tmp_path) == Credentials(sas_token=SAS)


def stored(tmp_path: Path) -> Credentials:
    home = open_home(Settings(data_dir=tmp_path / "data"))
    with home.database.read() as tx:
        found = integrations.credentials(tx, home.sealer, integrations.get(tx, 1, 1))
    home.close()
    return found


def test_the_external_id_is_printed_and_no_other_is_taken(run: Inside) -> None:
    first, again = (run("integrations", "external-id").stdout.strip() for _ in range(2))

    assert first == again
    assert first.startswith("bucketlink-")


@pytest.fixture
def project(run: Inside, server: PageServer) -> str:
    """A project into which the bucket was synchronized."""
    run("integrations", "add", "--bucket", "scans", "--endpoint-url", server.endpoint)
    made: str = run.json("projects", "create", "Scans")["id"]
    run("sync", run.json("connections", "add", "--project", made, "--integration", "int1")["id"])
    return made


def test_assets_are_listed_counted_and_exported_exactly(run: Inside, project: str, tmp_path: Path) -> None:
    assert run("assets", "count", project).stdout == "4\n"
    assert [row["externalId"] for row in run.json("assets", "list", project, "--skip", "1")] == sorted(KEYS)[1:]
    urls = [row["signedUrl"]["url"] for row in run.json("assets", "list", project, "--urls", "--first", "2")]
    assert all(url.startswith("http://127.0.0.1") for url in urls)

    lines = run("assets", "list", project, "--urls", "--first", "2").stdout.splitlines()
    assert all(line.split("\t")[2].startswith("http://127.0.0.1") for line in lines)

    run("assets", "export", project, "--output", tmp_path / "all.csv")
    run("assets", "export", project, "--output", tmp_path / "all.jsonl", "--urls")

    with (tmp_path / "all.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    exported = (tmp_path / "all.jsonl").read_text("utf-8").split("\n")
    assert [row["externalId"] for row in rows] == sorted(KEYS)
    assert {row["archived"] for row in rows} == {""}
    assert [json.loads(line)["externalId"] for line in exported[:-1]] == sorted(KEYS)
    assert exported[-1] == ""
    assert sorted(path.name for path in tmp_path.glob("*all*")) == ["all.csv", "all.jsonl"]


def test_an_export_that_fails_leaves_what_was_there(run: Inside, project: str, tmp_path: Path) -> None:
    (tmp_path / "all.csv").write_text("before")

    for command in ("list", "count", "export"):
        assert "There is no project with the id prj9" in run("assets", command, "prj9", status=1).stderr
    run("assets", "export", "prj9", "--output", tmp_path / "all.csv", status=1)
    run("assets", "export", project, "--output", tmp_path / "gone" / "all.csv", status=1)

    assert (tmp_path / "all.csv").read_text() == "before"


def test_an_export_into_a_pipe_leaves_it_a_pipe(run: Inside, project: str, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()

    run("assets", "export", project, "--output", pipe)
    reader.join()

    assert read[0].startswith(b"id,externalId")
    assert pipe.is_fifo()
