"""Checks of integrations: seen while they are under way, trying what synchronizing reads, and never out of date."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bucketlink import jobs
from bucketlink.api.application import Application
from bucketlink.home import open_home
from bucketlink.model import Caller, Role
from bucketlink.settings import Settings
from tests.api.buckets import s3
from tests.api.conftest import ADD_CONNECTION, CREATE_PROJECT, Api
from tests.api.places import CHECK, INTEGRATIONS, STATE, UPDATE, Place, Status
from tests.api.server import PRIVATE, Server, wait_until
from tests.api.test_integrations import Elsewhere
from tests.servers.pages import Faults, PageServer
from tests.servers.pages_core import Dialect, Sent

CREATE = f"mutation ($data: DataIntegrationData!) {{ data: createDataIntegration(data: $data) {{ {STATE} }} }}"
REFUSED = Faults(status=403, code="AccessDenied")
KEYS = ("top.jpg", "scans/1.jpg", "scans/deep/2.jpg", "scans 2/3.jpg", "others/4.jpg")
WAIT_SECONDS = 30.0


class Slow(PageServer):
    """A bucket whose listings wait while its gate is closed, and which knows what was asked of it."""

    def __init__(self, *keys: str) -> None:
        super().__init__(keys or ["a.jpg"])
        self.gate = threading.Event()
        self.gate.set()
        self.asked: list[tuple[str, str]] = []
        """Prefix and delimiter of every listing."""

    def page(self, dialect: Dialect, sent: Sent, number: int) -> tuple[str, bool]:
        asked = dialect.asked(sent, old=False)
        self.asked.append((asked.prefix, asked.delimiter))
        answer = super().page(dialect, sent, number)
        self.gate.wait(WAIT_SECONDS)
        return answer


@pytest.fixture
def bucket() -> Iterator[Slow]:
    with Slow() as pages:
        yield pages
        pages.gate.set()


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    """The API whose queued work nobody does but the test, and whose answers wait a moment."""
    home = open_home(Settings(data_dir=tmp_path / "data", allow_private_endpoints=True))
    yield Api(home, Application(home, Elsewhere(), patience=0.05))
    home.close()


@contextmanager
def working(api: Api, bucket: Slow) -> Iterator[None]:
    """Do the next queued run meanwhile, which is at a listing when the block begins; at its end it is done."""
    claim, before = jobs.take(api.home), len(bucket.asked)
    assert claim is not None
    thread = threading.Thread(target=jobs.perform, args=(api.home, claim))
    thread.start()
    wait_until(lambda: len(bucket.asked) > before)
    try:
        yield
    finally:
        bucket.gate.set()
        thread.join()


def work(api: Api) -> None:
    """Do all that is queued."""
    while (claim := jobs.take(api.home)) is not None:
        jobs.perform(api.home, claim)


def connected(api: Api, caller: Caller, bucket: PageServer, **fields: object) -> Place:
    """An integration that was found to be readable, of which no connection uses anything."""
    made = patient(api).data(caller, CREATE, {"data": s3(bucket, **fields)})
    assert (made["status"], made["statusReason"]) == ("CONNECTED", None)
    return Place(api, caller, made["id"], "", "")


def patient(api: Api) -> Api:
    """The API whose answers wait for what they started."""
    return replace(api, application=replace(api.application, patience=WAIT_SECONDS))


# Seen while under way


def test_a_slow_bucket_is_registered_as_being_checked(api: Api, caller: Caller, bucket: Slow) -> None:
    bucket.gate.clear()
    made = api.data(caller, CREATE, {"data": s3(bucket)})
    place = Place(api, caller, made["id"], "", "")

    assert (made["status"], made["statusReason"]) == ("CHECKING", None)
    with working(api, bucket):
        assert place.status() == ("CHECKING", None)
    assert place.status() == ("CONNECTED", None)


def test_a_slow_bucket_that_turns_out_unreadable_stays_registered_and_says_why(
    api: Api, caller: Caller, bucket: Slow
) -> None:
    bucket.gate.clear()
    place = Place(api, caller, api.data(caller, CREATE, {"data": s3(bucket)})["id"], "", "")
    bucket.faults = REFUSED
    work(api)

    status, reason = place.status()
    assert (status, "s3AccessKey" in str(reason)) == ("DISCONNECTED", True)


def test_a_change_and_a_check_on_demand_are_seen_while_they_are_under_way(
    api: Api, caller: Caller, bucket: Slow
) -> None:
    place = connected(api, caller, bucket)
    asks: tuple[Callable[[], Status], ...] = (lambda: place.update(s3Region="eu-west-3"), place.check)
    for ask in asks:
        bucket.gate.clear()
        assert ask() == ("CHECKING", None)
        with working(api, bucket):
            assert place.status() == ("CHECKING", None)
        assert place.status() == ("CONNECTED", None)
        bucket.faults = REFUSED
        assert ask() == ("CHECKING", None)
        work(api)
        assert place.status()[0] == "DISCONNECTED"
        bucket.faults = Faults()
        ask()
        work(api)
        assert place.status() == ("CONNECTED", None)


def test_a_bucket_that_answers_in_time_is_never_seen_as_being_checked(api: Api, caller: Caller, bucket: Slow) -> None:
    place = connected(api, caller, bucket)
    bucket.faults = REFUSED
    response = patient(api).ask(caller, CREATE, {"data": s3(bucket)})
    assert response["errors"][0]["extensions"]["code"] == "BUCKET_REFUSED"
    assert jobs.take(api.home) is None
    assert api.data(caller, INTEGRATIONS % "id", {"where": {}}) == [{"id": place.integration}]


# What is tried


@pytest.mark.parametrize(
    ("restriction", "selections"),
    [
        ({}, [{}]),
        ({"allowedPaths": ["scans", "others"]}, [{}]),
        ({"allowedPaths": ["scans"], "includeRootFiles": True}, [{}]),
        ({}, [{"selectedFolders": ["scans"]}, {"selectedFolders": ["others/", "scans/deep"]}]),
        ({"includeRootFiles": True}, [{"selectedFolders": ["scans"]}]),
        ({"allowedPaths": ["scans"]}, [{"selectedFolders": ["scans/deep", "others"]}]),
        ({}, [{"prefix": "scans"}]),
        ({}, [{"selectedFolders": ["scans"]}, {}]),
    ],
)
def test_a_check_tries_what_synchronizing_reads_and_no_more(
    api: Api, caller: Caller, restriction: dict[str, object], selections: list[dict[str, object]]
) -> None:
    with Slow(*KEYS) as bucket:
        place = connected(api, caller, bucket, **restriction)
        project = api.data(caller, CREATE_PROJECT, {"data": {"title": "p", "inputType": "IMAGE"}})["id"]
        bucket.asked.clear()
        for selection in selections:
            data = {"projectId": project, "integrationId": place.integration, **selection}
            api.data(caller, ADD_CONNECTION, {"data": data})
            work(api)
        read, bucket.asked = set(bucket.asked), []
        bucket.counts.clear()

        place.check()
        work(api)

        assert set(bucket.asked) == read
        assert len(bucket.asked) == len(read)
        assert bucket.counts == {"LIST": len(read), "HEAD": 1}
        assert place.status() == ("CONNECTED", None)


def test_whoever_is_no_administrator_checks_nothing(api: Api, caller: Caller, bucket: Slow) -> None:
    place = connected(api, caller, bucket)
    user = Caller(caller.organization_id, caller.user_id, caller.email, Role.USER)
    before, asked = api.rows(), len(bucket.asked)

    for query, variables in (
        (CREATE, {"data": s3(bucket)}),
        (UPDATE % "id", {"data": {"s3Region": "eu-west-3"}, "where": {"id": place.integration}}),
        (CHECK % "id", {"where": {"id": place.integration}}),
    ):
        response = api.ask(user, query, variables)
        assert response["errors"][0]["extensions"]["code"] == "FORBIDDEN"

    assert (api.rows(), len(bucket.asked)) == (before, asked)


# Overtaken


def test_a_check_that_a_change_overtakes_says_nothing_of_what_was_changed(
    api: Api, caller: Caller, bucket: Slow
) -> None:
    place = connected(api, caller, bucket)
    bucket.gate.clear()
    place.check()
    with working(api, bucket):
        place.update(s3Region="eu-west-3")
    assert place.status() == ("CHECKING", None)
    bucket.faults = REFUSED
    work(api)
    assert place.status()[0] == "DISCONNECTED"


def test_a_check_that_ends_after_a_later_one_of_what_was_changed_says_nothing(
    api: Api, caller: Caller, bucket: Slow
) -> None:
    place = connected(api, caller, bucket)
    bucket.gate.clear()
    place.check()
    with working(api, bucket):
        place.update(s3Region="eu-west-3")
        bucket.faults = REFUSED
        work(api)
        refused = place.status()
        assert refused[0] == "DISCONNECTED"
    assert place.status() == refused


def test_of_two_checks_the_one_that_was_asked_for_later_counts(api: Api, caller: Caller, bucket: Slow) -> None:
    place = connected(api, caller, bucket)
    bucket.gate.clear()
    place.check()

    with working(api, bucket):
        first = bucket.gate
        bucket.gate, bucket.faults = threading.Event(), REFUSED
        bucket.gate.set()
        place.check()
        work(api)
        bucket.gate = first

    assert place.status()[0] == "DISCONNECTED"


def test_a_check_shows_no_reason_of_what_was_before(api: Api, caller: Caller, bucket: Slow) -> None:
    place = connected(api, caller, bucket)
    bucket.faults = REFUSED
    place.check()
    work(api)
    assert place.status()[0] == "DISCONNECTED"

    assert place.check() == ("CHECKING", None)


def test_a_server_that_is_killed_during_a_check_takes_it_up_again(tmp_path: Path, bucket: Slow) -> None:
    with Server(tmp_path, PRIVATE) as server:
        made = server.data(CREATE, {"data": s3(bucket)})
        bucket.gate.clear()
        asked = len(bucket.asked)
        check = threading.Thread(target=ask_a_server_that_dies, args=(server, made["id"]))
        check.start()
        wait_until(lambda: len(bucket.asked) > asked)
        os.kill(server.pid, signal.SIGKILL)
        server.wait()
        check.join()
        bucket.gate.set()
        bucket.faults = REFUSED
        server.start()

        def row() -> dict[str, str]:
            found: list[dict[str, str]] = server.data(INTEGRATIONS % STATE, {"where": {"id": made["id"]}})
            return found[0]

        wait_until(lambda: row()["status"] != "CHECKING")
        assert row()["status"] == "DISCONNECTED"
        assert "s3AccessKey" in row()["statusReason"]


def ask_a_server_that_dies(server: Server, integration: str) -> None:
    with pytest.raises(OSError):  # noqa: PT011 - the connection's end has many names
        server.ask(CHECK % STATE, {"where": {"id": integration}})
