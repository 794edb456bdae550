"""How long a client waits for its server: briefly for one that never was there, longer for one that went away."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from types import SimpleNamespace

import httpx2
import pytest

from bucketlink.client.graphql import transport as module
from bucketlink.client.graphql.transport import FIRST_PATIENCE, WAITS, HttpTransport
from bucketlink.errors import ServerUnreachable

GOOD = httpx2.Response(200, json={"data": {"data": 1}})
NOBODY = httpx2.ConnectError("[Errno 111] Connection refused")


@dataclass(slots=True)
class Network:
    """What each attempt meets, the last of them for ever, and when it was made, by a clock that only waiting moves."""

    meets: list[httpx2.Response | httpx2.HTTPError] = field(default_factory=list)
    takes: float = 0.0
    """Seconds that each attempt takes."""
    now: float = 0.0
    tried: list[float] = field(default_factory=list)

    def post(self, *_: object, **__: object) -> httpx2.Response:
        self.tried.append(self.now)
        self.sleep(self.takes)
        met = self.meets.pop(0) if len(self.meets) > 1 else self.meets[0]
        if isinstance(met, httpx2.HTTPError):
            raise met
        return met

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Network:
    made = Network()
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: made.now, sleep=made.sleep))
    monkeypatch.setattr(httpx2.Client, "post", made.post)
    return made


@pytest.fixture
def transport() -> Iterator[HttpTransport]:
    with closing(HttpTransport("http://bucketlink.invalid", "bl_0123456789abcdef")) as opened:
        yield opened


def gives_up(transport: HttpTransport) -> None:
    with pytest.raises(ServerUnreachable):
        transport.execute("{ data: x }", {}, "call")


@pytest.mark.parametrize(
    ("failure", "takes", "attempts"),
    [
        (NOBODY, 0.0, 2),
        (httpx2.ConnectError("[Errno -2] Name or service not known"), 0.02, 2),
        (httpx2.ConnectError("[Errno -3] Temporary failure in name resolution"), 5.0, 1),
        (httpx2.ConnectTimeout("timed out"), 10.0, 1),
    ],
)
def test_a_server_that_never_was_there_is_soon_given_up(
    network: Network, transport: HttpTransport, failure: httpx2.HTTPError, takes: float, attempts: int
) -> None:
    network.meets, network.takes = [failure], takes
    gives_up(transport)
    assert len(network.tried) == attempts
    assert network.now <= max(FIRST_PATIENCE, takes) + takes


@pytest.mark.parametrize(
    "failure", [httpx2.ReadError("reset"), httpx2.RemoteProtocolError("closed"), httpx2.WriteError("broken pipe")]
)
def test_a_connection_that_came_about_and_was_lost_is_tried_again_for_longer(
    network: Network, transport: HttpTransport, failure: httpx2.HTTPError
) -> None:
    network.meets = [failure]
    gives_up(transport)
    assert len(network.tried) == 1 + len(WAITS)


def test_a_server_that_starts_just_then_is_found(network: Network, transport: HttpTransport) -> None:
    network.meets = [NOBODY, GOOD]
    assert transport.execute("{ data: x }", {}, "call") == {"data": {"data": 1}}


def test_a_server_that_goes_away_is_waited_for_as_long_as_a_restart_takes(
    network: Network, transport: HttpTransport
) -> None:
    network.meets = [GOOD, NOBODY]
    transport.execute("{ data: x }", {}, "call")
    gives_up(transport)
    assert network.tried[-1] - network.tried[0] > 20


def test_answers_that_do_not_come_are_not_waited_for_again_and_again(
    network: Network, transport: HttpTransport
) -> None:
    network.meets, network.takes = [httpx2.ReadTimeout("none in time")], 120.0
    gives_up(transport)
    assert len(network.tried) == 2
