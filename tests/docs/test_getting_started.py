"""The first hour can be done as it is written, against a real S3 server."""

import sys
from pathlib import Path

import pytest

from tests.docs.conftest import PROGRAMS
from tests.docs.session import Session
from tests.servers.rgw import Rgw
from tests.unit.documents import DOCS, HOME, blocks

KEYS = [
    *(f"2026/spring/{n}.jpg" for n in range(4)),
    *(f"2026/summer/{n}.jpg" for n in range(3)),
    "2026/spring/0.thumb.jpg",
    "2026/autumn/0.jpg",
    "2025/0.jpg",
]


def test_the_first_hour(session: Session, rgw: Rgw, monkeypatch: pytest.MonkeyPatch) -> None:
    with rgw.bucket("street-scenes") as bucket:
        bucket.put_many({key: key.encode() for key in KEYS})
        session.instead = {
            # The program is the one that is tested: installing another would test the package index.
            "python3 -m venv ~/.venvs/bucketlink": f"mkdir -p ~/.venvs && ln -s {PROGRAMS.parent} ~/.venvs/bucketlink",
            'pip install ".[parquet]" pandas': "true",
            # The bucket is one of the tests' own server, with its keys.
            "--bucket street-scenes --region eu-west-3": f"--bucket street-scenes --endpoint-url {bucket.endpoint}",
            "AKIA…": bucket.access_key,
            "wJal…": bucket.secret_key,
        }
        monkeypatch.setenv("BUCKETLINK_ALLOW_PRIVATE_ENDPOINTS", "true")
        session.read(DOCS / "getting-started.md")
    assert "in step" in (session.home / "bucketlink.log").read_text("utf-8")


def test_the_front_page(session: Session, rgw: Rgw, monkeypatch: pytest.MonkeyPatch) -> None:
    with rgw.bucket("street-scenes-2") as bucket:
        bucket.put_many({key: key.encode() for key in KEYS})
        session.instead = {
            # What it prints before and behind these lines is where everything is.
            "make demo": "bucketlink demo | tail -n +4 | head -n 14",
            "python3 -m venv ~/.venvs/bucketlink && . ~/.venvs/bucketlink/bin/activate": "true",
            'pip install ".[parquet]"': "true",
            "--bucket street-scenes --region eu-west-3": f"--bucket {bucket.name} --endpoint-url {bucket.endpoint}",
            "AKIA…": bucket.access_key,
            "BUCKETLINK_S3_SECRET_KEY=…": f"BUCKETLINK_S3_SECRET_KEY={bucket.secret_key}",
            # It would serve until Ctrl-C.
            "bucketlink serve": "true",
        }
        monkeypatch.setenv("BUCKETLINK_ALLOW_PRIVATE_ENDPOINTS", "true")
        session.read(HOME / "README.md")


def test_what_is_installed_exists() -> None:
    shown = "".join(block.text for block in blocks(DOCS / "getting-started.md") if block.language == "console")
    settings = (HOME / "pyproject.toml").read_text("utf-8")
    assert 'pip install ".[parquet]" pandas' in shown
    assert "\nparquet = " in settings
    assert 'requires-python = ">=3.11"' in settings
    assert (Path(sys.executable).parent / "bucketlink").is_file()
