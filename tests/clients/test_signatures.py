"""Every call that a published client takes, of the generation of the reference page and the newest, ours takes too."""

import inspect
import json
import subprocess
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, TypeAlias, TypedDict

import pytest

from bucketlink import Client
from bucketlink.client.storages.integrations import StorageIntegrations
from bucketlink.client.storages.storages import StorageConnections
from bucketlink.kili import Internal, Kili
from tests.clients.environments import NEWEST, REFERENCE, Environment

SCRIPT = """
import inspect, json, sys, typing, warnings

warnings.simplefilter("ignore")
from kili.client import Kili
from kili.presentation.client.internal import InternalClientMethods

try:
    from kili.domain_api.storages import ConnectionsNamespace, IntegrationsNamespace
except ImportError:
    ConnectionsNamespace = IntegrationsNamespace = type("NotThere", (), {})

OWNERS = {
    "": Kili,
    "internal.": InternalClientMethods,
    "storages.integrations.": IntegrationsNamespace,
    "storages.connections.": ConnectionsNamespace,
}


def literals(hint):
    if isinstance(hint, (str, typing.ForwardRef)):
        raise TypeError(f"An annotation that is only written down: {hint}")
    if typing.get_origin(hint) is typing.Literal:
        return [*typing.get_args(hint)]
    return [value for part in typing.get_args(hint) for value in literals(part)]


def told(function):
    return [
        {
            "name": parameter.name,
            "kind": parameter.kind.name,
            "required": parameter.default is parameter.empty,
            "literals": literals(parameter.annotation),
        }
        for parameter in [*inspect.signature(function).parameters.values()][1:]
    ]


def methods():
    for prefix, owner in OWNERS.items():
        for name in dir(owner):
            if prefix + name == "__init__" or not name.startswith("_"):
                yield prefix + name, inspect.unwrap(getattr(owner, name))


def binds(functions, call):
    try:
        inspect.signature(functions[call["method"]]).bind(None, *call["args"], **call["kwargs"])
    except (TypeError, KeyError):
        return False
    return True


functions = {name: function for name, function in methods() if inspect.isfunction(function)}
wanted, calls = json.load(sys.stdin)
print(json.dumps({
    "methods": {name: told(function) for name, function in functions.items() if name in wanted},
    "bound": [binds(functions, call) for call in calls],
}))
"""
"""Runs where a published client is installed: tells its signatures, and which calls they take."""

GENERATIONS = (REFERENCE, NEWEST)
OURS: Mapping[str, type] = {
    "": Kili,
    "internal.": Internal,
    "storages.integrations.": StorageIntegrations,
    "storages.connections.": StorageConnections,
}

PAGE = {
    "cloud_storage_integrations",
    "count_cloud_storage_integrations",
    "cloud_storage_connections",
    "add_cloud_storage_connection",
    "synchronize_cloud_storage_connection",
}
"""The reference page's methods."""

AROUND = {
    *("__init__", "assets", "count_assets", "create_project", "projects", "count_projects", "delete_project"),
    *("update_properties_in_project", "archive_project", "unarchive_project", "users", "count_users"),
    *("organizations", "count_organizations", "internal.api_keys", "internal.count_api_keys"),
    *("project_users", "count_project_users"),
}
"""What scripts of both generations use around them."""

ALONE = {
    REFERENCE: {"get_user"},
    NEWEST: {
        *("create_cloud_storage_integration", "update_cloud_storage_integration", "delete_cloud_storage_integration"),
        *("get_current_user", "storages.integrations.list", "storages.integrations.list_as_generator"),
        *("storages.integrations.count", "storages.integrations.create_aws", "storages.integrations.create_azure"),
        *("storages.integrations.create_gcp", "storages.integrations.create_s3", "storages.integrations.update"),
        *("storages.integrations.delete", "storages.connections.list", "storages.connections.list_as_generator"),
        *("storages.connections.create", "storages.connections.sync"),
    },
}
"""What one generation alone has."""


class Parameter(TypedDict):
    """A parameter, as the script tells it."""

    name: str
    kind: Literal["POSITIONAL_ONLY", "POSITIONAL_OR_KEYWORD", "KEYWORD_ONLY", "VAR_POSITIONAL", "VAR_KEYWORD"]
    required: bool
    literals: list[str]


Methods: TypeAlias = Mapping[str, list[Parameter]]


class Call(TypedDict):
    """A call that a script may make."""

    method: str
    args: list[Any]
    kwargs: dict[str, Any]


def call(method: str, *args: object, **kwargs: object) -> Call:
    return {"method": method, "args": [*args], "kwargs": kwargs}


BOTH = [
    call("__init__", "key", "http://here", False, graphql_client_params={"enable_schema_caching": False}),
    call("cloud_storage_integrations", "int1", "name", "AWS", "CONNECTED", "org1", ["id"], 1, 2, True),
    call("cloud_storage_integrations", platform="GCP", fields=["id"], as_generator=True),
    call("count_cloud_storage_integrations", "int1", "name", "Azure", "CHECKING", "org1"),
    call("cloud_storage_connections", "con1", "int1", "prj1", ["id"], 1, 2, True, as_generator=False),
    call("cloud_storage_connections", project_id="prj1", disable_tqdm=True),
    call("add_cloud_storage_connection", "prj1", "int1", ["bears"]),
    call("add_cloud_storage_connection", project_id="prj1", cloud_storage_integration_id="int1"),
    call("synchronize_cloud_storage_connection", "con1", True, True),
    call("synchronize_cloud_storage_connection", cloud_storage_connection_id="con1", delete_extraneous_files=True),
    call("create_project", title="t", input_type="IMAGE", json_interface={"jobs": {}}, description="d"),
    call("create_project", "IMAGE", {"jobs": {}}, "t"),
    call("projects", "prj1", "query", False, "2026-01-01", "2026-01-02", True, fields=["id"], first=3),
    call("count_projects", "prj1", "query", False, "2026-01-01", "2026-01-02", True),
    call("update_properties_in_project", "prj1", True, False, title="t", metadata_types={"a": "string"}),
    call("assets", "prj1", "ast1", 3, ["id"], ["ast1"], ["ast2"]),
    call("assets", project_id="prj1", external_id_in=["a"], format="pandas", label_output_format="dict"),
    call("count_assets", "prj1", "ast1", ["ast1"], ["ast2"], status_in=["TODO"], skipped=False),
    call("users", email="a@example.com", organization_id="org1", first=1),
    call("count_users", "org1", email="a@example.com"),
    call("organizations", "a@example.com", "org1", ["id"], 1, 0, True, as_generator=True),
    call("internal.api_keys", "key1", "usr1", "secret", 0, ["id"], 1, True),
]
"""Calls that both generations take."""

OF_ONE = {
    REFERENCE: [
        call("create_project", "IMAGE", {"jobs": {}}, "t", "d", "DEFAULT"),
        call("create_project", input_type="IMAGE", json_interface={}, title="t", project_type="DEFAULT"),
        call("assets", "prj1", external_id_contains=["a"], consensus_mark_gt=0.5, label_created_at_lt="2026-01-01"),
        call("count_assets", "prj1", label_honeypot_mark_gt=0.5, honeypot_mark_lt=0.5),
        call("users", api_key="secret"),
        call("count_users", api_key="secret"),
        call("update_properties_in_project", "prj1", number_of_assets=1, number_of_skipped_assets=1),
        call("get_user"),
    ],
    NEWEST: [
        call("__init__", "key", "http://here", None, "python-sdk", None, True, True),
        call("add_cloud_storage_connection", "prj1", "int1", None, "prefix", ["a"], ["b"], True),
        call("create_cloud_storage_integration", "AWS", "name", ("id",), ["a"], ["prj1"], "arn", "arn", "external"),
        call("update_cloud_storage_integration", "int1", ["a"], name="n", status="CHECKING", organization_id=""),
        call("create_project", "t", "d", "IMAGE", {"jobs": {}}, None, ["tag"], ("PHI",), None, False),
        call("projects", "prj1", None, None, None, None, None, True, ["tag"], "org1", ("id",), False, 1, 0, True),
        call("count_projects", None, None, None, None, None, None, True, "org1", True, ("tag",)),
        call("assets", "prj1", None, 0, None, None, None, True, 3, "pandas", ["a"], "2026-01-01", ["REVIEW"]),
        call("assets", "prj1", step_id_in=["s"], step_id_and_status_in=[("s", "DONE")], group_name_in=["g"]),
        call("count_assets", "prj1", None, None, None, {"a": "b"}, ["TODO"], ["REVIEW"], ["a"], "2026-01-01", True),
        call("users", "a@example.com", "org1", ("id",), 1, 0, True),
        call("get_current_user", ("id",)),
        call("storages.integrations.list", ("id",), 1, 0, True, {"platform": "CustomS3"}),
        call("storages.integrations.create_s3", "http://s3", "bucket", "name", ("id",), "access", "secret"),
        call("storages.integrations.update", "int1", "path", ["path"], "prj1", ["prj1"], s3_region="eu"),
        call("storages.connections.create", "prj1", "int1", "bears", None, "prefix", ["a"], ["b"]),
        call("storages.connections.sync", "con1", True, True),
    ],
}
"""Calls that one generation takes and the other does not."""

NO_CALLS = [
    call("assets"),
    call("cloud_storage_integrations", nmae="x"),
    call("synchronize_cloud_storage_connection", "con1", True, True, True),
    call("count_assets", "prj1", nothing_of_the_kind=1),
]
"""Calls that nobody takes: what is compared can tell a difference."""


@dataclass(frozen=True)
class Theirs:
    """What a published client told."""

    methods: Methods
    bound: list[bool]


def theirs(environment: Environment) -> Theirs:
    asked = _asked(environment)
    assert asked.returncode == 0, asked.stderr
    return Theirs(**json.loads(asked.stdout.splitlines()[-1]))


@cache
def _asked(environment: Environment) -> subprocess.CompletedProcess[str]:
    calls = [*BOTH, *OF_ONE[environment], *NO_CALLS]
    environment.build()
    return subprocess.run(
        [environment.python, "-c", SCRIPT],
        input=json.dumps([[*our_methods()], calls]),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@cache
def our_methods() -> Mapping[str, list[Callable[..., object]]]:
    """Every public method of ours by the name that scripts use; `Client` has its own where `Kili` has another."""
    found: dict[str, list[Callable[..., object]]] = {}
    for prefix, owner in OURS.items():
        for name in dir(owner):
            method = getattr(owner, name)
            if inspect.isfunction(method) and (prefix + name == "__init__" or not name.startswith("_")):
                found[prefix + name] = [method]
    for name in ("api_keys", "count_api_keys"):
        found[f"internal.{name}"] = [getattr(Client, name)]
    for name, methods in found.items():
        plain = getattr(Client, name, methods[0])
        if plain is not methods[0] and name != "__init__":
            methods.append(plain)
    return found


def ours(method: str) -> list[dict[str, inspect.Parameter]]:
    """The parameters of our methods of this name, without ``self``."""
    found = [dict(inspect.signature(one).parameters) for one in our_methods()[method]]
    for one in found:
        del one["self"]
    return found


def positional(method: list[Parameter]) -> list[str]:
    return [one["name"] for one in method if one["kind"] == "POSITIONAL_OR_KEYWORD"]


def leaves(hint: object) -> set[object]:
    """The types, and the values of Literals, that an annotation is made of."""
    if typing.get_origin(hint) is Literal:
        return {*typing.get_args(hint)}
    parts = typing.get_args(hint)
    return {leaf for part in parts for leaf in leaves(part)} if parts else {hint}


def compared() -> list[tuple[Environment, str]]:
    """What both of us have, without running anything: the names are written down above."""
    return [(environment, name) for environment in GENERATIONS for name in sorted(PAGE | AROUND | ALONE[environment])]


every_method = pytest.mark.parametrize(
    ("environment", "method"),
    compared(),
    ids=lambda value: value.version if isinstance(value, Environment) else str(value),
)


@pytest.mark.parametrize("environment", GENERATIONS, ids=lambda environment: environment.version)
def test_what_is_compared_is_all_that_we_have_in_common(environment: Environment) -> None:
    assert theirs(environment).methods.keys() == PAGE | AROUND | ALONE[environment]


@every_method
def test_each_of_their_parameters_is_ours(environment: Environment, method: str) -> None:
    names = {one["name"] for one in theirs(environment).methods[method]}
    for parameters in ours(method):
        assert names <= parameters.keys()


@every_method
def test_ours_requires_nothing_that_theirs_does_not(environment: Environment, method: str) -> None:
    required = {one["name"] for one in theirs(environment).methods[method] if one["required"]}
    for parameters in ours(method):
        named = {name: one for name, one in parameters.items() if one.kind is not one.VAR_KEYWORD}
        assert {name for name, one in named.items() if one.default is one.empty} <= required


@every_method
def test_each_parameter_can_be_given_by_name(environment: Environment, method: str) -> None:
    for one in theirs(environment).methods[method]:
        assert one["kind"] in {"POSITIONAL_OR_KEYWORD", "KEYWORD_ONLY"}
        for parameters in ours(method):
            assert parameters[one["name"]].kind.name in {"POSITIONAL_OR_KEYWORD", "KEYWORD_ONLY"}


@every_method
def test_positions_are_theirs_where_the_generations_agree_and_else_the_newest_ones(
    environment: Environment, method: str
) -> None:
    newest = positional(theirs(NEWEST).methods.get(method, []))
    for parameters in ours(method):
        names = [name for name, one in parameters.items() if one.kind is one.POSITIONAL_OR_KEYWORD]
        for at, name in enumerate(positional(theirs(environment).methods[method])):
            if not newest or newest[at : at + 1] == [name]:
                assert names[at : at + 1] == [name]


@every_method
def test_each_value_that_theirs_names_is_one_that_ours_takes(environment: Environment, method: str) -> None:
    for function in our_methods()[method]:
        hints = typing.get_type_hints(inspect.unwrap(function))
        for one in theirs(environment).methods[method]:
            if one["literals"]:
                taken = leaves(hints[one["name"]])
                assert str in taken or {*one["literals"]} <= taken, one["name"]


@pytest.mark.parametrize("environment", GENERATIONS, ids=lambda environment: environment.version)
def test_calls_that_theirs_takes_ours_takes(environment: Environment) -> None:
    calls = [*BOTH, *OF_ONE[environment], *NO_CALLS]
    wanted = [True] * (len(calls) - len(NO_CALLS)) + [False] * len(NO_CALLS)
    assert theirs(environment).bound == wanted
    assert [_binds(one) for one in calls] == wanted


def _binds(one: Call) -> bool:
    try:
        for function in our_methods()[one["method"]]:
            inspect.signature(function).bind(None, *one["args"], **one["kwargs"])
    except TypeError:
        return False
    return True


class Sent:
    """A transport that remembers the data of the last mutation."""

    def __init__(self) -> None:
        self.data: object = None

    def execute(self, query: str, variables: dict[str, object], call_id: str) -> dict[str, object]:
        assert call_id
        assert "createProject" in query
        self.data = variables["data"]
        return {"data": {"data": {"id": "prj1"}}}

    def read_object(self, project_id: str, asset_id: str, url: str | None, most: int) -> bytes:
        raise AssertionError((project_id, asset_id, url, most))

    def close(self) -> None:
        """Nothing is held."""


@pytest.mark.parametrize(
    ("environment", "args"),
    [
        (REFERENCE, ("IMAGE", {"jobs": {}}, "Bears", "few words")),
        (NEWEST, ("Bears", "few words", "IMAGE", {"jobs": {}})),
    ],
    ids=lambda value: value.version if isinstance(value, Environment) else "",
)
def test_a_project_is_made_by_the_positions_of_either_generation(
    environment: Environment, args: tuple[object, ...]
) -> None:
    names = positional(theirs(environment).methods["create_project"])
    meant = dict(zip(names, args, strict=False))
    assert meant == {
        "title": "Bears",
        "description": "few words",
        "input_type": "IMAGE",
        "json_interface": {"jobs": {}},
    }
    transport = Sent()
    client = Kili.__new__(Kili)
    client._open(transport, "nowhere")
    client.create_project(*args)  # type: ignore[call-overload]
    assert transport.data == {
        "title": "Bears",
        "description": "few words",
        "inputType": "IMAGE",
        "jsonInterface": '{"jobs": {}}',
    }
