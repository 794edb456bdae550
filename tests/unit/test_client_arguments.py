"""A call that does not fit a method names the method, what is wrong and what it takes; each method alike."""

import inspect
import re
from collections.abc import Callable
from typing import Any

import pytest

from bucketlink import Client, Kili
from bucketlink.client.storages.integrations import StorageIntegrations
from bucketlink.client.storages.storages import StorageConnections
from bucketlink.errors import BucketlinkError, InvalidInput

from .fake_server import FakeServer, client_of

TAKE_NOTHING = {"close"}
METHODS = [
    pytest.param(method, name, id=f"{kind.__name__}.{name}")
    for kind in (Client, Kili, StorageConnections, StorageIntegrations)
    for name, method in vars(kind).items()
    if kind is not Client
    if inspect.isfunction(method) and not name.startswith("_")
] + [
    pytest.param(method, name, id=f"Client.{name}")
    for name, method in inspect.getmembers(Client, inspect.isfunction)
    if not name.startswith("_") and name not in TAKE_NOTHING
]


def wrong(call: Callable[[], object]) -> str:
    with pytest.raises(TypeError) as caught:
        call()
    assert isinstance(caught.value, BucketlinkError)
    sentence = str(caught.value)
    assert "\n" not in sentence
    return sentence


@pytest.mark.parametrize(("method", "name"), METHODS)
def test_an_argument_that_there_is_not_is_named(method: Callable[..., object], name: str) -> None:
    sentence = wrong(lambda: method(object(), nonsense=1))
    assert sentence.startswith(f"{name}() has no argument nonsense")
    for first in list(inspect.signature(method).parameters)[1:2]:
        assert re.search(rf"It takes (by name )?{first}\b", sentence)


@pytest.mark.parametrize(("method", "name"), METHODS)
def test_too_many_positions_are_counted(method: Callable[..., object], name: str) -> None:
    placed = [one for one in inspect.signature(method).parameters.values() if one.kind is one.POSITIONAL_OR_KEYWORD]
    given = [object()] * (len(placed) + 1)
    sentence = wrong(lambda: method(*given))
    assert sentence.startswith(f"{name}() takes {len(placed) - 1} argument")
    assert f"by position, not {len(placed)}" in sentence


@pytest.mark.parametrize(("method", "name"), METHODS)
def test_what_is_missing_is_named(method: Callable[..., object], name: str) -> None:
    needed = [
        one.name
        for one in list(inspect.signature(method).parameters.values())[1:]
        if one.default is one.empty and one.kind is not one.VAR_KEYWORD
    ]
    if needed:
        assert wrong(lambda: method(object())).startswith(f"{name}() needs {' and '.join(needed)}.")


@pytest.fixture
def client() -> Client:
    return client_of(FakeServer(), Client)


def test_the_nearest_argument_is_told(client: Client) -> None:
    assert wrong(lambda: client.signed_urls("prj1", frist=3)).startswith(  # type: ignore[call-arg]
        "signed_urls() has no argument frist; did you mean first? It takes project_id; by name first, "
    )
    assert "did you mean max_delete?" in wrong(
        lambda: client.synchronize_cloud_storage_connection("con1", maxdelete=3)  # type: ignore[call-arg]
    )


def test_an_argument_that_is_given_twice_is_named(client: Client) -> None:
    twice = wrong(lambda: client.runs("con1", connection_id="con1"))  # type: ignore[misc]
    assert twice == "runs() is given connection_id twice, by position and by name. It takes connection_id, first, skip."


def test_a_type_is_written_as_people_read_it(client: Client) -> None:
    assert wrong(lambda: client.differences("con1", "GONE")) == (  # type: ignore[arg-type]
        "differences() takes 'ADD' | 'REMOVE' | 'CHANGED' | None as type, not this str."
    )
    assert wrong(lambda: client.runs("con1", "3")) == "runs() takes int | None as first, not this str."  # type: ignore[arg-type]


def test_a_client_is_opened_with_what_it_takes() -> None:
    assert wrong(lambda: Client("key", "http://here", True, 4)).startswith("Client() takes 3 arguments by position")  # type: ignore[call-arg]
    assert "did you mean api_key?" in wrong(lambda: Kili(apikey="key"))  # type: ignore[call-arg]
    assert wrong(Client.embedded).startswith("embedded() needs path.")  # type: ignore[arg-type]


JOBS: dict[str, Any] = {"jobs": {}}


@pytest.mark.parametrize("kind", [Client, Kili])
@pytest.mark.parametrize(
    ("given", "named", "says"),
    [
        (("title", "IMAGE", JOBS), {}, "takes 'IMAGE' | .* as input_type, not this dict"),
        ((JOBS, "IMAGE", "title"), {}, "takes str as title, not this dict"),
        (("IMAGE", JOBS), {}, "needs title"),
        ((), {}, "needs title"),
        (("title", "", "IMAGE"), {"name": "x"}, "has no argument name"),
        (tuple("abcdefghijk"), {}, "neither order|by position"),
        (("IMAGE", "x", JOBS), {}, "neither order"),
        (("IMAGE", '{"jobs": {}}', "title"), {}, "neither order"),
        (("IMAGE",), {}, "needs input_type"),
        (("IMAGE", JOBS, "title"), {"title": "x"}, "an argument twice"),
    ],
)
def test_a_project_is_made_by_either_order_and_by_no_other(
    kind: type[Client], given: tuple[Any, ...], named: dict[str, Any], says: str
) -> None:
    server = FakeServer()
    with pytest.raises((TypeError, InvalidInput), match=rf"^create_project\(\) .*({says})") as caught:
        client_of(server, kind).create_project(*given, **named)
    assert isinstance(caught.value, BucketlinkError)
    assert "title, description, input_type, json_interface; or, as older scripts" in str(caught.value)
    assert str(caught.value).count("create_project()") == 1
    assert server.sent == []
