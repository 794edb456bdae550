"""Commands in this process, against a server at the transport seam."""

import pytest

from bucketlink.cli import main
from bucketlink.client.connections import synchronize
from bucketlink.client.graphql import transport as module
from tests.unit.commands.running import Result, Run
from tests.unit.fake_server import FakeServer


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> FakeServer:
    """A server that every command without --data-dir speaks to."""
    fake = FakeServer()

    def transport(endpoint: str, *_: object, **__: object) -> FakeServer:
        fake.endpoint = endpoint  # type: ignore[attr-defined]
        return fake

    monkeypatch.setattr(module, "HttpTransport", transport)
    monkeypatch.setattr(synchronize, "FIRST_WAIT", 0.0)
    monkeypatch.setenv("BUCKETLINK_API_ENDPOINT", "http://from-the-environment")
    monkeypatch.setenv("BUCKETLINK_API_KEY", "key")
    return fake


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*args: str) -> Result:
        status = main(args)
        captured = capsys.readouterr()
        return Result(status, captured.out, captured.err)

    return run
