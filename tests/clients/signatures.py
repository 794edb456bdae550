"""What published clients tell of themselves: their signatures, and which calls they take."""

import inspect
import json
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, TypeAlias, TypedDict

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
