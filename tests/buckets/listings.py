"""Readers and sources of the page server by what it speaks, and what is there while a listing is under way."""

import os
import select
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bucketlink.buckets import open_bucket
from bucketlink.buckets.helpers import Source
from bucketlink.buckets.packed import PackedPage
from bucketlink.buckets.permits import Permitted
from bucketlink.buckets.protocol import PageReader
from bucketlink.model import Access, BucketAddress, Credentials, Platform
from tests.buckets.holders import ANY_KEYS, AZURE_ACCOUNT, AZURE_KEY, IMPATIENT
from tests.servers.pages import Faults, PageServer

PAGE_KEYS = 50
NO_CREDENTIALS = Credentials()
SECONDS = 60
"""After how long something that ends is taken not to."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a server speaks, and what it does that others do not."""

    platform: Platform
    credentials: Credentials
    faults: Mapping[str, object] = field(default_factory=dict)


KINDS = {
    "S3": Kind(Platform.CUSTOM_S3, ANY_KEYS),
    "S3, ListObjects alone": Kind(Platform.CUSTOM_S3, ANY_KEYS, {"old": True}),
    "S3, start-after ignored": Kind(Platform.CUSTOM_S3, ANY_KEYS, {"ignore": ("start",)}),
    "GCS": Kind(Platform.GCP, NO_CREDENTIALS),
    "GCS, startOffset ignored": Kind(Platform.GCP, NO_CREDENTIALS, {"ignore": ("start",)}),
    "Azure": Kind(Platform.AZURE, AZURE_KEY),
    "Azure, startFrom ignored": Kind(Platform.AZURE, AZURE_KEY, {"ignore": ("start",)}),
}


def server_of(kind: str, keys: Iterable[str] = (), **faults: object) -> PageServer:
    """A server with small pages, which takes its time, so that many requests go side by side."""
    told = {"page_keys": PAGE_KEYS, "latency": 0.005, **KINDS[kind].faults, **faults}
    return PageServer(keys, faults=Faults(**told))  # type: ignore[arg-type]


def source_at(kind: str, endpoint: str, credentials: Credentials | None = None) -> Source:
    """The bucket of a server, for helper processes."""
    one = KINDS[kind]
    at = f"{endpoint}/{AZURE_ACCOUNT}" if one.platform is Platform.AZURE else endpoint
    address = BucketAddress(one.platform, "bucket", at)
    return Source(address, Access(), credentials or one.credentials, Permitted(allow_private_endpoints=True))


def reader_of(source: Source) -> PageReader:
    """A reader of the same, which expects small pages."""
    reader = open_bucket(source.address, source.credentials, source.permitted, patience=IMPATIENT)
    assert isinstance(reader, PageReader)
    reader.page_keys = PAGE_KEYS
    return reader


def keys_in(pages: Iterable[PackedPage]) -> list[str]:
    """All keys, in the order in which they came."""
    return [key for page in pages for key in page.page().keys]


def helper_pids(parent: int | None = None) -> list[int]:
    """Helper processes that a process has started, this one if none is named."""
    pids = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    return [pid for pid in pids if _is_helper(pid, parent or os.getpid())]


def _is_helper(pid: int, parent: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return int(state[1]) == parent and state[0] != "Z" and b"bucketlink.buckets.helper" in command


def until_helped(pages: Iterator[PackedPage]) -> list[str]:
    """Take pages until helper processes are there; the keys that came."""
    keys: list[str] = []
    while not helper_pids():
        keys += next(pages).page().keys
    return keys


@contextmanager
def ending(pids: Iterable[int]) -> Iterator[None]:
    """Fail where one of these processes does not end by what is done within."""
    handles = [os.pidfd_open(pid) for pid in pids]
    try:
        yield
        for handle in handles:
            assert select.select([handle], [], [], SECONDS)[0], "a process goes on"
    finally:
        for handle in handles:
            os.close(handle)


def listing_threads() -> list[threading.Thread]:
    """The threads of listings that are under way."""
    return [thread for thread in threading.enumerate() if thread.name.startswith("listing")]


def wait_for_threads() -> None:
    """Fail where a thread of a listing does not end."""
    while threads := listing_threads():  # one that is about to end may have started another
        threads[0].join(SECONDS)
        assert not threads[0].is_alive()
