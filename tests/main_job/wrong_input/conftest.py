"""The world behind a server, and the world of a data directory; what is refused changes neither."""

from collections.abc import Iterator

import pytest

from bucketlink import Client
from tests.api.command_line import Inside
from tests.api.server import PRIVATE, Server
from tests.main_job.wrong_input.world import World
from tests.servers.pages import Faults, PageServer
from tests.servers.rgw import Bucket, Rgw


@pytest.fixture(scope="package")
def bucket(rgw: Rgw) -> Iterator[Bucket]:
    with rgw.bucket("wrong-input") as made:
        made.put("a/1.jpg")
        yield made


@pytest.fixture(scope="package")
def no_s3() -> Iterator[str]:
    with PageServer(faults=Faults(body="<html><body>It works!</body></html>")) as server:
        yield server.endpoint


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("server"), PRIVATE) as running:
        yield running


@pytest.fixture(scope="package")
def served(server: Server, bucket: Bucket, no_s3: str) -> Iterator[World]:
    """The world behind a server, for the SDK."""
    with Client(server.api_key, server.endpoint) as client:
        yield World.make(client, server.data_dir, server.root, bucket, no_s3)


@pytest.fixture(scope="package")
def local(tmp_path_factory: pytest.TempPathFactory, bucket: Bucket, no_s3: str) -> Iterator[World]:
    """The world of a data directory, for the command line."""
    directory = tmp_path_factory.mktemp("local")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in PRIVATE.items():
            patch.setenv(name, value)
        with Client.embedded(directory / "data", folder_roots=[directory / "buckets"]) as client:
            yield World.make(client, directory / "data", directory / "buckets", bucket, no_s3)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Inside:
    return Inside(capsys)
