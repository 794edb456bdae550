"""Assets: every filter by its path on the wire, and what Bucketlink cannot answer."""

import inspect
import io
import sys
from collections.abc import Callable
from typing import Any

import pytest

from bucketlink import Client
from bucketlink.client.assets.assets import ASSET_FIELDS
from bucketlink.client.assets.filters import _PATHS, _WITHOUT_PATH, AssetFilters
from bucketlink.client.assets.frames import FrameFormat
from bucketlink.errors import InvalidInput

from .fake_server import FakeServer, client_of, listed

VALUES = {
    "in": ["a"],
    "contains": ["a"],
    "gte": 0.5,
    "lte": 0.5,
    "gt": 0.5,
    "lt": 0.5,
    "where": {"a": "b"},
    "skipped": False,
    "id": "a",
    "search": "a",
    "type": "ISSUE",
    "status": "OPEN",
    "at": "2026-01-31",
}


@pytest.fixture
def server() -> FakeServer:
    return FakeServer()


@pytest.fixture
def client(server: FakeServer) -> Client:
    return client_of(server, Client)


def value_of(name: str) -> Any:  # noqa: ANN401
    if "_and_status_" in name:
        return [("step", "DONE")]
    if "_at_" in name:
        return "2026-01-31"
    return VALUES[name.rpartition("_")[2]]


def test_assets_are_a_list_with_the_fields_that_scripts_expect(client: Client, server: FakeServer) -> None:
    rows = client.assets("9")
    assert rows[0] == {
        "content": "s3://bucket/bears/1.jpg",
        "createdAt": "2026-01-31T12:00:00.000000Z",
        "externalId": "bears/1.jpg",
        "id": "1",
        "isHoneypot": False,
        "jsonMetadata": {"by": "Ana"},
        "labels": [],
        "skipped": False,
        "status": "TODO",
    }
    assert len(rows) == client.count_assets("9") == 3
    where = {"project": {"id": "9"}}
    assert server.sent == [("assets", {"where": where, "first": 100, "skip": 0}), ("countAssets", {"where": where})]
    assert client.assets("9", fields=None) == rows


def test_assets_come_from_a_generator(client: Client, server: FakeServer) -> None:
    rows = client.assets("9", fields=("id",), first=2, as_generator=True)
    assert server.sent == []
    assert list(rows) == [{"id": "1"}, {"id": "2"}]


def test_another_server_of_the_wire_is_asked_page_by_page() -> None:
    server = FakeServer(ours=False)
    server.assets, server.countAssets = listed([{"id": str(n), "externalId": f"{n}.jpg"} for n in range(1, 251)])
    client = client_of(server, Client)
    expected = [f"{n}.jpg" for n in range(1, 251)]

    rows = list(client.assets("9", fields=("externalId",), as_generator=True))

    assert rows == [{"externalId": key} for key in expected]
    sent = [(given["first"], given["skip"], given.get("after")) for _, given in server.sent]
    # The second page is asked for as Bucketlink answers it, which is refused.
    assert sent == [(100, 0, None), (500, 0, "100"), (100, 100, None), (100, 200, None)]
    assert [row["id"] for row in client.assets("9", fields=("id",), skip=120, first=115)] == list(
        map(str, range(121, 236))
    )
    assert list(client.assets("9", fields=("externalId",), format="pandas")["externalId"]) == expected


def test_an_export_from_another_server_of_the_wire_is_whole() -> None:
    server = FakeServer(ours=False)
    server.assets, server.countAssets = listed([{"id": str(n), "externalId": f"{n}.jpg"} for n in range(1, 251)])
    written = io.BytesIO()

    assert client_of(server, Client).export_assets("9", written, "csv", fields=("externalId",)) == 250

    assert written.getvalue().decode().split() == ["externalId", *(f"{n}.jpg" for n in range(1, 251))]


def test_positions_are_those_of_scripts(client: Client, server: FakeServer) -> None:
    assert client.assets("9", "1", 1, ["id"], ["1", "2"], ["3"], True, 1) == [{"id": "2"}]
    where = {"project": {"id": "9"}, "id": "1", "idIn": ["1", "2"], "idNotIn": ["3"]}
    assert server.sent == [("assets", {"where": where, "first": 1, "skip": 1})]


@pytest.mark.parametrize("name", [name for name in _PATHS if name != "project_id"])
def test_every_filter_has_its_path_which_the_schema_knows(client: Client, server: FakeServer, name: str) -> None:
    value = value_of(name)
    client.assets("9", **{name: value})
    client.count_assets("9", **{name: value})
    expected = [{"stepId": "step", "status": "DONE"}] if "_and_status_" in name else value
    for _, sent in server.sent:
        found = {key: one for key, one in sent["where"].items() if key != "project"}
        for part in _PATHS[name].split("."):
            assert list(found) == [part]
            found = found[part]
        assert found == expected


def test_no_filter_is_without_a_parameter(client: Client) -> None:
    filters = {*AssetFilters.__annotations__, *_PATHS}
    for method in (client.assets, client.count_assets):
        assert filters <= inspect.signature(method).parameters.keys()


@pytest.mark.parametrize(
    ("older", "newer"),
    [(name, name + "e") for name in _PATHS if name.endswith(("_gt", "_lt"))]
    + [("external_id_contains", "external_id_strictly_in")],
)
def test_an_older_spelling_means_the_newer_one_which_counts_before_it(
    client: Client, server: FakeServer, older: str, newer: str
) -> None:
    assert _PATHS[older] == _PATHS[newer]
    client.count_assets("9", **{older: value_of(older)})
    client.count_assets("9", **{newer: value_of(newer)})
    other: Any = ["b"] if "external" in newer else "2026-02-01" if "_at_" in newer else 0.7
    client.count_assets("9", **{older: value_of(older), newer: other})
    first, second, third = (sent["where"] for _, sent in server.sent)
    assert first == second
    client.count_assets("9", **{newer: other})
    assert third == server.sent[-1][1]["where"]


def test_a_filter_of_zero_or_false_or_nothing_in_a_list_is_one(client: Client, server: FakeServer) -> None:
    client.count_assets("9", asset_id_in=[], skipped=False, consensus_mark_gte=0)
    where = {"project": {"id": "9"}, "idIn": [], "skipped": False, "consensusMarkGte": 0}
    assert server.sent == [("countAssets", {"where": where})]


@pytest.mark.parametrize("name", _WITHOUT_PATH)
def test_steps_have_no_names(client: Client, server: FakeServer, name: str) -> None:
    for method in (client.assets, client.count_assets):
        with pytest.raises(InvalidInput, match=f"keeps no steps, so assets cannot be filtered by {name}"):
            method("9", **{name: value_of(name)})
    assert server.sent == []


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda client: client.assets("9", download_media=True), "downloads no media"),
        (lambda client: client.assets("9", label_output_format="parsed_label"), "keeps no labels"),
        (lambda client: client.assets("9", format="csv"), "format is None"),
        (lambda client: client.assets("9", format="pandas", as_generator=True), "leave as_generator out"),
        (lambda client: client.assets("9", skip=-1, as_generator=True), "skip must be 0 or more"),
        (lambda client: client.assets("9", fields=()), "fields is empty"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_sent(
    client: Client, server: FakeServer, ask: Callable[[Any], object], says: str
) -> None:
    with pytest.raises(InvalidInput, match=says):
        ask(client)
    assert server.sent == []


def test_what_asks_for_nothing_passes(client: Client) -> None:
    rows = client.assets("9", download_media=False, local_media_dir="/tmp/x", label_output_format="dict", format=None)  # noqa: S108
    assert len(rows) == 3


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_data_frame_needs_its_library(
    client: Client, server: FakeServer, monkeypatch: pytest.MonkeyPatch, library: FrameFormat
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(InvalidInput, match=f"pip install {library}"):
        client.assets("9", format=library)
    assert server.sent == []


def test_what_is_asked_by_default_is_in_the_schema(client: Client) -> None:
    assert len(client.assets("9", fields=[*ASSET_FIELDS])) == 3
