"""What the peers' scripts share: what is asked, the clock, and the line that they print.

A script runs in the environment of its peer, which has nothing of ours, as
``python -m tests.bench.peers.NAME TASK PLATFORM ENDPOINT BUCKET COUNT LAYOUT``.
Making the keys to compare with, importing and counting what was found are off the clock.
"""

import json
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from tests.bench.layouts import changes, objects


@dataclass(frozen=True, slots=True)
class Found:
    """How many objects were listed; of a comparison of keys, how many were new, and how many gone."""

    objects: int
    added: int = 0
    removed: int = 0


@dataclass(frozen=True, slots=True)
class Task:
    """What is asked of a script; ``count`` is how many objects the bucket had before it changed."""

    name: str
    platform: str
    endpoint: str
    bucket: str
    count: int
    layout: str

    @property
    def expected(self) -> Found:
        """What is to be found."""
        if self.name != "changed":
            return Found(self.count)
        made = changes(self.count)
        return Found(self.count + made["added"] - made["removed"], made["added"], made["removed"])

    def known(self) -> set[str]:
        """The keys to compare with."""
        return {key for keys, _ in objects(self.layout, self.count) for key in keys}

    def answer(self, clock: "Clock", version: str, found: Found) -> None:
        """Print what was measured, if what was found is right; otherwise end with an error."""
        if found != self.expected:
            sys.exit(f"{sys.argv[0]}: {self.expected} was to be found, and {found} was.")
        told = {"objects": found.objects, "seconds": clock.seconds, "cpu": clock.cpu, "version": version}
        print(json.dumps(told), flush=True)  # noqa: T201 - read by the benchmark


def given() -> Task:
    """The task of the command line."""
    name, platform, endpoint, bucket, count, layout = sys.argv[1:]
    return Task(name, platform, endpoint, bucket, int(count), layout)


def used() -> float:
    """Seconds of CPU time that this process has used, and the children that it has waited for."""
    both = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


class Clock:
    """Seconds on the wall, and of CPU time, of what is done inside ``with``."""

    def __init__(self, used: Callable[[], float] = used) -> None:
        self._used = used
        self.seconds = self.cpu = 0.0

    def __enter__(self) -> Self:
        self.seconds, self.cpu = -time.perf_counter(), -self._used()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.seconds += time.perf_counter()
        self.cpu += self._used()
