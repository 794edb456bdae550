"""Synchronize a connection whose bucket has changed: without deletion, dry with deletion, with deletion."""

from pathlib import Path

from tests.clients.scenarios.scenario import answer, can, connect, given, keys, new_project

kili = connect()
folder = Path(given["folder"])
project = new_project(kili, "changes")
connection = kili.add_cloud_storage_connection(project, given["integration"])["id"]
synchronize = kili.synchronize_cloud_storage_connection
synchronize(connection)
(folder / "bears" / "0.jpg").unlink()
(folder / "bears" / "new.jpg").write_bytes(b"new")
said = {"project": project, "without deletion": [synchronize(connection), keys(kili, project)]}
if can["DRY_RUN"]():
    said["dry run with deletion"] = [synchronize(connection, True, True), keys(kili, project)]
said["with deletion"] = [synchronize(connection, delete_extraneous_files=True), keys(kili, project)]
answer(said)
