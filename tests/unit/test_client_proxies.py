"""What a client says of a proxy that the environment names; never its password."""

import pytest

from bucketlink.client.graphql.transport import HttpTransport
from bucketlink.errors import InvalidInput
from tests.servers.process import free_port
from tests.unit.test_client_trouble import KEY, Raw, refusal, reply, sends, server

__all__ = ["server"]


def test_a_proxy_that_refuses(server: Raw, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:very-secret@{server.address}")
    server.answers = [sends(reply(b"", "407 Proxy Authentication Required"))]
    sentence = refusal("https://bucketlink.invalid")
    assert "the proxy that HTTPS_PROXY or HTTP_PROXY names refuses (407" in sentence
    assert "very-secret" not in sentence
    assert server.connections == 1


@pytest.mark.parametrize(
    ("variable", "address"), [("HTTPS_PROXY", "https://b.invalid"), ("ALL_PROXY", "http://b.invalid")]
)
def test_a_proxy_that_is_not_there_is_told_from_a_server(
    monkeypatch: pytest.MonkeyPatch, variable: str, address: str
) -> None:
    monkeypatch.setenv(variable, f"http://user:very-secret@127.0.0.1:{free_port()}")
    sentence = refusal(address)
    assert "the proxy that HTTPS_PROXY, HTTP_PROXY or ALL_PROXY names cannot be connected to" in sentence
    assert "very-secret" not in sentence
    monkeypatch.setenv("NO_PROXY", "b.invalid")
    assert "the host b.invalid is not known" in refusal(address)


@pytest.mark.parametrize("proxy", ["foo://user:very-secret@here", "http://[1:very-secret", "socks5://very-secret"])
def test_a_proxy_that_can_be_none(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(InvalidInput, match=r"HTTPS_PROXY.*must look like") as caught:
        HttpTransport("https://bucketlink.invalid", KEY)
    assert "very-secret" not in str(caught.value)
