"""Arguments that are plainly right are told so without typeguard, which never thinks otherwise."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import pytest

from bucketlink.client.checks import _is_plainly_of
from bucketlink.client.types import FieldNames, ProjectRef
from bucketlink.client.wrong_type import is_of

TYPES = [
    *(str, int, bool, float, None, Any, object, str | None, bool | None, FieldNames, FieldNames | None, ProjectRef),
    *(Literal["a", 1], Literal["a"] | None, list[list[str]], tuple[str], tuple[str, int], tuple[()], list, tuple, dict),
    *(Sequence[str], dict[str, Any], Mapping[str, int], Callable[[int], str], str | os.PathLike[str], type[int]),
]
VALUES = [
    *("a", "b", "", 1, 1.0, 0, True, None, (), [], {}, ("a",), ("a", "b"), ("a", 1), (1, "a"), ["a"], ["a", None]),
    *([["a"]], [["a"], [1]], {"id": "a"}, {"id": 1}, {1: 1}, Path("a"), b"a", str, int, object(), print, iter("a")),
]


@pytest.mark.parametrize("expected", TYPES, ids=str)
def test_what_is_plainly_of_a_type_is_of_it(expected: object) -> None:
    for value in VALUES:
        assert not _is_plainly_of(value, expected) or is_of(value, expected), value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("con1", str),
        (None, str | None),
        (True, bool | None),
        (["id", "title"], FieldNames),
        (("id", "title"), FieldNames | None),
        ("a", Literal["a", "b"] | None),
        (Path("data"), str | os.PathLike[str]),
    ],
)
def test_usual_arguments_are_plain(value: object, expected: object) -> None:
    assert _is_plainly_of(value, expected)
