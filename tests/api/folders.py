"""Folders of pictures as buckets, and connected by the SDK."""

from pathlib import Path

from bucketlink import Client


def write(bucket: Path, key: str, content: str = "picture") -> None:
    path = bucket / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def connect(client: Client, bucket: Path, folders: list[str] | None = None) -> tuple[str, str]:
    """Make project, integration and connection; answer the ids of project and connection."""
    project = client.create_project(bucket.name, input_type="IMAGE")["id"]
    integration = client.create_cloud_storage_integration("Folder", bucket.name, folder_path=str(bucket))
    assert integration["status"] == "CONNECTED"
    added = client.add_cloud_storage_connection(project, integration["id"], folders)
    return project, added["id"]


def keys(client: Client, project: str) -> dict[str, str]:
    return {row["externalId"]: row["id"] for row in client.assets(project, fields=("id", "externalId"))}
