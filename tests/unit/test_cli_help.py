"""Help that teaches: every command has an example that is right, and fits 80 columns; shells can complete it."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import click
import pytest

from bucketlink.cli import main
from bucketlink.cli.buckets import _FLAGS, _SECRETS, _TEXTS
from bucketlink.cli.common import State
from bucketlink.cli.names import OPTIONS, in_options
from bucketlink.cli.root import FIRST_STEPS, root
from bucketlink.client.organization.platforms import ON_THE_WIRE
from bucketlink.client.organization.registration import _CREATE_DATA

Words = tuple[str, ...]


def _all(command: click.Command, words: Words = ()) -> list[tuple[Words, click.Command]]:
    found = [(words, command)]
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            found += _all(below, (*words, name))
    return found


EVERY = [pytest.param(words, command, id=" ".join(words) or "bucketlink") for words, command in _all(root)]


@pytest.fixture(autouse=True)
def _eighty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


@pytest.mark.parametrize(("words", "command"), EVERY)
def test_help_fits_eighty_columns_and_shows_an_example(
    words: Words, command: click.Command, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, "--help"]) == 0
    text = capsys.readouterr().out
    assert [line for line in text.splitlines() if len(line) > 80] == []
    assert re.search(r"\n  Examples?:\n    bucketlink ", text)
    assert command.help
    if not isinstance(command, click.Group):
        assert f"    bucketlink {' '.join(words)}" in text
        assert "--json" in text
        undocumented = [one.name for one in command.params if isinstance(one, click.Option) and not one.help]
        assert undocumented == []


def _examples(command: click.Command) -> list[list[str]]:
    lines = dedent((command.epilog or "").replace("\b", "")).replace("\\\n", " ").splitlines()
    shown = [line.strip() for line in lines if line.strip().startswith("bucketlink ")]
    return [shlex.split(re.split(r"  +| > | >> | \| |\$\(", line.removeprefix("bucketlink "))[0]) for line in shown]


EXAMPLES = [pytest.param(example, id=" ".join(example)) for _, command in _all(root) for example in _examples(command)]


@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_are_taken_as_they_are_shown(
    example: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for word in example:
        if re.fullmatch(r"[\w-]+\.(json|txt|pem)", word):
            Path(word).write_text("text")
        if word.startswith("~/"):
            monkeypatch.setenv("HOME", str(tmp_path))
            (tmp_path / word.removeprefix("~/")).mkdir()
    run: list[str | None] = []
    monkeypatch.setattr(click.Command, "invoke", lambda command, _: run.append(command.name))
    words = [word.replace("~", str(tmp_path)) if word.startswith("~/") else word for word in example]
    root.main(words, prog_name="bucketlink", obj=State(), standalone_mode=False)
    assert run[-1] in example


def test_alone_it_says_what_to_do_first(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    text = capsys.readouterr().err
    assert FIRST_STEPS in text
    assert max(map(len, text.splitlines())) <= 80
    assert "bucketlink demo" in text


def test_a_group_alone_lists_its_commands_in_a_useful_order(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["connections"]) == 2
    names = re.findall(r"^  (\w+)  ", capsys.readouterr().err.partition("Commands:")[2], re.MULTILINE)
    assert names == ["list", "show", "add", "update", "remove"]


# Names of options in errors


def test_every_option_of_a_bucket_is_named_as_the_wire_calls_it() -> None:
    wire = _CREATE_DATA | ON_THE_WIRE
    options = {argument: option for option, argument, _, _, _ in _TEXTS}
    options |= {argument: option for option, argument, _, _ in _FLAGS}
    options |= {argument: option for option, argument, _, _ in _SECRETS}
    for argument, option in options.items():
        if argument not in {"bucket", "endpoint_url"}:
            assert OPTIONS[wire[argument]] == option


def test_errors_speak_of_options() -> None:
    sentence = "There is no bucket b at s3.test; check its name (s3BucketName) and the endpoint (s3Endpoint)."
    told = "There is no bucket b at s3.test; check its name (--bucket) and the endpoint (--endpoint-url)."
    assert in_options(sentence) == told
    assert in_options("my_s3BucketNames") == "my_s3BucketNames"
    trusted = in_options("its TLS certificate is not trusted (verify= takes the path of a CA bundle).")
    assert (
        trusted
        == "its TLS certificate is not trusted (SSL_CERT_FILE in the environment takes the path of a CA bundle)."
    )


# Completion

PROGRAM = f"#!{sys.executable}\nimport sys\nfrom bucketlink.cli import main\nsys.exit(main())\n"


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A directory with the program in it."""
    program = tmp_path / "bucketlink"
    program.write_text(PROGRAM)
    program.chmod(0o755)
    return tmp_path


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_for_a_shell_is_one(shell: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert "_BUCKETLINK_COMPLETE" in script
    assert main(["completion", shell, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["shell"] == shell
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not here to read it")
    (tmp_path / "script").write_text(script)
    assert subprocess.run([program, "-n", tmp_path / "script"], capture_output=True, check=True).stderr == b""


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        (["connections", "up"], ["update"]),
        (["con"], ["connections"]),
        (["sync", "--delete"], ["--delete-extraneous-files"]),
        (["projects", "create", "--input-type", "v"], ["VIDEO"]),
        (["integrations", "add", "--platform", "A"], ["AWS", "Azure"]),
        (["diff", "--type", ""], ["ADD", "REMOVE", "CHANGED"]),
        (["projects", "delete", ""], []),
    ],
)
def test_bash_completes_commands_options_and_choices(installed: Path, typed: list[str], completed: list[str]) -> None:
    words = " ".join(shlex.quote(word) for word in ["bucketlink", *typed])
    script = f"""
        PATH={shlex.quote(str(installed))}:$PATH
        eval "$(bucketlink completion bash)"
        COMP_WORDS=({words}); COMP_CWORD={len(typed)}
        _bucketlink_completion bucketlink
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(["bash", "--norc", "-c", script], capture_output=True, text=True, check=True)
    assert ([line for line in done.stdout.splitlines() if line], done.stderr) == (completed, "")
