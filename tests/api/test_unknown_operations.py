"""An operation that there is none of is refused by name, with the nearest that there is."""

import pytest

from bucketlink.api.operations import nearest
from bucketlink.model import Caller
from tests.api.conftest import Api
from tests.api.operations import root

QUERIES, MUTATIONS = list(root("Query").fields), list(root("Mutation").fields)


@pytest.mark.parametrize(
    ("query", "name", "expected"),
    [
        ("query ($where: LabelWhere!) { data: countLabels(where: $where) }", "countLabels", "countAssets"),
        ("query ($where: LockWhere!, $first: PageSize!) { lock(where: $where, first: $first) { id } }", "lock", None),
        (
            "mutation ($id: ID!) { validateDataDiferences(where: {id: $id}) { id } }",
            "validateDataDiferences",
            "validateDataDifferences",
        ),
        ("mutation { addDataConnections(nonsense: 5) { nonsense } }", "addDataConnections", "addDataConnection"),
        ("mutation { data: countAssets(where: {}) }", "countAssets", None),
        ("subscription { labelCreated(projectID: 5) { id } }", "labelCreated", "labelCreatedOrUpdated"),
    ],
)
def test_the_one_error_names_it_and_the_nearest(
    api: Api, caller: Caller, query: str, name: str, expected: str | None
) -> None:
    kind = query.split(maxsplit=1)[0]

    response = api.ask(caller, query, {"where": {}, "first": 1, "id": "1"})

    (error,) = response["errors"]
    start = f"Bucketlink has no {kind} {name!r}: the nearest {kind} that it has is "
    assert error["message"].startswith(start)
    assert error["message"].removeprefix(start).strip("'.") in ({expected} if expected else root(kind.title()).fields)
    assert error["extensions"] == {"code": "GRAPHQL_VALIDATION_FAILED", "context": {}}
    assert response.get("data") is None


def test_every_unknown_operation_of_a_request_is_named(api: Api, caller: Caller) -> None:
    errors = api.ask(caller, "{ me { id } nonsense asets(where: {}) { id } }")["errors"]

    assert ["'nonsense'" in errors[0]["message"], "'asets'" in errors[1]["message"], len(errors)] == [True, True, 2]


@pytest.mark.parametrize("query", ["{ me { id } }", "{ __typename }", "{ __schema { queryType { name } } }"])
def test_what_there_is_is_not_refused(api: Api, caller: Caller, query: str) -> None:
    assert "errors" not in api.ask(caller, query)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("asset", "assets"),
        ("countLabels", "countAssets"),
        ("dataConection", "dataConnection"),
        ("integrations", "dataIntegrations"),
        ("connections", "dataConnections"),
        ("listTags", "listTagsByOrg"),
        ("USERS", "users"),
        ("ViewEr", "viewer"),
    ],
)
def test_the_nearest_is_near(name: str, expected: str) -> None:
    assert nearest(name, QUERIES) == expected


@pytest.mark.parametrize(
    "name", ["deleteAssets", "deleteManyFromDataset", "delete", "deleteFromRoles", "removeProject"]
)
def test_nobody_is_led_to_delete_something(name: str) -> None:
    assert not nearest(name, MUTATIONS).startswith("delete")


@pytest.mark.parametrize("name", ["deleteProjects", "deleteDataConection", "deletedataintegration"])
def test_a_misspelled_deletion_is_recognised(name: str) -> None:
    assert nearest(name, MUTATIONS).lower().startswith(name.lower()[:11])


@pytest.mark.parametrize("name", ["_", "___", "x", "é", "a" * 5000])
def test_there_is_always_a_nearest(name: str) -> None:
    assert nearest(name, QUERIES) in QUERIES
