import pytest
from graphql import FieldNode, OperationDefinitionNode, SelectionSetNode, parse
from hypothesis import given
from hypothesis import strategies as st

from bucketlink.client.graphql.queries import query, selection
from bucketlink.errors import InvalidInput

NAMES = st.from_regex(r"[_A-Za-z][_0-9A-Za-z]{0,5}", fullmatch=True)
PATHS = st.lists(NAMES, min_size=1, max_size=4).map(".".join)


def leaves(selected: SelectionSetNode, prefix: str = "") -> list[str]:
    found: list[str] = []
    for field in selected.selections:
        assert isinstance(field, FieldNode)
        path = prefix + field.name.value
        found += leaves(field.selection_set, path + ".") if field.selection_set else [path]
    return found


@given(st.lists(PATHS, min_size=1, max_size=8))
def test_a_selection_asks_for_every_field_once_and_for_nothing_else(paths: list[str]) -> None:
    operation = parse(f"{{ data {{ {selection(paths)} }} }}").definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    root = operation.selection_set.selections[0]
    assert isinstance(root, FieldNode)
    assert root.selection_set

    asked = leaves(root.selection_set)

    assert len(asked) == len(set(asked))
    inner = {path for path in paths if any(other.startswith(path + ".") for other in paths)}
    assert set(asked) == set(paths) - inner


@given(st.text(max_size=12))
def test_a_field_is_a_name_or_is_refused(field: str) -> None:
    try:
        written = selection([field])
    except InvalidInput:
        return
    assert all(name.isidentifier() and name.isascii() for name in field.split("."))
    assert written.replace(" { ", ".").replace(" }", "") == field


@pytest.mark.parametrize("field", ["", ".", "id.", "id name", "id } me { email", "id\n", "é", "1st", "a:b", "a(x: 1)"])
def test_what_is_no_name_is_refused_before_anything_is_sent(field: str) -> None:
    with pytest.raises(InvalidInput, match="no name of a field"):
        selection([field])


def test_no_fields_at_all_are_refused() -> None:
    with pytest.raises(InvalidInput, match="fields is empty"):
        selection([])


def test_an_operation_declares_its_arguments_and_is_answered_as_data() -> None:
    assert query("thing", {"where": "Where!"}, ("id", "a.b", "a.c")) == (
        "query thing($where: Where!) { data: thing(where: $where) { id a { b c } } }"
    )
    assert query("count", {}, None) == "query count { data: count }"
