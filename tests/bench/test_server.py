"""The benchmark's server, by our own readers, which see exactly what the layout holds."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bucketlink.buckets import open_bucket
from bucketlink.model import BucketAddress
from bucketlink.settings import Settings
from tests.bench.formats import azure_etag
from tests.bench.layouts import etag, generation, objects, size
from tests.bench.ours import PLATFORMS
from tests.bench.server import BenchServer

COUNT = 5_678
ETAGS: dict[str, Callable[[int], str]] = {
    "s3": etag,
    "gcs": lambda seed: str(generation(seed)),
    "azure": lambda seed: f"0x8DB{azure_etag(seed)}",
}


@pytest.fixture(scope="module")
def server() -> Iterator[BenchServer]:
    with BenchServer() as running:
        yield running


def listed(server: BenchServer, platform: str, tmp_path: Path) -> list[tuple[str, int, str]]:
    kind, credentials, account = PLATFORMS[platform]
    settings = Settings(data_dir=tmp_path, allow_private_endpoints=True)
    address = BucketAddress(kind, "bench", server.endpoint + account)
    with closing(open_bucket(address, credentials, settings)) as reader:
        return [row for page in reader.pages() for row in zip(page.keys, page.sizes, page.etags, strict=True)]


@pytest.mark.parametrize("changed", [False, True])
@pytest.mark.parametrize(("platform", "page"), [("s3", 1000), ("gcs", 5000), ("azure", 5000)])
def test_what_is_listed_is_the_layout(
    server: BenchServer, platform: str, page: int, changed: bool, tmp_path: Path
) -> None:
    server.set(layout="deep", count=COUNT, changed=changed, latency=0)
    rows = [row for chunk in objects("deep", COUNT, changed=changed) for row in zip(*chunk, strict=True)]
    assert listed(server, platform, tmp_path) == [(key, size(seed), ETAGS[platform](seed)) for key, seed in rows]
    stats = server.stats()
    assert (stats.listings, stats.objects) == (-(-len(rows) // page), len(rows))


def test_answers_come_after_the_latency(server: BenchServer, tmp_path: Path) -> None:
    server.set(layout="flat", count=2_000, changed=False, latency=30, formats=["s3"])
    started = time.monotonic()
    assert len(listed(server, "s3", tmp_path)) == 2_000
    assert time.monotonic() - started >= 2 * 0.03
