"""Replies that are lost after the server has acted: nothing happens twice, and whoever sends again is answered right.

The clients up to 25.x send a mutation again, under the same name of the call, after most losses, and ours too. The
newest one does so only after 429 and tells its user otherwise that the outcome is unknown; of those published, none
does after half a reply. What a user then does is to look, and to run the script again.
"""

import json
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from http.client import HTTPConnection, HTTPException, IncompleteRead, RemoteDisconnected
from pathlib import Path

import pytest

from tests.api.server import Json, Server, wait_until
from tests.clients.conftest import Client
from tests.clients.environments import NEWEST, OURS, Can, Environment
from tests.faults.processes import descendants, kill_all
from tests.servers.dropping import CALL_ID, DroppingProxy, Exchange, Loss
from tests.servers.pages import Faults, Formula, PageServer

KEYS = [*(f"{folder}/{number}.jpg" for folder in ("bears", "cats") for number in range(3)), "cover.jpg"]
REMOVED = "bears/1.jpg"
AT_ONCE = 4
SECONDS = 90.0
TIMES = 8

OPERATIONS = {
    "createProject",
    "updatePropertiesInProject",
    "updatePropertiesInProject archived",
    "deleteProjectAsynchronously",
    "addDataConnection",
    "computeDifferences",
    "validateDataDifferences ADD",
    "validateDataDifferences REMOVE",
}
INTEGRATION_OPERATIONS = {"createDataIntegration", "updatePropertiesInDataIntegration", "deleteDataIntegration"}
KILLED_AT = {"createProject", "addDataConnection", "validateDataDifferences ADD"}

LOSSES = [loss for loss in Loss if loss is not Loss.EARLY]
PAIRS = (
    (Loss.CLOSED, Loss.BAD_GATEWAY),
    (Loss.RESET, Loss.SERVICE_UNAVAILABLE),
    (Loss.GATEWAY_TIMEOUT, Loss.TOO_MANY_REQUESTS),
)
"""Lost one after the other where the client sends again after each."""

_2023 = frozenset(Loss) - {Loss.HALF}
_2024 = _2023 - {Loss.INTERNAL_SERVER_ERROR}
SENT_AGAIN: dict[str, frozenset[Loss]] = {
    "2.135.0": _2023,
    "2.145.2": _2023,
    "2.160.4": _2024,
    "2.176.1": _2024,
    "25.2.10": _2024,
    "26.2.4": frozenset({Loss.TOO_MANY_REQUESTS}),
    OURS.version: frozenset(Loss) - {Loss.INTERNAL_SERVER_ERROR},
}
ERRORS = {
    "2.135.0": {"TransportProtocolError"},
    "2.145.2": {"ChunkedEncodingError"},
    "2.160.4": {"ChunkedEncodingError", "TransportServerError"},
    "2.176.1": {"ChunkedEncodingError", "TransportServerError"},
    "25.2.10": {"ChunkedEncodingError", "TransportServerError"},
    "26.2.4": {"MutationOutcomeUnknownError"},
    OURS.version: {"ServerError"},
}
"""What a client raises that does not send again."""

ENDS = {Loss.CLOSED: RemoteDisconnected, Loss.RESET: ConnectionResetError, Loss.HALF: IncompleteRead}
"""What Python's own client says of a connection that ends in these ways."""

PROJECTS = (
    "query ($title: String!) "
    "{ data: projects(where: {searchQuery: $title}, first: 10, skip: 0) { id title description archived } }"
)
CONNECTIONS = """query ($project: ID!) {
    data: dataConnections(where: {projectId: $project}, first: 10, skip: 0) {
        id numberOfAssets isChecking isApplyingDataDifferences dataDifferencesSummary { added removed total }
    }
}"""
ASSETS = """query ($project: ID!) {
    data: assets(where: {project: {id: $project}}, first: 100, skip: 0) { externalId }
}"""
RUNS = """query ($connection: ID!) {
    data: runs(where: {connectionId: $connection}, first: 100, skip: 0) {
        kind state types summary { added removed }
    }
}"""
INTEGRATIONS = "query ($name: String!) { data: dataIntegrations(where: {name: $name}, first: 10, skip: 0) { id } }"
CREATE_PROJECT = "mutation ($data: CreateProjectData!) { data: createProject(data: $data) { id } }"
ADD_CONNECTION = "mutation ($data: DataConnectionInput!) { data: addDataConnection(data: $data) { id } }"
CREATE_INTEGRATION = "mutation ($data: DataIntegrationData!) { data: createDataIntegration(data: $data) { id } }"


class GatedServer(PageServer):
    """A bucket that answers nothing while its gate is shut."""

    def __init__(self, faults: Faults | None = None) -> None:
        super().__init__(Formula(3), faults=faults or Faults())
        self.gate = threading.Event()
        self.gate.set()

    def count(self, kind: str) -> int:
        self.gate.wait()
        return super().count(kind)


@dataclass(frozen=True, slots=True)
class Tried:
    """What a script said, and what passed between it and the server."""

    name: str
    said: Json
    proxy: DroppingProxy


@dataclass(frozen=True, slots=True)
class Place:
    """Where scripts are run."""

    environment: Environment
    server: Server
    bucket: PageServer
    directory: Path

    def client(self, proxy: DroppingProxy) -> Client:
        """A client that asks through the proxy, with a home directory of its own."""
        home = self.directory / str(proxy.port)
        home.mkdir(parents=True)
        return Client(self.environment, replace(self.server, port=proxy.port), home)

    def do_everything(self, what: str, proxy: DroppingProxy) -> Tried:
        """Run the script that does all that changes something."""
        name = f"{self.environment.version} {what}"
        with proxy:
            said = self.client(proxy).run(
                "fault_careful",
                name=name,
                integration=self.server.create_folder_integration(name, KEYS),
                folder=str(self.server.root / name),
                removed=REMOVED,
                endpoint=self.bucket.endpoint,
            )
        return Tried(name, said, proxy)


def created(document: str) -> str:
    """The mutation's root field."""
    return document.partition("{ data: ")[2].partition("(")[0]


def plan(version: str, loss: Loss) -> tuple[Loss, ...]:
    """In which ways the first replies of a script are lost that is to show what comes of one."""
    pair = next((pair for pair in PAIRS if loss in pair), (loss,))
    return pair if SENT_AGAIN[version].issuperset(pair) else (loss,)


@pytest.fixture(scope="module")
def bucket() -> Iterator[PageServer]:
    with PageServer(Formula(3)) as pages:
        yield pages


@pytest.fixture(scope="module")
def tries(
    request: pytest.FixtureRequest, server: Server, bucket: PageServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mapping[tuple[str, str], Future[None]]]:
    """What is tried, by generation and name; a few at a time, since clients mostly wait."""
    callspecs = [getattr(item, "callspec", None) for item in request.session.items if item.path == request.path]
    environments = dict.fromkeys(one.params["environment"] for one in callspecs if one and "environment" in one.params)
    pool = ThreadPoolExecutor(AT_ONCE)
    futures: dict[tuple[str, str], Future[None]] = {}
    for environment in environments:
        environment.build()
        place = Place(environment, server, bucket, tmp_path_factory.mktemp("lost"))
        for losses in dict.fromkeys(plan(environment.version, loss) for loss in LOSSES):
            future = pool.submit(try_losing, place, losses)
            futures |= {(environment.version, loss.name): future for loss in losses}
        futures[environment.version, "killed"] = pool.submit(try_killing, place)
        for is_killed in (False, True):
            name = f"early {is_killed}"
            futures[environment.version, name] = pool.submit(try_giving_up, place, is_killed=is_killed)
    yield futures
    pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name.lower())
def test_what_a_client_asks_for_is_done_once_whose_reply_is_lost(
    tries: Mapping[tuple[str, str], Future[None]], environment: Environment, loss: Loss
) -> None:
    tries[environment.version, loss.name].result()


def try_losing(place: Place, losses: tuple[Loss, ...]) -> None:
    proxy = DroppingProxy(place.server.port)
    proxy.lose_of_every_mutation(*losses)
    it = place.do_everything(" and ".join(loss.name for loss in losses), proxy)

    check_losses(it, place.environment, losses, operations_of(place.environment))
    check_errors(it, place.environment, losses)
    check_answers(it)
    check_what_was_done(it, place)


def test_it_is_done_once_by_a_server_that_is_killed_before_it_replies_and_started_again(
    tries: Mapping[tuple[str, str], Future[None]], environment: Environment
) -> None:
    tries[environment.version, "killed"].result()


def try_killing(place: Place) -> None:
    with own_server(place.directory / "killed") as server:
        proxy = DroppingProxy(server.port)
        for operation in KILLED_AT:
            proxy.lose(operation, Loss.CLOSED)
        proxy.before_loss = lambda: kill_and_start(server)
        own = replace(place, server=server)
        it = own.do_everything("killed", proxy)

        check_losses(it, own.environment, (Loss.CLOSED,), KILLED_AT)
        check_errors(it, own.environment, (Loss.CLOSED,))
        check_answers(it)
        check_what_was_done(it, own)


@pytest.mark.parametrize("is_killed", [False, True], ids=["while it works", "killed"])
def test_a_connection_is_added_once_where_the_client_gives_up_before_the_reply(
    tries: Mapping[tuple[str, str], Future[None]], environment: Environment, *, is_killed: bool
) -> None:
    """The server waits for the first computation when the same request comes again."""
    tries[environment.version, f"early {is_killed}"].result()


def try_giving_up(place: Place, *, is_killed: bool) -> None:
    version = place.environment.version
    with ExitStack() as stack:
        server = stack.enter_context(own_server(place.directory / "early")) if is_killed else place.server
        gated = stack.enter_context(GatedServer())
        stack.callback(gated.gate.set)
        proxy = stack.enter_context(DroppingProxy(server.port))
        proxy.lose("addDataConnection", Loss.EARLY)
        data = {"title": f"{version} early", "inputType": "IMAGE"}
        project = server.data(CREATE_PROJECT, {"data": data})["id"]
        proxy.has_acted = lambda: bool(server.data(CONNECTIONS, {"project": project}))
        if is_killed:
            proxy.before_loss = lambda: kill_and_start(server)
        integration = integration_of(server, gated)
        gated.gate.clear()
        client = replace(place, server=server).client(proxy)
        adding = client.start("fault_add", project=project, integration=integration)
        stack.callback(adding.stop)
        wait_until(lambda: proxy.begun["addDataConnection"] == 2 or adding.process.poll() is not None, SECONDS)
        gated.gate.set()
        said = adding.result()
        wait_until(lambda: proxy.under_way.total() == 0)

        sent = [one for one in proxy.mutations() if one.operation == "addDataConnection"]
        is_sent_again = Loss.EARLY in SENT_AGAIN[version]
        assert proxy.lost == {("addDataConnection", Loss.EARLY): 1}
        assert len(sent) == 1 + is_sent_again
        if not is_killed:
            assert proxy.most_at_once["addDataConnection"] == 1 + is_sent_again
        assert len({one.call for one in sent}) == 1
        assert {type_ for type_, _ in said["errors"]} <= ERRORS[version]
        assert len(said["errors"]) == 1 - is_sent_again
        assert connections_at_rest(server, project) == [
            {"id": said["connection"], "numberOfAssets": 0, "dataDifferencesSummary": counts(3, 0)}
        ]
        runs = server.data(RUNS, {"connection": said["connection"]})
        assert [run["kind"] for run in runs] == ["COMPUTE"] * (1 + len(calls(proxy, "computeDifferences")))


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


def operations_of(environment: Environment) -> set[str]:
    """The mutations that a generation sends."""
    return OPERATIONS | (INTEGRATION_OPERATIONS if Can.MANAGE_INTEGRATIONS in environment.can else set())


def check_losses(it: Tried, environment: Environment, losses: tuple[Loss, ...], operations: Iterable[str]) -> None:
    """Every mutation was sent and named so as to be known again; replies to these were lost, and sent for again."""
    assert it.proxy.lost == Counter((operation, loss) for operation in operations for loss in losses)
    assert {one.operation for one in it.proxy.mutations()} == operations_of(environment)
    assert all(one.call for one in it.proxy.mutations())
    times = Counter(identity(one) for one in it.proxy.mutations())
    most = {operation: max(n for (of, *_), n in times.items() if of == operation) for operation in operations}
    is_sent_again = SENT_AGAIN[environment.version].issuperset(losses)
    assert most == dict.fromkeys(operations, 1 + len(losses) if is_sent_again else 1)


def check_errors(it: Tried, environment: Environment, losses: tuple[Loss, ...]) -> None:
    """A client that sends again tells its user of no error, another of every one, and its user learns what it means."""
    errors = [error for of_step in it.said["errors"].values() for error in of_step]
    if SENT_AGAIN[environment.version].issuperset(losses):
        assert errors == []
        return
    assert len(errors) == it.proxy.lost.total()
    assert {type_ for type_, _ in errors} <= ERRORS[environment.version]
    if environment == NEWEST:
        assert all("It may have been processed by the server anyway" in text for _, text in errors)


def check_answers(it: Tried) -> None:
    """Whatever is sent again is answered by the same thing, and the script is told what it asked for."""
    answers: dict[tuple[str, ...], set[str]] = {}
    for one in it.proxy.mutations():
        named = one.answer["id"] if isinstance(one.answer, dict) else one.answer
        answers.setdefault(identity(one), set()).add(named)
    assert {identity: len(named) for identity, named in answers.items() if len(named) > 1} == {}

    said = it.said
    assert said["described"] == {"id": said["project"], "description": "changed"}
    assert said["archived"] == {"id": said["project"]}
    assert said["deleted"] == said["another"]
    assert (said["added"], said["removed"]) == (len(KEYS), len(KEYS) - 1)
    if "integration" in said:
        assert said["restricted"] == ["folder-00000"]
        assert said["forgotten"] == said["integration"]


def check_what_was_done(it: Tried, place: Place) -> None:
    """There is one of each thing, with the assets of the folder and the runs that were asked for."""
    server, environment = place.server, place.environment
    project, connection = it.said["project"], it.said["connection"]
    assert server.data(PROJECTS, {"title": it.name}) == [
        {"id": project, "title": it.name, "description": "changed", "archived": True}
    ]
    assert connections_at_rest(server, project) == [
        {"id": connection, "numberOfAssets": len(KEYS) - 1, "dataDifferencesSummary": counts(0, 0)}
    ]
    assets = [one["externalId"] for one in server.data(ASSETS, {"project": project})]
    assert sorted(assets) == sorted(set(KEYS) - {REMOVED})
    runs = server.data(RUNS, {"connection": connection})
    computed = 1 + len(calls(it.proxy, "computeDifferences"))
    assert Counter(run["kind"] for run in runs) == {"COMPUTE": computed, "APPLY": 2}
    assert {run["state"] for run in runs} == {"SUCCEEDED"}
    applied = [(run["types"], run["summary"]) for run in reversed(runs) if run["kind"] == "APPLY"]
    assert applied == [(["ADD"], {"added": len(KEYS), "removed": 0}), (["REMOVE"], {"added": 0, "removed": 1})]
    assert server.data(INTEGRATIONS, {"name": f"bucket of {it.name}"}) == []
    assert ("integration" in it.said) == (Can.MANAGE_INTEGRATIONS in environment.can)


def identity(one: Exchange) -> tuple[str, str, str]:
    """What a request shares with the same one sent again."""
    return one.operation, one.call or "", json.dumps(one.variables, sort_keys=True)


def calls(proxy: DroppingProxy, operation: str) -> set[tuple[str, str, str]]:
    """Mutations of one kind, each once."""
    return {identity(one) for one in proxy.mutations() if one.operation == operation}


def counts(added: int, removed: int) -> dict[str, int]:
    return {"added": added, "removed": removed, "total": added + removed}


def connections_at_rest(server: Server, project: str) -> list[Json]:
    """A project's connections, when nothing is done for them any more."""
    busy = ("isChecking", "isApplyingDataDifferences")
    found: list[Json] = []

    def rest() -> bool:
        found[:] = server.data(CONNECTIONS, {"project": project})
        return not any(one[field] for one in found for field in busy)

    wait_until(rest)
    return [{name: value for name, value in one.items() if name not in busy} for one in found]


@contextmanager
def own_server(directory: Path) -> Iterator[Server]:
    """A server that may be killed."""
    server = Server(directory / "server", {"BUCKETLINK_ALLOW_PRIVATE_ENDPOINTS": "true"})
    server.start()
    try:
        yield server
    finally:
        server.stop()


def kill_and_start(server: Server) -> None:
    """Kill the server with all that it started, and start it again where it was."""
    kill_all([server.pid, *descendants(server.pid)])
    server.wait()
    server.start()


def bucket_of(pages: PageServer) -> dict[str, str]:
    return {"platform": "CustomS3", "s3BucketName": "bucket", "s3Endpoint": pages.endpoint}


def integration_of(server: Server, pages: PageServer) -> str:
    return server.create_integration({**bucket_of(pages), "name": "pages"})
