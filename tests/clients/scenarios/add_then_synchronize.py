"""The shortest script: a connection, synchronized at once."""

from tests.clients.scenarios.scenario import answer, connect, given, keys, new_project

kili = connect()
project = new_project(kili, "shortest")
connection = kili.add_cloud_storage_connection(project, given["integration"], given["folders"])["id"]
synchronized = kili.synchronize_cloud_storage_connection(connection)
answer(
    {
        "project": project,
        "synchronized": synchronized,
        "connection": kili.cloud_storage_connections(project_id=project)[0],
        "keys": keys(kili, project),
        "count": kili.count_assets(project),
    }
)
