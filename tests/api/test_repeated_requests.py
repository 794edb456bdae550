"""A mutation that is sent again, under the same name of the call, happens once and is answered the same."""

from typing import Any

import pytest

from tests.api.conftest import ADD_CONNECTION, CREATE_PROJECT, OURS, World
from tests.api.operations import OPERATIONS, Operation, root

CALL = "6f1c5c52-6a1c-4f53-8d0e-3f0f6b6c9a11"
MUTATIONS = [operation for operation in OPERATIONS if operation.is_mutation]
SHOWN_ONCE = "createApiKey"
"""A key is kept as a hash alone and cannot be answered again, so another one is made: the one exception."""

every_mutation = pytest.mark.parametrize(
    "operation", [one for one in MUTATIONS if one.name != SHOWN_ONCE], ids=lambda operation: operation.name
)


def send(world: World, operation: Operation, call: str, given: dict[str, Any] | None = None) -> dict[str, Any]:
    arguments = dict.fromkeys(root("Mutation").fields[operation.name].args)
    about = operation.about(world.ours) if given is None else given
    return world.api.ask(world.ours.admin, operation.brief, {**arguments, **about}, call)


def test_there_are_mutations() -> None:
    assert {operation.name for operation in MUTATIONS} == set(root("Mutation").fields)


@every_mutation
def test_it_happens_once_and_is_answered_the_same(world: World, operation: Operation) -> None:
    first = send(world, operation, CALL)
    assert "errors" not in first
    rows = world.api.rows()

    again = send(world, operation, CALL)

    assert again == first
    assert world.api.rows() == rows


def test_a_change_found_by_the_name_that_it_changes_is_answered_the_same(world: World) -> None:
    operation = next(one for one in MUTATIONS if one.name == "updatePropertiesInDataIntegration")
    given = {"where": {"name": f"{OURS} integration"}, "data": {"name": "Changed"}}
    first = send(world, operation, CALL, given)

    again = send(world, operation, CALL, given)

    assert "errors" not in first
    assert again == first


@pytest.mark.parametrize("call", ["", "another call"])
@pytest.mark.parametrize(
    ("query", "table"), [(CREATE_PROJECT, "projects"), (ADD_CONNECTION, "connections")], ids=["project", "connection"]
)
def test_without_the_same_name_of_the_call_it_happens_twice(world: World, query: str, table: str, call: str) -> None:
    before = len(world.api.rows()[table])
    data = (
        {"title": "The same title", "inputType": "IMAGE"}
        if table == "projects"
        else {"projectId": world.ours.ids["project"], "integrationId": world.ours.ids["integration"]}
    )

    first = world.api.ask(world.ours.admin, query, {"data": data}, CALL if call else "")
    second = world.api.ask(world.ours.admin, query, {"data": data}, call)

    assert first["data"]["data"]["id"] != second["data"]["data"]["id"]
    assert len(world.api.rows()[table]) == before + 2


def test_another_body_under_the_same_name_is_another_request(world: World) -> None:
    ids = {
        world.api.ask(world.ours.admin, CREATE_PROJECT, {"data": {"title": title, "inputType": "IMAGE"}}, CALL)["data"][
            "data"
        ]["id"]
        for title in ("One", "Two")
    }

    assert len(ids) == 2


def test_another_operation_of_the_same_document_is_another_request(world: World) -> None:
    create = 'mutation {0} {{ data: createProject(data: {{title: "{0}", inputType: IMAGE}}) {{ title }} }}'
    document = " ".join(create.format(name) for name in ("A", "B"))

    titles = [
        world.api.application.execute({"query": document, "operationName": name}, world.ours.admin, CALL)["data"][
            "data"
        ]["title"]
        for name in ("A", "B")
    ]

    assert titles == ["A", "B"]


def test_another_users_request_under_the_same_name_is_another_request(world: World) -> None:
    data = {"title": "The same title", "inputType": "IMAGE"}

    ids = [
        world.api.ask(caller, CREATE_PROJECT, {"data": data}, CALL)["data"]["data"]["id"]
        for caller in (world.ours.admin, world.ours.user, world.theirs.admin)
    ]

    assert len(set(ids)) == len(ids)


def test_two_mutations_in_one_request_are_kept_apart(world: World) -> None:
    one = 'createProject(data: {title: "The same title", inputType: IMAGE}) { id }'
    document = f"mutation {{ first: {one} second: {one} }}"

    first = world.api.ask(world.ours.admin, document, call=CALL)
    again = world.api.ask(world.ours.admin, document, call=CALL)

    assert first["data"]["first"] != first["data"]["second"]
    assert again == first


def test_what_was_refused_may_be_tried_again(world: World) -> None:
    operation = next(one for one in MUTATIONS if one.name == "createDataIntegration")
    later = world.ours.folder / "later"
    given = {"data": {"name": "Later", "platform": "Folder", "folderPath": str(later)}}
    refused = send(world, operation, CALL, given)
    later.mkdir()
    try:
        accepted = send(world, operation, CALL, given)
    finally:
        later.rmdir()

    assert refused["errors"][0]["extensions"]["code"].startswith("BUCKET")
    assert "errors" not in accepted


def test_a_key_that_was_shown_is_not_shown_again_but_made_anew(world: World) -> None:
    operation = next(one for one in MUTATIONS if one.name == SHOWN_ONCE)
    keys = {
        world.api.ask(world.ours.admin, operation.document, operation.about(world.ours), CALL)["data"]["data"]["key"]
        for _ in range(2)
    }

    assert len(keys) == 2
