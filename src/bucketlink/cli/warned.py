"""Warnings of a connection, on the command line."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from bucketlink.cli.common import State
from bucketlink.text import safe

if TYPE_CHECKING:
    from bucketlink.client.types import WarningRow

_MAY_BE_MEANT = frozenset({"UNMATCHED_EXCLUDE"})
"""Told where a selection is chosen or shown, and not each time: a pattern may be for what is to come."""


def warn(state: State, warnings: "Iterable[WarningRow]", *, chosen: bool = False) -> None:
    """Write warnings to standard error, a line each; all of them where a selection was just ``chosen``."""
    state.hint(*(f"Warning: {safe(one['text'])}" for one in warnings if chosen or one["kind"] not in _MAY_BE_MEANT))
