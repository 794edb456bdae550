"""The reference is what the source says, and says everything."""

import ast
import inspect
import re

import pytest

from bucketlink.client.client import Client
from bucketlink.kili import Kili
from bucketlink.settings import Settings
from tests.reference.docstrings import parse
from tests.reference.markdown import Page, anchor, prose
from tests.reference.pages import FOLDER, pages
from tests.reference.python import namespaces, public_methods, public_properties, topics
from tests.reference.types import of_types, shapes
from tests.reference.variables import fields

METHODS = {**public_methods(Client), **{name: method for _, methods in topics() for name, method in methods.items()}}
SHORTER = {
    f"{namespace}.{name}": method
    for namespace, kind in namespaces().items()
    for name, method in public_methods(kind).items()
}


@pytest.mark.parametrize("name", ["python.md", "fields.md", "command-line.md", "settings.md"])
def test_what_is_committed_is_what_the_source_says(name: str) -> None:
    committed = (FOLDER / name).read_text("utf-8") if (FOLDER / name).is_file() else ""
    assert committed == pages()[name], f"docs/reference/{name} is older than its source: run make reference."


def test_there_is_no_other_page() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(pages())


def test_nothing_that_the_client_can_do_is_left_out() -> None:
    there = {name for name in dir(Client) if not name.startswith("_")}
    assert there == METHODS.keys() | public_properties(Client).keys()
    own = {name for name in dir(Kili) if not name.startswith("_")} - there
    assert own == (public_methods(Kili).keys() | public_properties(Kili).keys()) - there
    assert {"storages.integrations", "storages.connections"} <= namespaces().keys()


@pytest.mark.parametrize("name", METHODS)
def test_a_method_says_what_it_takes_answers_and_raises(name: str) -> None:
    docstring = parse(METHODS[name].__doc__)
    signature = inspect.signature(METHODS[name])
    taken = [one for one in signature.parameters if one not in {"self", "cls"}]
    assert docstring.text
    if len(taken) > 2:
        # Or it names the method whose arguments they are.
        assert docstring.arguments or set(re.findall(r"`(\w+)`", docstring.text[0])) & METHODS.keys()
    assert {one.lstrip("*") for one in docstring.arguments} <= set(taken)
    assert docstring.example, "It has no example."


@pytest.mark.parametrize("name", METHODS)
def test_an_example_calls_methods_as_they_can_be_called(name: str) -> None:
    example = parse(METHODS[name].__doc__).example
    source = "\n".join(line[4:] for line in example.splitlines() if line.startswith((">>> ", "... ")))
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    called = set()
    for call in calls:
        function = call.func
        if isinstance(function, ast.Attribute) and ast.unparse(function.value) in {"client", "Client"}:
            called.add(function.attr)
            given = dict.fromkeys(one.arg for one in call.keywords if one.arg)
            inspect.signature(METHODS[function.attr]).bind(None, *call.args, **given)
    assert name in called


@pytest.mark.parametrize("name", SHORTER)
def test_a_method_of_a_namespace_says_whose_shorter_name_it_is(name: str) -> None:
    assert "`Client." in (SHORTER[name].__doc__ or "")


@pytest.mark.parametrize("name", of_types())
def test_a_type_has_a_sentence_for_each_field(name: str) -> None:
    shape = shapes()[name]
    assert shape.text or shape.value
    assert [one.name for one in shape.fields if not one.text] == []


def test_every_setting_has_a_sentence() -> None:
    assert [name for name, text in fields().items() if not text] == []
    assert len(fields()) == len(Settings.model_fields)


# What makes the pages


def test_a_docstring_is_taken_apart() -> None:
    taken = parse(
        """Do it.

        Further words.

        Args:
            first: a number; it goes
                on here.
            second: another.

        Returns:
            A text, which goes
            on here.

        Raises:
            InvalidInput, NotFound: in the server's words.

        Example:
            >>> do(1)  # doctest: +SKIP
            'it'

        """
    )
    assert taken.text == ["Do it.", "Further words."]
    assert taken.arguments == {"first": "a number; it goes on here.", "second": "another."}
    assert taken.returns == "A text, which goes on here."
    assert taken.raises == [("InvalidInput, NotFound", "in the server's words.")]
    assert taken.example == ">>> do(1)\n'it'"


def test_a_name_leads_to_where_it_is_explained() -> None:
    assert prose("as `runs` has ``*`` and * and `other`", {"runs": "#runs"}) == (
        "as [`runs`](#runs) has `*` and \\* and `other`"
    )


def test_an_anchor_depends_on_its_title_alone() -> None:
    assert anchor("client.add_cloud_storage_connection") == "clientadd_cloud_storage_connection"
    page = Page("A page", "")
    page.heading(2, "A.b")
    with pytest.raises(ValueError, match="one anchor"):
        page.heading(2, "Ab")
