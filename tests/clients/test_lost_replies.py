"""Replies that are lost after the server has acted: nothing happens twice, and whoever sends again is answered right.

The clients up to 25.x send a mutation again, under the same name of the call, after most losses, and ours too. The
newest one does so only after 429 and tells its user otherwise that the outcome is unknown; of those published, none
does after half a reply. What a user then does is to look, and to run the script again.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace

import pytest

from tests.api.server import Server, wait_until
from tests.clients.environments import NEWEST, OURS, Can, Environment
from tests.clients.losing import (
    CONNECTIONS,
    CREATE_PROJECT,
    INTEGRATIONS,
    KEYS,
    LOSSES,
    PROJECTS,
    REMOVED,
    GatedServer,
    Place,
    Tried,
    calls,
    connections_at_rest,
    counts,
    identity,
    integration_of,
    kill_and_start,
    own_server,
)
from tests.servers.dropping import DroppingProxy, Loss
from tests.servers.pages import Formula, PageServer

AT_ONCE = 4
SECONDS = 90.0

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

ASSETS = """query ($project: ID!) {
    data: assets(where: {project: {id: $project}}, first: 100, skip: 0) { externalId }
}"""
RUNS = """query ($connection: ID!) {
    data: runs(where: {connectionId: $connection}, first: 100, skip: 0) {
        kind state types summary { added removed }
    }
}"""


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
