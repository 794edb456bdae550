"""The examples for operators, in docs/operations, fit the program that they run."""

import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import pytest
import yaml  # type: ignore[import-untyped]

from bucketlink.api.limits import LONGEST_LISTING
from bucketlink.api.server import STOP_SECONDS
from bucketlink.api.web import PATH
from bucketlink.cli.common import State
from bucketlink.cli.root import root
from bucketlink.settings import Settings

HOME = Path(__file__).parents[2]
HERE = HOME / "docs" / "operations"
PROJECT = tomllib.loads((HOME / "pyproject.toml").read_text("utf-8"))["project"]
README = (HERE / "README.md").read_text("utf-8")
INSTRUCTIONS = {
    *("FROM", "WORKDIR", "COPY", "RUN", "ENV", "VOLUME", "USER", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK"),
    *("ENTRYPOINT", "CMD"),
}


def taken(words: list[str], monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Any]:
    """What a command line, which is not run, would be run with."""
    found: list[Mapping[str, Any]] = []
    with monkeypatch.context() as patch:
        patch.setattr(click.Command, "invoke", lambda _, context: found.append(context.params))
        root.main(words, prog_name="bucketlink", obj=State(), standalone_mode=False)
    return found[-1]


# systemd


def unit() -> dict[str, list[tuple[str, str]]]:
    """The unit's sections; a name may come more than once."""
    sections: dict[str, list[tuple[str, str]]] = {}
    for line in (HERE / "bucketlink.service").read_text("utf-8").splitlines():
        if line.startswith("["):
            current = sections.setdefault(line.strip("[]"), [])
        elif line and not line.startswith("#"):
            name, _, value = line.partition("=")
            current.append((name, value))
    return sections


def test_the_unit_is_one_that_systemd_takes(tmp_path: Path) -> None:
    verify = shutil.which("systemd-analyze")
    if verify is None:
        pytest.skip("systemd is not installed")
    program = Path(sys.executable).with_name("bucketlink")
    text = (HERE / "bucketlink.service").read_text("utf-8").replace("/opt/bucketlink/bin/bucketlink", str(program))
    (tmp_path / "bucketlink.service").write_text(text, "utf-8")
    done = subprocess.run(
        [verify, "verify", tmp_path / "bucketlink.service"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_unit_serves_its_own_directory_and_has_time_to_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    service = dict(unit()["Service"])
    program, *words = shlex.split(service["ExecStart"])
    assert Path(program).name in PROJECT["scripts"]
    assert words[0] == "serve"
    assert taken(words, monkeypatch)["host"] == "127.0.0.1"
    assert service["Environment"] == f"BUCKETLINK_DATA_DIR=/var/lib/{service['StateDirectory']}"
    assert int(service["TimeoutStopSec"]) > 2 * STOP_SECONDS
    assert service["User"] not in {"", "root"}


def test_the_unit_gives_no_more_rights_than_needed() -> None:
    service = dict(unit()["Service"])
    assert service["CapabilityBoundingSet"] == ""
    assert service["ProtectSystem"] == "strict"
    assert {service[name] for name in ("NoNewPrivileges", "PrivateTmp", "ProtectHome")} == {"yes"}
    assert (service["StateDirectoryMode"], service["UMask"]) == ("0700", "0077")


# Containers


def containerfile() -> list[tuple[str, str]]:
    """Instructions and what they are given."""
    text = re.sub(r"\\\n", " ", (HERE / "Containerfile").read_text("utf-8"))
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(name, rest.strip()) for name, _, rest in (line.partition(" ") for line in lines)]


def given(instruction: str) -> list[str]:
    return [rest for name, rest in containerfile() if name == instruction]


def test_the_containerfile_copies_what_is_there() -> None:
    assert {name for name, _ in containerfile()} <= INSTRUCTIONS
    for words in map(str.split, given("COPY")):
        if not words[0].startswith("--from="):
            assert all((HOME / source).exists() for source in words[:-1]), words
    assert len(given("FROM")) == 2
    for image in given("FROM"):
        version = re.match(r"docker\.io/library/python:3\.(\d+)-slim", image)
        assert version
        assert int(version[1]) >= int(PROJECT["requires-python"].removeprefix(">=3."))


def test_the_container_runs_the_server_as_nobody_special(monkeypatch: pytest.MonkeyPatch) -> None:
    (entry,), (command,) = given("ENTRYPOINT"), given("CMD")
    assert json.loads(entry) == ["bucketlink"]
    assert "bucketlink" in PROJECT["scripts"]
    shown = taken(json.loads(command), monkeypatch)
    assert given("EXPOSE") == [str(shown["port"])]
    assert given("USER") == ["bucketlink"]
    names = [name for name, _ in containerfile()]
    assert names.index("USER") > max(at for at, name in enumerate(names) if name == "RUN")
    (check,) = given("HEALTHCHECK")
    assert f"http://127.0.0.1:{shown['port']}{PATH}/version" in check
    compile(json.loads(check[check.index("[") :])[2], "HEALTHCHECK", "exec")


def test_the_image_holds_no_setting_but_the_directory() -> None:
    assert given("ENV") == [f"BUCKETLINK_DATA_DIR={given('VOLUME')[0]}"]


def test_compose_keeps_the_data_and_shows_the_port_to_this_machine_alone() -> None:
    compose = yaml.safe_load((HERE / "compose.yaml").read_text("utf-8"))
    service = compose["services"]["bucketlink"]
    assert (HERE / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
    volume, _, place = service["volumes"][0].partition(":")
    assert volume in compose["volumes"]
    assert [place] == given("VOLUME")
    assert all(port.startswith("127.0.0.1:") and port.endswith(f":{given('EXPOSE')[0]}") for port in service["ports"])
    assert int(service["stop_grace_period"].removesuffix("s")) > 2 * STOP_SECONDS
    assert service["cap_drop"] == ["ALL"]
    assert "environment" not in service


# What the README says


def test_every_file_is_named_and_every_variable_of_the_examples_is_one() -> None:
    files = {path.name for path in HERE.iterdir()} - {"README.md"}
    assert {name for name in files if f"[{name}]({name})" in README} == files
    known = {f"BUCKETLINK_{name.upper()}" for name in Settings.model_fields}
    named = {name for file in files for name in re.findall(r"BUCKETLINK_[A-Z_]+", (HERE / file).read_text("utf-8"))}
    assert named <= known


def test_nginx_lets_the_longest_request_pass() -> None:
    most = re.search(r"client_max_body_size (\d+)m;", README)
    assert most
    assert int(most[1]) << 20 >= LONGEST_LISTING


def rows(text: str, heading: str) -> list[list[str]]:
    """The cells of the table below a heading, without its head."""
    section = text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:1] == "|"][
        2:
    ]


def number(cell: str) -> float:
    return float(cell.split(maxsplit=1)[0].replace(",", ""))


def test_how_large_it_gets_is_what_the_benchmarks_say() -> None:
    benchmarks = (HOME / "docs" / "benchmarks.md").read_text("utf-8")
    measured = {(row[2], row[3]): row for row in rows(benchmarks, "Synchronizing, by size") if row[0] == "Bucketlink"}
    for objects, *told in rows(README, "How large"):
        first, nothing = measured["first sync", objects], measured["list and compare, nothing changed", objects]
        size, count = number(first[7]) * number(objects) / 1e6, number(objects)
        shown = [size, count / number(first[4]), count / number(nothing[4]), number(first[6])]
        assert [number(cell) for cell in told] == pytest.approx(shown, rel=0.05)
