"""What the scenario scripts share, and the one place that knows in what the generations differ.

Scripts run in the client's environment, which has none of ours. What a generation has is found out by looking at it.
"""

import importlib
import importlib.util
import inspect
import json
import os
import sys
import warnings
from collections.abc import Callable
from typing import Any

given: dict[str, Any] = json.loads(sys.argv[1])

MODULE = os.environ["SCENARIO_CLIENT"]
NAMESPACES = {"kili.client": "kili.client_domain"}
"""Where the namespaces are, if not in the class itself."""

Client = Any
"""An instance of whatever this generation calls ``Kili``."""

Kili: Any = importlib.import_module(MODULE).Kili


def connect(api_key: str | None = None) -> Client:
    """Make a client from the environment's key and endpoint; what it warns of is not our concern."""
    warnings.simplefilter("ignore")
    return Kili(api_key=api_key) if api_key else Kili()


def connect_by_namespaces() -> Client:
    """Make a client whose methods are in namespaces."""
    warnings.simplefilter("ignore")
    return importlib.import_module(NAMESPACES.get(MODULE, MODULE)).Kili()


def _takes(method: str, argument: str) -> bool:
    found = getattr(Kili, method, None)
    return found is not None and argument in inspect.signature(found).parameters


def _has_namespaces() -> bool:
    try:
        return hasattr(importlib.import_module(NAMESPACES.get(MODULE, MODULE)).Kili, "storages")
    except ImportError:
        return False


def _tells_types() -> bool:
    """Whether this is our own client, or one that was rewritten in layers."""
    try:
        return MODULE != "kili.client" or importlib.util.find_spec("kili.use_cases.cloud_storage") is not None
    except ImportError:
        return False


def _knows_custom_s3() -> bool:
    return "CustomS3" in str(inspect.signature(Kili.count_cloud_storage_integrations).parameters["platform"].annotation)


can: dict[str, Callable[[], bool]] = {
    "ACCOUNTS": lambda: hasattr(Kili, "users") and hasattr(Kili, "organizations"),
    "CUSTOM_S3": _knows_custom_s3,
    "DELETED": lambda: _takes("count_projects", "deleted"),
    "DRY_RUN": lambda: _takes("synchronize_cloud_storage_connection", "dry_run"),
    "JSON": lambda: _takes("add_cloud_storage_connection", "is_json_processing_enabled"),
    "KEEP_SCHEMA": lambda: MODULE == "kili.client",
    "MANAGE_INTEGRATIONS": lambda: hasattr(Kili, "create_cloud_storage_integration"),
    "MEMBERS": lambda: hasattr(Kili, "project_users"),
    "NAMESPACES": _has_namespaces,
    "NOT_IN": lambda: _takes("count_assets", "asset_id_not_in"),
    "PANDAS": lambda: importlib.util.find_spec("pandas") is not None,
    "PATTERNS": lambda: _takes("add_cloud_storage_connection", "exclude"),
    "SUBSCRIBE": lambda: hasattr(Kili, "label_created_or_updated"),
    "TELL_TYPES": _tells_types,
    "USERS_BY_KEY": lambda: _takes("users", "api_key"),
    "WHO": lambda: hasattr(Kili, "get_user") or hasattr(Kili, "get_current_user"),
}
"""What a generation may or may not have, by the names of `tests.clients.environments.Can`."""


def current_user(kili: Client) -> dict[str, str]:
    """Id and e-mail address of the key's owner, in the words that this generation has for it."""
    if hasattr(kili, "get_user"):
        found = kili.get_user()
    elif hasattr(kili, "get_current_user"):
        found = kili.get_current_user()
    else:
        found = kili.users(email="local@bucketlink.invalid", disable_tqdm=True)[0]
    return {name: found[name] for name in ("id", "email")}


def new_project(kili: Client, title: str, input_type: str = "IMAGE") -> str:
    """Make a project; answers its id."""
    made = kili.create_project(input_type=input_type, json_interface={"jobs": {}}, title=title)
    return str(made["id"])


def keys(kili: Client, project: str) -> list[str]:
    """External ids of all assets of a project."""
    return [asset["externalId"] for asset in kili.assets(project, fields=["externalId"], disable_tqdm=True)]


def outcome_of(call: Callable[[], object]) -> dict[str, Any]:
    """What a call answers, or the error that it ends with, by its kinds and what it says."""
    try:
        return {"answer": call()}
    except Exception as error:  # noqa: BLE001 - whatever the client raises is what its user sees
        kinds = [f"{kind.__module__}.{kind.__name__}" for kind in type(error).__mro__]
        return {"type": type(error).__name__, "kinds": kinds, "text": str(error)}


def error_of(call: Callable[[], object]) -> dict[str, Any]:
    """As `outcome_of`, for a call that must end with an error."""
    outcome = outcome_of(call)
    return {"type": None, "kinds": [], "text": f"no error, but {outcome}"} if "answer" in outcome else outcome


def answer(document: object) -> None:
    """Print the scenario's one document."""
    print(json.dumps(document), flush=True)  # noqa: T201 - read by the test
