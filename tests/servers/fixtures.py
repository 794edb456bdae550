"""Servers as fixtures, started once for all tests that ask for them."""

from collections.abc import Iterator

import pytest

from tests.servers import azurite as azure_server
from tests.servers import moto as other_gateway
from tests.servers import rgw as gateway
from tests.servers.azurite import Azurite
from tests.servers.gcs import GcsEmulator
from tests.servers.moto import Moto
from tests.servers.rgw import Rgw


@pytest.fixture(scope="session")
def rgw() -> Iterator[Rgw]:
    """A real S3 server."""
    if not gateway.available():
        pytest.skip("Ceph's RADOS Gateway is not installed; tests/servers/install.sh installs it")
    with Rgw() as server:
        yield server


@pytest.fixture(scope="session")
def gcs() -> Iterator[GcsEmulator]:
    """An emulator of Google Cloud Storage."""
    with GcsEmulator() as server:
        yield server


@pytest.fixture(scope="session")
def moto() -> Iterator[Moto]:
    """Another S3 server, with storage classes, regions and roles."""
    if not other_gateway.available():
        pytest.skip("moto is not installed; it comes with the packages of the tests")
    with Moto() as server:
        yield server


@pytest.fixture(scope="session")
def azurite() -> Iterator[Azurite]:
    """A real server of Azure's protocol."""
    if not azure_server.available():
        pytest.skip("Azurite is not installed; tests/servers/install_azurite.sh installs it")
    with Azurite() as server:
        yield server
