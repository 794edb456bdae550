"""Processes as the kernel knows them: who started whom, how much memory they use, and how to end them."""

import os
import signal
from pathlib import Path


def parents() -> dict[int, int]:
    """Each process's parent."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                status = (entry / "stat").read_text("ascii", errors="replace")
            except OSError:
                continue
            found[int(entry.name)] = int(status.rpartition(")")[2].split()[1])
    return found


def descendants(pid: int) -> list[int]:
    """Processes that a process started, and theirs."""
    by_parent = parents()
    found: list[int] = []
    waiting = [pid]
    while waiting:
        current = waiting.pop()
        children = [child for child, parent in by_parent.items() if parent == current]
        found += children
        waiting += children
    return found


def kill_all(pids: list[int]) -> None:
    """SIGKILL, to each at once."""
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def peak_memory(pid: int) -> int:
    """The most memory that a process ever held, in KiB."""
    for line in Path(f"/proc/{pid}/status").read_text("ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    return 0


def workers(pid: int, data_dir: Path) -> list[int]:
    """Processes that a process started to run the jobs of a data directory."""
    return [
        child
        for child in descendants(pid)
        if "bucketlink.worker" in _texts(child, "cmdline")
        and f"BUCKETLINK_DATA_DIR={data_dir}" in _texts(child, "environ")
    ]


def _texts(pid: int, name: str) -> list[str]:
    try:
        return Path(f"/proc/{pid}/{name}").read_text("utf-8", errors="replace").split("\0")
    except OSError:
        return []
