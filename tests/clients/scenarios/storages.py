"""The namespaces of the newer generations: storages.integrations and storages.connections."""

from tests.clients.scenarios.scenario import answer, connect, connect_by_namespaces, error_of, given, keys, new_project

whole = connect()
kili = connect_by_namespaces()
integrations, connections = kili.storages.integrations, kili.storages.connections
name, bucket = given["name"], given["bucket"]
project, second = new_project(whole, name), new_project(whole, f"{name}, second")
by_name = {"name": name}
made = integrations.create_s3(name=name, **bucket)
integration = made["id"]
restricted = integrations.create_s3(
    name=f"{name}, restricted", allowed_path="a", allowed_project=project, include_root_files="false", **bucket
)
said = {
    "made": made,
    "restricted": restricted,
    "AWS": error_of(
        lambda: integrations.create_aws(
            bucket_name="bucket", region="eu-west-1", name="x", role_arn="arn:aws:iam::123456789012:role/r"
        )
    ),
    "Azure": error_of(lambda: integrations.create_azure("https://x.blob.core.windows.net", "x", sas_token="?sv=1")),
    "GCP": error_of(lambda: integrations.create_gcp("b", "x")),
    "refused": error_of(lambda: integrations.create_s3(name="x", **{**bucket, "secret_key": "wrong"})),
    "listed": integrations.list(filter=by_name, disable_tqdm=True),
    "generated": list(integrations.list_as_generator(filter={"platform": "CustomS3", **by_name}, fields=["id"])),
    "paged": len(integrations.list(first=1, skip=1, disable_tqdm=True)),
    "count": [integrations.count(filter=by_name), integrations.count() >= 2, integrations.count({"name": "nobody"})],
    "changed": integrations.update(integration, name=f"{name}, changed", allowed_paths=["a", "b"]),
    "unknown": error_of(lambda: integrations.update("int999999", name="x")),
    "deleted": [integrations.delete(restricted["id"]), restricted["id"]],
    "deleted twice": error_of(lambda: integrations.delete(restricted["id"])),
}
everything = connections.create(project, integration)["id"]
folder = connections.create(second, integration, selected_folder="b", exclude=["*7.jpg"])["id"]
said |= {
    "ids": [everything, folder],
    "project": project,
    "listed connections": connections.list(filter={"project_id": second}, disable_tqdm=True),
    "generated connections": list(connections.list_as_generator(filter={"project_id": second}, fields=["id"])),
    "one connection": connections.list(
        fields=["id", "selectedFolders", "exclude"], filter={"connection_id": folder}, disable_tqdm=True
    ),
    "refused connection": error_of(lambda: connections.create("prj999999", integration)),
    "dry": [connections.sync(everything, dry_run=True)["numberOfAssets"], whole.count_assets(project)],
    "synchronized": [connections.sync(folder)["numberOfAssets"], keys(whole, second)],
    "unknown connection": error_of(lambda: connections.sync("con999999")),
    "deleted in use": error_of(lambda: integrations.delete(integration)),
}
answer(said)
