"""The differences themselves, narrowed down and counted by folder, however many requests that takes."""

import random
from collections import Counter
from collections.abc import Iterator

import pytest

from bucketlink.client.connections import differences as client_differences
from bucketlink.client.types import DifferenceRow, DifferenceTypeName, FolderRow
from bucketlink.errors import InvalidInput, NotFound
from bucketlink.model import Restriction, Selection
from bucketlink.store import difference_pages
from bucketlink.store.tables import differences
from bucketlink.sync.selection import Selector, folder_prefix
from tests.api.shown import Differences, Shown, opened

TYPES: tuple[DifferenceTypeName, ...] = ("ADD", "REMOVE", "CHANGED")
HARD = [
    *(
        "1.jpg",
        "ä.jpg",
        "a",
        "a.jpg",
        "a/1.jpg",
        "a/2.png",
        "a//1.jpg",
        "a//",
        "a/b/1.jpg",
        "a/b/2\n.jpg",
        "a/b/c/d.jpg",
    ),
    *("a/b2/1.jpg", "a0/1.jpg", "a-/1.jpg", "/", "/1.jpg", "//1.jpg", "a\U0010ffff", "a/\U0010ffff", "\U0010ffff/1"),
    *("\U0010ffff\U0010ffff", "\ud7ff/1.jpg", "\ue000/1.jpg", "e\u0301/1.jpg", "\u00e9/1.jpg", "%/_.jpg", "*/1.jpg"),
]
FOLDERS = ["a", "a/", "a/b", "a//", "/", "//", "\U0010ffff", "a/\U0010ffff", "%", "nothing", "a/b/1.jpg", "\u00e9"]
PATTERNS = ["a", "a/b", "*.jpg", "a*", "*", "**", "*/1.jpg", "a/*/*.jpg", "%", "a/b2/1.jpg*", "*\n*", "", "zz", "a//*"]


def random_keys() -> list[str]:
    chosen = random.Random(6)
    names = ["a", "b", "c", "", "é", "zz", "1.jpg"]
    return sorted({"/".join(chosen.choices(names, k=chosen.randint(1, 4))) for _ in range(300)} - {""})


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    with opened(tmp_path_factory.mktemp("shown")) as made:
        yield made


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every answer come after the smallest of steps."""
    monkeypatch.setattr(difference_pages, "LONGEST_LOOK", -1.0)
    monkeypatch.setattr(difference_pages, "ROWS_AT_ONCE", 7)
    monkeypatch.setattr(difference_pages, "KEYS_AT_ONCE", 3)


def expected(shown: Differences, folder: str | None = None, key: str | None = None) -> list[tuple[str, str]]:
    """What is meant, by the rules of a selection alone."""
    takes = Selector(Selection(include=() if key is None else (key,)), Restriction()).takes

    def below(one: str) -> bool:
        return "/" not in one if folder == "" else one.startswith(folder_prefix(folder or ""))

    return [(type_, one) for type_, keys in shown.items() for one in sorted(keys) if below(one) and takes(one)]


def counted(shown: Differences, folder: str | None, types: tuple[str, ...] = TYPES) -> dict[str, Counter[str]]:
    """Differences below a folder, counted by the next one's prefix; those in none by the folder's own."""
    prefix = folder_prefix(folder or "")
    found: dict[str, Counter[str]] = {}
    for type_, keys in shown.items():
        for key in keys:
            if key.startswith(prefix) and type_ in types:
                name, slash, _ = key.removeprefix(prefix).partition("/")
                found.setdefault(prefix + name + slash if slash else prefix, Counter())[type_] += 1
    return found


def as_counted(rows: list[FolderRow], folder: str | None) -> dict[str, Counter[str]]:
    def prefix(name: str | None) -> str:
        assert name is not None
        return folder_prefix(folder or "") if name == (folder or "") else folder_prefix(name)

    return {
        prefix(row["folder"]): +Counter(ADD=row["added"], REMOVE=row["removed"], CHANGED=row["changed"]) for row in rows
    }


HARD_ONES: Differences = {"ADD": HARD, "REMOVE": HARD[::2], "CHANGED": HARD[::3]}
RANDOM_ONES: Differences = {"ADD": random_keys(), "REMOVE": random_keys()[::7], "CHANGED": random_keys()[1::5]}


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize(
    "shown", [HARD_ONES, RANDOM_ONES, {"REMOVE": ["a/1.jpg"]}, {}], ids=["hard", "random", "one", "none"]
)
def test_whatever_is_meant_is_found_once_and_in_order(
    bench: Shown, shown: Differences, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_differences, "LARGE_PAGE", 4)
    bench.show(shown)
    pairs: list[tuple[str | None, str | None]] = [(folder, None) for folder in (None, "", *FOLDERS)] + [
        (None, key) for key in PATTERNS
    ]
    pairs += [(folder, key) for folder in ("", "a", "a//") for key in PATTERNS[::3]]
    for folder, key in pairs:
        assert bench.rows(folder=folder, key=key) == expected(shown, folder, key), (folder, key)


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("shown", [HARD_ONES, RANDOM_ONES, {}], ids=["hard", "random", "none"])
def test_folders_are_counted_whole_whatever_their_names(bench: Shown, shown: Differences) -> None:
    bench.show(shown)
    for folder in (None, *FOLDERS):
        assert as_counted(bench.folders(folder), folder) == counted(shown, folder), folder
        removed = counted(shown, folder, ("REMOVE",))
        assert as_counted(bench.folders(folder, type="REMOVE"), folder) == removed, folder


def test_one_can_go_down_to_every_key_by_the_folders_that_are_told(bench: Shown) -> None:
    bench.show(RANDOM_ONES)
    waiting: list[str | None] = [None]
    direct = 0
    while waiting:
        folder = waiting.pop()
        for row in bench.folders(folder):
            if row["folder"] == (folder or ""):
                direct += row["added"]
            else:
                assert len(bench.rows(folder=row["folder"])) == row["added"] + row["removed"] + row["changed"]
                waiting.append(row["folder"])
    assert direct == len(RANDOM_ONES["ADD"])


def test_of_very_many_folders_the_largest_are_told_and_nothing_is_left_out(
    bench: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(difference_pages, "LONGEST_LOOK", -1.0)
    monkeypatch.setattr(difference_pages, "ROWS_AT_ONCE", 200)
    sizes = {f"{number:04}": 1 + (number * 7919) % 5 for number in range(1200)}
    keys = [f"{name}/{number}.jpg" for name, size in sizes.items() for number in range(size)]
    bench.show({"ADD": [*keys, "root.jpg", "zz.jpg"], "CHANGED": ["0600/1.jpg"] * 1})
    rows = bench.folders()
    assert rows[0] == {"folder": "", "added": 2, "removed": 0, "changed": 0}
    assert rows[-1]["folder"] is None
    names = [row["folder"] for row in rows[1:-1] if row["folder"]]
    assert names == sorted(names)
    assert len(names) == 500
    assert {sizes[name] for name in names} >= {5, 4}
    assert min(sizes[name] for name in names) >= max(size for name, size in sizes.items() if name not in names)
    assert sum(row["added"] for row in rows) == len(keys) + 2
    assert sum(row["changed"] for row in rows) == 1


def test_the_root_alone_is_counted_and_listed_by_the_empty_folder(bench: Shown) -> None:
    bench.show({"ADD": ["1.jpg", "2.jpg", "a/1.jpg"], "REMOVE": ["a/2.jpg"]})
    assert bench.folders("") == [{"folder": "", "added": 2, "removed": 0, "changed": 0}]
    assert bench.folders("", type="REMOVE") == []
    assert bench.rows(folder="") == [("ADD", "1.jpg"), ("ADD", "2.jpg")]


def test_where_only_what_lies_in_no_folder_is_asked_for_no_folder_is_counted(
    bench: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [f"{number % 7}/{number}.jpg" for number in range(700)]
    bench.show({"ADD": [*keys, "3.jpg", "zz.jpg"], "REMOVE": ["5"]})
    where = {"connectionId": bench.connection, "folder": ""}
    page = bench.client.wire.ask(
        "query ($where: DataDifferenceFoldersWhere!) { data: dataDifferenceFolders(where: $where, first: 10) "
        "{ rows { folder } others { total } direct { added removed } next } }",
        where=where,
    )
    assert page == {"rows": [], "others": {"total": 0}, "direct": {"added": 2, "removed": 1}, "next": None}
    monkeypatch.setattr(difference_pages, "LONGEST_LOOK", -1.0)
    monkeypatch.setattr(difference_pages, "ROWS_AT_ONCE", 30)
    assert bench.folders("") == [{"folder": "", "added": 2, "removed": 1, "changed": 0}]


def test_only_so_many_are_asked_for_as_are_wanted(bench: Shown) -> None:
    bench.show({"ADD": [f"{number:04}.jpg" for number in range(1200)]})
    assert len(bench.rows(first=1100)) == 1100
    assert bench.rows(first=2, key="*9.jpg") == [("ADD", "0009.jpg"), ("ADD", "0019.jpg")]
    assert bench.rows(first=0) == []
    with pytest.raises(InvalidInput, match="-1"):
        bench.client.differences(bench.connection, first=-1)


def test_what_is_settled_while_one_goes_through_hides_nothing_else(
    bench: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_differences, "LARGE_PAGE", 3)
    keys = [f"{number:02}.jpg" for number in range(20)]
    bench.show({"ADD": keys})
    seen: list[DifferenceRow] = []
    for row in bench.client.differences(bench.connection, key="*.jpg"):
        seen.append(row)
        with bench.home.database.write() as tx:
            # All that were seen so far, the one that the next page begins behind among them, and one that was not.
            tx.execute(differences.delete().where(differences.c.key <= row["bucketKey"]))
            tx.execute(differences.delete().where(differences.c.key == "15.jpg"))
    assert [row["bucketKey"] for row in seen] == [key for key in keys if key != "15.jpg"]


@pytest.mark.parametrize("narrowing", [{"folder": "a\0"}, {"key": "a\0*"}, {"key": "a" * 1025}, {"folder": "\ud800"}])
def test_what_no_key_can_match_is_refused_in_a_sentence(bench: Shown, narrowing: dict[str, str]) -> None:
    with pytest.raises(InvalidInput):
        bench.rows(**narrowing)


def test_an_unknown_connection_is_said(bench: Shown) -> None:
    with pytest.raises(NotFound):
        next(bench.client.differences("con999"))
    with pytest.raises(NotFound):
        bench.client.difference_folders("con999")


@pytest.mark.parametrize("after", ["nonsense", "MQ", "OWE=", "4", "MWEA"])
def test_a_cursor_that_is_none_is_refused(bench: Shown, after: str) -> None:
    document = (
        "query ($id: ID!, $after: String) "
        "{ data: dataDifferences(where: {connectionId: $id}, first: 1, after: $after) { next } }"
    )
    with pytest.raises(InvalidInput, match=r"cursor|NUL"):
        bench.client.wire.ask(document, id=bench.connection, after=after)
