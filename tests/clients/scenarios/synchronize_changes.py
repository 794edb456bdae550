"""Synchronize a connection whose bucket has changed: without deletion, dry with deletion, with deletion."""

from pathlib import Path

from tests.clients.scenarios.scenario import answer, connect, given

kili = connect()
folder = Path(given["folder"])
project = kili.create_project(input_type="IMAGE", json_interface={"jobs": {}}, title="changes")["id"]
connection = kili.add_cloud_storage_connection(project, given["integration"])["id"]
synchronize = kili.synchronize_cloud_storage_connection


def keys() -> list[str]:
    return [asset["externalId"] for asset in kili.assets(project, fields=["externalId"], disable_tqdm=True)]


synchronize(connection)
(folder / "bears" / "0.jpg").unlink()
(folder / "bears" / "new.jpg").write_bytes(b"new")
answer(
    {
        "project": project,
        "without deletion": [synchronize(connection), keys()],
        "dry run with deletion": [synchronize(connection, True, True), keys()],
        "with deletion": [synchronize(connection, delete_extraneous_files=True), keys()],
    }
)
