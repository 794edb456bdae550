"""``bucketlink projects``."""

from typing import TYPE_CHECKING

import click

from bucketlink.cli.asking import confirm
from bucketlink.cli.choice import Choice
from bucketlink.cli.common import Ordered, State, common, example, with_state, yes_option
from bucketlink.cli.text import count
from bucketlink.ids import Noun
from bucketlink.text import safe

if TYPE_CHECKING:
    from bucketlink.client.types import InputTypeName


@click.group(cls=Ordered, epilog=example('bucketlink projects create "Street scenes"'))
def projects() -> None:
    """Make, list and delete projects."""


@projects.command("list", epilog=example("bucketlink projects list", "bucketlink projects list --json"))
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


@projects.command(
    "create",
    epilog=example(
        'bucketlink projects create "Street scenes"', 'bucketlink projects create "Dashcams" --input-type VIDEO'
    ),
)
@click.argument("title", required=False)
@click.option("--title", "title_option", metavar="TITLE", help="The title, where it is not the argument.")
@click.option(
    "--input-type",
    type=Choice(["IMAGE", "VIDEO", "PDF", "TEXT"]),
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


@projects.command("delete", epilog=example("bucketlink projects delete prj1"))
@click.argument("project")
@yes_option
@common
@with_state
def delete_project(state: State, project: str, yes: bool) -> None:
    """Delete a project with its assets and connections, for good, and print its id.

    What would go is told and asked about first. Nothing changes in any bucket.
    """
    with state.client() as client:
        rows = client.projects(project, fields=("title", "numberOfAssets"), disable_tqdm=True)
        if not rows:
            raise Noun.PROJECT.absent(project)
        used = client.cloud_storage_connections(project_id=project, fields=("id",), disable_tqdm=True)
        assets, connections = count(rows[0]["numberOfAssets"], "asset"), count(len(used), "connection")
        confirm(
            f"This deletes {project} ({safe(rows[0]['title'])}) with {assets} and {connections}, for good.", yes=yes
        )
        gone = client.delete_project(project)
    deleted = {"id": gone, "assets": rows[0]["numberOfAssets"], "connections": len(used)}
    state.emit(deleted, gone)
    state.hint(f"Deleted it, with {assets} and {connections}.")
