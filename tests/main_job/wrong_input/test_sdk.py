"""What only the SDK can be asked, and is refused."""

from collections.abc import Callable
from typing import Any

import pytest

from bucketlink import Client
from bucketlink.errors import InvalidInput, NotFound
from tests.main_job.wrong_input.world import SECRET, World, in_one_line


@pytest.mark.parametrize(
    "ask",
    [
        lambda client, _: client.cloud_storage_integrations(fields=["id", "nonsense"]),
        lambda client, world: client.cloud_storage_connections(world.connection, fields=["nonsense"]),
        lambda client, world: client.cloud_storage_connections(project_id=world.project, fields=["project.nonsense"]),
        lambda client, world: client.assets(world.project, fields=["nonsense"]),
        lambda client, _: client.projects(fields=["roles.nonsense"]),
        lambda client, world: client.create_cloud_storage_integration(
            "Folder", "x", fields=["nonsense"], folder_path=str(world.folder / "in")
        ),
    ],
    ids=["integrations", "connection", "connections", "assets", "projects", "a new integration"],
)
def test_an_unknown_field_is_named(served: World, ask: Callable[[Client, World], object]) -> None:
    before = served.census()
    with pytest.raises(InvalidInput) as caught:
        ask(served.client, served)
    in_one_line(str(caught.value), "nonsense")
    assert served.census() == before


@pytest.mark.parametrize(
    "ask",
    [
        lambda client, _: client.cloud_storage_integrations(first="10"),
        lambda client, _: client.cloud_storage_integrations(fields="id"),
        lambda client, _: client.cloud_storage_integrations(platform="Floppy"),
        lambda client, _: client.cloud_storage_connections(project_id=1),
        lambda client, world: client.add_cloud_storage_connection(world.project, world.integration, "bears"),
        lambda client, world: client.add_cloud_storage_connection(world.project, world.integration, ["a", 1]),
        lambda client, world: client.synchronize_cloud_storage_connection(world.connection, "yes"),
        lambda client, _: client.synchronize_cloud_storage_connection(1),
        lambda client, _: client.create_cloud_storage_integration("CustomS3", "x", s3_secret_key=SECRET.encode()),
    ],
)
def test_an_argument_of_a_wrong_type_is_named(served: World, ask: Callable[[Client, World], object]) -> None:
    before = served.census()
    with pytest.raises(TypeError) as caught:
        ask(served.client, served)
    in_one_line(str(caught.value), r"^\w+\(\) takes .* as \w+, not this \w+\.$")
    assert served.census() == before


@pytest.mark.parametrize("number", [{"first": -1}, {"skip": -1}])
def test_a_negative_number_is_refused_before_anything_is_sent(served: World, number: dict[str, Any]) -> None:
    client, name = served.client, next(iter(number))
    for ask in (
        lambda: client.cloud_storage_integrations(**number),
        lambda: client.cloud_storage_connections(served.connection, **number),
        lambda: client.cloud_storage_connections(project_id=served.project, as_generator=True, **number),
        lambda: client.projects(**number),
        lambda: client.assets(served.project, **number),
        lambda: client.runs(served.connection, **number),
    ):
        with pytest.raises(InvalidInput, match=f"{name} must be 0 or more"):
            ask()


def test_another_organizations_integration_is_neither_shown_nor_deleted(served: World) -> None:
    before = served.census()
    assert served.client.cloud_storage_integrations(served.foreign) == []
    assert served.client.count_cloud_storage_integrations(served.foreign) == 0
    assert served.foreign not in [row["id"] for row in served.client.cloud_storage_integrations()]
    with pytest.raises(NotFound, match="no integration with the id"):
        served.client.delete_cloud_storage_integration(served.foreign)
    assert served.census() == before
