"""Selections of many folders: the first pages of the next ones are asked for ahead, and all else is as ever."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bucketlink.buckets.listing import Scope
from bucketlink.buckets.protocol import Listed
from bucketlink.model import Selection
from bucketlink.spans import Page
from bucketlink.sync import firsts as module
from bucketlink.sync.firsts import MOST_AHEAD, Firsts
from tests.buckets.listings import KINDS, PAGE_KEYS, server_of, source_at
from tests.servers.pages import Faults, PageServer
from tests.sync.desk import ADD, Desk

SECONDS = 10
LARGE, EMPTY = "folder-07", "folder-09"
FOLDERS = [f"folder-{number:02}" for number in range(40)]


def keys_of(folder: str) -> list[str]:
    count = 0 if folder == EMPTY else 400 if folder == LARGE else 3
    return [f"{folder}/image-{number:03}.jpg" for number in range(count)]


KEYS = sorted([key for folder in FOLDERS for key in keys_of(folder)] + ["folder-07.jpg", "folder-07/a/b.jpg", "z.jpg"])
TAKEN = [key for key in KEYS if "/" in key]
SELECTION = Selection(tuple(FOLDERS))


@pytest.fixture(params=[kind for kind in KINDS if "ignored" not in kind])
def server(request: pytest.FixtureRequest) -> Iterator[tuple[str, PageServer]]:
    with server_of(request.param, KEYS) as server:
        yield request.param, server


@pytest.fixture
def desk(server: tuple[str, PageServer], tmp_path: Path) -> Iterator[Desk]:
    kind, at = server
    source = source_at(kind, at.endpoint)
    opened = Desk.open(tmp_path, address=source.address, credentials=source.credentials)
    yield opened
    opened.close()


def test_every_key_of_every_folder_comes_once_and_each_page_is_asked_for_once(
    desk: Desk, server: tuple[str, PageServer]
) -> None:
    connection = desk.connect(SELECTION)
    assert desk.compute(connection) == (len(TAKEN), 0, 0)
    assert desk.keys(connection, ADD) == TAKEN
    # The large folder may have been cut; every other one is a page, asked for once.
    assert len(FOLDERS) <= server[1].counts["LIST"] <= len(FOLDERS) + 2 * len(keys_of(LARGE)) // PAGE_KEYS


def test_a_folder_that_cannot_be_listed_fails_the_run_and_the_next_one_has_all(
    desk: Desk, server: tuple[str, PageServer]
) -> None:
    at = server[1]
    connection = desk.connect(SELECTION)
    desk.synchronize(connection)
    at.faults = Faults(status=403, code="AccessDenied")
    desk.request_compute(connection)
    desk.work()
    assert desk.connection(connection).error
    at.faults = Faults()
    at.delete(TAKEN[0])
    at.put("folder-39/new.jpg")
    assert desk.compute(connection) == (1, 1, 0)


@dataclass
class Together:
    """A reader whose pages come when as many are asked for side by side as are told."""

    at_once: int
    page_keys: int = 50
    address_field: str = "s3Endpoint"
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._barrier = threading.Barrier(self.at_once)

    def listed(
        self, *, prefix: str = "", after: str | None = None, root_files: bool = False, token: object = None
    ) -> Listed:
        assert (after, root_files, token) == (None, False, None)
        self.asked.append(prefix)
        self._barrier.wait(SECONDS)
        return Listed(Page([f"{prefix}a"], [1], ["e"]))

    def begins_anywhere(self, *, prefix: str = "") -> bool:
        raise AssertionError(prefix)


def taken(firsts: Firsts, scopes: list[Scope]) -> list[str | None]:
    """The first key of each scope whose first page was asked for ahead, and was right."""
    found: list[str | None] = []
    for scope in scopes:
        first = firsts.take(scope)
        fetched = first.result(SECONDS).fetched if first else None
        found.append(fetched.page.first if fetched else None)
    return found


def scopes_of(count: int) -> list[Scope]:
    return [Scope(f"{number:03}/") for number in range(count)]


@pytest.mark.parametrize("at_once", [1, 3])
def test_more_are_asked_for_the_more_small_ones_there_were(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SMALL_SECONDS", SECONDS)
    scopes = scopes_of(1 + 3 * MOST_AHEAD)
    reader = Together(at_once)
    firsts = Firsts(reader, scopes)
    assert firsts.take(scopes[0]) is None
    # One was asked for, then three, then seven: at every taking there are three more under way.
    if at_once == 1:
        assert taken(firsts, scopes[1:]) == [f"{scope.prefix}a" for scope in scopes[1:]]
        assert sorted(reader.asked) == [scope.prefix for scope in scopes[1:]]
    else:
        waits = [firsts.take(scope) for scope in scopes[1:4]]
        assert all(wait is not None and wait.result(SECONDS).fetched for wait in waits)
    firsts.close()


def test_behind_a_large_one_nothing_is_ahead_nor_old(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SMALL_SECONDS", SECONDS)
    scopes = scopes_of(40)
    firsts = Firsts(Together(1), scopes)
    assert taken(firsts, scopes[:3]) == [None, "001/a", "002/a"]
    monkeypatch.setattr(module, "SMALL_SECONDS", 0)
    assert taken(firsts, scopes[3:5]) == [None, None]
    monkeypatch.setattr(module, "SMALL_SECONDS", SECONDS)
    # What was asked for meanwhile was thrown away; those that nobody asked for yet are ahead again.
    assert taken(firsts, scopes[5:])[-1] == "039/a"
    firsts.close()


def test_ranges_that_were_begun_before_are_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SMALL_SECONDS", SECONDS)
    scopes = scopes_of(6)
    reader = Together(1)
    firsts = Firsts(reader, scopes)
    assert taken(firsts, scopes[2:]) == [None, "003/a", "004/a", "005/a"]
    assert not {scopes[0].prefix, scopes[1].prefix} & set(reader.asked)
    firsts.close()
