"""All that changes something, by a careful script: each step looks first, and is taken again until it ends well."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from tests.clients.scenarios.scenario import answer, connect, given, new_project

Result = TypeVar("Result")

MOST_TIMES = 6
LOOK_SECONDS = 0.05

kili = connect()
name, folder = given["name"], Path(given["folder"])
errors: dict[str, list[list[str]]] = {}


def again(step: Callable[[], Result]) -> Result:
    """Take a step, and again after an error, which is kept under the step's name."""
    seen = errors[step.__name__] = []
    while True:
        try:
            return step()
        except Exception as error:
            if len(seen) == MOST_TIMES:
                raise
            seen.append([type(error).__name__, str(error)])
        wait_for_rest()


def wait_for_rest() -> None:
    """Newer clients refuse to synchronize a connection that is being computed."""
    fields = ["isChecking", "isApplyingDataDifferences"]
    for found in kili.projects(search_query=name, fields=["id"], disable_tqdm=True):
        while any(
            row[field]
            for row in kili.cloud_storage_connections(project_id=found["id"], fields=fields, disable_tqdm=True)
            for field in fields
        ):
            time.sleep(LOOK_SECONDS)


def project_of(title: str) -> str:
    found = kili.projects(search_query=title, fields=["id"], disable_tqdm=True)
    return str(found[0]["id"]) if found else new_project(kili, title)


def create() -> str:
    return project_of(name)


def describe() -> object:
    return kili.update_properties_in_project(project, description="changed")


def connection_of_project() -> str:
    found = kili.cloud_storage_connections(project_id=project, fields=["id"], disable_tqdm=True)
    return str((found[0] if found else kili.add_cloud_storage_connection(project, given["integration"]))["id"])


def add_assets() -> object:
    return kili.synchronize_cloud_storage_connection(connection)["numberOfAssets"]


def remove_assets() -> object:
    (folder / given["removed"]).unlink(missing_ok=True)
    return kili.synchronize_cloud_storage_connection(connection, True)["numberOfAssets"]


def archive() -> object:
    return kili.archive_project(project)


def create_another() -> str:
    return project_of(f"another {name}")


def delete() -> object:
    return kili.delete_project(another) if kili.count_projects(another) else another


def integration_of_bucket() -> str:
    found = kili.cloud_storage_integrations(name=f"bucket of {name}", fields=["id"], disable_tqdm=True)
    if found:
        return str(found[0]["id"])
    made = kili.create_cloud_storage_integration(
        "CustomS3", f"bucket of {name}", s3_bucket_name="bucket", s3_endpoint=given["endpoint"], s3_region="us-east-1"
    )
    return str(made["id"])


def restrict() -> object:
    return kili.update_cloud_storage_integration(integration, allowed_paths=["folder-00000"])["allowedPaths"]


def delete_integration() -> object:
    return kili.delete_cloud_storage_integration(integration) if exists(integration) else integration


def exists(integration: str) -> bool:
    return bool(kili.count_cloud_storage_integrations(integration))


project = again(create)
said = {"project": project, "described": again(describe)}
connection = again(connection_of_project)
said |= {"connection": connection, "added": again(add_assets), "removed": again(remove_assets)}
another = again(create_another)
said |= {"another": another, "deleted": again(delete)}
if hasattr(kili, "create_cloud_storage_integration"):
    integration = again(integration_of_bucket)
    said |= {"integration": integration, "restricted": again(restrict), "forgotten": again(delete_integration)}
said |= {"archived": again(archive)}
answer(said | {"errors": errors})
