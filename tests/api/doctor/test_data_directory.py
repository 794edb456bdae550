"""Data directories that are none, that are another's, and that cannot be written to."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.api.command_line import PROGRAM
from tests.api.doctor.asking import Doctor, Finding


def test_no_directory_at_all_is_only_wrong_where_one_was_named(
    doctor: Doctor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdict, text = doctor.one("data directory", status=1)
    assert (verdict, "does not exist" in text) == ("wrong", True)
    monkeypatch.delenv("BUCKETLINK_DATA_DIR")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    assert doctor.one("data directory")[0] == "warning"


def test_a_file_in_the_place_of_the_directory(doctor: Doctor, data: Path) -> None:
    data.write_text("a file")
    assert doctor.one("data directory", status=1)[0] == "wrong"


def test_a_directory_of_other_files(doctor: Doctor, data: Path) -> None:
    data.mkdir(mode=0o700)
    (data / "thesis.tex").write_text("chapter one")
    assert doctor.one("data directory")[0] == "warning"


def test_a_directory_of_another_user(doctor: Doctor, made: Path) -> None:
    if os.geteuid() == 0:
        for path in (made, *made.iterdir()):
            os.chown(path, 65534, 65534)
        verdict, text = doctor.one("owner")
        assert (verdict, f"/bin/bucketlink doctor --data-dir {made}" in text) == ("warning", True)
    else:
        assert doctor.one("owner", "--data-dir", "/", status=1)[0] == "wrong"
        assert doctor.one("writing", "--data-dir", "/", status=1)[0] == "wrong"


def on_another_disk(place: Path, options: str, after: str = "true", disk: str = "size=1m") -> dict[str, Finding]:
    """What the doctor finds where a directory is moved to a disk of its own, on which something is done then."""
    script = (
        f"cp -a {place} {place}.before && mount -t tmpfs -o {disk},mode=700 none {place} && "
        f"cp -a {place}.before/. {place}/ && mount -o remount,{options} {place} && {{ {after}; }} && "
        'echo mounted && exec "$@"'
    )
    words = [*PROGRAM, "doctor", "--json"]
    done = subprocess.run(
        ["unshare", "--map-root-user", "--mount", "sh", "-c", script, "sh", *words],
        capture_output=True,
        text=True,
        check=False,
    )
    if not done.stdout.startswith("mounted\n"):
        pytest.skip("no disk can be mounted here")
    assert (done.returncode, done.stderr) == (1, "")
    return {one["check"]: one for one in json.loads(done.stdout.removeprefix("mounted\n"))["findings"]}


@pytest.mark.usefixtures("doctor")
def test_a_file_system_for_reading_only(made: Path) -> None:
    found = on_another_disk(made, "ro")
    assert found["writing"]["verdict"] == "wrong"
    assert found["writing"]["mend"].endswith(f"mount -o remount,rw {made}")
    assert found["integrity"]["verdict"] == "ok"


@pytest.mark.usefixtures("doctor")
def test_a_full_disk(made: Path) -> None:
    found = on_another_disk(made, "rw", f"cat /dev/zero > {made}/filling 2> /dev/null || true")
    assert found["free space"]["verdict"] == "wrong"
    assert found["integrity"]["verdict"] == "ok"


@pytest.mark.usefixtures("doctor")
def test_a_disk_that_takes_no_further_file(made: Path) -> None:
    filled = f"n=0; while touch {made}/$n 2> /dev/null; do n=$((n + 1)); done"
    found = on_another_disk(made, "rw", filled, "size=100m,nr_inodes=10")
    assert (found["free space"]["verdict"], "no further file" in found["free space"]["text"]) == ("wrong", True)
