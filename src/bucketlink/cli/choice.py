"""Words of which an option takes one."""

from collections.abc import Iterable

import click
from click.shell_completion import CompletionItem


class Choice(click.Choice[str]):
    """Takes a word in letters of any case; shows, completes and answers it as it is written here."""

    def __init__(self, words: Iterable[str]) -> None:
        super().__init__(list(words))

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Answer the word that is meant; fails for one that is none."""
        meant = {word.casefold(): word for word in self.choices}
        return super().convert(meant.get(str(value).casefold(), value), param, ctx)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG002
        """Complete the beginning of a word."""
        begun = incomplete.casefold()
        return [CompletionItem(word) for word in self.choices if word.casefold().startswith(begun)]
