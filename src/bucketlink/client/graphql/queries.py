"""GraphQL documents: a selection from names of fields, and the operations that several modules send."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from bucketlink.errors import InvalidInput

_NAME = re.compile(r"[_A-Za-z][_0-9A-Za-z]*", re.ASCII)

Tree = dict[str, "Tree"]


def selection(fields: Iterable[str]) -> str:
    """Write names of fields as a GraphQL selection, without its outer braces.

    ``a.b`` selects b inside a; names of one object come together, in the order in which they first appear.

    Raises:
        InvalidInput: no field, or a name that GraphQL does not allow.

    """
    tree: Tree = {}
    for field in fields:
        branch = tree
        for name in field.split("."):
            if not _NAME.fullmatch(name):
                raise InvalidInput(f"{field!r} is no name of a field; write for example 'id' or 'project.id'.")
            branch = branch.setdefault(name, {})
    if not tree:
        raise InvalidInput("fields is empty; name at least one field, for example 'id'.")
    return _written(tree)


def _written(tree: Tree) -> str:
    return " ".join(f"{name} {{ {_written(below)} }}" if below else name for name, below in tree.items())


def query(field: str, arguments: Mapping[str, str], fields: Iterable[str] | None) -> str:
    """Write a query of one root field, answered as ``data``; ``arguments`` are variables and their types."""
    return _operation("query", field, arguments, fields)


def mutation(field: str, arguments: Mapping[str, str], fields: Iterable[str] | None) -> str:
    """Write a mutation of one root field, answered as ``data``."""
    return _operation("mutation", field, arguments, fields)


def _operation(kind: str, field: str, arguments: Mapping[str, str], fields: Iterable[str] | None) -> str:
    declared = ", ".join(f"${name}: {type_}" for name, type_ in arguments.items())
    given = ", ".join(f"{name}: ${name}" for name in arguments)
    below = "" if fields is None else f" {{ {selection(fields)} }}"
    head = f"{kind} {field}" + (f"({declared})" if declared else "")
    return f"{head} {{ data: {field}" + (f"({given})" if given else "") + f"{below} }}"


PAGED = {"first": "PageSize!", "skip": "Int!"}
"""Arguments of every root field that answers pages."""

CONNECTION = {"where": "DataConnectionIdWhere!"}
"""Arguments of a root field about one connection."""

RUN_FIELDS = (
    *("id", "kind", "state", "connectionId", "sourceRunId", "types", "objects", "expected", "share", "rate"),
    *("summary.added", "summary.removed", "summary.changed", "summary.total"),
    *("left", "error", "createdAt", "startedAt", "steppedAt", "finishedAt"),
)
LATER_RUN_FIELDS = ("errorKind", "undoneBy")
"""Fields of a `RunRow`: all but the later ones are known to every release of Bucketlink."""

RUN_WHERE = {"where": "RunIdWhere!"}
"""Arguments of a root field about one run."""


@dataclass(frozen=True, slots=True)
class OfRuns:
    """An operation that answers runs, whole, and as earlier releases of Bucketlink know it."""

    whole: str
    earlier: str

    @classmethod
    def of(cls, write: Callable[..., str], field: str, arguments: Mapping[str, str]) -> "OfRuns":
        """Write it, as a `query` or a `mutation`."""
        return cls(
            write(field, arguments, (*RUN_FIELDS, *LATER_RUN_FIELDS)),
            write(field, arguments, RUN_FIELDS),
        )


RUN = OfRuns.of(query, "run", RUN_WHERE)
RUNS = OfRuns.of(query, "runs", {"where": "RunsWhere!", **PAGED})
