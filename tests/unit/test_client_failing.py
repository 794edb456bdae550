"""A run that failed is raised in the kind of its error; by servers of every age."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from graphql import GraphQLError, GraphQLObjectType, GraphQLSchema, build_schema

from bucketlink import BucketlinkError, Client, errors
from bucketlink.buckets.order import Disorder
from bucketlink.client.connections import synchronize
from bucketlink.client.graphql.queries import LATER_RUN_FIELDS
from bucketlink.errors import (
    BucketError,
    BucketMisbehaved,
    BucketNotFound,
    BucketRefused,
    Conflict,
    GuardRefusal,
    InvalidInput,
    NotFound,
    RunFailed,
    kinds,
)

from .fake_server import SCHEMA, FakeServer, client_of


@pytest.fixture(autouse=True)
def _no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synchronize, "FIRST_WAIT", 0.0)


class Ended(FakeServer):
    """A server whose undoing ends so."""

    def __init__(self, state: str, error: str | None, kind: str | None) -> None:
        super().__init__()
        self.ended = {"state": state, "error": error, "errorKind": kind}

    def run(self, _: object, where: dict[str, str]) -> dict[str, Any] | None:
        found = super().run(_, where)
        return found and found | (self.ended if where["id"] == "8" else {})


KINDS = [
    kind for _, kind in sorted(kinds().items()) if kind.__module__ == errors.__name__ and kind is not BucketlinkError
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_kind_is_raised_as_itself_with_the_run(kind: type[BucketlinkError]) -> None:
    client = client_of(Ended("FAILED", "It is so.", kind.code), Client)
    calls: list[Callable[[], object]] = [lambda: client.wait("8"), lambda: client.undo("7")]
    for fails in calls:
        with pytest.raises(kind, match=r"^It is so\.$") as caught:
            fails()
        assert type(caught.value) is kind
        assert caught.value.run is not None
        assert (caught.value.run["id"], caught.value.run["errorKind"]) == ("8", kind.code)


@pytest.mark.parametrize(
    ("state", "kind"), [("FAILED", "INTERNAL"), ("FAILED", "A_CODE_OF_TOMORROW"), ("FAILED", None), ("CANCELLED", None)]
)
def test_what_has_no_kind_of_its_own_is_a_failed_run(state: str, kind: str | None) -> None:
    with pytest.raises(RunFailed, match="It is so") as caught:
        client_of(Ended(state, "It is so.", kind), Client).wait("8")
    assert caught.value.run is not None
    assert caught.value.run["state"] == state


def test_attributes_of_a_kind_are_there() -> None:
    with pytest.raises(GuardRefusal) as caught:
        client_of(Ended("FAILED", "Too many.", GuardRefusal.code), Client).wait("8")
    assert (caught.value.removed, caught.value.owned) == (None, None)


@pytest.mark.parametrize("kind", [BucketRefused, BucketNotFound, Conflict, NotFound], ids=lambda kind: kind.__name__)
def test_a_failed_computation_is_raised_as_itself(kind: type[BucketlinkError]) -> None:
    server = FakeServer()
    server.listing_error, server.listing_error_kind = "It is so.", kind.code
    client = client_of(server, Client)
    for fails in (lambda: client.synchronize_cloud_storage_connection("1"), lambda: client.compute_differences("1")):
        with pytest.raises(kind, match=r"It is so\.") as caught:
            fails()
        assert type(caught.value) is kind


class Earlier(FakeServer):
    """A Bucketlink that does not know the later fields of runs."""

    def __init__(self) -> None:
        super().__init__()
        self.schema = _earlier()


def _earlier() -> GraphQLSchema:
    schema = build_schema(SCHEMA)
    run = schema.type_map["Run"]
    assert isinstance(run, GraphQLObjectType)
    for name in LATER_RUN_FIELDS:
        del run.fields[name]
    return schema


def test_an_earlier_release_is_asked_for_nothing_that_it_does_not_know() -> None:
    server = Earlier()
    client = client_of(server, Client)
    server.found = {"added": 2, "removed": 0, "changed": 0}
    assert client.synchronize_cloud_storage_connection("1")["numberOfAssets"] == 12
    assert client.undo("7")["state"] == "SUCCEEDED"
    for run in (*client.runs("1"), client.run("8"), client.wait("8"), client.undo("7", wait=False)):
        assert {name: run[name] for name in LATER_RUN_FIELDS} == {"errorKind": None, "undoneBy": None}  # type: ignore[literal-required]
    with pytest.raises(NotFound, match="no run with the id 3"):
        client.run("3")


def test_an_earlier_release_is_tried_with_later_fields_once() -> None:
    server = Earlier()
    client = client_of(server, Client)
    client.run("8")
    assert len(server.sent) == 2
    client.run("8")
    client.undo("7", wait=False)
    assert server.operations()[2:] == ["run", "run", "undoRun"]


def test_a_run_that_failed_under_an_earlier_release_is_as_it_was() -> None:
    server = Earlier()
    server.listing_error = "The bucket is gone."
    client = client_of(server, Client)
    with pytest.raises(BucketError, match="bucket is gone"):
        client.synchronize_cloud_storage_connection("1")
    failed = next(iter(client.runs("1")))
    with pytest.raises(RunFailed, match="bucket is gone"):
        client.wait(failed["id"])


def test_what_is_refused_for_another_reason_is_not_sent_twice() -> None:
    class Refusing(FakeServer):
        def undoRun(self, _: object, where: dict[str, str]) -> dict[str, Any]:  # noqa: N802
            raise GraphQLError(f"No undoing of {where['id']}.", extensions={"code": InvalidInput.code})

    server = Refusing()
    with pytest.raises(InvalidInput, match="No undoing of 7"):
        client_of(server, Client).undo("7")
    assert server.operations("undoRun") == ["undoRun"]


def test_an_error_survives_copying() -> None:
    with pytest.raises(BucketRefused) as caught:
        client_of(Ended("FAILED", "It is so.", BucketRefused.code), Client).wait("8")
    copied = copy.copy(caught.value)
    assert (type(copied), str(copied), copied.run) == (BucketRefused, "It is so.", caught.value.run)


def test_a_kind_without_a_code_of_its_own_is_its_base_to_a_client() -> None:
    assert issubclass(Disorder, BucketMisbehaved)
    assert kinds()[Disorder.code] is BucketMisbehaved
