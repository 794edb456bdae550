"""What one request may ask for: just below each limit passes, just above is refused, and quickly."""

import time
from typing import Any

import pytest
from graphql import get_named_type, is_leaf_type

from bucketlink.api.limits import DEEPEST, MOST_ALIASES, MOST_FIELDS, MOST_TOKENS
from bucketlink.api.scalars import MOST_ROWS
from bucketlink.model import Caller
from tests.api.conftest import Api, World
from tests.api.operations import root

SECONDS = 10.0
"""Far more than a refusal takes, and far less than what is refused would."""

FRAGMENTS = 24
"""Each spread twice by the one before: millions of selections in a few hundred bytes."""


def refusal(api: Api, caller: Caller, query: str, variables: dict[str, Any] | None = None) -> str | None:
    """Why a request is refused; None if it is not. Either must not take long."""
    started = time.monotonic()
    response = api.ask(caller, query, variables)
    assert time.monotonic() - started < SECONDS
    if "errors" not in response:
        return None
    error = response["errors"][0]
    assert error["extensions"] == {"code": error["extensions"]["code"], "context": {}}
    assert error["extensions"]["code"] in {"GRAPHQL_VALIDATION_FAILED", "BAD_USER_INPUT"}
    return str(error["message"])


def nested(depth: int) -> str:
    """A query of this depth: projects, their connections, the connections' projects, and so on."""
    inside = ""
    for level in range(depth - 1, 1, -1):
        inside = f"{'dataConnections' if level % 2 == 0 else 'project'} {{ id {inside} }}"
    return f"{{ projects(where: {{}}, first: 1, skip: 0) {{ id {inside} }} }}"


def wide(fields: int) -> str:
    """A query of so many fields, in as many groups as aliases are allowed."""
    leaves = [name for name, one in root("Project").fields.items() if is_leaf_type(get_named_type(one.type))]
    each, more = divmod(fields - MOST_ALIASES, MOST_ALIASES)
    groups = (" ".join((leaves * 2)[: each + (group < more)]) for group in range(MOST_ALIASES))
    asked = (f"a{n}: projects(where: {{}}, first: 1, skip: 0) {{ {group} }}" for n, group in enumerate(groups))
    return f"{{ {' '.join(asked)} }}"


def bomb(end: str) -> str:
    """Fragments that spread each other twice, the last of which holds ``end``."""
    links = (f"fragment f{n} on Query {{ ...f{n + 1} ...f{n + 1} }}" for n in range(FRAGMENTS))
    return f"{{ ...f0 }} {' '.join(links)} fragment f{FRAGMENTS} on Query {{ {end} }}"


@pytest.mark.parametrize(
    ("passing", "refused"),
    [
        (nested(DEEPEST), nested(DEEPEST + 1)),
        (
            "{" + " ".join(f"a{n}: __typename" for n in range(MOST_ALIASES)) + "}",
            "{" + " ".join(f"a{n}: __typename" for n in range(MOST_ALIASES + 1)) + "}",
        ),
        (wide(MOST_FIELDS), wide(MOST_FIELDS + 1)),
        ("{ ...f } fragment f on Query { __typename }", bomb("__typename")),
    ],
    ids=["depth", "aliases", "fields", "fields of nested fragments"],
)
def test_a_query_that_asks_for_too_much_is_refused(api: Api, caller: Caller, passing: str, refused: str) -> None:
    assert refusal(api, caller, passing) is None
    assert "asks for too much" in (refusal(api, caller, refused) or "")


def test_a_query_of_too_many_tokens_is_refused(api: Api, caller: Caller) -> None:
    def listing(ids: int) -> str:
        return "query { countProjects(where: {tagIds: [" + '"x" ' * ids + "]}) }"

    around = len(["query", "{", "countProjects", "(", "where", ":", "{", "tagIds", ":", "[", "]", "}", ")", "}"])
    assert refusal(api, caller, listing(MOST_TOKENS - around)) is None
    assert "token" in (refusal(api, caller, listing(MOST_TOKENS - around + 1)) or "")


@pytest.mark.parametrize("first", [0, 1, MOST_ROWS])
@pytest.mark.parametrize("sent", ["variable", "literal"])
def test_a_page_of_any_allowed_size_is_answered(api: Api, caller: Caller, first: int, sent: str) -> None:
    assert _page(api, caller, str(first), first, sent) is None


@pytest.mark.parametrize("first", [-1, MOST_ROWS + 1, 2**40, 1.5, True, "10"])
def test_a_page_of_another_size_is_refused(api: Api, caller: Caller, first: object) -> None:
    assert f"from 0 to {MOST_ROWS}" in (_page(api, caller, "", first, "variable") or "")


@pytest.mark.parametrize("first", ["-1", str(MOST_ROWS + 1), str(2**40), "1.5", "true", '"10"'])
def test_a_page_of_another_size_is_refused_in_the_query_too(api: Api, caller: Caller, first: str) -> None:
    assert _page(api, caller, first, None, "literal")


def _page(api: Api, caller: Caller, literal: str, first: object, sent: str) -> str | None:
    if sent == "literal":
        return refusal(api, caller, f"{{ projects(where: {{}}, first: {literal}, skip: 0) {{ id }} }}")
    query = "query ($first: PageSize!) { projects(where: {}, first: $first, skip: 0) { id } }"
    return refusal(api, caller, query, {"first": first})


def test_a_negative_skip_is_refused(api: Api, caller: Caller) -> None:
    assert "skip" in (refusal(api, caller, "{ projects(where: {}, first: 1, skip: -1) { id } }") or "")


@pytest.mark.parametrize(
    "query",
    [
        "{ ...a } fragment a on Query { ...a }",
        "{ ...a } fragment a on Query { ...b } fragment b on Query { me { id } ...a }",
        bomb("...f0"),
        bomb("...missing"),
    ],
    ids=["itself", "each other", "a nest of fragments that begins again", "a nest of fragments around nothing"],
)
def test_fragments_that_do_not_end_are_refused(api: Api, caller: Caller, query: str) -> None:
    assert refusal(api, caller, query)


def test_fields_repeated_hundreds_of_times_do_not_stall_the_check(api: Api, caller: Caller) -> None:
    fields = "dataConnections { id project { id } } " * (MOST_FIELDS // 5)

    assert refusal(api, caller, f"{{ projects(where: {{}}, first: 1, skip: 0) {{ {fields} }} }}")


def test_introspection_of_the_schema_again_and_again_is_refused(api: Api, caller: Caller) -> None:
    inside = "name"
    for _ in range(6):
        inside = f"fields {{ name type {{ {inside} }} }}"

    assert refusal(api, caller, f"{{ __schema {{ types {{ {inside} }} }} }}")


def test_rows_that_multiply_on_the_way_down_are_refused(world: World) -> None:
    admin = world.ours.admin
    add = "addDataConnection(data: $data) { id }"
    data = {
        "projectId": world.ours.ids["project"],
        "integrationId": world.ours.ids["integration"],
        "selectedFolders": [],
    }
    many = " ".join(f"a{n}: {add}" for n in range(18))
    world.api.ask(admin, f"mutation ($data: DataConnectionInput!) {{ {many} }}", {"data": data})

    assert refusal(world.api, admin, nested(5)) is None
    assert "rows" in (refusal(world.api, admin, nested(DEEPEST)) or "")


def test_an_operation_name_of_another_type_is_refused(api: Api, caller: Caller) -> None:
    response = api.application.execute({"query": "{ me { id } }", "operationName": ["x"]}, caller, None)

    assert response["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
