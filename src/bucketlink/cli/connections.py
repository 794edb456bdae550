"""``bucketlink connections``."""

import click

from bucketlink.cli.common import State, common, example, with_state
from bucketlink.cli.text import moment, safe


@click.group()
def connections() -> None:
    """Use buckets in projects."""


@connections.command(
    "add",
    epilog=example("bucketlink connections add --project prj1 --integration int1 --folder bears --exclude '*.tmp'"),
)
@click.option("--project", required=True, metavar="ID", help="The project.")
@click.option("--integration", required=True, metavar="ID", help="The integration.")
@click.option("--folder", "folders", multiple=True, metavar="FOLDER", help="Take this folder only. Repeatable.")
@click.option("--prefix", metavar="TEXT", help="Take keys that start with this; replaces --folder.")
@click.option("--include", multiple=True, metavar="PATTERN", help="Take only keys that match. Repeatable.")
@click.option("--exclude", multiple=True, metavar="PATTERN", help="Leave out keys that match. Repeatable.")
@common
@with_state
def add_connection(
    state: State,
    project: str,
    integration: str,
    folders: tuple[str, ...],
    prefix: str | None,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
) -> None:
    """Use a bucket in a project, and print the connection's id.

    What it would bring is computed, and nothing is imported yet.

    A pattern without * matches keys that start with it. One with * must match the whole key; each * stands
    for one or more characters, / included.
    """
    from bucketlink.client.synchronize import summary, wait_until_computed  # noqa: PLC0415 - slow to load

    if "" in folders:
        raise click.UsageError("--folder is empty: name a folder, or leave the option out to take everything.")

    with state.client() as client, state.waiting() as observe:
        added = client.add_cloud_storage_connection(
            project, integration, list(folders) or None, prefix, list(include) or None, list(exclude) or None
        )
        if not state.as_json:
            click.echo(added["id"])
        wait_until_computed(client.wire, added["id"], observe)
        _, found = summary(client.wire, added["id"])
        warnings = client.wire.connection(added["id"], ("warnings",))["warnings"]
    document = {
        "id": added["id"],
        "projectId": project,
        "integrationId": integration,
        **found,
        "warnings": warnings,
    }
    state.emit(document)
    state.hint(
        f"{found['added']:,} to add, {found['removed']:,} to remove, {found['changed']:,} changed.",
        *(f"Warning: {safe(warning)}." for warning in warnings),
        f"bucketlink sync {added['id']} applies this.",
    )


@connections.command("remove", epilog=example("bucketlink connections remove con1 --with-assets"))
@click.argument("connection")
@click.option(
    "--with-assets", is_flag=True, help="Remove its assets too; bucketlink undo brings them back for 30 days."
)
@click.option("--force", is_flag=True, help="Remove even so many assets that it is refused.")
@common
@with_state
def remove_connection(state: State, connection: str, with_assets: bool, force: bool) -> None:
    """Remove a connection from its project.

    Its assets stay in the project, and the next connection that selects them takes them over.
    """
    from bucketlink.client.history import delete_with_assets  # noqa: PLC0415 - slow to load

    with state.client() as client, state.waiting() as observe:
        if not with_assets:
            gone = client.delete_cloud_storage_connection(connection)
            state.emit({"id": gone, "run": None, "removed": 0}, f"Removed {gone}; its assets stay.")
            return
        run = delete_with_assets(client.wire, connection, force=force, observe=observe)
    removed = run["summary"]["removed"]
    state.emit(
        {"id": connection, "run": run["id"], "removed": removed},
        f"Removed {connection} and {removed:,} assets. bucketlink undo {run['id']} brings the assets back.",
    )


@connections.command("list", epilog=example("bucketlink connections list --project prj1"))
@click.option("--project", metavar="ID", help="Those of this project.")
@click.option("--integration", metavar="ID", help="Those that use this integration.")
@common
@with_state
def list_connections(state: State, project: str | None, integration: str | None) -> None:
    """List connections: all of them, or those of a project or an integration."""
    fields = (
        *(
            "id",
            "projectId",
            "dataIntegrationId",
            "dataIntegration.name",
            "numberOfAssets",
            "lastChecked",
            "error",
        ),
        *("selectedFolders", "prefix", "include", "exclude"),
    )
    with state.client() as client:
        chosen = [project]
        if not (project or integration):
            chosen = [row["id"] for row in client.projects(fields=("id",), disable_tqdm=True)]
        rows = [
            row
            for id_ in chosen
            for row in client.cloud_storage_connections(
                cloud_storage_integration_id=integration, project_id=id_, fields=fields, disable_tqdm=True
            )
        ]
    if state.as_json:
        state.emit(rows)
    elif rows:
        state.table(
            ("id", "project", "integration", "assets", "last checked", "error"),
            [
                (
                    row["id"],
                    row["projectId"],
                    f"{row['dataIntegrationId']} {row['dataIntegration']['name']}",
                    row["numberOfAssets"],
                    moment(row["lastChecked"]),
                    row["error"] or "",
                )
                for row in rows
            ],
        )
    elif project or integration:
        state.hint("There is no such connection: bucketlink connections list shows all of them.")
    else:
        state.hint("There is no connection yet: bucketlink connections add --help.")
