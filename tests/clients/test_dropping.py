"""The proxy that loses replies, asked by Python's own client: it loses the one that it is told to, in that way."""

import json
from contextlib import closing
from http.client import HTTPConnection, HTTPException, IncompleteRead, RemoteDisconnected

import pytest

from tests.api.server import Server
from tests.clients.losing import CREATE_PROJECT, LOSSES, PROJECTS
from tests.servers.dropping import CALL_ID, DroppingProxy, Loss

ENDS = {Loss.CLOSED: RemoteDisconnected, Loss.RESET: ConnectionResetError, Loss.HALF: IncompleteRead}
"""What Python's own client says of a connection that ends in these ways."""


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name.lower())
def test_the_proxy_loses_the_reply_to_a_mutation_as_it_is_told(server: Server, loss: Loss) -> None:
    title = f"lost as told: {loss.name}"
    document = json.dumps({"query": CREATE_PROJECT, "variables": {"data": {"title": title, "inputType": "IMAGE"}}})
    looking = json.dumps({"query": PROJECTS, "variables": {"title": title}})
    with (
        DroppingProxy(server.port) as proxy,
        closing(HTTPConnection("127.0.0.1", proxy.port, timeout=30)) as connection,
    ):
        proxy.lose("createProject", loss)

        def send(body: str) -> tuple[int, bytes]:
            headers = {"Authorization": f"X-API-Key: {server.api_key}", CALL_ID: f"call {title}"}
            connection.request("POST", server.endpoint.partition(str(server.port))[2], body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()

        assert send(looking) == (200, b'{"data":{"data":[]}}')
        if isinstance(loss.value, int):
            status, text = send(document)
            assert status == loss.value
            assert b"data" not in text
        else:
            with pytest.raises((OSError, HTTPException)) as raised:
                send(document)
            assert type(raised.value) is ENDS[loss]
            connection.close()
        status, text = send(document)
        (found,) = json.loads(send(looking)[1])["data"]["data"]

    assert (status, json.loads(text)["data"]["data"]) == (200, {"id": found["id"]})
    assert proxy.lost == {("createProject", loss): 1}
    assert [(one.operation, one.loss) for one in proxy.seen] == [
        ("projects", None),
        ("createProject", loss),
        ("createProject", None),
        ("projects", None),
    ]
