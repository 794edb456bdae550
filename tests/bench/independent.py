"""Differences as tools find them that know nothing of ours: sort, comm and cut of the GNU coreutils."""

import os
import subprocess
from pathlib import Path

from tests.bench.layouts import etag, objects

_ENVIRONMENT = {"LC_ALL": "C", "PATH": os.environ.get("PATH", os.defpath)}


def agrees(found: Path, layout: str, count: int, scratch: Path) -> bool:
    """Whether ``found``, lines of kind and key, is what differs in a bucket that changed.

    ``scratch`` is a directory with room for two lists of the bucket.
    """
    for name, changed in (("old", False), ("new", True)):
        with (scratch / name).open("w", encoding="utf-8") as file:
            for keys, seeds in objects(layout, count, changed=changed):
                file.writelines(f"{key}\t{etag(seed)}\n" for key, seed in zip(keys, seeds, strict=True))
        _run(scratch, f"sort -S 256M -T . -o {name} {name}")
    _run(scratch, "comm -23 old new | cut -f 1 | sort > old-keys && comm -13 old new | cut -f 1 | sort > new-keys")
    _run(scratch, r"comm -23 old-keys new-keys | sed 's/^/remove\t/' > expected")
    _run(scratch, r"comm -13 old-keys new-keys | sed 's/^/add\t/' >> expected")
    _run(scratch, r"comm -12 old-keys new-keys | sed 's/^/changed\t/' >> expected")
    _run(scratch, "sort -o expected expected")
    ours = scratch / "found"
    _run(scratch, f"sort -o '{ours}' '{found}'")
    return (scratch / "expected").read_bytes() == ours.read_bytes()


def _run(directory: Path, script: str) -> None:
    subprocess.run(["bash", "-e", "-o", "pipefail", "-c", script], cwd=directory, env=_ENVIRONMENT, check=True)
