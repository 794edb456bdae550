"""Synchronize a connection as soon as all who do so together are ready."""

import time
from pathlib import Path

from tests.clients.scenarios.scenario import answer, connect, given

LOOK_SECONDS = 0.005

kili = connect()
Path(given["ready"]).touch()
while not Path(given["go"]).exists():
    time.sleep(LOOK_SECONDS)
try:
    answer({"result": kili.synchronize_cloud_storage_connection(given["connection"], given["delete"]), "error": None})
except Exception as error:  # noqa: BLE001 - whatever the client raises is what its user sees
    answer({"result": None, "error": str(error)})
