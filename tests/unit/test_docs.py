"""The documents agree with the program, and with each other."""

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import click
import pytest

from bucketlink.cli.common import State
from bucketlink.cli.root import root
from bucketlink.client.client import Client
from tests.reference.commands import all_commands
from tests.reference.python import all_errors, public_methods, topics
from tests.reference.variables import CLIENT, MACHINE, fields, named, secrets
from tests.unit.documents import (
    DOCS,
    DOCUMENTS,
    INLINE,
    LINK,
    REFERENCE,
    TASK_GUIDES,
    Command,
    anchors,
    blocks,
    commands,
    name,
    prose,
    texts,
    until_shell,
)

FOR_PEOPLE = [document for document in DOCUMENTS if document not in REFERENCE]
GUIDES = [document for document in FOR_PEOPLE if document.is_relative_to(DOCS)]
RUN = {"console", "python", "text", "cron"}
READ = {"", "json", "ini", "sh", "nginx", "caddy", "yaml", "pycon"}
"""Languages of blocks that are run where `tests.docs` runs their document, and of others."""

_VARIABLE = re.compile(r"BUCKETLINK_[A-Z0-9_]*[A-Z0-9]")
_FILE = re.compile(r"[\w-]+\.(?:json|pem|txt)")
_TEXTS = {"string.txt": "AccountName=acme;AccountKey=a2V5;EndpointSuffix=core.windows.net"}

SHOWN = [pytest.param(one, id=f"{name(path)}: {one}") for path in DOCUMENTS for one in commands(path)]
MENTIONED = [
    pytest.param(Command(until_shell(span.split()[1:])), id=f"{name(path)}: {span}")
    for path in FOR_PEOPLE
    for span in dict.fromkeys(INLINE.findall(prose(path)))
    if span.startswith("bucketlink ") and "…" not in span
]


@pytest.fixture
def parse(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> "Parse":
    monkeypatch.chdir(tmp_path)
    for variable in named():
        monkeypatch.delenv(variable, raising=False)
    return Parse(monkeypatch)


class Parse:
    """Has click take a command to pieces, and answers the parameters of the innermost one, which is not run."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def __call__(self, command: Command) -> Mapping[str, Any]:
        found: list[Mapping[str, Any]] = []
        home = Path.cwd()
        (home / "Pictures").mkdir(exist_ok=True)
        for variable, value in command.exported.items():
            self._monkeypatch.setenv(variable, value)
        for word in command.words:
            if _FILE.fullmatch(word):
                Path(word).write_text(_TEXTS.get(word, "text"), "utf-8")
        with self._monkeypatch.context() as patch:
            patch.setattr(click.Command, "invoke", lambda _, context: found.append(context.params))
            words = [word.replace("~/", f"{home}/") for word in command.words]
            root.main(words, prog_name="bucketlink", obj=State(), standalone_mode=False)
        return found[-1] if found else {}


@pytest.mark.parametrize("command", SHOWN)
def test_commands_are_taken_as_they_are_shown(parse: Parse, command: Command) -> None:
    parse(command)


@pytest.mark.parametrize("command", MENTIONED)
def test_commands_that_are_mentioned_exist(parse: Parse, command: Command) -> None:
    # A sentence need not name everything that a command takes.
    with suppress(click.MissingParameter, click.exceptions.NoArgsIsHelpError):
        parse(command)


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_blocks_are_of_a_language_that_the_tests_know(document: Path) -> None:
    assert {block.language for block in blocks(document)} <= RUN | READ


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_json_is_json(document: Path) -> None:
    for block in texts(document, "json"):
        json.loads(block)


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_python_is_python(document: Path) -> None:
    for block in texts(document, "python"):
        if document not in REFERENCE:
            compile(block, str(document), "exec")


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_scripts_can_be_read_by_a_shell(document: Path) -> None:
    for block in texts(document, "sh"):
        shell = shutil.which("bash") or "sh"
        done = subprocess.run([shell, "-n"], input=block, text=True, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_links_lead_somewhere(document: Path) -> None:
    for link in LINK.findall(prose(document)):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_every_document_can_be_reached_from_the_readme() -> None:
    first = next(document for document in DOCUMENTS if name(document) == "README.md")
    found, waiting = {first}, [first]
    while waiting:
        document = waiting.pop()
        for link in LINK.findall(prose(document)):
            target = (document.parent / link.partition("#")[0]).resolve()
            if target.suffix == ".md" and target.is_file() and target not in found:
                found.add(target)
                waiting.append(target)
    assert {name(document) for document in DOCUMENTS} == {name(document) for document in found}


@pytest.mark.parametrize("document", FOR_PEOPLE, ids=name)
def test_variables_are_read_by_something(document: Path) -> None:
    known = named() | fields().keys() | secrets().keys() | CLIENT.keys() | MACHINE.keys()
    assert set(_VARIABLE.findall(document.read_text("utf-8"))) <= known


def _mentioned(*words: str) -> bool:
    said = "\n".join(document.read_text("utf-8") for document in GUIDES)
    return any(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", said) for word in words)


@pytest.mark.parametrize(
    "path", [path for path, (command, _) in all_commands().items() if not isinstance(command, click.Group)]
)
def test_every_command_stands_in_a_guide(path: str) -> None:
    assert _mentioned(path)


@pytest.mark.parametrize("method", [*public_methods(Client), *(name for _, methods in topics() for name in methods)])
def test_every_method_stands_in_a_guide(method: str) -> None:
    assert _mentioned(method)


@pytest.mark.parametrize("error", [one.__name__ for one in all_errors()])
def test_every_error_stands_in_a_guide(error: str) -> None:
    assert _mentioned(error)


def test_the_index_of_the_guides_names_them_all() -> None:
    index = (DOCS / "guides" / "README.md").read_text("utf-8")
    assert {guide.name for guide in TASK_GUIDES} - {"README.md"} <= set(LINK.findall(index))
