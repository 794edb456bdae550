"""``bucketlink projects`` and ``bucketlink keys``."""

from typing import TYPE_CHECKING

import click

from bucketlink.cli.common import State, common, example, with_state
from bucketlink.cli.text import safe

if TYPE_CHECKING:
    from bucketlink.client.types import InputTypeName, RoleName


@click.group()
def projects() -> None:
    """Make and list projects."""


@projects.command("create", epilog=example('bucketlink projects create "Street scenes" --input-type IMAGE'))
@click.argument("title", required=False)
@click.option("--title", "title_option", metavar="TITLE", help="The title, where it is not the argument.")
@click.option(
    "--input-type",
    type=click.Choice(["IMAGE", "VIDEO", "PDF", "TEXT"], case_sensitive=False),
    metavar="[IMAGE|VIDEO|PDF|TEXT]",
    default="IMAGE",
    show_default=True,
    help="The kind of data, which decides the objects that connections take.",
)
@click.option("--description", default="", help="A few words about it.")
@common
@with_state
def create_project(
    state: State, title: str | None, title_option: str | None, input_type: "InputTypeName", description: str
) -> None:
    """Make a project and print its id."""
    named = title or title_option
    if not named or (title and title_option):
        raise click.UsageError("A project needs one title: bucketlink projects create TITLE.")
    with state.client() as client:
        project = client.create_project(named, description, input_type)
    state.emit(project, project["id"])


@projects.command("list", epilog=example("bucketlink projects list --json"))
@common
@with_state
def list_projects(state: State) -> None:
    """List the projects."""
    with state.client() as client:
        rows = client.projects(fields=("id", "title", "inputType", "numberOfAssets"), disable_tqdm=True)
    if state.as_json:
        state.emit(rows)
    elif rows:
        state.table(
            ("id", "title", "input type", "assets"),
            [(row["id"], row["title"], row["inputType"], row["numberOfAssets"]) for row in rows],
        )
    else:
        state.hint("There is no project yet: bucketlink projects create TITLE makes one.")


@click.group()
def keys() -> None:
    """Make API keys."""


@keys.command(
    "create",
    epilog=example("export BUCKETLINK_API_KEY=$(bucketlink keys create --email ana@example.com --role ADMIN)"),
)
@click.option("--email", required=True, metavar="EMAIL", help="Whose key it is; the user is made if need be.")
@click.option(
    "--role",
    type=click.Choice(["ADMIN", "USER"], case_sensitive=False),
    metavar="[ADMIN|USER]",
    default="USER",
    show_default=True,
    help="ADMIN manages integrations, users and keys; USER works with projects and connections.",
)
@click.option("--expires", type=click.IntRange(1, 3650), metavar="DAYS", help="Days until it expires; else a year.")
@common
@with_state
def create_key(state: State, email: str, role: "RoleName", expires: int | None) -> None:
    """Make an API key and print it, once: it cannot be shown again."""
    with state.client() as client:
        made = client.create_api_key(email, role, expires)
    document = {
        "id": made["id"],
        "key": made["key"],
        "email": made["user"]["email"],
        "role": role,
        "expiryDate": made["expiryDate"],
    }
    state.emit(document, made["key"])
    until = f" until {made['expiryDate'][:10]}" if made["expiryDate"] else ""
    state.hint(f"Keep it: it is not shown again. It is {safe(made['user']['email'])}'s, and valid{until}.")
