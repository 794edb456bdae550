"""Argument checks that come before anything is sent."""

import difflib
import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from os import PathLike
from types import UnionType
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, TypeVar, Union, get_args, get_origin, get_type_hints

from bucketlink.errors import InvalidInput

if TYPE_CHECKING:
    from bucketlink.client.wrong_type import WrongArgumentType

P = ParamSpec("P")
R = TypeVar("R")
MOST_NAMED = 12
"""Arguments of a method that an error names."""


def checked(function: Callable[P, R]) -> Callable[P, R]:
    """Make a method check its arguments against its annotations, every element of a collection included.

    Raises `WrongArgumentType` in a sentence that names method, argument and the type it takes, or the arguments that
    there are, but not the value, which may be a secret.
    """
    signature = inspect.signature(function)
    shown = function.__name__ if function.__name__ != "__init__" else function.__qualname__.partition(".")[0]
    hints: dict[str, Any] = {}
    options: dict[str, Any] = {}

    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        if not hints:
            told = get_type_hints(function)
            for parameter in signature.parameters.values():
                if parameter.kind is parameter.VAR_KEYWORD:
                    options.update(get_type_hints(get_args(told[parameter.name])[0]))
            hints.update(told | options)
        try:
            signature.bind(*args, **kwargs)
        except TypeError:
            raise _misfit(shown, signature, options, args, kwargs) from None
        named = [one.name for one in signature.parameters.values() if one.kind is not one.VAR_KEYWORD]
        if not kwargs.keys() <= {*named, *options}:
            raise _misfit(shown, signature, options, args, kwargs)
        for name, value in (*zip(named, args, strict=False), *kwargs.items()):
            if name in hints:
                _check(shown, name, value, hints[name])
        return function(*args, **kwargs)

    return wrapper


def wrong_type(sentence: str) -> "WrongArgumentType":
    """The error for an argument of another type."""
    from bucketlink.client.wrong_type import WrongArgumentType  # noqa: PLC0415 - loads typeguard

    return WrongArgumentType(sentence)


def _check(method: str, name: str, value: object, expected: object) -> None:
    if _is_plainly_of(value, expected):
        return
    from bucketlink.client.wrong_type import is_of  # noqa: PLC0415 - loads typeguard

    if not is_of(value, expected):
        raise wrong_type(f"{method}() takes {_written(expected)} as {name}, not this {type(value).__name__}.")


def _is_plainly_of(value: object, expected: Any) -> bool:  # noqa: ANN401 - whatever stands in an annotation
    """Whether a value has a type, as far as that is soon seen; where it is not, typeguard knows."""
    if isinstance(expected, type):
        return type(value) is expected
    kind, parts = get_origin(expected), get_args(expected)
    if kind in {Union, UnionType}:
        return any(_is_plainly_of(value, part) for part in parts)
    if kind is PathLike:
        return isinstance(value, PathLike)
    if kind is Literal:
        return any(type(value) is type(part) and value == part for part in parts)
    if isinstance(value, list | tuple) and type(value) is kind and parts[1:] == ((...,) if kind is tuple else ()):
        return all(_is_plainly_of(one, parts[0]) for one in value)
    return False


def _written(expected: object) -> str:
    """Write a type as people read it."""
    if expected is type(None):
        return "None"
    if isinstance(expected, type):
        return expected.__name__
    if get_origin(expected) in {Union, UnionType}:
        return " | ".join(map(_written, get_args(expected)))
    if get_origin(expected) is Literal:
        return " | ".join(map(repr, get_args(expected)))
    return str(expected).replace("typing.", "")


def _misfit(
    method: str, signature: inspect.Signature, options: Iterable[str], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> "WrongArgumentType":
    """Make the error for arguments that a method does not have, or lacks, which names those that there are."""
    own = [one for one in list(signature.parameters.values())[1:] if one.kind is not one.VAR_KEYWORD]
    placed = [one.name for one in own if one.kind is one.POSITIONAL_OR_KEYWORD]
    by_name = [*(one.name for one in own if one.name not in placed), *options]
    by_place = len(args) - 1
    given = {*placed[:by_place], *kwargs}
    unknown = [name for name in kwargs if name not in {*placed, *by_name}]
    twice = [name for name in placed[:by_place] if name in kwargs]
    lacking = [one.name for one in own if one.default is one.empty and one.name not in given]
    if unknown:
        near = difflib.get_close_matches(unknown[0], [*placed, *by_name], 1)
        wrong = f"has no argument {unknown[0]}" + (f"; did you mean {near[0]}?" if near else ".")
    elif by_place > len(placed):
        wrong = f"takes {len(placed)} argument{'' if len(placed) == 1 else 's'} by position, not {by_place}."
    elif twice:
        wrong = f"is given {twice[0]} twice, by position and by name."
    else:
        wrong = f"needs {' and '.join(lacking)}."
    taken = [f"{_listed(placed)}" if placed else "", f"by name {_listed(by_name)}" if by_name else ""]
    return wrong_type(f"{method}() {wrong} It takes {'; '.join(filter(None, taken)) or 'none'}.")


def _listed(names: list[str]) -> str:
    left = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {left} more" if left > 0 else "")


def check_page(first: int | None, skip: int) -> None:
    """Refuse a negative number of rows."""
    if first is not None and first < 0:
        raise InvalidInput(f"first must be 0 or more, or None for all rows; it is {first}.")
    if skip < 0:
        raise InvalidInput(f"skip must be 0 or more; it is {skip}.")
