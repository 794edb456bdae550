import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import typeguard
from graphql import GraphQLError

from bucketlink import Client
from bucketlink.client.connections import synchronize
from bucketlink.client.graphql import transport as module
from bucketlink.errors import (
    BucketError,
    BucketlinkError,
    GuardRefusal,
    InvalidInput,
    NotAuthenticated,
    NotFound,
    ServerError,
)

from .fake_server import FakeServer, difference


@pytest.fixture
def server() -> FakeServer:
    return FakeServer()


@pytest.fixture
def other_server() -> FakeServer:
    """A server of the same wire that knows nothing of what is ours alone."""
    return FakeServer(ours=False)


@pytest.fixture(autouse=True)
def _no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synchronize, "FIRST_WAIT", 0.0)
    monkeypatch.setattr(synchronize, "GRACE", 0.0)


def connect(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> Client:
    class Transport(FakeServer):
        endpoint = "http://test/graphql"

        def __new__(cls, *_: object, **__: object) -> Any:  # noqa: ANN401
            return server

    server.endpoint = Transport.endpoint  # type: ignore[attr-defined]
    monkeypatch.setattr(module, "HttpTransport", Transport)
    client = Client("key", "http://test")
    server.sent.clear()
    return client


@pytest.fixture
def client(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    with connect(server, monkeypatch) as opened:
        yield opened


# Lists


def test_integrations_are_listed_with_the_fields_asked_for(client: Client) -> None:
    assert client.cloud_storage_integrations()[0] == {
        "name": "Bucket 1",
        "id": "1",
        "platform": "AWS",
        "status": "CONNECTED",
    }
    assert client.cloud_storage_integrations(name="Bucket 2", fields=["id"]) == [{"id": "2"}]


def test_only_criteria_that_were_given_are_sent(client: Client, server: FakeServer) -> None:
    client.cloud_storage_integrations(platform="AWS", disable_tqdm=True)
    assert server.sent == [("dataIntegrations", {"where": {"platform": "AWS"}, "first": 100, "skip": 0})]


def test_pages_have_a_hundred_rows_and_first_and_skip_count_rows(client: Client, server: FakeServer) -> None:
    server.integrations = [{"id": str(number)} for number in range(350)]
    rows = client.cloud_storage_integrations(fields=["id"], first=220, skip=50, disable_tqdm=True)
    assert [row["id"] for row in rows] == [str(number) for number in range(50, 270)]
    assert [(sent["first"], sent["skip"]) for _, sent in server.sent] == [(100, 50), (100, 150), (20, 250)]


def test_all_rows_come_when_the_last_page_is_exactly_full(client: Client, server: FakeServer) -> None:
    server.integrations = [{"id": str(number)} for number in range(200)]
    assert len(client.cloud_storage_integrations(fields=["id"], disable_tqdm=True)) == 200
    assert len(server.sent) == 3


def test_first_zero_sends_nothing(client: Client, server: FakeServer) -> None:
    assert client.cloud_storage_integrations(first=0) == []
    assert server.sent == []


def test_a_generator_asks_for_a_page_when_its_first_row_is_taken(client: Client, server: FakeServer) -> None:
    server.integrations = [{"id": str(number)} for number in range(150)]
    rows = client.cloud_storage_integrations(fields=["id"], as_generator=True)
    assert server.sent == []
    next(rows)
    assert len(server.sent) == 1
    assert sum(1 for _ in rows) == 149
    assert len(server.sent) == 2


def test_a_generator_draws_no_bar_and_a_list_does(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    list(client.cloud_storage_integrations(as_generator=True, disable_tqdm=False))
    client.cloud_storage_integrations(disable_tqdm=True)
    client.cloud_storage_integrations(disable_tqdm=None)  # standard error is no terminal here
    assert capsys.readouterr().err == ""
    client.cloud_storage_integrations(disable_tqdm=False)
    assert "3/3" in capsys.readouterr().err


def test_integrations_are_counted(client: Client) -> None:
    assert client.count_cloud_storage_integrations() == 3
    assert client.count_cloud_storage_integrations(name="none of them") == 0


def test_a_connection_is_found_by_its_id(client: Client) -> None:
    fields = ("id", "dataIntegration.name", "dataDifferencesSummary.added")
    expected = {"id": "1", "dataIntegration": {"name": "Bucket 1"}, "dataDifferencesSummary": {"added": 0}}
    assert client.cloud_storage_connections("1", fields=fields) == [expected]
    assert list(client.cloud_storage_connections("1", fields=fields, as_generator=True)) == [expected]


def test_connections_are_listed_by_project_and_integration(client: Client) -> None:
    assert len(client.cloud_storage_connections(project_id="9")) == 1
    assert len(client.cloud_storage_connections(cloud_storage_integration_id="1", project_id="9")) == 1
    assert client.cloud_storage_connections(project_id="none") == []


# Wrong arguments


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.cloud_storage_integrations(first=-1),
        lambda client: client.cloud_storage_integrations(skip=-1),
        lambda client: client.cloud_storage_integrations(skip=-1, as_generator=True),
        lambda client: client.cloud_storage_integrations(fields=[]),
        lambda client: client.cloud_storage_integrations(fields=["id {"], as_generator=True),
        lambda client: client.cloud_storage_connections(),
        lambda client: client.cloud_storage_connections(as_generator=True),
        lambda client: client.cloud_storage_connections("1", first=-5),
    ],
)
def test_a_call_that_makes_no_sense_is_a_value_error_and_sends_nothing(
    client: Client, server: FakeServer, call: Callable[[Client], object]
) -> None:
    with pytest.raises(ValueError, match=r".+\.$"):
        call(client)
    assert server.sent == []


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda client: client.cloud_storage_integrations(7), "cloud_storage_integration_id, not this int"),
        (lambda client: client.cloud_storage_integrations(platform="aws"), "platform, not this str"),
        (lambda client: client.cloud_storage_integrations(fields="id"), "fields, not this str"),
        (lambda client: client.cloud_storage_integrations(fields=["id", 3]), "fields, not this list"),
        (lambda client: client.cloud_storage_integrations(first="3"), "first, not this str"),
        (lambda client: client.count_cloud_storage_integrations(status="UP"), "status, not this str"),
        (
            lambda client: client.add_cloud_storage_connection("9", "1", "bears"),
            "selected_folders, not this str",
        ),
        (
            lambda client: client.add_cloud_storage_connection("9", "1", ["a", None]),
            "selected_folders, not this",
        ),
        (
            lambda client: client.synchronize_cloud_storage_connection(1),
            "cloud_storage_connection_id, not this int",
        ),
        (
            lambda client: client.synchronize_cloud_storage_connection("1", dry_run="no"),
            "takes bool as dry_run",
        ),
        (lambda client: client.cloud_storage_integrations(nmae="x"), "nmae"),
        (lambda client: client.synchronize_cloud_storage_connection(), "cloud_storage_connection_id"),
    ],
)
def test_an_argument_of_a_wrong_type_is_a_type_error_and_sends_nothing(
    client: Client, server: FakeServer, call: Callable[[Client], object], message: str
) -> None:
    with pytest.raises(TypeError, match=message):
        call(client)
    assert server.sent == []


def test_a_wrong_type_is_an_error_of_typeguard_too(client: Client) -> None:
    with pytest.raises(typeguard.TypeCheckError):
        client.cloud_storage_integrations(first="3")  # type: ignore[call-overload]


def test_a_wrong_type_never_shows_the_value() -> None:
    with pytest.raises(TypeError) as caught:
        Client(api_key=b"secret-of-mine")  # type: ignore[arg-type]
    assert "secret-of-mine" not in str(caught.value)


def test_an_unknown_field_is_refused_in_the_servers_words(client: Client) -> None:
    with pytest.raises(InvalidInput, match=r"Cannot query field .nonsense. on type .DataIntegration."):
        client.cloud_storage_integrations(fields=["id", "nonsense"])


def test_an_unknown_connection_is_a_value_error(client: Client, server: FakeServer) -> None:
    with pytest.raises(ValueError, match="no connection with the id 77"):
        client.cloud_storage_connections("77", as_generator=True)
    with pytest.raises(ValueError, match="no connection with the id 77"):
        client.synchronize_cloud_storage_connection("77")
    assert server.operations("computeDifferences") == []


# Adding a connection


def test_a_connection_is_added_and_only_what_was_given_is_sent(client: Client, server: FakeServer) -> None:
    assert client.add_cloud_storage_connection("9", "2", []) == {"id": "2"}
    assert server.sent[-1] == (
        "addDataConnection",
        {"data": {"projectId": "9", "integrationId": "2", "selectedFolders": []}},
    )


def test_the_newest_clients_arguments_are_taken_in_their_order(client: Client, server: FakeServer) -> None:
    client.add_cloud_storage_connection("9", "2", None, "pre", ["a"], ["b"], True)
    assert server.sent[-1][1]["data"] == {
        "projectId": "9",
        "integrationId": "2",
        "prefix": "pre",
        "include": ["a"],
        "exclude": ["b"],
        "isJsonProcessingEnabled": True,
    }


def test_an_unknown_integration_is_a_value_error_before_any_mutation(client: Client, server: FakeServer) -> None:
    with pytest.raises(ValueError, match="no integration with the id 88"):
        client.add_cloud_storage_connection("9", "88")
    assert server.operations() == ["dataIntegrations"]


# Synchronizing


def applied(server: FakeServer) -> list[str]:
    return [sent["where"]["type"] for name, sent in server.sent if name == "validateDataDifferences"]


def test_synchronizing_adds_and_renews_but_does_not_remove(client: Client, server: FakeServer) -> None:
    server.found = {"added": 3, "removed": 2, "changed": 1}
    assert client.synchronize_cloud_storage_connection("1") == {
        "id": "1",
        "numberOfAssets": 13,
        "projectId": "9",
    }
    assert applied(server) == ["ADD", "CHANGED"]


def test_removing_comes_last(client: Client, server: FakeServer) -> None:
    server.found = {"added": 3, "removed": 2, "changed": 1}
    result = client.synchronize_cloud_storage_connection("1", delete_extraneous_files=True)
    assert result["numberOfAssets"] == 11
    assert applied(server) == ["ADD", "CHANGED", "REMOVE"]


def test_changed_assets_are_renewed_even_if_the_total_is_zero(client: Client, server: FakeServer) -> None:
    server.found = {"added": 0, "removed": 0, "changed": 4}
    client.synchronize_cloud_storage_connection("1")
    assert applied(server) == ["CHANGED"]


def test_a_dry_run_applies_nothing_and_tells_what_differs(
    client: Client, server: FakeServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.found = {"added": 3, "removed": 2, "changed": 0}
    with caplog.at_level(logging.INFO, logger="bucketlink"):
        result = client.synchronize_cloud_storage_connection("1", True, True)
    assert result["numberOfAssets"] == 10
    assert applied(server) == []
    assert "Found 5 difference(s): 3 to add, 2 to remove; 0 changed." in caplog.messages
    assert "Dry run: nothing is added or removed." in caplog.messages


def test_nothing_to_do_is_said(client: Client, server: FakeServer, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="bucketlink"):
        client.synchronize_cloud_storage_connection("1")
    assert applied(server) == []
    assert "No differences: nothing to synchronize." in caplog.messages


def test_a_guard_refuses_until_forced(client: Client, server: FakeServer) -> None:
    server.found = {"added": 1, "removed": 2, "changed": 0}
    counts = {"removed": 2, "owned": 3, "more": 4}
    server.refusal = GraphQLError("Too many at once.", extensions={"code": "GUARD_REFUSED", "context": counts})
    with pytest.raises(GuardRefusal, match="Too many at once") as caught:
        client.synchronize_cloud_storage_connection("1", delete_extraneous_files=True)
    assert (caught.value.removed, caught.value.owned) == (2, 3)
    result = client.synchronize_cloud_storage_connection("1", delete_extraneous_files=True, force=True)
    assert result["numberOfAssets"] == 9
    assert server.sent[-1][0] == "dataConnection"
    forced = [sent["processingParameters"] for name, sent in server.sent if name == "validateDataDifferences"]
    assert forced == [None, None, '{"force": true}']


def test_a_listing_that_failed_does_not_look_like_no_differences(client: Client, server: FakeServer) -> None:
    server.listing_error = "The bucket's owner refuses these credentials."
    with pytest.raises(BucketError, match="refuses these credentials"):
        client.synchronize_cloud_storage_connection("1")
    assert applied(server) == []


def test_another_server_of_this_wire_is_asked_for_nothing_that_it_does_not_know(
    other_server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    other_server.found = {"added": 2, "removed": 1, "changed": 0}
    with connect(other_server, monkeypatch) as client:
        assert client.synchronize_cloud_storage_connection("1", True)["numberOfAssets"] == 11
        assert client.add_cloud_storage_connection("9", "1") == {"id": "2"}
        assert len(client.cloud_storage_connections(project_id="9")) == 2
        assert client.count_cloud_storage_integrations() == 3
    assert applied(other_server) == ["ADD", "REMOVE"]


def test_every_operation_has_a_call_id_of_its_own(client: Client, server: FakeServer) -> None:
    client.synchronize_cloud_storage_connection("1")
    assert len(set(server.call_ids)) == len(server.call_ids)


# Our own methods


def test_differences_come_page_by_page(client: Client, server: FakeServer) -> None:
    server.rows_of_differences = [difference("ADD", f"{number:04}") for number in range(1100)]
    rows = client.differences("1")
    assert server.sent == []
    assert next(rows) == {"type": "ADD", "bucketKey": "0000", "size": 1, "dataAssetId": None}
    assert sum(1 for _ in rows) == 1099
    assert [(sent["first"], sent["after"]) for _, sent in server.sent] == [
        (500, None),
        (500, "ADD 0499"),
        (500, "ADD 0999"),
    ]


def test_an_undoing_is_waited_for(client: Client, server: FakeServer) -> None:
    assert client.undo("7")["state"] == "SUCCEEDED"
    assert client.undo("7", wait=False)["state"] == "QUEUED"
    with pytest.raises(NotFound, match="no run"):
        client.undo("1")
    with pytest.raises(NotFound, match="no run with the id 3"):
        client.run("3")
    assert server.operations("undoRun") == ["undoRun"] * 2


# Answers and closing


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"errors": [{"message": "No.", "extensions": {"code": "FORBIDDEN"}}]}, BucketlinkError),
        ({"errors": [{"message": "No.", "extensions": {"code": "A_CODE_OF_TOMORROW"}}]}, BucketlinkError),
        ({"errors": [{"message": "No.", "extensions": {"code": "UNAUTHENTICATED"}}]}, NotAuthenticated),
        ({"errors": [{"message": "No."}], "data": {"data": 3}}, BucketlinkError),
        ({"errors": ["No."]}, ServerError),
        ({"errors": {}, "data": None}, ServerError),
        ({"data": {}}, ServerError),
    ],
)
def test_an_answer_that_is_no_data_is_an_error(
    client: Client,
    server: FakeServer,
    monkeypatch: pytest.MonkeyPatch,
    answer: dict[str, Any],
    kind: type[Exception],
) -> None:
    monkeypatch.setattr(server, "execute", lambda *_: answer)
    with pytest.raises(kind):
        client.count_cloud_storage_integrations()


def test_rows_that_are_none_are_an_error(client: Client, server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "execute", lambda *_: {"data": {"data": None}})
    with pytest.raises(ServerError, match="no rows"):
        client.projects()


def test_leaving_the_context_closes_the_transport(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    with connect(server, monkeypatch):
        assert not server.closed
    assert server.closed
