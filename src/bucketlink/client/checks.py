"""Argument checks that come before anything is sent."""

import functools
import inspect
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, Unpack, get_args, get_origin, get_type_hints

from typeguard import CollectionCheckStrategy, TypeCheckError, check_type

from bucketlink.errors import BucketlinkError, InvalidInput

P = ParamSpec("P")
R = TypeVar("R")


class WrongArgumentType(BucketlinkError, TypeError, TypeCheckError):
    """An argument has another type than the method takes.

    It is both a ``TypeError`` and a ``typeguard.TypeCheckError``, as scripts written for either expect.
    """

    code = "WRONG_TYPE"

    def __init__(self, message: str) -> None:
        TypeCheckError.__init__(self, message)


def checked(function: Callable[P, R]) -> Callable[P, R]:
    """Make a method check its arguments against its annotations, every element of a collection included.

    Raises `WrongArgumentType` in a sentence that names method, argument and the type it takes, but not the
    value, which may be a secret.
    """
    signature = inspect.signature(function)
    shown = function.__name__ if function.__name__ != "__init__" else function.__qualname__.partition(".")[0]
    hints: dict[str, Any] = {}

    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        if not hints:
            hints.update(get_type_hints(function))
        bound = signature.bind(*args, **kwargs)
        for name, value in bound.arguments.items():
            if get_origin(hints.get(name)) is Unpack:
                _check_options(shown, value, get_args(hints[name])[0])
            elif name in hints:
                _check(shown, name, value, hints[name])
        return function(*args, **kwargs)

    return wrapper


def _check(method: str, name: str, value: object, expected: object) -> None:
    try:
        check_type(value, expected, collection_check_strategy=CollectionCheckStrategy.ALL_ITEMS)
    except TypeCheckError:
        wanted = expected.__name__ if isinstance(expected, type) else str(expected).replace("typing.", "")
        raise WrongArgumentType(f"{method}() takes {wanted} as {name}, not this {type(value).__name__}.") from None


def _check_options(method: str, given: dict[str, object], options: type) -> None:
    """Check keyword arguments that a TypedDict names."""
    hints = get_type_hints(options)
    for name, value in given.items():
        if name not in hints:
            raise TypeError(f"{method}() got an unexpected keyword argument {name!r}")
        _check(method, name, value, hints[name])


def check_page(first: int | None, skip: int) -> None:
    """Refuse a negative number of rows."""
    if first is not None and first < 0:
        raise InvalidInput(f"first must be 0 or more, or None for all rows; it is {first}.")
    if skip < 0:
        raise InvalidInput(f"skip must be 0 or more; it is {skip}.")


def shown(id_: str) -> str:
    """Write an id that is none as a sentence can repeat it: not long, and in one line whatever it holds."""
    start = id_[:60]
    return start if start.strip() and start.isprintable() else repr(start)
