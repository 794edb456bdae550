"""Servers as fixtures, started once for all tests that ask for them."""

from collections.abc import Iterator

import pytest

from tests.servers import rgw as gateway
from tests.servers.rgw import Rgw


@pytest.fixture(scope="session")
def rgw() -> Iterator[Rgw]:
    """A real S3 server."""
    if not gateway.available():
        pytest.skip("Ceph's RADOS Gateway is not installed; tests/servers/install.sh installs it")
    with Rgw() as server:
        yield server
