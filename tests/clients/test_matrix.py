"""The table of scenarios and generations: what it shows, and when it lets a run pass."""

from typing import Literal

import pytest

from tests.clients.environments import NEWEST, OLDEST, OURS, Can, named
from tests.clients.matrix import FAILED, LACKING, MISSING, OK, SKIPPED, Table


def report(
    scenario: str,
    generation: str,
    outcome: Literal["passed", "failed", "skipped"] = "passed",
    *,
    needs: str = "",
    line: int = 1,
    when: Literal["setup", "call", "teardown"] = "call",
) -> pytest.TestReport:
    """What a test reports that ran with a generation."""
    return pytest.TestReport(
        "test.py::test",
        ("test.py", line, "test"),
        {},
        outcome,
        None,
        when,
        user_properties=[("scenario", scenario), ("generation", generation), ("needs", needs)],
    )


def table(*reports: pytest.TestReport) -> Table:
    made = Table([OLDEST, NEWEST])
    for one in reports:
        made.pytest_runtest_logreport(one)
    return made


def test_shows_each_scenario_by_generation_in_the_order_of_the_file() -> None:
    shown = table(
        report("later", OLDEST.version, line=9),
        report("earlier", NEWEST.version, line=2),
        report("earlier", OLDEST.version, line=2),
        report("later", NEWEST.version, line=9),
    )

    assert shown.rows() == [["earlier", OK, OK], ["later", OK, OK]]
    assert shown.is_whole()


def test_leaves_out_only_what_a_generation_lacks() -> None:
    lacking = table(report("dry", NEWEST.version, needs=Can.DRY_RUN.name))
    missing = table(report("plain", NEWEST.version))

    assert lacking.rows() == [["dry", LACKING, OK]]
    assert lacking.is_whole()
    assert missing.rows() == [["plain", MISSING, OK]]
    assert not missing.is_whole()


@pytest.mark.parametrize("when", ["setup", "call", "teardown"])
def test_a_failure_anywhere_is_a_failure(when: Literal["setup", "call", "teardown"]) -> None:
    passed = report("plain", OLDEST.version)
    failed = report("plain", OLDEST.version, "failed", when=when)
    other = report("plain", NEWEST.version)

    for shown in (table(passed, failed, other), table(failed, passed, other)):
        assert shown.rows() == [["plain", FAILED, OK]]
        assert not shown.is_whole()


def test_a_skipped_test_is_not_a_success() -> None:
    shown = table(report("plain", OLDEST.version, "skipped", when="setup"), report("plain", NEWEST.version))

    assert shown.rows() == [["plain", SKIPPED, OK]]
    assert not shown.is_whole()


def test_nothing_is_not_whole() -> None:
    assert not table().is_whole()


def test_names_several_generations_at_once() -> None:
    assert OURS in named(["usual"])
    assert named(["26.2.4", "usual", "26.2.4"])[0] == NEWEST
    assert len(named(["all", "usual"])) == len(named(["all"]))
    with pytest.raises(KeyError, match=r"1\.0"):
        named(["1.0"])
