"""Add a connection, and look for it where the client does not know whether it was added."""

from tests.clients.scenarios.scenario import answer, connect, given

kili = connect()
errors = []
try:
    connection = kili.add_cloud_storage_connection(given["project"], given["integration"])["id"]
except Exception as error:  # noqa: BLE001 - whatever the client raises is what its user sees
    errors.append([type(error).__name__, str(error)])
    (found,) = kili.cloud_storage_connections(project_id=given["project"], fields=["id"], disable_tqdm=True)
    connection = found["id"]
answer({"connection": connection, "errors": errors})
