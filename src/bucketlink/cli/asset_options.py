"""Options of the commands about assets: which of them are meant, and what is written of each."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar

import click

if TYPE_CHECKING:
    from bucketlink.client.assets.filters import AssetChoice

F = TypeVar("F", bound=Callable[..., object])


class Filters(TypedDict):
    """What the options of `filtered` hold."""

    keys: tuple[str, ...]
    created_since: str | None
    created_until: str | None
    updated_since: str | None
    updated_until: str | None


class Moment(click.ParamType[str]):
    """A day, or a moment; UTC, where no zone is given."""

    name = "date"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Take a date as it is."""
        try:
            datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no date: write 2026-01-31, or 2026-01-31T12:00.", param, ctx)
        return value


class Names(click.ParamType[list[str]]):
    """Names with commas between them."""

    name = "names"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> list[str]:  # noqa: ANN401
        """Take them apart."""
        names = [name.strip() for name in str(value).split(",")]
        if "" in names:
            self.fail("a name is missing: write them as id,externalId,size.", param, ctx)
        return names


def filtered(command: F) -> F:
    """Give a command options that say which assets are meant; it gets them as `Filters`."""
    for option in reversed(
        (
            click.option(
                "--key",
                "keys",
                metavar="TEXT",
                multiple=True,
                help="Only those whose key holds this text; given several times, any of them.",
            ),
            click.option("--created-since", type=Moment(), metavar="DATE", help="Only those added then or later."),
            click.option("--created-until", type=Moment(), metavar="DATE", help="Only those added by then."),
            click.option("--updated-since", type=Moment(), metavar="DATE", help="Only those changed then or later."),
            click.option("--updated-until", type=Moment(), metavar="DATE", help="Only those last changed by then."),
        )
    ):
        command = option(command)
    return command


def choice(filters: Filters) -> "AssetChoice":
    """Which assets are meant, as the client takes it."""
    return {
        "external_id_in": list(filters["keys"]) or None,
        "created_at_gte": filters["created_since"],
        "created_at_lte": filters["created_until"],
        "updated_at_gte": filters["updated_since"],
        "updated_at_lte": filters["updated_until"],
    }
