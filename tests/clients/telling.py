"""What the user of a client sees of a refusal."""

from tests.api.server import Json

USERS_KINDS = ("kili.exceptions.", "bucketlink.errors.", "builtins.ValueError")
OF_NAMESPACES = "builtins.RuntimeError"
"""What the namespaces of newer generations turn some of the client's errors into, by words of their sentences."""
INNER_KINDS = ("builtins.AttributeError", "builtins.KeyError", "builtins.TypeError", "builtins.IndexError")


def told(error: Json, *sentences: str) -> bool:
    """Whether an error is one that a client raises on purpose, and says all of this. Fails with what was seen."""
    kinds = error.get("kinds", [])
    assert kinds[:1] == [OF_NAMESPACES] or any(kind.startswith(USERS_KINDS) for kind in kinds), error
    assert not any(kind in INNER_KINDS for kind in kinds), error
    for sentence in sentences:
        assert sentence in error["text"], error
    return True
