"""``bucketlink keys``."""

from typing import TYPE_CHECKING

import click

from bucketlink.cli.asking import confirm
from bucketlink.cli.choice import Choice
from bucketlink.cli.common import Ordered, State, common, example, with_state, yes_option
from bucketlink.cli.text import moment
from bucketlink.ids import Noun
from bucketlink.text import safe

if TYPE_CHECKING:
    from bucketlink.client.types import RoleName, Row

_FIELDS = ("id", "name", "user.email", "user.role", "createdAt", "expiryDate", "revoked")


@click.group(
    short_help="Make, list and revoke API keys.",
    cls=Ordered,
    epilog=example("bucketlink keys create --email ana@example.com --role ADMIN"),
)
def keys() -> None:
    """Make, list and revoke API keys, by which people and programs speak to a server."""


@keys.command(
    "create",
    epilog=example(
        "bucketlink keys create --email ana@example.com --role ADMIN",
        "bucketlink keys create --email nightly@example.com --expires 90 > key",
    ),
)
@click.option("--email", required=True, metavar="EMAIL", help="Whose key it is; the user is made if need be.")
@click.option(
    "--role",
    type=Choice(["ADMIN", "USER"]),
    help="What the user may do, by every key of theirs: ADMIN manages integrations, users and keys, USER works with "
    "projects and connections. Else it stays as it is; new users are USER.",
)
@click.option("--expires", type=click.IntRange(1, 3650), metavar="DAYS", help="Days until it expires; else a year.")
@common
@with_state
def create_key(state: State, email: str, role: "RoleName | None", expires: int | None) -> None:
    """Make an API key and print it, once: it cannot be shown again.

    Without a server it is for the data directory, and for any server that works on it.
    """
    with state.client() as client:
        before = client.users(email=email.strip(), fields=("role",), disable_tqdm=True)
        made = client.create_api_key(email, role, expires)
    document = {
        "id": made["id"],
        "key": made["key"],
        "email": made["user"]["email"],
        "role": made["user"]["role"],
        "expiryDate": made["expiryDate"],
    }
    state.emit(document, made["key"])
    until = f" until {made['expiryDate'][:10]}" if made["expiryDate"] else ""
    whose = safe(made["user"]["email"])
    state.hint(f"Keep it: it is not shown again. It is {whose}'s, and valid{until}.")
    if before and before[0]["role"] != made["user"]["role"]:
        state.hint(f"{whose} was {before[0]['role']} and is {made['user']['role']} now, by every key.")


@keys.command("list", epilog=example("bucketlink keys list", "bucketlink keys list --json"))
@common
@with_state
def list_keys(state: State) -> None:
    """List the API keys: whose they are, and until when they are good. The keys themselves are not kept."""
    with state.client() as client:
        rows = client.api_keys(fields=_FIELDS, disable_tqdm=True)
    if state.as_json:
        state.emit(rows)
    elif rows:
        state.table(
            ("id", "whose", "role", "made", "good until"),
            [
                (row["id"], row["user"]["email"], row["user"]["role"], moment(row["createdAt"]), _good_until(row))
                for row in rows
            ],
        )
    else:
        state.hint("There is no API key yet: bucketlink keys create --email EMAIL makes one.")


def _good_until(row: "Row") -> str:
    return "revoked" if row["revoked"] else moment(row["expiryDate"])


@keys.command("revoke", epilog=example("bucketlink keys revoke key7"))
@click.argument("key", metavar="KEY_ID")
@yes_option
@common
@with_state
def revoke_key(state: State, key: str, yes: bool) -> None:
    """Have servers accept an API key no more, and print its id.

    KEY_ID is what `bucketlink keys list` shows, not the key itself. Other keys of the same user stay good.
    """
    with state.client() as client:
        rows = client.api_keys(key, fields=_FIELDS, disable_tqdm=True)
        if not rows:
            raise Noun.API_KEY.absent(key)
        whose = safe(rows[0]["user"]["email"])
        confirm(f"What uses {key} of {whose} is refused from now on, for good.", yes=yes)
        revoked = client.revoke_api_key(key)
    state.emit(revoked, revoked["id"])
    state.hint(f"Revoked it. bucketlink keys create --email {whose} makes another.")
