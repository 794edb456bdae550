"""Pages are cut out of rows as a bucket would list them, whatever is asked for."""

from itertools import groupby

import pytest

from tests.bench.dialects import Answer, Bucket, Request, answer, parsed, sent
from tests.bench.formats import FORMATS
from tests.bench.layouts import objects
from tests.bench.pages import Asked, beyond, part, place, token
from tests.bench.rows import Rows

COUNT = 1_234


@pytest.fixture(scope="module", params=["deep", "flat", "words"])
def rows(request: pytest.FixtureRequest) -> Rows:
    return Rows(FORMATS["s3"], objects(request.param, COUNT))


def test_rows_are_found_by_their_keys(rows: Rows) -> None:
    keys = list(rows)
    assert len(keys) == COUNT
    assert [rows.find(key) for key in keys[::97]] == list(range(0, COUNT, 97))
    assert rows.find(b"") == 0
    assert rows.find(b"~") == COUNT
    assert bytes(rows.cut(5, 7)).count(b"<Contents>") == 2
    assert b"".join(bytes(rows.cut(place, place + 1)) for place in range(COUNT)) == bytes(rows.cut(0, COUNT))


def listed(rows: Rows, asked: Asked) -> list[bytes]:
    """Keys and folders of every page."""
    found: list[bytes] = []
    start: bytes | None = asked.start
    while start is not None:
        page = part(rows, Asked(asked.most, asked.prefix, start, asked.end, by_folder=asked.by_folder))
        keys = [key for first, stop in page.rows for key in rows[first:stop]]
        assert page.count == len(keys) + len(page.folders) <= asked.most
        found += sorted(keys + page.folders)
        start = None if page.next_start is None else place(token(page.next_start))
    return found


@pytest.mark.parametrize("most", [1, 7, 1000])
def test_pages_hold_what_is_asked_for(rows: Rows, most: int) -> None:
    keys = list(rows)
    low, high = keys[500], keys[700]
    assert listed(rows, Asked(most)) == keys
    assert listed(rows, Asked(most, start=low, end=high)) == keys[500:700]
    assert listed(rows, Asked(most, start=low + b"\0")) == keys[501:]
    for length in (3, 25, len(low) - 6, len(low)):
        prefix = low[:length]
        assert listed(rows, Asked(most, prefix)) == [key for key in keys if key.startswith(prefix)]
    assert listed(rows, Asked(most, b"nothing")) == []


@pytest.mark.parametrize("most", [1, 3, 1000])
def test_folders_stand_for_what_is_in_them(rows: Rows, most: int) -> None:
    keys = list(rows)
    for prefix in {b"", *(key[: key.find(b"/") + 1] for key in keys[::500])}:

        def shown(key: bytes, prefix: bytes = prefix) -> bytes:
            name, slash, _ = key[len(prefix) :].partition(b"/")
            return prefix + name + slash

        expected = [name for name, _ in groupby(shown(key) for key in keys if key.startswith(prefix))]
        assert listed(rows, Asked(most, prefix, by_folder=True)) == expected


def test_beyond_a_prefix_comes_what_does_not_begin_so() -> None:
    assert b"a/\xff" < beyond(b"a/") <= b"a0"


def asked(text: str, *, headers: str = "", count: int = COUNT) -> Answer:
    request: Request = parsed(f"{text} HTTP/1.1\r\nHost: here\r\n{headers}".encode())
    return answer(Bucket("dates", count), request)


def body(reply: Answer) -> bytes:
    whole = b"".join(sent(reply, bare=False))
    head, _, rest = whole.partition(b"\r\n\r\n")
    assert f"Content-Length: {len(rest)}".encode() in head
    return rest


def test_google_serves_more_to_a_page_where_some_fields_are_asked_for() -> None:
    path = "GET /storage/v1/b/b/o?maxResults=5000"
    assert asked(path).listed == 1000
    assert asked(f"{path}&fields=items(name)").listed == COUNT


def test_azure_knows_where_to_start_in_new_versions_alone() -> None:
    path = "GET /account/b?restype=container&comp=list&maxresults=1&startFrom=z"
    assert asked(path, headers="x-ms-version: 2026-02-06").listed == 0
    assert asked(path, headers="x-ms-version: 2025-11-05").listed == 1


def test_objects_and_buckets_can_be_asked_for() -> None:
    (keys, _), *_ = objects("dates", COUNT)
    assert body(asked(f"GET /b/{keys[0]}")) == b"tiny"
    assert asked("GET /b/other").status == "404 Not Found"
    assert b"LocationConstraint" in body(asked("GET /b?location"))
    assert asked("HEAD /b").status == "200 OK"
