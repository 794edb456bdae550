"""What scripts call for that Bucketlink does not have."""

import difflib
from typing import Any

from bucketlink.errors import NoSuchMethod

_INSTEAD = (
    ("synchronize_cloud_storage_connection", ("delete_many_from_dataset",)),
    ("add_cloud_storage_connection", ("append_many_to_dataset",)),
    ("create_api_key", ("create_user", "password")),
    ("create_project", ("copy_project",)),
    ("wire", ("graphql", "gateway", "http_client")),
    ("users", ("role", "user")),
    (
        "assets",
        ("asset", "label", "annotation", "prediction", "inference", "issue", "question", "honeypot", "metadata"),
    ),
    ("runs", ("plugin", "webhook", "notification", "event", "metrics")),
    ("organizations", ("organization",)),
    ("projects", ("project", "tag", "step", "export")),
)
"""What comes nearest in meaning to names with these words in them; the first that fits counts."""


def missing(kind: type, name: str, *, asked: str = "", nearest: str = "") -> AttributeError:
    """Make the error for an attribute that is not there; what Python itself looks for is missing like any other.

    Args:
        kind: the class whose methods come nearest.
        name: what was looked up.
        asked: the namespace in which it was looked up, with its dot.
        nearest: the namespace of what comes nearest, with its dot.

    """
    if name.startswith("_"):
        return AttributeError(f"{kind.__name__!r} object has no attribute {name!r}")
    public: list[Any] = [one for one in dir(kind) if not one.startswith("_")]
    near = difflib.get_close_matches(name, public, 1, 0.9) or [
        to for to, words in _INSTEAD if to in public and any(word in name for word in words)
    ]
    found = near[0] if near else difflib.get_close_matches(name, public, 1, 0.0)[0]
    return NoSuchMethod(f"Bucketlink has no {asked}{name}(); what comes nearest is {nearest}{found}.")
