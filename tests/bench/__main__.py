"""``python -m tests.bench [--quick] [--only GROUP …]``: measures, and writes what was found to ``docs/benchmarks.md``.

Measured numbers are kept in ``.cache/bench``; groups that are named are measured anew, and the others stay. A quick run
has numbers of its own. Its report stays beside them, as does one that lacks a group.
"""

import argparse
import sys
import time
from pathlib import Path

from tests.bench.plan import GROUPS, LABEL_STUDIO, QUICK, USUAL, WHOLE, Bench
from tests.bench.ratios import Ratio, ratios
from tests.bench.report import write
from tests.bench.results import Results, machine
from tests.bench.server import ROOT, BenchServer

CACHE = ROOT / ".cache" / "bench"
VERDICTS = {True: "holds", False: "DOES NOT HOLD", None: ""}


def main() -> int:
    """Measure and report; returns 1 if a peer failed, or if what must be shown does not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="less of everything, in a few minutes")
    parser.add_argument("--only", nargs="+", choices=GROUPS, metavar="GROUP", help=", ".join(GROUPS))
    parser.add_argument("--report", action="store_true", help="measure nothing, write the report again")
    options = parser.parse_args()
    scale, path = (QUICK, CACHE / "quick.json") if options.quick else (WHOLE, CACHE / "whole.json")
    results = Results.load(path)
    failures: list[str] = []
    started = time.monotonic()
    if not options.report:
        if not options.only:
            results = results.only(LABEL_STUDIO)
        results.machine = machine()
        with BenchServer() as server:
            bench = Bench(server, results, path, scale)
            for group in options.only or USUAL:
                bench.measure(group)
        failures = bench.failures
    is_whole = not options.quick and set(USUAL) <= set(results.groups)
    report = ROOT / "docs" / "benchmarks.md" if is_whole else path.with_suffix(".md")
    write(results, scale, report)
    shown = ratios(results, scale)
    _tell(shown, failures, report, time.monotonic() - started)
    return 1 if failures or (not options.quick and any(ratio.holds is False for ratio in shown)) else 0


def _tell(shown: list[Ratio], failures: list[str], report: Path, seconds: float) -> None:
    lines = [f"{ratio.sentence}: {ratio.shown} ({ratio.bound}) {VERDICTS[ratio.holds]}".rstrip() for ratio in shown]
    print("\n".join([*lines, *failures, f"{report} ({seconds:.0f} s)"]))  # noqa: T201 - for whoever has waited


if __name__ == "__main__":
    sys.exit(main())
