from typing import Any

import pytest

from bucketlink import RunFailed, StillRunning
from bucketlink.client.client import Client
from bucketlink.client.connections import synchronize
from bucketlink.client.types import Progress
from bucketlink.errors import BucketlinkError, InvalidInput, NotFound

from .fake_server import FakeServer, client_of


class Running(FakeServer):
    """A server whose run 8 is seen in one state after the other."""

    def __init__(self, *states: str, error: str | None = None) -> None:
        super().__init__()
        self.states = list(states)
        self.error = error

    def run(self, _: object, where: dict[str, str]) -> dict[str, Any] | None:
        found = super().run(_, where)
        if found is None:
            return None
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        return {**found, "state": state, "error": self.error}


@pytest.fixture(autouse=True)
def _no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synchronize, "FIRST_WAIT", 0.0)


def test_a_run_is_waited_for_until_it_has_ended() -> None:
    server = Running("QUEUED", "RUNNING", "RUNNING", "SUCCEEDED")
    seen: list[Progress] = []
    run = client_of(server, Client).wait("8", progress=seen.append)
    assert run["state"] == "SUCCEEDED"
    assert [one.activity for one in seen] == ["waiting", "undoing", "undoing", "undoing"]


@pytest.mark.parametrize(
    ("state", "error", "says"), [("FAILED", "The bucket is gone.", "bucket is gone"), ("CANCELLED", None, "was cancel")]
)
def test_a_run_that_does_not_succeed_is_an_error_that_holds_it(state: str, error: str | None, says: str) -> None:
    client = client_of(Running("RUNNING", state, error=error), Client)
    with pytest.raises(RunFailed, match=says) as caught:
        client.wait("8")
    assert caught.value.run is not None
    assert caught.value.run["state"] == state


def test_a_wait_that_is_too_short_says_that_the_run_goes_on() -> None:
    server = Running("RUNNING")
    client = client_of(server, Client)
    with pytest.raises(StillRunning, match=r"not ended within 0 s. It goes on: wait\('8'\) waits again") as caught:
        client.wait("8", timeout=0)
    assert isinstance(caught.value, TimeoutError)
    assert isinstance(caught.value, BucketlinkError)
    assert caught.value.run is not None
    assert caught.value.run["id"] == "8"
    assert server.operations("cancelRun") == []
    server.states = ["RUNNING", "SUCCEEDED"]
    assert client.wait("8", timeout=60)["state"] == "SUCCEEDED"


def test_a_run_that_has_ended_is_answered_whatever_the_time() -> None:
    assert client_of(Running("SUCCEEDED"), Client).wait("8", timeout=0)["id"] == "8"


def test_waiting_for_what_makes_no_sense() -> None:
    client = client_of(Running("RUNNING"), Client)
    with pytest.raises(NotFound, match="no run with the id 3"):
        client.wait("3")
    for timeout in (-1, float("nan")):
        with pytest.raises(InvalidInput, match="0 or more seconds"):
            client.wait("8", timeout=timeout)
    with pytest.raises(TypeError, match="timeout"):
        client.wait("8", timeout="long")  # type: ignore[arg-type]
