"""The types of the SDK as their source has them: aliases, and classes with a sentence for each field."""

import ast
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import bucketlink
from tests.reference.docstrings import parse

SOURCE = Path(bucketlink.__file__).parent
SHAPES = SOURCE / "client" / "types.py"
_SHAPE_BASES = {"TypedDict", "NamedTuple"}


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a type."""

    name: str
    type: str
    text: str


@dataclass(frozen=True, slots=True)
class Shape:
    """A type: an alias, which has a value, or a class, which has fields."""

    name: str
    text: str
    value: str = ""
    bases: tuple[str, ...] = ()
    fields: list[Field] = field(default_factory=list)
    names: frozenset[str] = frozenset()
    """Names in it, among which there are other types."""


@cache
def shapes() -> dict[str, Shape]:
    """Every public type of the client, by name; those of ``types.py`` first."""
    modules = [SHAPES, *sorted((SOURCE / "client").rglob("*.py")), SOURCE / "kili.py"]
    found: dict[str, Shape] = {}
    for module in modules:
        for name, shape in _of_module(module).items():
            found.setdefault(name, shape)
    return found


@cache
def of_types() -> list[str]:
    """Names of the types that ``client/types.py`` defines."""
    return list(_of_module(SHAPES))


def _of_module(module: Path) -> dict[str, Shape]:
    body = ast.parse(module.read_text("utf-8")).body
    found = {}
    for node, after in zip(body, [*body[1:], None], strict=True):
        shape = _alias(node, after) if isinstance(node, ast.AnnAssign) else None
        if isinstance(node, ast.ClassDef) and _is_shape(node):
            shape = _class(node)
        if shape is not None and not shape.name.startswith("_"):
            found[shape.name] = shape
    return found


def _is_shape(node: ast.ClassDef) -> bool:
    """Whether a class is one of data; a subclass of such a one has fields of its own, and no methods."""
    bases = {ast.unparse(base) for base in node.bases}
    decorators = {ast.unparse(one).partition("(")[0] for one in node.decorator_list}
    fields_alone = any(isinstance(part, ast.AnnAssign) for part in node.body) and not any(
        isinstance(part, ast.FunctionDef) for part in node.body
    )
    return bool(bases & _SHAPE_BASES) or "dataclass" in decorators or (bool(bases) and fields_alone)


def _alias(node: ast.AnnAssign, after: ast.stmt | None) -> Shape | None:
    if not isinstance(node.target, ast.Name) or ast.unparse(node.annotation) != "TypeAlias" or node.value is None:
        return None
    return Shape(node.target.id, _literal(after), value=ast.unparse(node.value), names=_names(node.value))


def _class(node: ast.ClassDef) -> Shape:
    docstring = parse(ast.get_docstring(node))
    fields = []
    for part, after in zip(node.body, [*node.body[1:], None], strict=True):
        if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
            name = part.target.id
            text = _literal(after) or docstring.attributes.get(name, "")
            fields.append(Field(name, ast.unparse(_plain(part.annotation)), text))
        elif isinstance(part, ast.FunctionDef) and any(ast.unparse(one) == "property" for one in part.decorator_list):
            returns = ast.unparse(part.returns) if part.returns else ""
            fields.append(Field(part.name, returns, " ".join((ast.get_docstring(part) or "").split())))
    return Shape(
        node.name,
        "\n\n".join(docstring.text),
        bases=tuple(base for base in map(ast.unparse, node.bases) if base not in _SHAPE_BASES),
        fields=[one for one in fields if not one.name.startswith("_")],
        names=_names(node),
    )


def _plain(annotation: ast.expr) -> ast.expr:
    """An annotation without what ``Annotated`` adds to it."""
    is_annotated = isinstance(annotation, ast.Subscript) and ast.unparse(annotation.value) == "Annotated"
    if is_annotated and isinstance(annotation, ast.Subscript) and isinstance(annotation.slice, ast.Tuple):
        return annotation.slice.elts[0]
    return annotation


def _literal(node: ast.stmt | None) -> str:
    """The text of a literal that stands below what it is about."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        return " ".join(node.value.value.split())
    return ""


def _names(node: ast.AST) -> frozenset[str]:
    return frozenset(part.id for part in ast.walk(node) if isinstance(part, ast.Name))
