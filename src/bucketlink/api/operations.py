"""What a request asks for by name: an operation that there is none of is refused with the nearest that there is."""

import re
from difflib import SequenceMatcher
from typing import Any

from graphql import DocumentNode, FieldNode, GraphQLError, GraphQLSchema, OperationDefinitionNode, ValidationRule
from graphql import validate as validate_all

NEARLY = 0.9
"""The share of letters that a misspelled name has in common with the one that is meant."""
_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")


class UnknownOperation(GraphQLError):
    """A root field that the schema does not have."""


def validate(schema: GraphQLSchema, document: DocumentNode, *args: Any, **options: Any) -> list[GraphQLError]:
    """As graphql's own, but of an unknown operation nothing else is said: not that its types are unknown too."""
    errors = validate_all(schema, document, *args, **options)
    return [error for error in errors if isinstance(error, UnknownOperation)] or errors


class KnownOperation(ValidationRule):
    """Refuses root fields that the schema does not have."""

    def enter_operation_definition(self, node: OperationDefinitionNode, *_: Any) -> None:
        """Look at the root fields of an operation; those in fragments are left to the specified rules."""
        kind = node.operation.value
        root = self.context.schema.get_root_type(node.operation)
        known = [] if root is None else list(root.fields)
        for selection in node.selection_set.selections:
            if isinstance(selection, FieldNode):
                name = selection.name.value
                if name not in known and not name.startswith("__"):
                    self.report_error(
                        UnknownOperation(
                            f"Bucketlink has no {kind} {name!r}{_suggestion(kind, name, known)}", selection
                        )
                    )


def _suggestion(kind: str, name: str, known: list[str]) -> str:
    return f": the nearest {kind} that it has is {nearest(name, known)!r}." if known else "."


def nearest(name: str, known: list[str]) -> str:
    """The name that is most like another: by the words that both hold, and among equals by letters.

    What deletes is named only to whoever has nearly spelled it.
    """
    words = _words(name)

    def likeness(other: str) -> tuple[float, float]:
        theirs = _words(other)
        letters = SequenceMatcher(None, name.lower(), other.lower()).ratio()
        if other.startswith("delete") and letters < NEARLY:
            return 0.0, 0.0
        return 2 * len(words & theirs) / (len(words) + len(theirs)), letters

    return max(known, key=likeness)


def _words(name: str) -> frozenset[str]:
    return frozenset(word.lower().removesuffix("s") for word in _WORD.findall(name)) or frozenset({name})
