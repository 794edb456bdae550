"""Signatures as their source has them: with names of types, and with the values of defaults."""

import ast
import inspect
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from textwrap import dedent
from typing import Any, get_overloads

WIDTH = 100
_STARS: dict[object, str] = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}


@dataclass(frozen=True, slots=True)
class Signature:
    """A callable as it is to be called."""

    text: str
    names: frozenset[str]
    """Names of types in it."""


def signature(name: str, function: Callable[..., Any], *, returns: bool = True) -> Signature:
    """Write how a method is called, without its ``self``; `returns` is whether to tell what it answers."""
    plain = inspect.unwrap(function)
    node = _definition(plain)
    parameters = [*_parameters(node, inspect.signature(plain))]
    answers = " | ".join(dict.fromkeys(_answers(plain, node))) if returns else ""
    end = f" -> {answers}" if answers else ""
    line = f"{name}({', '.join(parameters)}){end}"
    if len(line) > WIDTH:
        inner = "".join(f"    {one},\n" for one in parameters)
        line = f"{name}(\n{inner}){end}"
    return Signature(line, frozenset(_names(node)))


def _definition(function: Callable[..., Any]) -> ast.FunctionDef:
    (node,) = ast.parse(dedent(inspect.getsource(function))).body
    if not isinstance(node, ast.FunctionDef):
        raise TypeError(f"{function} is defined in a way that the reference does not know.")
    return node


def _parameters(node: ast.FunctionDef, bound: inspect.Signature) -> Iterator[str]:
    annotations = {
        one.arg: ast.unparse(one.annotation)
        for one in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, node.args.kwarg, node.args.vararg)
        if one and one.annotation
    }
    has_star = False
    for index, (name, parameter) in enumerate(bound.parameters.items()):
        if index == 0 and name in {"self", "cls"}:
            continue
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY and not has_star:
            has_star = True
            yield "*"
        stars = _STARS.get(parameter.kind, "")
        has_star = has_star or stars == "*"
        default = "" if parameter.default is inspect.Parameter.empty else f" = {_value(parameter.default)}"
        annotation = f": {annotations[name]}" if name in annotations else ""
        yield f"{stars}{name}{annotation}{default}"


def _value(value: object) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, tuple):
        inner = ", ".join(_value(one) for one in value)
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    return repr(value)


def _answers(function: Callable[..., Any], node: ast.FunctionDef) -> Iterator[str]:
    """What each overload answers, or else the function itself."""
    for one in [_definition(overload) for overload in get_overloads(function)] or [node]:
        if one.returns is not None:
            yield ast.unparse(one.returns).strip("'\"")


def _names(node: ast.AST) -> Iterator[str]:
    """Names in annotations, quoted ones included; of names in a body there are none in an overload."""
    definition = node if isinstance(node, ast.FunctionDef) else None
    annotations = (
        [one.annotation for one in ast.walk(definition.args) if isinstance(one, ast.arg) and one.annotation is not None]
        + ([definition.returns] if definition.returns else [])
        if definition
        else [node]
    )
    for annotation in annotations:
        for part in ast.walk(annotation):
            if isinstance(part, ast.Name):
                yield part.id
            elif isinstance(part, ast.Constant) and isinstance(part.value, str) and part.value.isidentifier():
                yield part.value
