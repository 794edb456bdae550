"""Memory does not grow with the number of assets that are exported."""

import subprocess
import sys
from pathlib import Path

import pytest

from bucketlink import Client
from tests.api.imported import imported, numbered

FEW, MANY = 110_000, 440_000
"""Parquet holds 100,000 at a time."""
SHARE = 1.1
ROOT = Path(__file__).parents[2]

EXPORT = """
import os, sys
from bucketlink import Client
from tests.faults.processes import peak_memory
with Client.embedded(sys.argv[1]) as client:
    assert client.export_assets("prj1", sys.argv[2]) == int(sys.argv[3])
print(peak_memory(os.getpid()))
"""


@pytest.fixture(scope="module")
def directories(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """Data directories by how many assets they hold."""
    made = {assets: tmp_path_factory.mktemp(f"{assets}") for assets in (FEW, MANY)}
    for assets, directory in made.items():
        with Client.embedded(directory / "data", folder_roots=[directory]) as client:
            imported(client, directory / "data", directory / "bucket").add(numbered(assets))
    return made


def peak_of_an_export(directory: Path, name: str, assets: int) -> int:
    """Peak memory, in KiB, of a process that exports so many assets."""
    done = subprocess.run(
        [sys.executable, "-c", EXPORT, directory / "data", directory / name, str(assets)],
        capture_output=True,
        text=True,
        check=True,
        timeout=240,
        cwd=ROOT,
    )
    return int(done.stdout)


@pytest.mark.parametrize("name", ["all.csv", "all.parquet"])
def test_four_times_the_assets_take_no_more_memory(directories: dict[int, Path], name: str) -> None:
    few, many = (peak_of_an_export(directory, name, assets) for assets, directory in directories.items())

    assert many < SHARE * few, f"{few} KiB for {FEW} assets, {many} KiB for {MANY}"
