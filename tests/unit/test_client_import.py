"""What importing loads, which is what decides how long it takes; and what the base installation is made of."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

HOME = Path(__file__).parents[2]
HEAVY = {
    *("alembic", "botocore", "click", "cryptography", "graphql", "lxml", "PIL", "rich", "sqlalchemy", "starlette"),
    *("urllib3", "uvicorn", "websockets"),
    *("numpy", "pandas", "polars", "pyarrow", "IPython", "google.auth", "azure.identity"),
    *("bucketlink.api", "bucketlink.cli", "bucketlink.store", "bucketlink.settings"),
}
SDK = {"httpx2", "orjson", "tqdm", "typeguard"}
UNUSED = {
    *("alembic", "botocore", "lxml", "PIL", "rich.traceback", "starlette", "urllib3", "uvicorn", "websockets"),
    *("httpx2", "tqdm", "typeguard", "structlog", "bucketlink.buckets.http", "bucketlink.jobs"),
    *("numpy", "pandas", "polars", "pyarrow", "IPython", "google.auth", "azure.identity"),
}
"""What nothing needs that works on a data directory, and reads no bucket."""


def loaded(statement: str) -> set[str]:
    script = f"import json, sys\n{statement}\nprint(json.dumps([*sys.modules]))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def loaded_by(*arguments: object) -> set[str]:
    return loaded(f"from bucketlink.cli import main; main({[str(one) for one in arguments]})")


def test_importing_the_package_loads_next_to_nothing() -> None:
    of_ours = {name for name in loaded("import bucketlink") if name.startswith("bucketlink")}
    assert of_ours == {"bucketlink", "bucketlink.errors"}
    assert not loaded("import bucketlink") & (HEAVY | SDK)


@pytest.mark.parametrize("statement", [f"from bucketlink import {name}" for name in ("Client", "Kili", "Rows", "kili")])
def test_importing_the_client_loads_nothing_of_the_server(statement: str) -> None:
    assert not loaded(statement) & HEAVY


def test_an_embedded_command_loads_what_it_needs_alone(tmp_path: Path) -> None:
    loaded_by("--data-dir", tmp_path / "data", "projects", "create", "Streets")
    modules = loaded_by("--data-dir", tmp_path / "data", "--json", "projects", "list")
    assert {"sqlalchemy", "graphql"} <= modules
    assert not modules & {*UNUSED, "rich"}
    assert not loaded_by("--data-dir", tmp_path / "data", "projects", "list") & UNUSED


def test_a_command_that_speaks_to_a_server_loads_none() -> None:
    modules = loaded_by("--endpoint", "http://127.0.0.1:9", "--api-key", "bl_0", "projects", "list")
    assert "httpx2" in modules
    assert not modules & (HEAVY - {"click", "bucketlink.cli"})


def test_everything_that_is_exported_is_there_and_nothing_else_is_shown() -> None:
    import bucketlink  # noqa: PLC0415 - looked into

    for name in bucketlink.__all__:
        assert getattr(bucketlink, name) is not None
    assert set(bucketlink.__all__) <= set(dir(bucketlink))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        bucketlink.nothing  # noqa: B018


def test_the_client_of_scripts_is_one_class_wherever_it_is_imported_from() -> None:
    from bucketlink import Kili  # noqa: PLC0415
    from bucketlink.kili import Kili as there  # noqa: N813, PLC0415

    assert Kili is there


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((HOME / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]
    names = {re.split(r"[\[<>=!~; ]", one)[0].lower() for one in wanted}
    section = (HOME / "docs" / "architecture.md").read_text("utf-8").partition("\n## Dependencies\n")[2]
    lines = re.findall(r"^\| (.+?) \| (.+?) \|$", section.partition("\n## ")[0], re.MULTILINE)
    given = {name for packages, _ in lines for name in re.findall(r"[\w-]+", packages.lower())}
    assert names <= given
