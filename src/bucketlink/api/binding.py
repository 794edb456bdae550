"""How a schema that one can read comes by the functions that answer it."""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from graphql import GraphQLObjectType, GraphQLScalarType, GraphQLSchema, build_ast_schema, parse

Function = TypeVar("Function", bound=Callable[..., Any])


class Binding(Protocol):
    """Functions for a part of the schema."""

    def bind_to(self, schema: GraphQLSchema) -> None:
        """Have the schema call them; raises LookupError where it has no such part."""
        ...


class Fields:
    """Resolvers for fields of an object type."""

    def __init__(self, type_name: str) -> None:
        self._type_name = type_name
        self._resolvers: dict[str, Callable[..., Any]] = {}
        self._sources: dict[str, Callable[..., Any]] = {}

    def field(self, name: str) -> Callable[[Function], Function]:
        """Decorate what answers a field."""
        return _kept(self._resolvers, name)

    def source(self, name: str) -> Callable[[Function], Function]:
        """Decorate what gives the events of a subscription."""
        return _kept(self._sources, name)

    def bind_to(self, schema: GraphQLSchema) -> None:
        """Have the fields call what was decorated."""
        found = schema.type_map[self._type_name]
        assert isinstance(found, GraphQLObjectType)  # noqa: S101 - as the schema has it
        for name, resolver in self._resolvers.items():
            found.fields[name].resolve = resolver
        for name, source in self._sources.items():
            found.fields[name].subscribe = source


class Scalar:
    """What a scalar is in Python; a side that nothing is given for takes values as they come."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._sides: dict[str, Callable[..., Any]] = {}

    def serializer(self, function: Function) -> Function:
        """Decorate what makes of a value what is sent."""
        self._sides["coerce_output_value"] = self._sides["serialize"] = function
        return function

    def value_parser(self, function: Function) -> Function:
        """Decorate what makes a value of what was sent."""
        self._sides["coerce_input_value"] = self._sides["parse_value"] = function
        return function

    def bind_to(self, schema: GraphQLSchema) -> None:
        """Have the scalar call what was decorated."""
        found = schema.type_map[self._name]
        assert isinstance(found, GraphQLScalarType)  # noqa: S101 - as the schema has it
        for side, function in self._sides.items():
            setattr(found, side, function)


def bound_schema(definition: str, *bindings: Binding) -> GraphQLSchema:
    """Make a schema of its definition, which is taken to be valid: tests look at that, and it takes its time."""
    schema = build_ast_schema(parse(definition, no_location=True), assume_valid=True)
    for binding in bindings:
        binding.bind_to(schema)
    return schema


def _kept(functions: dict[str, Callable[..., Any]], name: str) -> Callable[[Function], Function]:
    def keep(function: Function) -> Function:
        functions[name] = function
        return function

    return keep
