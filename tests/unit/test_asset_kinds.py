"""Types of columns: they are those of the schema."""

import pytest
from graphql import GraphQLNonNull, GraphQLObjectType, GraphQLScalarType

from bucketlink.api.application import SCHEMA
from bucketlink.client.assets.exporting import EXPORT_FIELDS
from bucketlink.client.assets.kinds import Kind, kind_of
from bucketlink.client.assets.pages import STORED

KINDS: dict[str, Kind] = {
    "ID": "text",
    "String": "text",
    "Int": "whole",
    "BigInt": "whole",
    "Float": "number",
    "Boolean": "flag",
    "Date": "moment",
    "JSON": "any",
}
AS_OBJECTS = {"jsonMetadata"}
"""Texts that scripts get as objects."""


def scalars(type_name: str) -> dict[str, str]:
    type_ = SCHEMA.type_map[type_name]
    assert isinstance(type_, GraphQLObjectType)
    plain = {
        name: field.type.of_type if isinstance(field.type, GraphQLNonNull) else field.type
        for name, field in type_.fields.items()
    }
    return {name: one.name for name, one in plain.items() if isinstance(one, GraphQLScalarType)}


@pytest.mark.parametrize(("name", "type_"), scalars("Asset").items())
def test_a_field_is_of_the_schema_s_kind(name: str, type_: str) -> None:
    assert kind_of(name) == ("any" if name in AS_OBJECTS else KINDS[type_])


@pytest.mark.parametrize(("name", "type_"), scalars("SignedUrl").items())
def test_a_url_s_field_is_of_the_schema_s_kind(name: str, type_: str) -> None:
    assert kind_of(f"signedUrl.{name}") == KINDS[type_]


def test_stored_fields_are_those_of_the_schema() -> None:
    assert set(SCHEMA.type_map["AssetColumn"].values) == STORED  # type: ignore[attr-defined]
    assert set(EXPORT_FIELDS) <= STORED
