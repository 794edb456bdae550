"""Every call that a published client takes, of the generation of the reference page and the newest, ours takes too."""

import inspect
import typing
from typing import Literal

import pytest

from bucketlink.kili import Kili
from tests.clients.environments import NEWEST, REFERENCE, Environment
from tests.clients.signatures import BOTH, GENERATIONS, NO_CALLS, OF_ONE, Call, Parameter, our_methods, theirs

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
