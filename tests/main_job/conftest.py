"""One bucket of ten thousand objects, which every test finds as it was made."""

from collections.abc import Iterator

import pytest

from tests.api.server import PRIVATE
from tests.main_job import bucket as objects
from tests.servers.rgw import Bucket, Rgw


@pytest.fixture(scope="session")
def ten_thousand(rgw: Rgw) -> Iterator[Bucket]:
    keys = [*objects.SELECTED, *objects.LEFT_OUT]
    assert len(set(keys)) == 10_000
    with rgw.bucket("ten-thousand") as made:
        made.put_many({key: objects.first_body(key) for key in keys})
        yield made


@pytest.fixture
def bucket(ten_thousand: Bucket) -> Iterator[Bucket]:
    """The bucket, for a test that changes it by the plan of `tests.main_job.bucket`."""
    yield ten_thousand
    changed = [*objects.REPLACED, *objects.DELETED, *objects.ELSEWHERE_REPLACED, *objects.ELSEWHERE_DELETED]
    ten_thousand.put_many({key: objects.first_body(key) for key in changed})
    ten_thousand.delete_many([*objects.ADDED, *objects.ELSEWHERE_ADDED])


@pytest.fixture(autouse=True)
def _private_endpoints(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in PRIVATE.items():
        monkeypatch.setenv(name, value)
