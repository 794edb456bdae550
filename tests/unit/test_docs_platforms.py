"""The guides to platforms name the right fields, grant no more than reading, and register what they say."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, GraphQLObjectType, build_schema

from bucketlink.api.integration_data import new_way
from bucketlink.buckets import cors, validate_address
from bucketlink.cli.buckets import bucket_arguments, directory_of, platform_of
from bucketlink.cli.common import State
from bucketlink.client.organization.platforms import ON_THE_WIRE
from bucketlink.client.organization.registration import _CREATE_DATA
from bucketlink.model import BucketAddress, Platform
from bucketlink.settings import Settings
from tests.reference.types import SOURCE
from tests.unit.documents import DOCUMENTS, INLINE, PLATFORM_GUIDES, REFERENCE, Command, commands, name, prose, texts
from tests.unit.test_docs import Parse, parse

__all__ = ["parse"]

PLATFORMS = {
    "aws.md": Platform.AWS,
    "s3-compatible.md": Platform.CUSTOM_S3,
    "gcp.md": Platform.GCP,
    "azure.md": Platform.AZURE,
    "folder.md": Platform.FOLDER,
}
READING = {"s3:ListBucket", "s3:GetObject", "kms:Decrypt", "sts:AssumeRole"}
"""All that a policy of the guides may grant."""
_WIRE = re.compile(r"(?:s3|aws|azure|gcp|folder|uses)[A-Z]\w*")

REGISTERED = [
    pytest.param(PLATFORMS[guide.name], one, id=f"{guide.name}: {one}")
    for guide in PLATFORM_GUIDES
    if guide.name in PLATFORMS
    for one in commands(guide)
    if one.words[:2] == ["integrations", "add"]
]


def policies() -> Iterator[tuple[Path, dict[str, Any]]]:
    for guide in PLATFORM_GUIDES:
        for block in texts(guide, "json"):
            document = json.loads(block)
            if "Statement" in document:
                yield guide, document


def _fields(*types: str) -> set[str]:
    schema = build_schema((SOURCE / "api" / "schema.graphql").read_text("utf-8"), assume_valid=True)
    found: set[str] = set()
    for one in types:
        kind = schema.type_map[one]
        assert isinstance(kind, GraphQLInputObjectType | GraphQLObjectType)
        found |= set(kind.fields)
    return found


def test_every_guide_is_looked_at() -> None:
    assert {guide.name for guide in PLATFORM_GUIDES} == {"README.md", *PLATFORMS}
    assert {param.values[0] for param in REGISTERED} == set(PLATFORMS.values())


@pytest.mark.parametrize(("platform", "command"), REGISTERED)
def test_commands_register_a_bucket_of_the_guide_s_platform(parse: Parse, platform: Platform, command: Command) -> None:
    given = dict(parse(command))
    assert platform_of(given, given["platform"], given["folder"]) == platform
    if platform is Platform.FOLDER:
        assert directory_of(State(endpoint="http://server"), "/srv/pictures", allow_root=False) == "/srv/pictures"
        assert given["folder"]
        return
    arguments = bucket_arguments(given, platform, environment=True)
    data = {(_CREATE_DATA | ON_THE_WIRE)[key]: value for key, value in arguments.items()}
    validate_address(new_way(Platform(platform), data, "the external ID").address, Settings())


@pytest.mark.parametrize("document", [one for one in DOCUMENTS if one not in REFERENCE], ids=name)
def test_fields_are_those_of_the_wire(document: Path) -> None:
    mentioned = {span for span in INLINE.findall(prose(document)) if _WIRE.fullmatch(span)}
    assert mentioned <= _fields("DataIntegrationData", "DataIntegration")


def test_every_field_of_a_bucket_stands_in_the_guides() -> None:
    mentioned = {span for guide in PLATFORM_GUIDES for span in INLINE.findall(prose(guide))}
    assert {one for one in _fields("DataIntegrationData") if _WIRE.fullmatch(one)} <= mentioned


def test_policies_grant_reading_and_nothing_else() -> None:
    found = list(policies())
    assert {guide.name for guide, _ in found} == {"aws.md", "s3-compatible.md"}
    for _, policy in found:
        assert policy["Version"] == "2012-10-17"
        for statement in policy["Statement"]:
            actions = statement["Action"]
            assert set([actions] if isinstance(actions, str) else actions) <= READING


@pytest.mark.parametrize("platform", [Platform.AWS, Platform.GCP])
def test_rules_for_browsers_are_those_of_the_hint(platform: Platform) -> None:
    guide = next(guide for guide in PLATFORM_GUIDES if PLATFORMS.get(guide.name) is platform)
    command, _, rules = (cors.hint(BucketAddress(platform, "street-scenes"), None) or "").partition(
        ", where cors.json is: "
    )
    assert json.loads(rules) in [json.loads(block) for block in texts(guide, "json")]
    assert f"$ {command}\n" in guide.read_text("utf-8")
