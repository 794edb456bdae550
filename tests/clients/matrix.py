"""The matrix of scenarios and generations: a plugin that chooses the generations and prints what came of each.

A test that takes the fixture ``environment`` is a scenario, run with every chosen generation that can do what its mark
``needs`` names. With ``--table`` nothing may be left out: a scenario that has not run with a generation that can do it
fails the run.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from tests.clients.environments import Can, Environment, named

OK, FAILED, SKIPPED, MISSING, LACKING = "ok", "FAILED", "skipped", "MISSING", "\N{EN DASH}"


@dataclass(slots=True)
class Row:
    """What came of one scenario."""

    place: tuple[str, int]
    needs: frozenset[Can]
    cells: dict[str, str] = field(default_factory=dict)

    def add(self, generation: str, outcome: str) -> None:
        """Note what came of a test; the worst of several counts."""
        self.cells[generation] = max(self.cells.get(generation, OK), outcome, key=(OK, SKIPPED, FAILED).index)

    def cell(self, environment: Environment) -> str:
        """What the table shows for a generation."""
        return self.cells.get(environment.version, MISSING if self.needs <= environment.can else LACKING)


class Table:
    """Gathers reports, in whichever process the tests ran."""

    def __init__(self, environments: list[Environment]) -> None:
        self.environments = environments
        self._rows: dict[str, Row] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        said = defaultdict(str, {name: str(value) for name, value in report.user_properties})
        if not said["generation"]:
            return
        file, line, _ = report.location
        needs = frozenset(Can[name] for name in said["needs"].split())
        row = self._rows.setdefault(said["scenario"], Row((file, line or 0), needs))
        if report.failed:
            row.add(said["generation"], FAILED)
        elif report.skipped:
            row.add(said["generation"], SKIPPED)
        elif report.when == "call":
            row.add(said["generation"], OK)

    def rows(self) -> list[list[str]]:
        """Name and cells of each scenario, in the order of the files."""
        ordered = sorted(self._rows.items(), key=lambda item: item[1].place)
        return [[name, *(row.cell(environment) for environment in self.environments)] for name, row in ordered]

    def is_whole(self) -> bool:
        """Whether every scenario has succeeded with every generation that can do it."""
        cells = {cell for _, *row in self.rows() for cell in row}
        return OK in cells and cells <= {OK, LACKING}

    @pytest.hookimpl(wrapper=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Iterator[None]:
        if self._rows and not self.is_whole() and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        yield

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if not self._rows:
            return
        table = [["scenario", *(environment.version for environment in self.environments)], *self.rows()]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        terminalreporter.section("scenarios by generation")
        for name, *cells in table:
            shown = [cell.center(width) for cell, width in zip(cells, widths[1:], strict=True)]
            terminalreporter.write_line("  ".join([name.ljust(widths[0]), *shown]).rstrip())


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("clients")
    group.addoption(
        "--generations",
        default="usual",
        help="which generations of the client to test, with commas between: usual, all, or versions",
    )
    group.addoption(
        "--table",
        action="store_true",
        help="print scenarios by generation, none missing, and properties by kind of bucket",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs(*can): what a generation must be able to do to run this scenario")
    environments = chosen(config)
    is_worker = hasattr(config, "workerinput")
    if config.getoption("table") and not is_worker:
        config.pluginmanager.register(Table(environments))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a scenario with every chosen generation, unless it chooses its own."""
    if "environment" in metafunc.fixturenames and not _chooses(metafunc.definition):
        needs = _needs(metafunc.definition)
        able = [environment for environment in chosen(metafunc.config) if needs <= environment.can]
        metafunc.parametrize("environment", able, ids=lambda one: one.version, indirect=True, scope="session")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let each report say which cell of the table it is about."""
    for item in items:
        callspec = getattr(item, "callspec", None)
        environment = callspec.params.get("environment") if callspec else None
        if isinstance(environment, Environment) and not _chooses(item):
            name = item.name.partition("[")[0].removeprefix("test_")
            item.user_properties += [
                ("scenario", name.replace("_", " ")),
                ("generation", environment.version),
                ("needs", " ".join(sorted(can.name for can in _needs(item)))),
            ]


def chosen(config: pytest.Config) -> list[Environment]:
    """The generations that the command line asks for."""
    try:
        return named(str(config.getoption("generations")).split(","))
    except KeyError as unknown:
        raise pytest.UsageError(f"--generations: there is no {unknown}") from None


def _chooses(item: pytest.Item) -> bool:
    """Whether a test names its generations itself, and so is no row of the table."""
    return any("environment" in mark.args[0] for mark in item.iter_markers("parametrize"))


def _needs(item: pytest.Item) -> frozenset[Can]:
    return frozenset(can for mark in item.iter_markers("needs") for can in mark.args)
