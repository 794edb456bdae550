"""The table of what holds for which kind of bucket: a plugin that prints it for ``--table``.

A test that is run by ``kind`` is a property, or several if it is run by ``how`` too. What was left out stands there
with the number of its reason.
"""

from dataclasses import dataclass, field

import pytest

NOTHING = "\N{EN DASH}"


@dataclass(slots=True)
class Cell:
    """What came of one property for one kind, in all its cases."""

    has_passed: bool = False
    has_failed: bool = False
    reasons: set[str] = field(default_factory=set)
    """Why cases were left out."""

    def shown(self, numbers: dict[str, int]) -> str:
        """The cell's text, by the numbers of reasons."""
        notes = " ".join(f"({number})" for number in sorted(numbers[reason] for reason in self.reasons))
        if self.has_failed:
            return "FAILED"
        return " ".join(filter(None, ["ok" if self.has_passed else "", notes]))


class Table:
    """Gathers reports, in whichever process the tests ran."""

    def __init__(self, kinds: list[str]) -> None:
        self._kinds = kinds
        self._rows: dict[str, dict[str, Cell]] = {}
        self._places: dict[str, tuple[str, int, int]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        said = {name: str(value) for name, value in report.user_properties}
        if "property" not in said:
            return
        file, line, _ = report.location
        name = said["property"]
        self._places.setdefault(name, (file, line or 0, len(self._places)))
        cell = self._rows.setdefault(name, {}).setdefault(said["kind"], Cell())
        cell.reasons.update(str(value) for name, value in report.user_properties if name == "left out")
        if report.failed:
            cell.has_failed = True
        elif report.skipped:
            reason = str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
            cell.reasons.add(reason.removeprefix("Skipped: "))
        elif report.when == "call":
            cell.has_passed = True

    def rows(self) -> tuple[list[list[str]], list[str]]:
        """The table with its head, properties in the order of the files; and the reasons, in the order of numbers."""
        cells = [cell for row in self._rows.values() for cell in row.values()]
        reasons = list(dict.fromkeys(reason for cell in cells for reason in sorted(cell.reasons)))
        numbers = {reason: number for number, reason in enumerate(reasons, start=1)}
        kinds = [kind for kind in self._kinds if any(kind in row for row in self._rows.values())]
        table = [["property", *kinds]]
        for name in sorted(self._rows, key=self._places.__getitem__):
            row = self._rows[name]
            table.append([name, *(row[kind].shown(numbers) if kind in row else NOTHING for kind in kinds)])
        return table, reasons

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if not self._rows:
            return
        table, reasons = self.rows()
        terminalreporter.section("properties by kind of bucket")
        for line in _lines(table):
            terminalreporter.write_line(line)
        for number, reason in enumerate(reasons, start=1):
            terminalreporter.write_line(f"({number}) {reason}")


def note(items: list[pytest.Item], kinds: list[str]) -> None:
    """Let each report say which cell of the table it is about."""
    for item in items:
        params: dict[str, object] = getattr(getattr(item, "callspec", None), "params", {})
        how, kind = params.get("how"), params.get("kind")
        if kind in kinds:
            name = item.name.partition("[")[0].removeprefix("test_").replace("_", " ")
            item.user_properties += [("property", f"{name}: {how}" if how else name), ("kind", kind)]


def _lines(table: list[list[str]]) -> list[str]:
    """The table's lines; in its head a word stands on each."""
    words = [name.split() for name in table[0]]
    height = max(map(len, words))
    head = zip(*([""] * (height - len(name)) + name for name in words), strict=True)
    rows = [*map(list, head), *table[1:]]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join([name.ljust(widths[0]), *map(str.center, cells, widths[1:])]).rstrip() for name, *cells in rows]
