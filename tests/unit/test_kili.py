"""The client by the name that scripts use: how it is opened, its namespaces, and what it does not have."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from bucketlink.client.connections import synchronize
from bucketlink.client.graphql import transport as module
from bucketlink.errors import BucketlinkError, InvalidInput, NoSuchMethod, NotAuthenticated
from bucketlink.kili import Kili

from .fake_server import FakeServer, client_of

NAMES = [f"{of}_{name}" for of in ("KILI", "BUCKETLINK") for name in ("API_KEY", "API_ENDPOINT")]
ENDPOINT = "http://here/api/label/v2/graphql"


@pytest.fixture
def server() -> FakeServer:
    return FakeServer()


@pytest.fixture
def kili(server: FakeServer) -> Kili:
    return client_of(server, Kili)


@pytest.fixture(autouse=True)
def _no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synchronize, "FIRST_WAIT", 0.0)


class Opened(FakeServer):
    """A transport that remembers how it was opened."""

    given: tuple[str, str, object] = ("", "", None)

    def __init__(self, endpoint: str, api_key: str, *, verify: bool | str) -> None:
        super().__init__()
        self.endpoint = endpoint
        type(self).given = (endpoint, api_key, verify)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> type[Opened]:
    for name in (*NAMES, "KILI_VERIFY", "KILI_DISABLE_TQDM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(module, "HttpTransport", Opened)
    return Opened


# Opening


def test_every_argument_of_scripts_is_taken(opened: type[Opened]) -> None:
    kili = Kili("key", ENDPOINT, False, "python-sdk", {"enable_schema_caching": False}, True, True)
    assert opened.given == (ENDPOINT, "key", False)
    assert (kili.api_endpoint, kili.disable_tqdm) == (ENDPOINT, True)
    assert "key" not in repr(kili)


def test_what_is_not_given_is_in_the_environment(opened: type[Opened], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUCKETLINK_API_KEY", "ours")
    monkeypatch.setenv("BUCKETLINK_API_ENDPOINT", "http://ours")
    assert Kili().disable_tqdm is None
    assert opened.given == ("http://ours", "ours", True)
    monkeypatch.setenv("KILI_API_KEY", "theirs")
    monkeypatch.setenv("KILI_API_ENDPOINT", ENDPOINT)
    monkeypatch.setenv("KILI_DISABLE_TQDM", "true")
    assert Kili().disable_tqdm is True
    assert Kili(disable_tqdm=False).disable_tqdm is False
    assert opened.given == (ENDPOINT, "theirs", True)


@pytest.mark.parametrize(
    ("given", "verify"),
    [("", True), ("True", True), ("1", True), ("no", False), ("FALSE", False), ("/etc/ca.pem", "/etc/ca.pem")],
)
def test_the_environment_says_how_certificates_are_checked(
    opened: type[Opened], monkeypatch: pytest.MonkeyPatch, given: str, verify: object
) -> None:
    monkeypatch.setenv("KILI_VERIFY", given)
    Kili("key", ENDPOINT)
    assert opened.given[2] == verify
    Kili("key", ENDPOINT, verify="/mine.pem")
    assert opened.given[2] == "/mine.pem"


@pytest.mark.usefixtures("opened")
def test_there_is_no_server_or_key_to_be_guessed() -> None:
    with pytest.raises(InvalidInput, match="KILI_API_ENDPOINT"):
        Kili("key")
    with pytest.raises(NotAuthenticated, match="KILI_API_KEY"):
        Kili(api_endpoint=ENDPOINT)
    with pytest.raises(TypeError, match=r"^Kili\(\) takes str \| None as api_key, not this int\.$"):
        Kili(7)  # type: ignore[arg-type]


def test_bars_are_drawn_as_the_client_says_unless_the_call_does(kili: Kili, capsys: pytest.CaptureFixture[str]) -> None:
    kili.wire.disable_tqdm = True
    kili.projects()
    assert capsys.readouterr().err == ""
    kili.projects(disable_tqdm=False)
    assert "1/1" in capsys.readouterr().err
    kili.wire.disable_tqdm = False
    kili.users()
    assert "1/1" in capsys.readouterr().err


def test_importing_it_loads_no_pandas_and_no_server() -> None:
    heavy = "sorted({'pandas', 'numpy', 'graphql', 'sqlalchemy', 'bucketlink.api'} & set(sys.modules))"
    script = f"import sys, bucketlink.kili; print({heavy})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


# Shapes


def test_a_connection_has_the_fields_of_scripts_of_every_age(kili: Kili) -> None:
    expected = {
        "id": "1",
        "lastChecked": None,
        "numberOfAssets": 10,
        "selectedFolders": None,
        "projectId": "9",
        "lastCheck": None,
        "isJsonProcessingEnabled": None,
    }
    assert kili.cloud_storage_connections("1") == [expected]
    assert kili.cloud_storage_connections(project_id="9") == [expected]
    assert kili.cloud_storage_connections("1", fields=["id"]) == [{"id": "1"}]


def test_a_synchronized_connection_says_what_is_left(kili: Kili, server: FakeServer) -> None:
    server.found = {"added": 3, "removed": 2, "changed": 0}
    assert kili.synchronize_cloud_storage_connection("1", dry_run=True) == {
        "id": "1",
        "numberOfAssets": 10,
        "projectId": "9",
        "isChecking": False,
        "dataDifferencesSummary": {"added": 3, "removed": 2, "changed": 0, "total": 5},
    }


def test_api_keys_are_where_scripts_look_for_them(kili: Kili) -> None:
    assert kili.internal.api_keys(fields=["id"]) == [{"id": "5"}]
    assert kili.internal.count_api_keys() == 1
    with pytest.raises(NoSuchMethod, match="reset_password"):
        kili.internal.reset_password  # type: ignore[attr-defined]  # noqa: B018


# Namespaces


def test_integrations_are_listed_and_counted(kili: Kili, server: FakeServer) -> None:
    of = kili.storages.integrations
    assert of.list(fields=["id"]) == [{"id": "1"}, {"id": "2"}, {"id": "3"}]
    assert of.list(("id",), 1, 1, True, {"platform": "AWS", "status": "CONNECTED"}) == [{"id": "2"}]
    rows = of.list_as_generator(filter={"integration_id": "2", "name": "Bucket 2", "platform": None})
    assert next(rows)["name"] == "Bucket 2"
    assert of.count({"name": "none"}) == 0
    assert server.sent[1][1]["where"] == {"platform": "AWS", "status": "CONNECTED"}
    assert server.sent[2][1]["where"] == {"id": "2", "name": "Bucket 2"}


CREATED: list[tuple[Callable[[Kili], dict[str, Any]], dict[str, Any]]] = [
    (
        lambda kili: kili.storages.integrations.create_aws("b", "eu", "n", allowed_path="a", role_arn="arn"),
        {
            "platform": "AWS",
            "s3BucketName": "b",
            "s3Region": "eu",
            "name": "n",
            "allowedPaths": ["a"],
            "awsRoleARN": "arn",
        },
    ),
    (
        lambda kili: kili.storages.integrations.create_s3(
            "http://s3", "b", "n", ["id"], "access", "secret", allowed_project="9", include_root_files="true"
        ),
        {
            "platform": "CustomS3",
            "s3Endpoint": "http://s3",
            "s3BucketName": "b",
            "name": "n",
            "s3AccessKey": "access",
            "s3SecretKey": "secret",
            "allowedProjects": ["9"],
            "includeRootFiles": "true",
        },
    ),
    (
        lambda kili: kili.storages.integrations.create_gcp("b", "n", allowed_paths=["a", "b"]),
        {"platform": "GCP", "gcpBucketName": "b", "name": "n", "allowedPaths": ["a", "b"]},
    ),
    (
        lambda kili: kili.storages.integrations.create_azure("https://x", "n", ("id",), "sas", True, "tenant"),
        {
            "platform": "Azure",
            "azureConnectionURL": "https://x",
            "name": "n",
            "azureSASToken": "sas",
            "azureIsUsingServiceCredentials": True,
            "azureTenantId": "tenant",
        },
    ),
]


@pytest.mark.parametrize(("create", "data"), CREATED)
def test_integrations_are_made(
    kili: Kili, server: FakeServer, create: Callable[[Kili], dict[str, Any]], data: dict[str, Any]
) -> None:
    assert create(kili)["id"] == "4"
    assert server.sent == [("createDataIntegration", {"data": data})]


def test_integrations_are_changed_and_deleted(kili: Kili, server: FakeServer) -> None:
    of = kili.storages.integrations
    assert of.update("4", "a", name="n", s3_region="eu") == {
        "id": "4",
        "allowedPaths": ["a"],
        "name": "n",
        "s3Region": "eu",
    }
    assert server.sent[0][1]["where"] == {"id": "4"}
    assert of.delete("4") == "4"


def test_connections_are_made_listed_and_synchronized(kili: Kili, server: FakeServer) -> None:
    of = kili.storages.connections
    assert of.create("9", "1", "bears", prefix="b") == {"id": "2"}
    assert server.sent[-1][1]["data"] == {
        "projectId": "9",
        "integrationId": "1",
        "selectedFolders": ["bears"],
        "prefix": "b",
    }
    assert [row["id"] for row in of.list(filter={"project_id": "9"})] == ["1", "2"]
    assert [row["id"] for row in of.list_as_generator(["id"], filter={"integration_id": "1"})] == ["1", "2"]
    assert of.list(["id"], filter={"connection_id": "2"}) == [{"id": "2"}]
    assert of.sync("2", dry_run=True)["projectId"] == "9"
    with pytest.raises(InvalidInput, match="Say which connections"):
        of.list()


def test_a_criterion_that_there_is_not_is_a_type_error(kili: Kili, server: FakeServer) -> None:
    with pytest.raises(TypeError, match="filter"):
        kili.storages.integrations.list(filter={"id": "1"})  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="platform"):
        kili.storages.integrations.update("4", platform="Floppy")  # type: ignore[arg-type]
    assert server.sent == []


# What is not there


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("labels", "assets"),
        ("append_labels", "assets"),
        ("append_many_to_dataset", "add_cloud_storage_connection"),
        ("delete_many_from_dataset", "synchronize_cloud_storage_connection"),
        ("copy_project", "create_project"),
        ("append_to_roles", "users"),
        ("graphql_client", "wire"),
        ("list_plugins", "runs"),
        ("cloud_storage_connection", "cloud_storage_connections"),
        ("project", "projects"),
    ],
)
def test_a_missing_method_names_itself_and_the_nearest(kili: Kili, name: str, nearest: str) -> None:
    with pytest.raises(NoSuchMethod, match=rf"^Bucketlink has no {name}\(\); what comes nearest is {nearest}\.$"):
        getattr(kili, name)
    assert issubclass(NoSuchMethod, AttributeError)
    assert issubclass(NoSuchMethod, BucketlinkError)
    assert not hasattr(kili, name)


def test_a_namespace_says_what_it_lacks(kili: Kili) -> None:
    for namespace, name, nearest in [
        (kili.storages, "buckets", "storages.connections"),
        (kili.storages.integrations, "lst", "storages.integrations.list"),
        (kili.storages.connections, "delete", "storages.connections.create"),
    ]:
        with pytest.raises(NoSuchMethod, match=rf"has no storages\..*{name}\(\); what comes nearest is {nearest}\.$"):
            getattr(namespace, name)
        assert not hasattr(namespace, "_repr_html_")


def test_what_python_looks_for_is_an_attribute_error_like_any_other(kili: Kili) -> None:
    with pytest.raises(AttributeError, match="_repr_html_") as caught:
        kili._repr_html_  # type: ignore[attr-defined]  # noqa: B018
    assert not isinstance(caught.value, NoSuchMethod)
