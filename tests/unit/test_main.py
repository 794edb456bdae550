"""``python -m bucketlink`` is the command line."""

import subprocess
import sys

import pytest

from bucketlink import __version__


@pytest.mark.parametrize(("argument", "status"), [("--version", 0), ("nothing-like-it", 2)])
def test_the_module_is_the_command(argument: str, status: int) -> None:
    done = subprocess.run([sys.executable, "-m", "bucketlink", argument], capture_output=True, text=True, check=False)
    assert done.returncode == status
    assert done.stdout == (f"bucketlink {__version__}\n" if status == 0 else "")
    assert done.stderr.startswith("bucketlink: ") is (status != 0)
