"""``docs/reference/python.md``: the client, its types and its errors."""

import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any, get_type_hints

import bucketlink
from bucketlink import errors
from bucketlink.client.client import Client
from bucketlink.kili import Kili
from tests.reference.docstrings import Docstring, parse
from tests.reference.fields import LINKS
from tests.reference.markdown import Page, anchor, prose, table
from tests.reference.signatures import signature
from tests.reference.types import Shape, of_types, shapes

INTRODUCTION = """\
Written by `make reference` from the docstrings of the source; do not change it by hand.

Everything is in two classes: `Client`, and `Kili`, which is the same under the name that existing scripts use. Both
answer plain dictionaries, whose [types](#types) are below, and raise [errors](#errors) whose sentence says what to do.
For how to do things, see the [guides](../guides/README.md)."""

FILTERS = "AssetFilters"
"""The type whose fields are arguments of `Client.assets`, and are explained there."""


def public_methods(kind: type) -> dict[str, Callable[..., Any]]:
    """The public methods of a class that are its own, in the order of its source, without those of its bases."""
    return {
        name: member.__func__ if isinstance(member, classmethod) else member
        for name, member in vars(kind).items()
        if not name.startswith("_") and (inspect.isfunction(member) or isinstance(member, classmethod))
    }


def public_properties(kind: type) -> dict[str, property]:
    """The public properties of a class that are its own."""
    return {
        name: member for name, member in vars(kind).items() if not name.startswith("_") and isinstance(member, property)
    }


def topics() -> Iterator[tuple[str, dict[str, Callable[..., Any]]]]:
    """The client's methods by what they are about: each base of `Client`, with its own bases, is a topic."""
    for base in Client.__bases__:
        methods: dict[str, Callable[..., Any]] = {}
        for kind in base.__mro__[:-1]:
            methods |= public_methods(kind)
        if methods:
            yield _title(base), methods


def namespaces(kind: type = Kili, path: str = "") -> dict[str, type]:
    """The namespaces of `Kili`, by how they are reached: properties that answer something with methods."""
    found: dict[str, type] = {}
    for name, member in public_properties(kind).items():
        answered = get_type_hints(member.fget).get("return")
        if isinstance(answered, type) and answered.__module__.startswith("bucketlink."):
            inner = f"{path}{name}"
            found |= ({inner: answered} if public_methods(answered) else {}) | namespaces(answered, f"{inner}.")
    return found


def all_errors() -> list[type[errors.BucketlinkError]]:
    """Every error that can be imported from the package, in the order of the source."""
    order = list(vars(errors))
    exported = [getattr(bucketlink, name) for name in bucketlink.__all__]
    found = [one for one in exported if isinstance(one, type) and issubclass(one, errors.BucketlinkError)]
    return sorted(found, key=lambda one: order.index(one.__name__) if one.__name__ in order else len(order))


def python_page() -> str:
    """The whole page."""
    page, links = Page("Python reference", INTRODUCTION), _links()
    page.heading(2, "Client")
    page.add("`from bucketlink import Client`")
    _class(page, Client, links)
    for name, method in public_methods(Client).items():
        _method(page, f"Client.{name}", method, links, level=3)
    for title, methods in topics():
        page.heading(2, title)
        for name, method in methods.items():
            _method(page, f"client.{name}", method, links, level=3)
    _kili(page, links)
    _types(page, links)
    _errors(page, links)
    return page.text()


def _title(kind: type) -> str:
    """What a class of methods is about, from its docstring: ``The methods about connections.``"""
    found = re.match(r"The methods (?:about|that|for) (.+?)\.", inspect.getdoc(kind) or "")
    words = found[1] if found else kind.__name__
    return words[0].upper() + words[1:]


def _links() -> dict[str, str]:
    """What a name in single backquotes leads to."""
    found = dict(LINKS) | {name: f"#{anchor(name)}" for name in (*_shown_types(), "Client", "Kili")}
    found |= {one.__name__: f"#{anchor(one.__name__)}" for one in all_errors()}
    methods = [*public_methods(Client), *(name for _, methods in topics() for name in methods)]
    for name in methods:
        found |= dict.fromkeys((name, f"Client.{name}"), f"#{anchor(f'client.{name}')}")
    return found


def _class(page: Page, kind: type, links: dict[str, str]) -> None:
    _text(page, parse(kind.__doc__), links)
    constructor = vars(kind)["__init__"]
    page.code("python", signature(kind.__name__, constructor, returns=False).text)
    _text(page, parse(constructor.__doc__), links)
    for name, member in public_properties(kind).items():
        page.add(f"`{name}` — {prose(' '.join((member.__doc__ or '').split()), links)}")


def _method(page: Page, name: str, method: Callable[..., Any], links: dict[str, str], level: int) -> None:
    page.heading(level, name)
    page.code("python", signature(name.rpartition(".")[2], method).text)
    _text(page, parse(inspect.getdoc(method)), links)


def _text(page: Page, docstring: Docstring, links: dict[str, str]) -> None:
    page.add(*(prose(one, links) for one in docstring.text))
    if docstring.arguments:
        rows = [f"- `{name}`: {prose(text, links)}" for name, text in docstring.arguments.items()]
        page.add("**Arguments**", "\n".join(rows))
    if docstring.returns:
        page.add(f"**Returns** {prose(docstring.returns, links)}")
    if docstring.raises:
        page.add(
            "**Raises**",
            "\n".join(f"- {_errors_linked(names, links)}: {prose(text, links)}" for names, text in docstring.raises),
        )
    if docstring.example:
        page.code("pycon", docstring.example)


def _errors_linked(names: str, links: dict[str, str]) -> str:
    return ", ".join(prose(f"`{name}`", links) for name in names.split(", "))


def _kili(page: Page, links: dict[str, str]) -> None:
    page.heading(2, "Kili")
    page.add("`from bucketlink.kili import Kili`")
    _class(page, Kili, links)
    page.add("It has every method of [`Client`](#client). These are its own:")
    for name, method in public_methods(Kili).items():
        _method(page, f"kili.{name}", method, links, level=3)
    for namespace, kind in namespaces().items():
        page.heading(3, f"kili.{namespace}")
        _text(page, parse(kind.__doc__), links)
        for name, method in public_methods(kind).items():
            _method(page, f"kili.{namespace}.{name}", method, links, level=4)


def _shown_types() -> list[str]:
    """Types to explain: those of ``client/types.py``, and what signatures and these name beyond."""
    methods = [
        *public_methods(Client).values(),
        *(method for _, methods in topics() for method in methods.values()),
        *public_methods(Kili).values(),
        *(method for kind in namespaces().values() for method in public_methods(kind).values()),
    ]
    found = dict.fromkeys(of_types())
    waiting = sorted({name for method in methods for name in signature("", method).names})
    while waiting:
        name = waiting.pop(0)
        shape = shapes().get(name)
        if shape is not None:
            waiting += sorted(shape.names - found.keys() - set(waiting) - {name}) if name not in found else []
            found.setdefault(name)
    return list(found)


def _types(page: Page, links: dict[str, str]) -> None:
    page.heading(2, "Types")
    page.add("They are in `bucketlink.client.types`, save those that a method's own module has.")
    for name in _shown_types():
        page.heading(3, name)
        _type(page, shapes()[name], links)


def _type(page: Page, shape: Shape, links: dict[str, str]) -> None:
    if shape.value:
        page.code("python", f"{shape.name} = {shape.value}")
    page.add(prose(shape.text, links))
    bases = [prose(f"`{base}`", links) for base in shape.bases if base in links]
    if bases:
        page.add(f"It has the fields of {', '.join(bases)}, and these:")
    texts = {one.name: one.text for one in shape.fields}
    if shape.name == FILTERS:
        page.add("Those by what Bucketlink does not keep are not listed here.")
        said = parse(Client.assets.__doc__).arguments
        texts = {name: said[name] for name in texts if name in said}
    rows = [
        (f"`{one.name}`", _type_of(one.type, links), prose(texts[one.name], links))
        for one in shape.fields
        if one.name in texts
    ]
    if rows:
        page.add(table(("field", "type", "what it is"), rows))


def _type_of(annotation: str, links: dict[str, str]) -> str:
    """An annotation; a link where it is nothing but the name of a type, or of one and None."""
    name, _, rest = annotation.partition(" | ")
    return prose(f"`{name}`", links) + (f" `| {rest}`" if rest else "") if name in links else f"`{annotation}`"


def _errors(page: Page, links: dict[str, str]) -> None:
    page.heading(2, "Errors")
    tree = inspect.cleandoc(errors.__doc__ or "").partition("::\n\n")
    page.add("`from bucketlink import GuardRefusal`, and all others alike.", prose(tree[0], links))
    page.code("text", inspect.cleandoc(tree[2]))
    page.add("Every error has a `code`, its kind on the wire.")
    for one in all_errors():
        page.heading(3, one.__name__)
        docstring = parse(one.__doc__)
        bases = [base.__name__ for base in one.__bases__ if base is not Exception]
        kinds = ", ".join(prose(f"`{base}`", links) for base in bases)
        page.add(*(prose(text, links) for text in docstring.text))
        page.add(f"Code `{one.code}`." + (f" A kind of {kinds}." if kinds else ""))
        page.add("\n".join(f"- `{name}`: {prose(text, links)}" for name, text in docstring.attributes.items()))
