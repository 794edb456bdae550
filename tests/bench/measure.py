"""Measuring a command from outside: the clock, CPU time and memory of its process and of all that come from it."""

import ctypes
import json
import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SAMPLE_SECONDS = 0.1
_TICKS = os.sysconf("SC_CLK_TCK")
_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True, slots=True)
class Measured:
    """What a command printed, and what it cost: CPU seconds, start-up included, and the peak of memory in bytes.

    Memory is proportional set size, summed over the processes, as looked at ten times a second.
    """

    printed: dict[str, Any]
    process_seconds: float
    process_cpu: float
    pss: int


class Failed(Exception):
    """The command ended with an error."""


def measured(command: Sequence[str], *, cwd: Path, variables: Mapping[str, str] | None = None) -> Measured:
    """Run a command whose last line is JSON.

    Raises:
        Failed: it ended with an error, whose last lines the message holds.

    """
    _adopt_orphans()
    before, started = _children_cpu(), time.monotonic()
    peak = 0
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            command, cwd=cwd, env=variables, stdin=subprocess.DEVNULL, stdout=output, stderr=errors
        )
        while process.poll() is None:
            peak = max(peak, sum(map(_pss, [process.pid, *descendants(process.pid)])))
            time.sleep(SAMPLE_SECONDS)
        output.seek(0)
        errors.seek(0)
        lines, said = output.read().splitlines(), errors.read().decode(errors="replace")
    seconds = time.monotonic() - started
    _wait_for_orphans()
    if process.returncode or not lines:
        raise Failed(f"{' '.join(command)}: {said[-2000:]}")
    return Measured(json.loads(lines[-1]), seconds, _children_cpu() - before, peak)


def tree_cpu() -> float:
    """CPU seconds of this process, its children that are gone, and its descendants that are not."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    return own.ru_utime + own.ru_stime + _children_cpu() + sum(map(_cpu, descendants(os.getpid())))


def descendants(pid: int) -> Iterator[int]:
    """The processes that come from one, as they are now."""
    with suppress(OSError):  # gone meanwhile
        for thread in Path(f"/proc/{pid}/task").iterdir():
            for child in (thread / "children").read_text("ascii").split():
                yield int(child)
                yield from descendants(int(child))


def _children_cpu() -> float:
    gone = resource.getrusage(resource.RUSAGE_CHILDREN)
    return gone.ru_utime + gone.ru_stime


def _cpu(pid: int) -> float:
    """CPU seconds of a process and of its children that are gone; 0 if it is gone itself."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / _TICKS


def _pss(pid: int) -> int:
    """Proportional set size in bytes; 0 of a process that is gone."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        return 0
    return 0


def _adopt_orphans() -> None:
    """Become the parent of processes whose own parent ends first, so that their CPU time is not lost."""
    ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _wait_for_orphans() -> None:
    """Take note of adopted processes that have ended."""
    for child in descendants(os.getpid()):
        with suppress(ChildProcessError):
            os.waitpid(child, os.WNOHANG)
