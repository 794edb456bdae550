"""``bucketlink completion``."""

import click
from click.shell_completion import get_completion_class

from bucketlink.cli.common import State, common_without_server, example, with_state

VARIABLE = "_BUCKETLINK_COMPLETE"
"""What a shell sets that asks for completions, as click names it."""


@click.command(
    short_help="Print a script that completes commands.",
    epilog=example(
        "bucketlink completion bash >> ~/.bashrc",
        "bucketlink completion zsh >> ~/.zshrc",
        "bucketlink completion fish > ~/.config/fish/completions/bucketlink.fish",
    ),
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@common_without_server
@with_state
def completion(state: State, shell: str) -> None:
    """Print the script that completes commands and options in a shell.

    Put it where the shell reads it when it starts, as below. Commands, options, their choices and names of
    files are then completed by the tab key; ids are not, since looking them up takes too long.
    """
    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101 - click knows the shells that are offered
    script = kind(click.get_current_context().find_root().command, {}, "bucketlink", VARIABLE).source()
    state.emit({"shell": shell, "script": script}, script)
