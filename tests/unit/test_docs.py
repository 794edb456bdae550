"""What the documents show can be done as they show it."""

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent
from typing import Any

import click
import pytest
from graphql import GraphQLInputObjectType, GraphQLObjectType, build_schema

import bucketlink
from bucketlink.api.integration_data import new_way
from bucketlink.buckets import cors, validate_address
from bucketlink.cli.buckets import bucket_arguments, directory_of, platform_of
from bucketlink.cli.common import State
from bucketlink.cli.root import root
from bucketlink.client.platforms import ON_THE_WIRE
from bucketlink.client.registration import _CREATE_DATA
from bucketlink.model import BucketAddress, Platform
from bucketlink.settings import Settings

HOME = Path(__file__).parents[2]
SOURCE = Path(bucketlink.__file__).parent
GUIDES = sorted((HOME / "docs" / "platforms").glob("*.md"))
DOCUMENTS = [*sorted(HOME.glob("*.md")), *sorted((HOME / "docs").rglob("*.md"))]
PLATFORMS = {
    "aws.md": Platform.AWS,
    "s3-compatible.md": Platform.CUSTOM_S3,
    "gcp.md": Platform.GCP,
    "azure.md": Platform.AZURE,
    "folder.md": Platform.FOLDER,
}
READING = {"s3:ListBucket", "s3:GetObject", "kms:Decrypt", "sts:AssumeRole"}
"""All that a policy of the guides may grant."""

_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")
_WIRE = re.compile(r"(?:s3|aws|azure|gcp|folder|uses)[A-Z]\w*")
_VARIABLE = re.compile(r"BUCKETLINK_[A-Z0-9_]+")
_FILE = re.compile(r"[\w-]+\.(?:json|pem|txt)")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_TEXTS = {"string.txt": "AccountName=acme;AccountKey=a2V5;EndpointSuffix=core.windows.net"}


@dataclass(frozen=True, slots=True)
class Command:
    """A command that a document shows, and what was exported before it."""

    words: list[str]
    exported: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return " ".join(self.words)


def name(document: Path) -> str:
    return str(document.relative_to(HOME))


def blocks(document: Path, language: str) -> list[str]:
    return [dedent(found[3]) for found in _FENCE.finditer(document.read_text("utf-8")) if found[2] == language]


def prose(document: Path) -> str:
    return _FENCE.sub("", document.read_text("utf-8"))


def commands(document: Path) -> Iterator[Command]:
    for block in blocks(document, "console"):
        exported: dict[str, str] = {}
        for line in block.replace("\\\n", " ").splitlines():
            if not line.startswith("$ "):
                continue
            words = shlex.split(line.removeprefix("$ "), comments=True)
            if words[0] == "export":
                exported |= dict(word.split("=", 1) for word in words[1:])
            elif words[0] == "bucketlink":
                yield Command(words[1:], dict(exported))


def policies() -> Iterator[tuple[Path, dict[str, Any]]]:
    for guide in GUIDES:
        for block in blocks(guide, "json"):
            document = json.loads(block)
            if "Statement" in document:
                yield guide, document


SHOWN = [pytest.param(one, id=f"{name(path)}: {one}") for path in DOCUMENTS for one in commands(path)]
MENTIONED = [
    pytest.param(Command(shlex.split(span)[1:]), id=f"{name(path)}: {span}")
    for path in DOCUMENTS
    for span in _INLINE.findall(prose(path))
    if span.startswith("bucketlink ")
]
REGISTERED = [
    pytest.param(PLATFORMS[guide.name], one, id=f"{guide.name}: {one}")
    for guide in GUIDES
    if guide.name in PLATFORMS
    for one in commands(guide)
    if one.words[:2] == ["integrations", "add"]
]


@pytest.fixture
def parse(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> "Parse":
    monkeypatch.chdir(tmp_path)
    for variable in _variables():
        monkeypatch.delenv(variable, raising=False)
    return Parse(monkeypatch)


class Parse:
    """Has click take a command to pieces, and answers the parameters of the innermost one, which is not run."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def __call__(self, command: Command) -> Mapping[str, Any]:
        found: list[Mapping[str, Any]] = []
        for variable, value in command.exported.items():
            self._monkeypatch.setenv(variable, value)
        for word in command.words:
            if _FILE.fullmatch(word):
                Path(word).write_text(_TEXTS.get(word, "text"), "utf-8")
        with self._monkeypatch.context() as patch:
            patch.setattr(click.Command, "invoke", lambda _, context: found.append(context.params))
            root.main(command.words, prog_name="bucketlink", obj=State(), standalone_mode=False)
        return found[-1]


def _variables() -> set[str]:
    """Variables of the environment that are settings, or that the source names."""
    named = {f"BUCKETLINK_{setting.upper()}" for setting in Settings.model_fields}
    for module in SOURCE.rglob("*.py"):
        named |= set(re.findall(r'"(BUCKETLINK_[A-Z0-9_]+)"', module.read_text("utf-8")))
    return named


def _fields(*types: str) -> set[str]:
    schema = build_schema((SOURCE / "api" / "schema.graphql").read_text("utf-8"), assume_valid=True)
    found: set[str] = set()
    for one in types:
        kind = schema.type_map[one]
        assert isinstance(kind, GraphQLInputObjectType | GraphQLObjectType)
        found |= set(kind.fields)
    return found


def _anchors(document: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", prose(document), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_guide_is_looked_at() -> None:
    assert {guide.name for guide in GUIDES} == {"README.md", *PLATFORMS}
    assert {param.values[0] for param in REGISTERED} == set(PLATFORMS.values())


@pytest.mark.parametrize("command", SHOWN)
def test_commands_are_taken_as_they_are_shown(parse: Parse, command: Command) -> None:
    parse(command)


@pytest.mark.parametrize("command", MENTIONED)
def test_commands_that_are_mentioned_exist(parse: Parse, command: Command) -> None:
    # A sentence need not name everything that a command takes.
    with suppress(click.MissingParameter):
        parse(command)


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


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_json_is_json(document: Path) -> None:
    for block in blocks(document, "json"):
        json.loads(block)


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_links_lead_somewhere(document: Path) -> None:
    for link in _LINK.findall(prose(document)):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        assert target.is_file(), link
        assert not anchor or anchor in _anchors(target), link


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_variables_are_read_by_something(document: Path) -> None:
    assert set(_VARIABLE.findall(document.read_text("utf-8"))) <= _variables()


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_fields_are_those_of_the_wire(document: Path) -> None:
    named = {span for span in _INLINE.findall(prose(document)) if _WIRE.fullmatch(span)}
    assert named <= _fields("DataIntegrationData", "DataIntegration")


def test_every_field_of_a_bucket_stands_in_the_guides() -> None:
    named = {span for guide in GUIDES for span in _INLINE.findall(prose(guide))}
    assert {one for one in _fields("DataIntegrationData") if _WIRE.fullmatch(one)} <= named


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
    guide = next(guide for guide in GUIDES if PLATFORMS.get(guide.name) is platform)
    command, _, rules = (cors.hint(BucketAddress(platform, "street-scenes"), None) or "").partition(
        ", where cors.json is: "
    )
    assert json.loads(rules) in [json.loads(block) for block in blocks(guide, "json")]
    assert f"$ {command}\n" in guide.read_text("utf-8")
