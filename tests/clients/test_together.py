"""Two clients at once, of two generations, in processes of their own: what the project ends up with is exact.

A client that waits in vain for the project's count is ended (`tests.clients.together`), and what is looked at is the
server. The newest generation also refuses to synchronize a connection that another is computing.
"""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from tests.api.server import Server, wait_until
from tests.clients.together import APPLY, FILES, SECONDS, TOGETHER, Desk, Job, Outcome, Stage

AT_ONCE = 3
REFUSED = "already currently checking"
MANY = 3_000


@pytest.fixture(scope="module")
def outcomes(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Future[Outcome]]]:
    """What comes of clients that run together, by what they do; some at a time."""
    for environment in TOGETHER:
        environment.build()
    stage = Stage(server, tmp_path_factory.mktemp("together"))
    pool = ThreadPoolExecutor(AT_ONCE)
    yield {play.__name__: pool.submit(play, stage) for play in PLAYS}
    pool.shutdown(cancel_futures=True)


def same_connection(stage: Stage) -> Outcome:
    desk = Desk(stage.server, "same connection")
    connection = desk.connect(desk.integrate(FILES))
    return stage.run(desk, [connection, connection])


def same_connection_with_deletion(stage: Stage) -> Outcome:
    desk = Desk(stage.server, "same connection with deletion")
    connection = desk.connect(desk.integrate(FILES))
    desk.synchronize_alone()
    change(desk, connection.integration)
    return stage.run(desk, [connection, connection], delete=True)


def overlapping(stage: Stage) -> Outcome:
    desk = Desk(stage.server, "overlapping")
    integration = desk.integrate(FILES)
    return stage.run(desk, [desk.connect(integration, "a"), desk.connect(integration)])


def overlapping_with_deletion(stage: Stage) -> Outcome:
    desk = Desk(stage.server, "overlapping with deletion")
    integration = desk.integrate(FILES)
    connections = [desk.connect(integration, "a"), desk.connect(integration)]
    desk.synchronize_alone()
    change(desk, integration)
    return stage.run(desk, connections, delete=True)


def two_integrations(stage: Stage) -> Outcome:
    desk = Desk(stage.server, "two integrations")
    first = desk.integrate(FILES)
    second = desk.integrate(folder=desk.folders[first])
    return stage.run(desk, [desk.connect(first), desk.connect(second)])


def while_others_arrive(stage: Stage) -> Outcome:
    desk = Desk(stage.server, "while others arrive")
    many = desk.connect(desk.integrate([f"many/{number:05}.jpg" for number in range(MANY)]))
    few = desk.connect(desk.integrate(FILES))

    def others_arrive(jobs: list[Job]) -> None:
        wait_until(lambda: any(one.operation == "computeDifferences" for one in jobs[0].proxy.seen), SECONDS)
        desk.server.data(APPLY, {"id": many.id, "type": "ADD"})

    return stage.run(desk, [few], meanwhile=others_arrive)


PLAYS = (
    same_connection,
    same_connection_with_deletion,
    overlapping,
    overlapping_with_deletion,
    two_integrations,
    while_others_arrive,
)


def change(desk: Desk, integration: str) -> None:
    """Take one file out of each folder, and put two into each."""
    for start in ("a", "b"):
        folder = desk.folders[integration] / start
        (folder / "0.jpg").unlink()
        for name in ("new.jpg", "newer.jpg"):
            (folder / name).write_bytes(b"new")


def check_said(outcome: Outcome) -> None:
    """At least one client had something done, and none was told of an error but that another was computing."""
    assert any(promises for promises in outcome.promises)
    for said in outcome.said:
        if said is not None and said["error"] is not None:
            assert REFUSED in said["error"]


@pytest.mark.parametrize("play", [same_connection, same_connection_with_deletion], ids=lambda play: play.__name__)
def test_two_clients_synchronize_one_connection(
    outcomes: Mapping[str, Future[Outcome]], play: Callable[[Stage], Outcome]
) -> None:
    outcome = outcomes[play.__name__].result()
    desk = outcome.desk
    (connection,) = desk.connections
    deletes = play is same_connection_with_deletion
    present = desk.assets()

    check_said(outcome)
    assert set(present.values()) == {1}
    for type_, right, before in (("ADD", 4 if deletes else len(FILES), int(deletes)), ("REMOVE", 2 * deletes, 0)):
        read = max(outcome.promised(number, type_) for number in range(len(TOGETHER)))
        assert read in (0, right)
        assert sum(desk.done(connection, type_)[before:]) == read
    assert desk.count() == desk.state(connection)["numberOfAssets"]
    desk.synchronize_alone()
    desk.check()


@pytest.mark.parametrize("play", [overlapping, overlapping_with_deletion], ids=lambda play: play.__name__)
def test_two_clients_synchronize_connections_that_overlap(
    outcomes: Mapping[str, Future[Outcome]], play: Callable[[Stage], Outcome]
) -> None:
    outcome = outcomes[play.__name__].result()
    desk = outcome.desk
    deletes = play is overlapping_with_deletion
    present = desk.assets()

    check_said(outcome)
    assert set(present.values()) == {1}
    added = [sum(desk.done(one, "ADD")[int(deletes) :]) for one in desk.connections]
    removed = [sum(desk.done(one, "REMOVE")) for one in desk.connections]
    assert sum(added) == (4 if deletes else len(FILES))
    for number, other in ((0, 1), (1, 0)):
        settled = outcome.promised(number, "ADD") - added[number]
        assert 0 <= settled <= added[other]
        assert removed[number] == outcome.promised(number, "REMOVE") <= deletes
    assert present.total() == len(FILES) + 4 * deletes - sum(removed)
    desk.synchronize_alone()
    desk.check()


def test_two_clients_synchronize_two_integrations_of_one_folder(outcomes: Mapping[str, Future[Outcome]]) -> None:
    outcome = outcomes[two_integrations.__name__].result()
    desk = outcome.desk

    check_said(outcome)
    for number, connection in enumerate(desk.connections):
        assert desk.done(connection, "ADD") == [outcome.promised(number, "ADD")] == [len(FILES)]
    desk.check()


def test_a_client_synchronizes_while_assets_of_another_connection_arrive(
    outcomes: Mapping[str, Future[Outcome]],
) -> None:
    outcome = outcomes[while_others_arrive.__name__].result()
    desk = outcome.desk
    many, few = desk.connections

    check_said(outcome)
    assert desk.done(few, "ADD") == [outcome.promised(0, "ADD")] == [len(FILES)]
    assert desk.done(many, "ADD") == [MANY]
    desk.check()
