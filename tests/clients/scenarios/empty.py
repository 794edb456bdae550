"""List and count everything where there is nothing yet."""

from tests.clients.scenarios.scenario import answer, connect, keys, new_project

kili = connect()
quiet = {"disable_tqdm": True}
said = {
    "integrations": [
        kili.cloud_storage_integrations(),
        list(kili.cloud_storage_integrations(as_generator=True)),
        kili.cloud_storage_integrations(fields=["id"], first=5, skip=5, **quiet),
        kili.count_cloud_storage_integrations(),
        kili.count_cloud_storage_integrations(platform="AWS", status="CONNECTED"),
    ],
    "projects": [
        kili.projects(),
        list(kili.projects(as_generator=True)),
        kili.projects(search_query="%", first=5, **quiet),
        kili.count_projects(),
    ],
}
project = new_project(kili, "the only one")
said |= {
    "connections": [
        kili.cloud_storage_connections(project_id=project),
        list(kili.cloud_storage_connections(project_id=project, as_generator=True)),
        kili.cloud_storage_connections(cloud_storage_integration_id="int1", first=3, **quiet),
    ],
    "assets": [
        kili.assets(project),
        list(kili.assets(project, as_generator=True)),
        keys(kili, project),
        kili.count_assets(project),
    ],
}
answer(said)
