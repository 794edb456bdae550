"""A first synchronization of a large bucket, and a second one that finds nothing."""

from tests.clients.scenarios.scenario import answer, connect, given, new_project

kili = connect()
project = new_project(kili, given["title"])
connection = kili.add_cloud_storage_connection(project, given["integration"])["id"]
answer(
    {
        "project": project,
        "connection": connection,
        "first": kili.synchronize_cloud_storage_connection(connection),
        "second": kili.synchronize_cloud_storage_connection(connection),
        "count": kili.count_assets(project),
        "page": [
            asset["externalId"]
            for asset in kili.assets(project, skip=given["skip"], first=250, fields=["externalId"], disable_tqdm=True)
        ],
    }
)
