"""One call sent many times at once, by plain requests: it is done once, and all are told the same."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from tests.api.server import Server, wait_until
from tests.clients.losing import (
    CONNECTIONS,
    CREATE_PROJECT,
    INTEGRATIONS,
    PROJECTS,
    GatedServer,
    bucket_of,
    integration_of,
)
from tests.servers.dropping import DroppingProxy
from tests.servers.pages import Faults, Formula, PageServer

TIMES = 8

ADD_CONNECTION = "mutation ($data: DataConnectionInput!) { data: addDataConnection(data: $data) { id } }"
CREATE_INTEGRATION = "mutation ($data: DataIntegrationData!) { data: createDataIntegration(data: $data) { id } }"


def created(document: str) -> str:
    """The mutation's root field."""
    return document.partition("{ data: ")[2].partition("(")[0]


@pytest.fixture(scope="module")
def bucket() -> Iterator[PageServer]:
    with PageServer(Formula(3)) as pages:
        yield pages


@pytest.mark.parametrize("of_what", [CREATE_PROJECT, ADD_CONNECTION, CREATE_INTEGRATION], ids=created)
def test_a_call_that_is_sent_many_times_at_once_is_done_once(server: Server, bucket: PageServer, of_what: str) -> None:
    data: dict[str, object] = {}
    name = f"many times at once: {created(of_what)}"
    project = server.data(CREATE_PROJECT, {"data": {"title": f"of {name}", "inputType": "IMAGE"}})["id"]
    integration = integration_of(server, bucket)
    match created(of_what):
        case "createProject":
            data = {"title": name, "inputType": "IMAGE"}
        case "addDataConnection":
            data = {"projectId": project, "integrationId": integration}
        case "createDataIntegration":
            data = {**bucket_of(bucket), "name": name}

    with ThreadPoolExecutor(TIMES) as pool:
        answers = list(pool.map(lambda _: server.ask(of_what, {"data": data}, call=name), range(TIMES)))

    (made,) = {json.dumps(answer) for answer in answers}
    found = [
        *server.data(PROJECTS, {"title": name}),
        *server.data(CONNECTIONS, {"project": project}),
        *server.data(INTEGRATIONS, {"name": name}),
    ]
    assert [one["id"] for one in found if one["id"] not in (project, integration)] == [
        json.loads(made)["data"]["data"]["id"]
    ]


def test_a_bucket_that_cannot_be_read_is_refused_however_often_one_call_is_sent(server: Server) -> None:
    name = "cannot be read"
    through = DroppingProxy(server.port)
    with through, GatedServer(Faults(status=403, code="AccessDenied")) as gated, ThreadPoolExecutor(TIMES) as pool:
        gated.gate.clear()
        data = {**bucket_of(gated), "name": name}
        client = replace(server, port=through.port)
        asked = [pool.submit(client.ask, CREATE_INTEGRATION, {"data": data}, call=name) for _ in range(TIMES)]
        wait_until(lambda: through.under_way["createDataIntegration"] == TIMES)
        gated.gate.set()
        answers = [one.result() for one in asked]

    assert [answer.get("errors", [{"extensions": None}])[0]["extensions"] for answer in answers] == [
        {"code": "BUCKET_REFUSED", "context": {}}
    ] * TIMES
    assert server.data(INTEGRATIONS, {"name": name}) == []
