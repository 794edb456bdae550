"""Synchronize a connection: dry, really, and when there is nothing to do."""

from tests.clients.scenarios.scenario import answer, can, connect, given, new_project

kili = connect()
project = new_project(kili, "synchronize")
connection = kili.add_cloud_storage_connection(project, given["integration"])["id"]
synchronize = kili.synchronize_cloud_storage_connection
answer(
    {
        "connection": connection,
        "project": project,
        "dry run": [synchronize(connection, dry_run=True), kili.count_assets(project)] if can["DRY_RUN"]() else None,
        "plain": [synchronize(connection), kili.count_assets(project)],
        "nothing to do": [synchronize(connection), kili.count_assets(project)],
        "nothing to delete": [synchronize(connection, delete_extraneous_files=True), kili.count_assets(project)],
    }
)
