"""Asks the doctor about a data directory, and breaks one."""

import hashlib
import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from bucketlink import Client
from bucketlink.home import DATABASE_FILE
from tests.api.command_line import Inside

SECRET = "a-secret-key-that-nobody-may-see"
KEY = "an-operator-s-own-key-of-32-characters-or-more"
Finding = dict[str, Any]


class Doctor:
    """Asks the doctor in this process, and looks that it changes nothing and shows no secret."""

    def __init__(self, run: Inside, watched: Path) -> None:
        self._run = run
        self.watched = watched

    def __call__(self, *words: str | Path, status: int = 0) -> dict[str, list[Finding]]:
        """What was found, by what was looked at."""
        before = _state(self.watched)
        done = self._run.run(["doctor", *map(str, words), "--json"])
        assert _state(self.watched) == before
        assert SECRET not in done.stdout + done.stderr
        assert KEY not in done.stdout + done.stderr
        assert done.stderr == ""
        document = json.loads(done.stdout)
        worse = [one for one in document["findings"] if one["verdict"] == "wrong"]
        assert (done.status, document["ok"]) == (status, status == 0), worse
        found: dict[str, list[Finding]] = {}
        for finding in document["findings"]:
            # Errors of our own say in their second half what to do.
            says = finding["mend"] or re.search(r"[;:.] \w", finding["text"])
            assert finding["verdict"] not in {"warning", "wrong"} or says, finding
            found.setdefault(finding["check"], []).append(finding)
        return found

    def one(self, check: str, *words: str | Path, status: int = 0) -> tuple[str, str]:
        """Verdict and sentences about one thing."""
        (found,) = self(*words, status=status)[check]
        return found["verdict"], f"{found['text']} {found['mend']}"


def _state(place: Path) -> dict[str, tuple[int, int, str]]:
    """Whose and what every file is. A live worker's shared memory and lock move by themselves."""
    if not place.exists():
        return {}
    found = {}
    for path in sorted([place, *place.rglob("*")]):
        status = path.lstat()
        kept = path.is_file() and not path.name.endswith("-shm")
        content = hashlib.sha256(path.read_bytes()).hexdigest() if kept else ""
        found[str(path)] = (status.st_mode, status.st_uid, content)
    return found


def register(data: Path, endpoint: str, name: str = "street scenes") -> None:
    with Client.embedded(data) as client:
        client.create_cloud_storage_integration(
            "CustomS3",
            name,
            s3_bucket_name="bucket",
            s3_endpoint=endpoint,
            s3_access_key="AKIAEXAMPLE",
            s3_secret_key=SECRET,
        )


def change(data: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(data / DATABASE_FILE)) as opened, opened:
        opened.execute(statement, values)
