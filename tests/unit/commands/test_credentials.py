"""Where `bucketlink integrations add` takes secrets and names from."""

import sys
from pathlib import Path
from typing import Any

import click
import pytest

from tests.unit.commands.running import Run
from tests.unit.fake_server import FakeServer


def given_integration(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    given: list[dict[str, Any]] = []

    def create(_: object, data: dict[str, Any]) -> dict[str, Any]:
        given.append(data)
        row = {"id": "4", "name": data["name"], "platform": data["platform"], "status": "CONNECTED"}
        return {**row, "statusReason": None}

    monkeypatch.setattr(server, "createDataIntegration", create, raising=False)
    return given


def test_a_secret_comes_from_the_environment_or_a_file(
    run: Run, server: FakeServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    given = given_integration(server, monkeypatch)
    file = tmp_path / "secret"
    file.write_text("from the file\n")
    command = ("integrations", "add", "--bucket", "b", "--access-key", "id")
    assert run(*command, "--secret-key-file", str(file)).out == "4\n"
    monkeypatch.setenv("BUCKETLINK_S3_SECRET_KEY", "from the environment")
    assert run(*command, "--endpoint-url", "http://s3", "--region", "r").status == 0
    assert given[0] == {
        "platform": "AWS",
        "name": "b",
        "s3AccessKey": "id",
        "s3BucketName": "b",
        "s3SecretKey": "from the file",
    }
    assert (given[1]["platform"], given[1]["s3SecretKey"]) == ("CustomS3", "from the environment")


def test_a_secret_is_asked_for_at_a_terminal(run: Run, server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    given = given_integration(server, monkeypatch)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(click.termui, "hidden_prompt_func", lambda _: "typed")
    assert run("integrations", "add", "--bucket", "b", "--access-key", "id").status == 0
    assert given[0]["s3SecretKey"] == "typed"


def test_a_folder_of_the_server_is_named_as_it_is(
    run: Run, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = given_integration(server, monkeypatch)
    assert run("integrations", "add", "--folder", "/srv/pictures", "--allowed-path", "a").status == 0
    expected = {
        "platform": "Folder",
        "name": "pictures",
        "folderPath": "/srv/pictures",
        "allowedPaths": ["a"],
    }
    assert given == [expected]
