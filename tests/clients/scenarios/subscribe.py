"""Subscribe to the labels of a project, of none, and with a key that is no more."""

import contextlib
import io
import json
import os
import time

from tests.clients.scenarios.scenario import connect, given, new_project

SECONDS = 60.0
kili = connect()
project = new_project(kili, "subscribed")
heard: list[object] = []
printed = io.StringIO()

with contextlib.redirect_stdout(printed):
    standing = kili.label_created_or_updated(project, lambda id_, label: heard.append([id_, label]))
    of_nothing = kili.label_created_or_updated("prj999999", lambda id_, label: heard.append([id_, label]))
    (kili.auth if hasattr(kili, "auth") else kili).api_key = given["unknown key"]
    of_nobody = kili.label_created_or_updated(project, lambda id_, label: heard.append([id_, label]))
    deadline = time.monotonic() + SECONDS
    while (of_nothing._st_id.is_alive() or of_nobody._st_id.is_alive()) and time.monotonic() < deadline:
        time.sleep(0.05)

said = {
    "heard": heard,
    "standing": standing._st_id.is_alive(),
    "ended": [one._st_id.is_alive() for one in (of_nothing, of_nobody)],
    "printed": printed.getvalue(),
}
print(json.dumps(said), flush=True)  # noqa: T201 - read by the test
os._exit(0)  # the client's thread listens as long as the process lives
