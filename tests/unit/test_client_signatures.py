import inspect
import typing

import pytest

from bucketlink import Client

PAGE = {
    "cloud_storage_integrations": (
        "(self, cloud_storage_integration_id=None, name=None, platform=None, status=None, organization_id=None, "
        "fields=('name', 'id', 'platform', 'status'), first=None, skip=0, disable_tqdm=None, *, as_generator=False)"
    ),
    "count_cloud_storage_integrations": (
        "(self, cloud_storage_integration_id=None, name=None, platform=None, status=None, organization_id=None)"
    ),
    "cloud_storage_connections": (
        "(self, cloud_storage_connection_id=None, cloud_storage_integration_id=None, project_id=None, "
        "fields=('id', 'lastChecked', 'numberOfAssets', 'selectedFolders', 'projectId'), first=None, skip=0, "
        "disable_tqdm=None, *, as_generator=False)"
    ),
    "add_cloud_storage_connection": "(self, project_id, cloud_storage_integration_id, selected_folders=None)",
    "synchronize_cloud_storage_connection": (
        "(self, cloud_storage_connection_id, delete_extraneous_files=False, dry_run=False)"
    ),
}
"""The signatures of the reference page's five methods, without annotations."""

OURS = {
    "add_cloud_storage_connection": ["prefix", "include", "exclude", "is_json_processing_enabled"],
    "synchronize_cloud_storage_connection": ["force", "max_delete", "apply_changed", "progress"],
}
"""Parameters behind the page's: the newest published client's, and our own."""


def bare(function: object, without: list[str]) -> str:
    signature = inspect.signature(typing.cast("typing.Callable[..., object]", function))
    kept = [
        parameter.replace(annotation=inspect.Parameter.empty)
        for name, parameter in signature.parameters.items()
        if name not in without
    ]
    return str(signature.replace(parameters=kept, return_annotation=inspect.Signature.empty))


@pytest.mark.parametrize("method", PAGE)
def test_the_five_methods_have_the_signatures_of_the_reference(method: str) -> None:
    assert bare(getattr(Client, method), OURS.get(method, [])) == PAGE[method]


def test_additional_parameters_come_behind_and_are_optional() -> None:
    for method, names in OURS.items():
        parameters = list(inspect.signature(getattr(Client, method)).parameters.values())
        assert [parameter.name for parameter in parameters[-len(names) :]] == names
        assert all(parameter.default is not inspect.Parameter.empty for parameter in parameters[-len(names) :])


@pytest.mark.parametrize("name", OURS["synchronize_cloud_storage_connection"])
def test_what_is_ours_must_be_named(name: str) -> None:
    parameter = inspect.signature(Client.synchronize_cloud_storage_connection).parameters[name]
    assert parameter.kind is inspect.Parameter.KEYWORD_ONLY


LISTS = ["cloud_storage_integrations", "cloud_storage_connections", "projects", "users", "organizations", "api_keys"]


@pytest.mark.parametrize("method", LISTS)
def test_lists_are_overloaded_on_as_generator(method: str) -> None:
    wrapped = getattr(Client, method).__wrapped__
    answers = [typing.get_type_hints(overload)["as_generator"] for overload in typing.get_overloads(wrapped)]
    assert answers == [typing.Literal[True], typing.Literal[False]]


def test_platforms_are_those_of_the_page_and_more() -> None:
    hints = typing.get_type_hints(inspect.unwrap(Client.count_cloud_storage_integrations))
    platforms = {name for part in typing.get_args(hints["platform"]) for name in typing.get_args(part)}
    assert platforms == {"AWS", "Azure", "GCP", "CustomS3", "Folder"}
    statuses = {name for part in typing.get_args(hints["status"]) for name in typing.get_args(part)}
    assert statuses == {"CONNECTED", "DISCONNECTED", "CHECKING"}


@pytest.mark.parametrize("method", [*LISTS, "assets"])
def test_every_list_answers_a_list_unless_asked_for_a_generator(method: str) -> None:
    parameters = inspect.signature(getattr(Client, method)).parameters
    assert parameters["as_generator"].default is False
    assert parameters["as_generator"].kind is inspect.Parameter.KEYWORD_ONLY
    assert (parameters["first"].default, parameters["skip"].default, parameters["disable_tqdm"].default) == (
        None,
        0,
        None,
    )


@pytest.mark.parametrize("method", [name for name in dir(Client) if not name.startswith("_") and name != "wire"])
def test_every_public_method_is_described(method: str) -> None:
    assert (inspect.getdoc(getattr(Client, method)) or "").strip()
