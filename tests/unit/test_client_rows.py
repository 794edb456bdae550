import json
import pickle
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from bucketlink import Rows
from bucketlink.client.rows import MOST_CHARACTERS, MOST_COLUMNS, MOST_ROWS
from bucketlink.kili import Kili

from .fake_server import FakeServer, client_of

ROWS: list[dict[str, Any]] = [{"id": "1", "title": "Bears"}, {"id": "2", "title": None, "roles": [{"id": "a"}]}]


class Read(HTMLParser):
    """The tags of a table, and the texts of its cells."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.cells: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002
        self.tags.append(tag)
        if tag in {"td", "th"}:
            self.cells.append("")

    def handle_data(self, data: str) -> None:
        if self.tags[-1] in {"td", "th"}:
            self.cells[-1] += data


def html(rows: Rows[Any]) -> str:
    return rows._repr_html_()


def test_rows_are_a_list_in_everything() -> None:
    rows = Rows(ROWS)
    assert rows == ROWS
    assert isinstance(rows, list)
    assert (repr(rows), str(rows), json.dumps(rows)) == (repr(ROWS), str(ROWS), json.dumps(ROWS))
    assert pickle.loads(pickle.dumps(rows)) == ROWS  # noqa: S301 - our own
    assert rows[:1] + rows[1:] == ROWS


def test_a_table_has_a_column_for_every_name_and_a_line_for_every_row() -> None:
    read = Read(html(Rows(ROWS)))
    assert read.cells == ["id", "title", "roles", "1", "Bears", "", "2", "", "[{'id': 'a'}]"]
    assert html(Rows(ROWS)).endswith("<p>2 rows, 3 columns</p>")
    assert html(Rows([])).endswith("<p>0 rows, 0 columns</p>")


def test_a_table_is_bounded_and_says_so() -> None:
    many = Rows({f"c{n}": "x" * 10_000 for n in range(MOST_COLUMNS + 1)} for _ in range(5000))
    read = Read(html(many))
    assert read.tags.count("tr") == MOST_ROWS + 1
    assert read.tags.count("th") == MOST_COLUMNS
    assert read.cells[-1] == "x" * MOST_CHARACTERS + "…"
    assert html(many).endswith(f"<p>5,000 rows ({MOST_ROWS} shown), 31 columns (30 shown)</p>")


@pytest.mark.parametrize(
    "hostile", ["<script>x</script>", '"><img src=x>', "a&lt;b", "</td></table>", "\x1b[2J\n\u202e"]
)
def test_nothing_that_others_wrote_works_or_hides(hostile: str) -> None:
    shown = html(Rows([{hostile: hostile, "nested": {hostile: hostile}}]))
    read = Read(shown)
    assert set(read.tags) == {"table", "thead", "tbody", "tr", "th", "td", "p"}
    assert not re.search(r"[\x00-\x1f\u202e]", shown)
    assert read.cells[0] == hostile.replace("\x1b", r"\x1b").replace("\n", r"\n").replace("\u202e", r"\u202e")


def test_text_that_is_no_unicode_is_shown() -> None:
    assert r"\ud800" in html(Rows([{"a": "\ud800"}]))


def test_methods_that_list_answer_rows() -> None:
    kili = client_of(FakeServer(), Kili)
    found = [
        kili.projects(),
        kili.users(),
        kili.organizations(),
        kili.cloud_storage_integrations(),
        kili.storages.integrations.list(),
        kili.internal.api_keys(),
        kili.cloud_storage_connections("1"),
        kili.cloud_storage_connections(project_id="9"),
        kili.storages.connections.list(filter={"project_id": "9"}),
        kili.difference_folders("1"),
    ]
    assert [type(rows) for rows in found] == [Rows] * len(found)
    assert "Bears" not in html(Rows(kili.runs("1")))
