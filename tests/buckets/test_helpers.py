"""Helper processes of a listing: that it is the same with them, and what becomes of them."""

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

import bucketlink.buckets.listing as lister
from bucketlink.buckets.fetching import Reply
from bucketlink.buckets.helpers import Helper, Source
from bucketlink.buckets.listing import Scope, listing
from bucketlink.buckets.order import Disorder
from bucketlink.buckets.packed import PackedPage
from bucketlink.errors import BucketError
from bucketlink.model import Credentials
from tests.buckets.listings import (
    KINDS,
    SECONDS,
    ending,
    helper_pids,
    keys_in,
    reader_of,
    server_of,
    source_at,
    wait_for_threads,
)
from tests.servers.pages import PageServer

READY: list[Helper] = []
"""The helpers of the listing that a test looks at."""
ROOT = Path(__file__).parents[2]
KEYS = [f"folder-{number // 1000}/image-{number:05d}.jpg" for number in range(3000)]
SECRETS = Credentials("access-71c2", "secret-5d0e", "session-90fb")
STARTER = """
import sys
import bucketlink.buckets.listing as lister
from tests.buckets.listings import helper_pids, reader_of, source_at, until_helped
lister._Run._idle_share = lambda _: 5.0
lister.MUCH_KEYS = 0
lister.AHEAD = 1
lister.most_helpers = lambda: 2
source = source_at("S3", sys.argv[1])
pages = lister.listing(reader_of(source), lister.Scope(), source=source)
until_helped(pages)
print(*helper_pids(), flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def _helped(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Helpers are started at once, whatever the machine; little is read ahead. Afterwards there are none left."""
    monkeypatch.setattr(lister._Run, "_idle_share", lambda _: 5.0)
    monkeypatch.setattr(lister, "MUCH_KEYS", 0)
    monkeypatch.setattr(lister, "AHEAD", 1)
    monkeypatch.setattr(lister, "most_helpers", lambda: 2)
    monkeypatch.setattr(lister, "Helper", started)
    READY.clear()
    yield
    wait_for_threads()
    assert not helper_pids()


def started(source: Source, tell: Callable[[Reply], object]) -> Helper:
    """A helper that is waited for, so that it has a part in the listing."""
    helper = Helper(source, tell)
    moment = threading.Event()
    while not helper.is_there:
        moment.wait(0.005)
        assert helper._process.poll() is None
    READY.append(helper)
    return helper


def until_ready(pages: Iterator[PackedPage]) -> list[str]:
    """Take pages until both helpers have a part in the listing; the keys that came."""
    keys: list[str] = []
    more = 3
    while more:
        page = next(pages)
        more -= len(READY) == 2 and page.count > 0
        keys += page.page().keys
    return keys


def helped(kind: str, server: PageServer, scope: Scope | None = None) -> Generator[PackedPage]:
    source = source_at(kind, server.endpoint)
    pages = listing(reader_of(source), scope or Scope(), source=source)
    assert isinstance(pages, Generator)
    return pages


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scope", [Scope(), Scope(prefix="folder-1/", after="folder-1/image-01077.jpg")], ids=str)
def test_every_key_comes_once_and_in_order_with_helpers(kind: str, scope: Scope) -> None:
    with server_of(kind, KEYS) as server:
        pages = helped(kind, server, scope)
        # Where the bucket begins before the key that it is told, one reader alone knows what to pass over.
        keys = [] if scope.after and kind.endswith("ignored") else until_ready(pages)
        assert keys + keys_in(pages) == [
            key for key in KEYS if key.startswith(scope.prefix) and key > (scope.after or "")
        ]


@pytest.mark.parametrize("most", [1, 2], ids=["one of them", "all of them"])
def test_a_helper_that_is_killed_costs_no_key(most: int) -> None:
    with server_of("S3", KEYS) as server:
        pages = helped("S3", server)
        keys = until_ready(pages)
        pids = helper_pids()[:most]
        with ending(pids):
            for pid in pids:
                os.kill(pid, signal.SIGKILL)
        assert keys + keys_in(pages) == KEYS


def test_helpers_that_cannot_start_are_done_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")
    with server_of("S3", KEYS) as server:
        assert keys_in(helped("S3", server)) == KEYS


def test_helpers_end_when_a_listing_is_left() -> None:
    with server_of("S3", KEYS) as server:
        pages = helped("S3", server)
        until_ready(pages)
        with ending(helper_pids()):
            pages.close()


def test_helpers_end_with_who_has_started_them() -> None:
    with server_of("S3", KEYS) as server:
        starter = subprocess.Popen(
            [sys.executable, "-c", STARTER, server.endpoint],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        with starter:
            assert starter.stdout is not None
            pids = [int(pid) for pid in starter.stdout.readline().split()]
            assert pids
            with ending(pids):
                starter.kill()


@pytest.mark.parametrize("status", [403, 404])
def test_an_error_of_a_helper_is_the_reader_s(status: int) -> None:
    with server_of("S3", KEYS) as server:
        pages = helped("S3", server)
        until_ready(pages)
        server.faults = replace(server.faults, status=status)
        with pytest.raises(BucketError) as alone:
            reader_of(source_at("S3", server.endpoint)).listed()
        with pytest.raises(BucketError) as told:
            keys_in(pages)
    assert (type(told.value), str(told.value)) == (type(alone.value), str(alone.value))


def test_a_helper_notices_keys_in_no_order() -> None:
    with server_of("S3", [*KEYS[:2900], KEYS[2950], KEYS[2949]], unordered=True) as server:
        pages = helped("S3", server)
        until_ready(pages)
        with pytest.raises(Disorder):
            keys_in(pages)


def test_no_secret_is_seen_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUCKETLINK_S3_SECRET_KEY", str(SECRETS.secret_key))
    with server_of("S3", KEYS) as server:
        source = source_at("S3", server.endpoint, SECRETS)
        pages = listing(reader_of(source), Scope(), source=source)
        until_ready(pages)
        for pid in helper_pids():
            seen = Path(f"/proc/{pid}/cmdline").read_bytes() + Path(f"/proc/{pid}/environ").read_bytes()
            assert b"bucketlink.buckets.helper" in seen
            for secret in (SECRETS.access_key, SECRETS.secret_key, SECRETS.session_token):
                assert secret is not None
                assert secret.encode() not in seen
        keys_in(pages)


def test_a_helper_starts_without_what_it_does_not_need() -> None:
    script = "import sys; from bucketlink.buckets import azure, gcs, helper, s3; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout.split()
    assert "bucketlink.buckets.helper" in modules
    assert not {"sqlalchemy", "alembic", "bucketlink.settings"} & set(modules)


class Waits:
    """Time that passes only while a listing waits: seconds for each reply, and for each time that there is room again.

    It is put in the place of the module's clock and of its queues.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, reply: float = 0.0, room: float = 0.0) -> None:
        now = 0.0
        take = lister._Run._take
        self._for_room: queue.SimpleQueue[int] = queue.SimpleQueue()

        class Replies(queue.SimpleQueue[Reply | None]):
            def get(self) -> Reply | None:  # type: ignore[override]
                nonlocal now
                got = super().get()
                now += room if got is None else reply
                return got

        def taking(run: lister._Run) -> None:
            if not run._asked:
                self._for_room.put(run._seen)
            take(run)

        monkeypatch.setattr(lister._Run, "_take", taking)
        monkeypatch.setattr(lister, "queue", SimpleNamespace(SimpleQueue=Replies))
        monkeypatch.setattr(lister, "time", SimpleNamespace(monotonic=lambda: now))

    def until_no_room(self, taken: list[str]) -> None:
        """Return when a page has come after those whose keys were taken, and the listing waits until that is taken."""
        while self._for_room.get(timeout=SECONDS) <= len(taken):
            pass


@pytest.fixture
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Buckets seem to answer at once."""
    monkeypatch.setattr(lister, "WAITED", float("inf"))
    monkeypatch.setattr(lister._Run, "_idle_share", lambda _: 0.0)


@pytest.mark.usefixtures("_quick")
def test_a_quick_bucket_is_asked_only_when_there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = Waits(monkeypatch)
    with server_of("S3", KEYS, latency=0) as server:
        pages = listing(reader_of(source_at("S3", server.endpoint)), Scope())
        keys = list(next(pages).page().keys)
        for taken in range(1, 5):
            waits.until_no_room(keys)
            assert server.counts["LIST"] == taken + 1
            keys += next(pages).page().keys
        assert keys + keys_in(pages) == KEYS


@pytest.mark.usefixtures("_quick")
@pytest.mark.parametrize(("reply", "room", "with_helpers"), [(7.0, 3.0, True), (8.0, 2.0, False)])
def test_a_quick_bucket_has_helpers_where_its_pages_are_taken_slowly(
    monkeypatch: pytest.MonkeyPatch, reply: float, room: float, *, with_helpers: bool
) -> None:
    waits = Waits(monkeypatch, reply=reply, room=room)
    with server_of("S3", KEYS, latency=0) as server:
        pages = helped("S3", server)
        keys = list(next(pages).page().keys)
        for _ in range(20):
            waits.until_no_room(keys)
            keys += next(pages).page().keys
        assert bool(READY) is with_helpers
        assert keys + keys_in(pages) == KEYS
