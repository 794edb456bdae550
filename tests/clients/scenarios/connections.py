"""Add connections with every combination of what this generation's method takes."""

from itertools import product
from typing import Any

from tests.clients.scenarios.scenario import answer, can, connect, given, new_project

kili = connect()
integration = given["integration"]
add = kili.add_cloud_storage_connection
choices: dict[str, list[Any]] = {"selected_folders": [None, [], ["a"]]}
if can["PATTERNS"]():
    choices |= {"prefix": [None, "a"], "include": [None, ["*.jpg", "b/"]], "exclude": [None, ["*/deep/*"]]}
combinations: list[dict[str, Any]] = [dict(zip(choices, values, strict=True)) for values in product(*choices.values())]
if can["JSON"]():
    combinations += [{"is_json_processing_enabled": value, "selected_folders": ["b"]} for value in (None, True, False)]
added = []
for asked in combinations:
    project = new_project(kili, "connections")
    made = add(project_id=project, cloud_storage_integration_id=integration, **asked)
    added.append({"asked": asked, "project": project, "made": made})
project = new_project(kili, "connections by place")
answer(
    {
        "added": added,
        "by place": [add(project, integration), add(project, integration, ["b"])],
        "of one project": kili.cloud_storage_connections(project_id=project, fields=["id", "selectedFolders"]),
    }
)
