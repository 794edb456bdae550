"""Listing with many requests side by side: the same as one after the other, whatever the bucket does."""

import threading
from collections.abc import Generator, Hashable, Iterator
from random import Random

import pytest

from bucketlink.buckets.helpers import Source
from bucketlink.buckets.landmarks import Landmarks
from bucketlink.buckets.listing import Scope, listing
from bucketlink.buckets.order import Disorder
from bucketlink.buckets.packed import NOTHING
from bucketlink.buckets.permits import Permitted
from bucketlink.buckets.protocol import Listed, PageReader
from bucketlink.errors import BucketMisbehaved, BucketRefused, BucketUnavailable
from bucketlink.model import Access, BucketAddress, Platform
from tests.bench.layouts import objects
from tests.bench.server import BenchServer
from tests.buckets.hard_keys import HARD_KEYS
from tests.buckets.holders import ANY_KEYS
from tests.buckets.listings import (
    KINDS,
    PAGE_KEYS,
    keys_in,
    listing_threads,
    reader_of,
    server_of,
    source_at,
    wait_for_threads,
)
from tests.servers import pages_core
from tests.servers.pages import PageServer

KEYS = [
    *(f"folder-{number // 300}/image-{number:05d}.jpg" for number in range(1200)),
    *(f"root-{number:03d}.txt" for number in range(120)),
]
BEARABLE = [key for key in HARD_KEYS if max(key) < "\ud800"]
"""Hard keys about whose order all platforms agree."""
SCOPES = {
    "everything": Scope(),
    "a folder": Scope(prefix="folder-3/"),
    "folders and files": Scope(prefix="fold"),
    "no key": Scope(prefix="none"),
    "behind a key": Scope(after="folder-1/image-00412.jpg"),
    "behind no key": Scope(after="folder-1/image-004"),
    "a folder, behind a key": Scope(prefix="folder-3/", after="folder-3/image-01003.jpg"),
    "root files": Scope(root_files=True),
    "root files behind one": Scope(root_files=True, after="root-077.txt"),
}


class Troubled:
    """A reader whose page with a key is refused, or whose pages (those behind a key alone) wait to be let go."""

    def __init__(
        self,
        reader: PageReader,
        *,
        refuses: str = "",
        let_go: threading.Event | None = None,
        starts_alone: bool = False,
    ) -> None:
        self.page_keys, self.address_field = reader.page_keys, reader.address_field
        self._reader, self._refuses = reader, refuses
        self._let_go, self._starts_alone = let_go, starts_alone

    def listed(
        self, *, prefix: str = "", after: str | None = None, root_files: bool = False, token: Hashable = None
    ) -> Listed:
        if self._let_go is not None and (after is not None or not self._starts_alone):
            assert self._let_go.wait(60)
        listed = self._reader.listed(prefix=prefix, after=after, root_files=root_files, token=token)
        if self._refuses in listed.page.keys:
            raise BucketRefused(self._refuses)
        return listed

    def begins_anywhere(self, *, prefix: str = "") -> bool:
        return self._reader.begins_anywhere(prefix=prefix)


@pytest.fixture(autouse=True)
def _threads_end() -> Iterator[None]:
    """Whatever a listing comes to, its threads end."""
    yield
    wait_for_threads()


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, PageServer]]:
    """A server of each kind, with the same keys, which tests leave as they are."""
    found = {kind: server_of(kind, KEYS).start() for kind in KINDS}
    yield found
    for server in found.values():
        server.stop()


@pytest.fixture(scope="module")
def bench() -> Iterator[BenchServer]:
    with BenchServer() as server:
        yield server


def opened(kind: str, server: PageServer) -> PageReader:
    return reader_of(source_at(kind, server.endpoint))


def bench_reader(bench: BenchServer) -> PageReader:
    address = BucketAddress(Platform.CUSTOM_S3, "bucket", bench.endpoint)
    return reader_of(Source(address, Access(), ANY_KEYS, Permitted(allow_private_endpoints=True)))


def wanted(scope: Scope) -> list[str]:
    return [
        key
        for key in KEYS
        if key.startswith(scope.prefix)
        and (scope.after is None or key > scope.after)
        and not (scope.root_files and "/" in key)
    ]


# What is listed


@pytest.mark.parametrize("scope", SCOPES.values(), ids=SCOPES)
def test_every_key_comes_once_and_in_order(kind: str, scope: Scope, servers: dict[str, PageServer]) -> None:
    assert keys_in(listing(opened(kind, servers[kind]), scope)) == wanted(scope)


@pytest.mark.parametrize("scope", SCOPES.values(), ids=SCOPES)
def test_landmarks_change_nothing(kind: str, scope: Scope, servers: dict[str, PageServer]) -> None:
    landmarks = Landmarks(KEYS[49::50], 50)
    assert keys_in(listing(opened(kind, servers[kind]), scope, landmarks=landmarks)) == wanted(scope)


@pytest.mark.parametrize(
    "keys",
    [
        pytest.param([f"{key}-old" for key in KEYS], id="all others"),
        pytest.param([f"a{number}" for number in range(1000)], id="all before"),
        pytest.param([f"z{number}" for number in range(1000)], id="all behind"),
        pytest.param(KEYS[:300], id="many more since"),
        pytest.param(KEYS[1000:], id="many more since, before them"),
        pytest.param([*KEYS[:400], *(f"folder-1/{number:04d}" for number in range(2000))], id="many gone since"),
        pytest.param(BEARABLE, id="hard"),
        pytest.param(list(HARD_KEYS), id="in no order that all agree about"),
    ],
)
@pytest.mark.parametrize("spacing", [1, 20])
def test_stale_landmarks_lose_no_key_and_double_none(
    kind: str, keys: list[str], spacing: int, servers: dict[str, PageServer]
) -> None:
    landmarks = Landmarks(sorted(keys)[spacing - 1 :: spacing], spacing)
    assert keys_in(listing(opened(kind, servers[kind]), Scope(), landmarks=landmarks)) == KEYS


@pytest.mark.parametrize("landmarks", [Landmarks(), Landmarks(sorted(BEARABLE), 1)], ids=["without", "with"])
def test_hard_keys_come_as_they_are(kind: str, landmarks: Landmarks) -> None:
    keys = sorted({*BEARABLE, *(f"{key[:200]}~{number:03d}" for key in BEARABLE for number in range(10))})
    with server_of(kind, keys, page_keys=40) as server:
        assert keys_in(listing(opened(kind, server), Scope(), landmarks=landmarks)) == keys


@pytest.mark.parametrize(
    "faults",
    [
        pytest.param({"empty_every": 3}, id="empty pages"),
        pytest.param({"page_keys": 7}, id="fewer keys than asked for"),
        pytest.param({"throttle": 3}, id="throttled"),
        pytest.param({"drop": 3}, id="lost connections"),
        pytest.param({"cut": 3}, id="cut answers"),
    ],
)
def test_what_a_server_may_do_changes_nothing(kind: str, faults: dict[str, object]) -> None:
    if KINDS[kind].faults.get("old") and "empty_every" in faults:
        pytest.skip("such a server goes on behind the last key of a page, so that each has one")
    with server_of(kind, KEYS[:500], **faults) as server:
        assert keys_in(listing(opened(kind, server), Scope())) == KEYS[:500]


@pytest.mark.parametrize("kind", ["S3, start-after ignored", "GCS, startOffset ignored"], indirect=True)
def test_a_server_that_begins_again_may_give_the_same_tokens_again(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    numbered = pages_core._encoded
    monkeypatch.setattr(pages_core, "_encoded", lambda place, number: numbered(place, 0 * number))
    with server_of(kind, KEYS) as server:
        let_go = threading.Event()
        reader = Troubled(opened(kind, server), let_go=let_go, starts_alone=True)
        pages = listing(reader, Scope(), landmarks=Landmarks(KEYS[299::300], 300))
        keys: list[str] = []
        while (page := next(pages)) is not NOTHING:
            keys += page.page().keys
        let_go.set()
        assert keys + keys_in(pages) == KEYS


def test_an_empty_bucket_has_no_page(kind: str) -> None:
    with server_of(kind) as server:
        assert keys_in(listing(opened(kind, server), Scope())) == []


def test_what_is_told_of_objects_is_what_one_stream_tells(kind: str, servers: dict[str, PageServer]) -> None:
    reader = opened(kind, servers[kind])
    pages = [page.page() for page in listing(reader, Scope()) if page is not NOTHING]
    alone = reader.listed().page
    assert [row for page in pages for row in zip(page.keys, page.sizes, page.etags, strict=True)] == [
        (key, alone.sizes[0], alone.etags[0]) for key in KEYS
    ]
    assert {(page.modified or [""])[0] for page in pages} == {(alone.modified or [""])[0]}


# How many requests are under way


@pytest.mark.parametrize("layout", ["flat", "deep", "dates", "hashes", "uuids", "words"])
def test_a_bucket_that_is_slow_is_asked_many_times_at_once(layout: str, bench: BenchServer) -> None:
    bench.set(layout=layout, count=10_000, latency=20, formats=["s3"])
    found = keys_in(listing(bench_reader(bench), Scope()))
    assert found == [key for keys, _ in objects(layout, 10_000) for key in keys]
    assert bench.stats().most_at_once >= 3


def test_landmarks_have_it_asked_as_often_as_it_is_slow(bench: BenchServer) -> None:
    bench.set(layout="flat", count=10_000, latency=20, formats=["s3"])
    landmarks = Landmarks(keys_in(listing(bench_reader(bench), Scope()))[99::100], 100)
    bench.set()
    assert len(keys_in(listing(bench_reader(bench), Scope(), landmarks=landmarks))) == 10_000
    assert bench.stats().most_at_once >= 10


def test_a_bucket_that_is_quick_is_asked_nothing_in_vain(bench: BenchServer) -> None:
    bench.set(layout="flat", count=10_000, latency=0, formats=["s3"])
    assert len(keys_in(listing(bench_reader(bench), Scope()))) == 10_000
    assert bench.stats().listings <= 10_000 // PAGE_KEYS * 1.1


@pytest.mark.parametrize(
    ("kind", "scope"),
    [
        ("Azure, startFrom ignored", Scope()),
        ("Azure", Scope(root_files=True)),
        ("S3", Scope(root_files=True)),
    ],
    indirect=["kind"],
)
def test_what_begins_nowhere_else_is_one_stream(kind: str, scope: Scope, servers: dict[str, PageServer]) -> None:
    names = set()
    for _ in listing(opened(kind, servers[kind]), scope, landmarks=Landmarks(KEYS[49::50], 50)):
        names |= {thread.name for thread in listing_threads()}
    assert names <= {"listing", "listing-1"}


def test_where_a_page_keeps_one_waiting_that_is_said() -> None:
    let_go = threading.Event()
    with server_of("S3", KEYS[:10]) as server:
        pages = listing(Troubled(opened("S3", server), let_go=let_go), Scope())
        assert next(pages) is NOTHING
        let_go.set()
        assert keys_in(pages) == KEYS[:10]


# What goes wrong


@pytest.mark.parametrize("place", [0, 412, 800, 1319])
def test_a_page_that_fails_ends_the_listing_with_its_error(
    kind: str, place: int, servers: dict[str, PageServer]
) -> None:
    key = KEYS[place]
    got: list[str] = []
    reader = Troubled(opened(kind, servers[kind]), refuses=key)
    pages = listing(reader, Scope(), landmarks=Landmarks(KEYS[49::50], 50))
    with pytest.raises(BucketRefused, match=key):
        got.extend(key for page in pages for key in page.page().keys)
    assert got == KEYS[: len(got)]
    assert key not in got


def test_a_bucket_that_cannot_answer_is_told_as_the_reader_tells_it(kind: str) -> None:
    with server_of(kind, KEYS, last_status=503) as server:
        reader = opened(kind, server)
        with pytest.raises(BucketUnavailable):
            keys_in(listing(reader, Scope()))


def test_keys_in_no_order_are_refused(kind: str) -> None:
    with server_of(kind, Random(1).sample(KEYS, 500), unordered=True) as server:
        reader = opened(kind, server)
        with pytest.raises(Disorder):
            keys_in(listing(reader, Scope()))


def test_a_key_that_comes_again_is_refused(kind: str) -> None:
    with server_of(kind, [*KEYS[:420], *KEYS[419:1000]], unordered=True) as server:
        reader = opened(kind, server)
        with pytest.raises(Disorder):
            keys_in(listing(reader, Scope()))


@pytest.mark.parametrize("kind", ["S3", "GCS", "Azure", "Azure, startFrom ignored"], indirect=True)
@pytest.mark.parametrize("fault", ["circle", "same_token"])
def test_tokens_that_lead_in_a_circle_are_refused(kind: str, fault: str) -> None:
    with server_of(kind, KEYS, **{fault: True}) as server:
        reader = opened(kind, server)
        with pytest.raises(BucketMisbehaved):
            keys_in(listing(reader, Scope()))


@pytest.mark.parametrize("kind", ["S3", "GCS", "Azure"], indirect=True)
def test_empty_pages_without_end_are_refused(kind: str) -> None:
    with server_of(kind, KEYS, page_keys=0, empty_every=1, same_token=True) as server:
        reader = opened(kind, server)
        with pytest.raises(BucketMisbehaved, match="does not move on"):
            keys_in(listing(reader, Scope()))


def test_a_listing_can_be_left(kind: str, servers: dict[str, PageServer]) -> None:
    pages = listing(opened(kind, servers[kind]), Scope())
    assert isinstance(pages, Generator)
    assert next(page for page in pages if page.count).first == KEYS[0]
    pages.close()
    wait_for_threads()
    assert not listing_threads()
