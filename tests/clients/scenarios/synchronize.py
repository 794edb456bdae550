"""Synchronize a connection: dry, really, and when there is nothing to do."""

from tests.clients.scenarios.scenario import answer, connect, error_of, given

kili = connect()
project = kili.create_project(input_type="IMAGE", json_interface={"jobs": {}}, title="synchronize")["id"]
connection = kili.add_cloud_storage_connection(project, given["integration"])["id"]
synchronize = kili.synchronize_cloud_storage_connection
answer(
    {
        "connection": connection,
        "project": project,
        "dry run": [synchronize(connection, dry_run=True), kili.count_assets(project)],
        "plain": [synchronize(connection), kili.count_assets(project)],
        "nothing to do": [synchronize(connection), kili.count_assets(project)],
        "unknown connection": error_of(lambda: synchronize("con999999")),
    }
)
