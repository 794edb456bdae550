"""The shortest script: a connection, synchronized at once."""

from tests.clients.scenarios.scenario import answer, connect, given

kili = connect()
project = kili.create_project(input_type="IMAGE", json_interface={"jobs": {}}, title="shortest")["id"]
connection = kili.add_cloud_storage_connection(project, given["integration"], given["folders"])["id"]
synchronized = kili.synchronize_cloud_storage_connection(connection)
answer(
    {
        "project": project,
        "synchronized": synchronized,
        "connection": kili.cloud_storage_connections(project_id=project)[0],
        "keys": [asset["externalId"] for asset in kili.assets(project, fields=["externalId"], disable_tqdm=True)],
        "count": kili.count_assets(project),
    }
)
