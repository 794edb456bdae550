"""``bucketlink connections``."""

from typing import TYPE_CHECKING, Any

import click

from bucketlink.cli.asking import confirm
from bucketlink.cli.common import F, Ordered, State, common, example, with_state, yes_option
from bucketlink.cli.names import in_options
from bucketlink.cli.summary import applying, in_step, size
from bucketlink.cli.text import count, moment
from bucketlink.cli.warned import warn
from bucketlink.text import in_shell, safe

if TYPE_CHECKING:
    from bucketlink.client.client import Client
    from bucketlink.client.types import Row, SummaryRow

_ROW = (
    *("id", "projectId", "dataIntegrationId", "dataIntegration.name", "numberOfAssets", "lastChecked", "error"),
    *("selectedFolders", "prefix", "include", "exclude", "warnings"),
)


@click.group(cls=Ordered, epilog=example("bucketlink connections add --project prj1 --integration int1"))
def connections() -> None:
    """Use buckets in projects, and choose what to take."""


@connections.command(
    "list", short_help="List connections.", epilog=example("bucketlink connections list --project prj1")
)
@click.option("--project", metavar="ID", help="Those of this project.")
@click.option("--integration", metavar="ID", help="Those that use this integration.")
@common
@with_state
def list_connections(state: State, project: str | None, integration: str | None) -> None:
    """List connections: all of them, or those of a project or an integration."""
    with state.client() as client:
        chosen = [project]
        if not (project or integration):
            chosen = [row["id"] for row in client.projects(fields=("id",), disable_tqdm=True)]
        rows = [
            row
            for id_ in chosen
            for row in client.cloud_storage_connections(
                cloud_storage_integration_id=integration, project_id=id_, fields=_ROW, disable_tqdm=True
            )
        ]
    if state.as_json:
        state.emit(rows)
    elif rows:
        state.table(
            ("id", "project", "integration", "assets", "last checked", "error, or warnings"),
            [
                (
                    row["id"],
                    row["projectId"],
                    f"{row['dataIntegrationId']} {row['dataIntegration']['name']}",
                    row["numberOfAssets"],
                    moment(row["lastChecked"]),
                    in_options(row["error"] or _number_of_warnings(row)),
                )
                for row in rows
            ],
        )
        warned = next((row["id"] for row in rows if row["warnings"] and not row["error"]), None)
        if warned is not None:
            state.hint(f"bucketlink connections show {warned} shows its warnings.")
    elif project or integration:
        state.hint("There is no such connection: bucketlink connections list shows all of them.")
    else:
        state.hint("There is no connection yet: bucketlink connections add --help.")


def _number_of_warnings(row: "Row") -> str:
    return count(len(row["warnings"]), "warning") if row["warnings"] else ""


@connections.command(
    "show", epilog=example("bucketlink connections show con1", "bucketlink connections show con1 --json")
)
@click.argument("connection")
@common
@with_state
def show_connection(state: State, connection: str) -> None:
    """Show what a connection takes of its bucket, and what there is to be warned of.

    Warnings are of what was left out, and of folders and patterns for which the bucket has nothing.
    """
    from bucketlink.client.connections.warned import warnings  # noqa: PLC0415 - slow to load

    with state.client() as client:
        row = client.wire.connection(connection, _ROW)
        told = warnings(client.wire, connection)
    if state.as_json:
        state.emit({**row, "warnings": told})
        return
    state.table(("connection", row["id"]), _described(row))
    warn(state, told, chosen=True)


def _described(row: "Row") -> list[tuple[str, str | int]]:
    """Write what is known of a connection, each thing in a line."""
    chosen: list[tuple[str, str]] = []
    folders = row["selectedFolders"]
    if row["prefix"]:
        chosen.append(("prefix", in_shell(row["prefix"])))
    elif folders is not None:
        chosen += [("folder", in_shell(folder) or "(the whole bucket)") for folder in folders] or [("folder", "(none)")]
    chosen += [(name, in_shell(pattern)) for name in ("include", "exclude") for pattern in row[name] or ()]
    return [
        ("project", row["projectId"]),
        ("integration", f"{row['dataIntegrationId']} {row['dataIntegration']['name']}"),
        ("assets", row["numberOfAssets"]),
        ("last checked", moment(row["lastChecked"])),
        *chosen,
        *([("error", in_options(row["error"]))] if row["error"] else []),
    ]


def _selection_options(command: F) -> F:
    for option in (
        click.option("--exclude", multiple=True, metavar="PATTERN", help="Leave out keys that match. Repeatable."),
        click.option("--include", multiple=True, metavar="PATTERN", help="Take only keys that match. Repeatable."),
        click.option("--prefix", metavar="TEXT", help="Take keys that start with this; replaces --folder."),
        click.option("--folder", "folders", multiple=True, metavar="FOLDER", help="Take this folder only. Repeatable."),
    ):
        command = option(command)
    return command


@connections.command(
    "add",
    epilog=example(
        "bucketlink connections add --project prj1 --integration int1",
        "bucketlink connections add --project prj1 --integration int1 \\",
        "    --folder 2026/spring --folder 2026/summer --exclude '*.tmp'",
    ),
)
@click.option("--project", required=True, metavar="ID", help="The project.")
@click.option("--integration", required=True, metavar="ID", help="The integration.")
@_selection_options
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
    _check_folders(folders)

    with state.client() as client:
        before = _connections(client, project, integration)

        def made() -> str | None:
            """The connection, where adding it was interrupted."""
            new = _connections(client, project, integration) - before
            return new.pop() if len(new) == 1 else None

        with state.waiting(client, made):
            id_ = client.add_cloud_storage_connection(
                project, integration, list(folders) or None, prefix, list(include) or None, list(exclude) or None
            )["id"]
        _tell_computed(state, client, id_)


def _connections(client: "Client", project: str, integration: str) -> set[str]:
    rows = client.cloud_storage_connections(
        cloud_storage_integration_id=integration, project_id=project, fields=("id",), disable_tqdm=True
    )
    return {row["id"] for row in rows}


def _check_folders(folders: tuple[str, ...]) -> None:
    if "" in folders:
        raise click.UsageError("--folder is empty: name a folder, or leave the option out to take everything.")


def _tell_computed(state: State, client: "Client", id_: str) -> None:
    """Print a connection whose selection is new, wait for its differences, and tell them."""
    from bucketlink.client.connections.synchronize import summary, wait_until_computed  # noqa: PLC0415 - slow to load
    from bucketlink.client.connections.warned import warnings  # noqa: PLC0415

    if not state.as_json:
        click.echo(id_)
    with state.waiting(client, id_) as observe:
        wait_until_computed(client.wire, id_, observe)
    listed = ("dataIntegration.platform", "dataIntegration.azureIsUsingServiceCredentials")
    row = client.wire.connection(id_, ("projectId", "dataIntegrationId", "numberOfAssets", *listed))
    told = warnings(client.wire, id_)
    is_listed_here = bool(row["dataIntegration"]["azureIsUsingServiceCredentials"])
    found = None if is_listed_here else summary(client.wire, id_)[1]
    counts = found or dict.fromkeys(("added", "removed", "changed", "total"))
    about = {"id": id_, "projectId": row["projectId"], "integrationId": row["dataIntegrationId"]}
    state.emit({**about, **counts, "warnings": told})
    state.hint(_next_step(id_, found, row["numberOfAssets"]))
    warn(state, told, chosen=True)


def _next_step(id_: str, found: "SummaryRow | None", assets: int) -> str:
    if found is None:
        return f"Nothing is known of its container yet, which clients list: bucketlink diff {id_} does."
    if not size(found):
        return in_step(id_, assets)
    counted = f"{found['added']:,} to add, {found['removed']:,} to remove, {found['changed']:,} changed."
    return f"{counted}\n{applying(id_, found, is_part=False)}"


@connections.command(
    "update",
    epilog=example(
        "bucketlink connections update con1 --folder 2026/summer",
        "bucketlink connections update con1 --all-folders --exclude '*.tmp'",
        "bucketlink connections update con1 --no-include --no-exclude",
    ),
)
@click.argument("connection")
@_selection_options
@click.option("--all-folders", is_flag=True, help="Take every folder again.")
@click.option("--no-prefix", is_flag=True, help="Take the prefix away, so that folders count.")
@click.option("--no-include", is_flag=True, help="Take all --include patterns away.")
@click.option("--no-exclude", is_flag=True, help="Take all --exclude patterns away.")
@common
@with_state
def update_connection(
    state: State,
    connection: str,
    folders: tuple[str, ...],
    prefix: str | None,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    all_folders: bool,
    no_prefix: bool,
    no_include: bool,
    no_exclude: bool,
) -> None:
    """Change what a connection takes of its bucket.

    What is given replaces what was there: all folders, or all patterns of a kind. The rest stays. What that would
    bring is computed, and nothing is added or removed yet.
    """
    _check_folders(folders)
    for option, given, flag, lifted in (
        ("--folder", folders, "--all-folders", all_folders),
        ("--prefix", prefix, "--no-prefix", no_prefix),
        ("--include", include, "--no-include", no_include),
        ("--exclude", exclude, "--no-exclude", no_exclude),
    ):
        if given and lifted:
            raise click.UsageError(f"{option} and {flag} contradict each other: give one of them.")
    new: dict[str, Any] = {
        "selected_folders": list(folders) or None,
        "all_folders": all_folders or None,
        "prefix": "" if no_prefix else prefix,
        "include": [] if no_include else list(include) or None,
        "exclude": [] if no_exclude else list(exclude) or None,
    }
    if all(value is None for value in new.values()):
        raise click.UsageError("Say what to change: --folder, --prefix, --include or --exclude.")
    with state.client() as client:
        with state.waiting(client, connection):
            client.update_cloud_storage_connection(connection, **new)
        _tell_computed(state, client, connection)


@connections.command(
    "remove", epilog=example("bucketlink connections remove con1", "bucketlink connections remove con1 --with-assets")
)
@click.argument("connection")
@click.option(
    "--with-assets", is_flag=True, help="Remove its assets too; bucketlink undo brings them back for 29 days."
)
@click.option("--force", is_flag=True, help="Remove even so many assets that it is refused.")
@yes_option
@common
@with_state
def remove_connection(state: State, connection: str, with_assets: bool, force: bool, yes: bool) -> None:
    """Remove a connection from its project.

    Its assets stay in the project, and the next connection that selects them takes them over. With --with-assets
    they go too, and it is asked whether that is meant.
    """
    from bucketlink.client.connections.history import delete_with_assets  # noqa: PLC0415 - slow to load

    with state.client() as client:
        if not with_assets:
            gone = client.delete_cloud_storage_connection(connection)
            state.emit({"id": gone, "run": None, "removed": 0}, f"Removed {gone}; its assets stay.")
            return
        row = client.wire.connection(connection, ("projectId", "project.title", "numberOfAssets"))
        where = f"project {row['projectId']} ({safe(row['project']['title'])})"
        confirm(f"This removes {connection} and its {count(row['numberOfAssets'], 'asset')} from {where}.", yes=yes)
        with state.waiting(client, connection, ("REMOVE",)) as observe:
            run = delete_with_assets(client.wire, connection, force=force, observe=observe)
    removed = run["summary"]["removed"]
    state.emit(
        {"id": connection, "run": run["id"], "removed": removed},
        f"Removed {connection} and {count(removed, 'asset')}. bucketlink undo {run['id']} brings the assets back.",
    )
