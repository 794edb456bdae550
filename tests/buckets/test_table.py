"""The table of properties by kind of bucket: what its cells say."""

from typing import Literal

import pytest

from tests.buckets.table import NOTHING, Table


def report(
    kind: str,
    name: str = "it lists",
    outcome: Literal["passed", "failed", "skipped"] = "passed",
    *,
    why: str = "",
    line: int = 1,
    said: tuple[tuple[str, object], ...] = (),
) -> pytest.TestReport:
    """What a test reports that ran with a kind."""
    return pytest.TestReport(
        "test.py::test",
        ("test.py", line, "test"),
        {},
        outcome,
        ("test.py", line, f"Skipped: {why}") if why else None,
        "call",
        user_properties=[("property", name), ("kind", kind), *said],
    )


def table(*reports: pytest.TestReport) -> Table:
    made = Table(["S3 on RGW", "GCS"])
    for one in reports:
        made.pytest_runtest_logreport(one)
    return made


def test_shows_each_property_by_kind_in_the_order_of_the_file() -> None:
    shown = table(report("GCS", "it reads", line=9), report("S3 on RGW", line=2), report("GCS", line=2))
    assert shown.rows() == (
        [["property", "S3 on RGW", "GCS"], ["it lists", "ok", "ok"], ["it reads", NOTHING, "ok"]],
        [],
    )


def test_one_failing_case_fails_the_property() -> None:
    assert table(report("GCS"), report("GCS", outcome="failed"), report("GCS")).rows()[0][1:] == [
        ["it lists", "FAILED"]
    ]


def test_what_is_left_out_has_the_number_of_its_reason() -> None:
    shown = table(
        report("GCS", outcome="skipped", why="none there"),
        report("S3 on RGW", said=(("left out", "two keys"),)),
        report("S3 on RGW", outcome="skipped", why="none there"),
    )
    assert shown.rows() == (
        [["property", "S3 on RGW", "GCS"], ["it lists", "ok (1) (2)", "(1)"]],
        ["none there", "two keys"],
    )
