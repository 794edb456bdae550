"""What was measured: cells, each with the rounds in which it was, kept as JSON."""

import json
import os
import platform
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from math import nan
from pathlib import Path
from statistics import median
from typing import Any, Self

OURS = "bucketlink"


@dataclass(frozen=True, slots=True)
class Cell:
    """One thing that is measured: who does what, on a bucket of which kind, and at which latency in milliseconds."""

    who: str
    task: str
    objects: int
    platform: str = "s3"
    layout: str = "dates"
    latency: int = 0

    @property
    def name(self) -> str:
        """Tells it from all others."""
        return f"{self.who}/{self.task}/{self.platform}/{self.layout}/{self.objects}/{self.latency}ms"


@dataclass(slots=True)
class Results:
    """Cells by name, with the numbers of each round, and the machine that they were measured on.

    ``groups`` are those of the plan that were measured to their end.
    """

    machine: dict[str, str] = field(default_factory=dict)
    cells: dict[str, dict[str, Any]] = field(default_factory=dict)
    groups: list[str] = field(default_factory=list)

    @classmethod
    def load(cls, path: Path) -> Self:
        """What was measured before, if anything was."""
        return cls(**json.loads(path.read_text("utf-8"))) if path.exists() else cls()

    def save(self, path: Path) -> None:
        """Keep it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=1), "utf-8")

    def only(self, who: str) -> "Results":
        """What was measured of somebody, and nothing else."""
        return Results(cells={name: entry for name, entry in self.cells.items() if entry["cell"]["who"] == who})

    def put(self, cell: Cell, rounds: Sequence[dict[str, Any]]) -> None:
        """Note what was measured of a cell, instead of what was before."""
        self.cells[cell.name] = {"cell": asdict(cell), "rounds": list(rounds)}

    def find(self, **wanted: object) -> list[Cell]:
        """The cells that were measured with these fields, in the order in which they were."""
        return [cell for cell in self if all(getattr(cell, name) == value for name, value in wanted.items())]

    def __iter__(self) -> Iterator[Cell]:
        return (Cell(**entry["cell"]) for entry in self.cells.values())

    def value(self, cell: Cell, name: str) -> float:
        """The median of a number over the rounds of a cell; NaN if it was not measured."""
        return median(self._numbers(cell, name))

    def highest(self, cell: Cell, name: str) -> float:
        """The highest of a number; NaN if it was not measured."""
        return max(self._numbers(cell, name))

    def _numbers(self, cell: Cell, name: str) -> list[float]:
        rounds = self.cells[cell.name]["rounds"] if cell.name in self.cells else []
        return [float(each[name]) for each in rounds if name in each] or [nan]

    def each(self, cell: Cell, name: str) -> float:
        """A number for each object, in millionths."""
        return self.value(cell, name) / self.value(cell, "objects") * 1e6

    def version(self, who: str) -> str:
        """The version of a peer, as it has told itself."""
        return next((str(self.cells[cell.name]["rounds"][0].get("version", "")) for cell in self.find(who=who)), "")


def machine() -> dict[str, str]:
    """What kind of machine this is; nothing that tells one of its kind from another."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    models = [line for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines() if line.startswith("model name")]
    return {
        "processor": " ".join(models[0].partition(":")[2].split()) if models else platform.machine(),
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": f"{memory / 2**30:.0f} GiB",
        "system": f"Linux {'.'.join(platform.release().split('.')[:2])}",
        "Python": platform.python_version(),
        "SQLite": sqlite3.sqlite_version,
    }
