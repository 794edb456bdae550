"""A backup that is made as docs/operations says, while a worker writes, is whole; what is restored from it goes on."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from bucketlink import Client
from tests.api.command_line import CommandLine
from tests.servers.pages import Faults, PageProcess
from tests.unit.documents import DOCS

README = (DOCS / "operations" / "README.md").read_text("utf-8")
OBJECTS = 20_000


@pytest.fixture
def bucket() -> Iterator[PageProcess]:
    with PageProcess(OBJECTS, Faults(latency=0.05)) as pages:
        yield pages


def shown(section: str) -> list[list[str]]:
    """The commands of each block of a section."""
    text = README.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    return [
        re.findall(r"^\$ (.*)$", block, re.MULTILINE) for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL)
    ]


def do(lines: list[str], data: Path, backup: Path, day: str) -> None:
    """Type commands on other directories than those that are shown, as whoever runs the test."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    script = "\n".join(lines)
    for ours, theirs in {
        "/var/lib/bucketlink": str(data),
        "/backup": str(backup),
        "2026-11-30": day,
        "$(date +%F)": day,
        "sudo chown -R bucketlink: ": "true ",
        "sudo -u bucketlink /opt/bucketlink/bin/": "",
    }.items():
        script = script.replace(ours, theirs)
    done = subprocess.run(
        ["sh", "-ec", script], env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_backups_of_a_directory_at_work(tmp_path: Path, bucket: PageProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUCKETLINK_ALLOW_PRIVATE_ENDPOINTS", "true")
    making, restoring = shown("Backup")
    data, backup = tmp_path / "data", tmp_path / "backup"
    backup.mkdir()
    with Client.embedded(data) as client:
        client.create_cloud_storage_integration(
            "CustomS3",
            "pages",
            s3_bucket_name="bucket",
            s3_endpoint=bucket.endpoint,
            s3_access_key="AKIAEXAMPLE",
            s3_secret_key="secret",
        )
        client.create_project("Bears", input_type="IMAGE")
        client.add_cloud_storage_connection("prj1", "int1")
        synchronizing = threading.Thread(target=client.synchronize_cloud_storage_connection, args=("con1",))
        synchronizing.start()
        kept: list[int] = []
        while synchronizing.is_alive():
            day = f"day-{len(kept)}"
            do(making, data, backup, day)
            kept.append(client.count_assets("prj1"))
        synchronizing.join()
        assert client.count_assets("prj1") == OBJECTS
    assert all(before <= after for before, after in pairwise(kept))

    for number in {0, len(kept) - 1}:
        restored = tmp_path / f"restored-{number}"
        restored.mkdir(mode=0o700)
        do(restoring, restored, backup, f"day-{number}")
        shell = CommandLine(BUCKETLINK_ALLOW_PRIVATE_ENDPOINTS="true", BUCKETLINK_DATA_DIR=str(restored))
        assert shell.json("sync", "con1")["numberOfAssets"] == OBJECTS
        assert shell.json("doctor")["ok"]
