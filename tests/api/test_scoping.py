"""Nothing crosses an organization, and what only administrators may do is refused to others."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from bucketlink.model import Caller
from tests.api.conftest import Member, World
from tests.api.operations import NOTHING, OPERATIONS, Operation, root

REFUSALS = {"NOT_FOUND", "FORBIDDEN"}

LISTS = ("users", "organizations", "apiKeys", "projects", "dataIntegrations", "dataConnections")
COUNTS = ("countUsers", "countOrganizations", "countApiKeys", "countProjects", "countDataIntegrations")

every_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)


def arguments(operation: Operation, given: dict[str, Any]) -> dict[str, Any]:
    """What is not given of an operation's arguments is null."""
    kind = "Mutation" if operation.is_mutation else "Query"
    return {name: given.get(name) for name in root(kind).fields[operation.name].args}


def ask(world: World, caller: Caller, operation: Operation, given: dict[str, Any]) -> dict[str, Any]:
    return world.api.ask(caller, operation.document, arguments(operation, given))


def rows_of(world: World, member: Member) -> list[str]:
    """Every row that says whose it is, if it is this organization's; of the others those that hold its name."""

    def belongs(row: Mapping[str, object]) -> bool:
        if "organization_id" in row:
            return row["organization_id"] == member.admin.organization_id
        return member.name in repr(dict(row))

    with world.api.home.database.read() as tx:
        tables = tx.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").scalars().all()
        rows = [
            f"{table} {dict(row)}"
            for table in tables
            for row in tx.exec_driver_sql(f"SELECT * FROM {table}").mappings()
            if belongs({str(name): value for name, value in row.items()})
        ]
    assert {row.split()[0] for row in rows} >= {"organizations", "users", "projects", "connections", "runs", "assets"}
    return sorted(rows)


def test_the_table_holds_every_operation_of_the_schema() -> None:
    in_schema = {*root("Query").fields, *root("Mutation").fields}

    assert {operation.name for operation in OPERATIONS} == in_schema
    assert len(OPERATIONS) == len(in_schema)


@every_operation
def test_an_administrator_may_do_it_to_their_own(world: World, operation: Operation) -> None:
    response = ask(world, world.ours.admin, operation, operation.about(world.ours))

    assert "errors" not in response
    assert (response["data"]["data"] in NOTHING) is operation.empty


@every_operation
def test_a_user_may_do_it_unless_it_is_for_administrators(world: World, operation: Operation) -> None:
    before = world.api.rows()

    response = ask(world, world.ours.user, operation, operation.about(world.ours))

    if not operation.only_admin:
        assert "errors" not in response
        assert (response["data"]["data"] in NOTHING) is operation.empty
    elif operation.is_mutation:
        assert [error["extensions"]["code"] for error in response["errors"]] == ["FORBIDDEN"]
        assert world.api.rows() == before
    else:
        assert response["data"]["data"] in NOTHING


@every_operation
def test_another_organization_reads_and_changes_nothing(world: World, operation: Operation) -> None:
    ours, theirs = world.ours, world.theirs
    before = rows_of(world, ours)

    for given in (operation.about(ours), *operation.variants(ours, theirs)):
        response = ask(world, theirs.admin, operation, given)
        if operation.own:
            assert "errors" not in response
            answer = json.dumps(response)
            assert not [ours.ids[thing] for thing in ("organization", "user") if f'"{ours.ids[thing]}"' in answer]
        elif "errors" in response:
            assert {error["extensions"]["code"] for error in response["errors"]} <= REFUSALS
            assert not (response.get("data") or {}).get("data")
        else:
            assert response["data"]["data"] in NOTHING

    assert rows_of(world, ours) == before


@pytest.mark.parametrize("name", LISTS)
def test_a_list_without_filters_is_ones_own(world: World, name: str) -> None:
    operation = next(one for one in OPERATIONS if one.name == name)

    response = ask(world, world.theirs.admin, operation, {"where": {}, "first": 100, "skip": 0})

    assert "errors" not in response
    assert response["data"]["data"]
    assert world.ours.name not in json.dumps(response)


@pytest.mark.parametrize("name", COUNTS)
def test_a_count_without_filters_is_of_ones_own(world: World, name: str) -> None:
    operation = next(one for one in OPERATIONS if one.name == name)
    listed = next(one for one in OPERATIONS if one.name == _list_of(name))

    count = ask(world, world.theirs.admin, operation, {"where": {}})["data"]["data"]

    rows = ask(world, world.theirs.admin, listed, {"where": {}, "first": 100, "skip": 0})["data"]["data"]
    assert count == len(rows)


def _list_of(count: str) -> str:
    """The name of the list that a count counts: ``apiKeys`` for ``countApiKeys``."""
    name = count.removeprefix("count")
    return name[0].lower() + name[1:]
