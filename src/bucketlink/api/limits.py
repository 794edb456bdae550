"""What a single request may ask for. Clients stay far below; what is above is refused before anything is resolved."""

from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValidationContext,
    ValidationRule,
)

MOST_TOKENS = 5000
DEEPEST = 15
MOST_ALIASES = 50
MOST_FIELDS = 2000
MOST_STEPS = 10 * MOST_FIELDS
"""Fields and fragments looked at, since fragments can be nested in each other without a single field."""
MOST_NESTED_ROWS = 50_000
"""Rows of lists inside of other rows, which multiply on the way down."""
MOST_COLUMN_ROWS = 10_000
"""Rows that a request may ask for as columns, which cost a fraction of what fields do."""
LONGEST_BODY = 4 * 1024 * 1024
"""Bytes of a request, as it is sent and as it is unpacked."""
LONGEST_LISTING = 256 * 1024 * 1024
"""Bytes of the one request that may hold a whole listing, as it is sent and as it is unpacked."""
LONGEST_LISTING_QUERY = 64 * 1024
"""Characters of what such a request asks for."""
LONGEST_LISTING_SECONDS = 600
"""How long it may take to arrive."""
MOST_LISTED = 6_000_000
"""Values that it may hold, told by its commas: names, and a type for each."""
MOST_LONG_BODIES = 8
"""Such requests that are received, or wait for their turn, at once."""


class BoundedQuery(ValidationRule):
    """Refuses operations that are too deep, or that ask for too many fields or aliases, fragments expanded."""

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        document: DocumentNode = context.document
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }

    def enter_operation_definition(self, node: OperationDefinitionNode, *_: Any) -> None:
        """Measure one operation."""
        fields = aliases = steps = 0
        # A fragment may spread itself, which another rule refuses: names on the way down are not entered again.
        waiting: list[tuple[SelectionSetNode, int, frozenset[str]]] = [(node.selection_set, 1, frozenset())]
        while waiting:
            selections, depth, entered = waiting.pop()
            steps += len(selections.selections)
            for selection in selections.selections:
                if isinstance(selection, FieldNode):
                    fields += 1
                    aliases += selection.alias is not None
                    introspects = selection.name.value in {"__schema", "__type"}
                    if selection.selection_set is not None and not introspects:
                        waiting.append((selection.selection_set, depth + 1, entered))
                elif isinstance(selection, InlineFragmentNode):
                    waiting.append((selection.selection_set, depth, entered))
                elif isinstance(selection, FragmentSpreadNode):
                    name = selection.name.value
                    fragment = self._fragments.get(name)
                    if fragment is not None and name not in entered:
                        waiting.append((fragment.selection_set, depth, entered | {name}))
            if depth > DEEPEST or fields > MOST_FIELDS or aliases > MOST_ALIASES or steps > MOST_STEPS:
                self.report_error(
                    GraphQLError(
                        f"The query asks for too much: at most {MOST_FIELDS} fields, {MOST_ALIASES} aliases and a "
                        f"depth of {DEEPEST} are allowed.",
                        node,
                    )
                )
                return
