"""From what a method was given to what the wire is sent, and from JSON text to objects and back."""

import json
from collections.abc import Mapping
from typing import Any

from bucketlink.client.types import Row
from bucketlink.errors import InvalidInput


def sent(names: Mapping[str, str], given: Mapping[str, object]) -> Row:
    """Write what was given as the wire names it.

    Args:
        names: for each parameter its name on the wire; ``a.b`` is field b of the object in field a. Where two
            parameters have one name there, the one behind counts.
        given: the parameters by name, as ``locals()`` has them; None, and what is missing, is left out.

    """
    written: Row = {}
    for parameter, path in names.items():
        value = given.get(parameter)
        if value is None:
            continue
        *outer, last = path.split(".")
        branch = written
        for name in outer:
            branch = branch.setdefault(name, {})
        branch[last] = value
    return written


def json_text(value: Mapping[str, Any] | str | None, name: str) -> str | None:
    """Write an object as JSON text; what is a text already stays.

    Raises:
        InvalidInput: it holds what JSON cannot.

    """
    if value is None or isinstance(value, str):
        return value
    try:
        return json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise InvalidInput(
            f"{name} holds something that JSON cannot; give dictionaries, lists, texts, numbers."
        ) from None


def read_json(row: Row, name: str) -> Row:
    """Answer a row with the JSON text in one field read; what is no JSON becomes an empty object."""
    text = row.get(name)
    if isinstance(text, str):
        try:
            row[name] = json.loads(text)
        except ValueError:
            row[name] = {}
    return row
