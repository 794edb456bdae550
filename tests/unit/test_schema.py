"""The schema of the wire, which is taken to be valid where it is read, since looking takes its time."""

from importlib.resources import files

import pytest
from graphql import build_schema, validate_schema

from bucketlink.api.application import SCHEMA
from bucketlink.api.binding import Fields, Scalar, bound_schema

DEFINITION = files("bucketlink.api").joinpath("schema.graphql").read_text("utf-8")


def test_the_schema_is_valid() -> None:
    assert validate_schema(build_schema(DEFINITION)) == []


def test_every_field_of_an_operation_has_its_resolver() -> None:
    for root in (SCHEMA.query_type, SCHEMA.mutation_type):
        assert root is not None
        assert [name for name, field in root.fields.items() if field.resolve is None] == []


@pytest.mark.parametrize("name", ["Nothing", "Query"])
def test_what_the_schema_does_not_have_is_bound_to_nothing(name: str) -> None:
    fields = Fields(name)
    fields.field("nothing")(lambda *_: None)
    with pytest.raises(LookupError):
        bound_schema(DEFINITION, fields)


def test_a_scalar_that_the_schema_does_not_have_is_bound_to_nothing() -> None:
    with pytest.raises(LookupError):
        bound_schema(DEFINITION, Scalar("Nothing"))
