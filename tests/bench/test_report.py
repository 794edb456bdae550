"""The report says what was measured, and says so where something was not."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.bench.chart import Bar, Panel, svg
from tests.bench.independent import agrees
from tests.bench.layouts import changes, etag, objects
from tests.bench.plan import QUICK
from tests.bench.ratios import Ratio, ratios
from tests.bench.report import write
from tests.bench.results import OURS, Cell, Results

SIZE = QUICK.sizes[-1]


def measured(tmp_path: Path) -> Results:
    results = Results({"cores": "2"})
    results.put(Cell(OURS, "list", SIZE), [{"objects": SIZE, "seconds": s, "cpu": s, "pss": 5e7} for s in (3, 1, 2)])
    results.put(
        Cell("boto3", "list", QUICK.peers),
        [{"objects": QUICK.peers, "seconds": 5, "cpu": 50, "pss": 6e7, "version": "1.2.3"}],
    )
    results.put(
        Cell(OURS, "first", SIZE, latency=100),
        [{"objects": SIZE, "seconds": 9, "compute_seconds": 7.5, "cpu": 4, "pss": 7e7, "requests": 104}],
    )
    results.save(tmp_path / "results.json")
    return Results.load(tmp_path / "results.json")


def test_ratios_are_of_medians_for_an_object(tmp_path: Path) -> None:
    found = {ratio.sentence: ratio for ratio in ratios(measured(tmp_path), QUICK)}
    boto3 = found["List only, S3: CPU time for an object, boto3 over ours"]
    assert (boto3.shown, boto3.bound, boto3.holds) == ("50.00", "≥ 40", True)
    requests = found["100 ms, first sync, dates: requests over pages"]
    assert (requests.shown, requests.holds) == ("1.04", True)


def test_what_was_not_measured_neither_holds_nor_fails(tmp_path: Path) -> None:
    unknown = [ratio for ratio in ratios(measured(tmp_path), QUICK) if ratio.holds is None]
    assert unknown
    assert {ratio.shown for ratio in unknown} == {"not measured"}


@pytest.mark.parametrize(("value", "holds"), [(2.9, False), (3.0, True), (3.1, True)])
def test_bounds_are_part_of_what_holds(value: float, holds: bool) -> None:
    assert Ratio("", value, at_least=3).holds is holds
    assert Ratio("", -value, at_most=-3).holds is holds


def test_the_page_has_each_measurement(tmp_path: Path) -> None:
    write(measured(tmp_path), QUICK, tmp_path / "page.md")
    page = (tmp_path / "page.md").read_text("utf-8")
    assert "| boto3 1.2.3 | S3 | list only | 50,000 | 10,000 | 1,000 | 60 |" in page
    assert "| first sync | dates | 100 | 13,333 | 7.5 | 9 | 104 | 70 |" in page
    assert "cores 2" in page
    assert str(tmp_path) not in page
    assert not re.search(r"\bnan\b", page)
    ET.parse(tmp_path / "page.svg")  # noqa: S314 - our own


def test_bars_are_as_long_as_the_powers_of_ten_that_they_stand_for() -> None:
    root = ET.fromstring(svg([Panel("<&>", [Bar("a", 10, "10"), Bar("b", 100, "100")]), Panel("none", [])]))  # noqa: S314
    shortest, longest = [float(bar.attrib["width"]) for bar in root.iter("{http://www.w3.org/2000/svg}rect")][1:]
    assert longest == pytest.approx(2 * shortest)
    assert "none" not in "".join(root.itertext())


def test_differences_are_checked_against_the_coreutils(tmp_path: Path) -> None:
    before, after = (
        {key: etag(seed) for chunk in objects("flat", 2_000, changed=changed) for key, seed in zip(*chunk, strict=True)}
        for changed in (False, True)
    )
    lines = [f"add\t{key}\n" for key in after.keys() - before.keys()]
    lines += [f"remove\t{key}\n" for key in before.keys() - after.keys()]
    lines += [f"changed\t{key}\n" for key in before.keys() & after.keys() if before[key] != after[key]]
    assert len(lines) == sum(changes(2_000).values())
    found = tmp_path / "differences"
    found.write_text("".join(lines), "utf-8")
    assert agrees(found, "flat", 2_000, tmp_path)
    found.write_text("".join(lines[1:]), "utf-8")
    assert not agrees(found, "flat", 2_000, tmp_path)
