"""What the scenario scripts share. They run in the client's environment, which has none of ours."""

import json
import sys
import warnings
from collections.abc import Callable
from typing import Any

from kili.client import Kili  # type: ignore[import-not-found] # it is in the client's environment

__all__ = ["Kili", "answer", "connect", "error_of", "given"]

given: dict[str, Any] = json.loads(sys.argv[1])


def connect() -> Kili:
    """Make a client from the environment's key and endpoint; what it warns of is not our concern."""
    warnings.simplefilter("ignore")
    return Kili()


def error_of(call: Callable[[], object]) -> dict[str, str]:
    """Name the error that a call ends with, and what it says."""
    try:
        answer = call()
    except Exception as error:  # noqa: BLE001 - whatever the client raises is what its user sees
        return {"type": type(error).__name__, "text": str(error)}
    raise AssertionError(f"no error, but {answer!r}")


def answer(document: object) -> None:
    """Print the scenario's one document."""
    print(json.dumps(document))  # noqa: T201 - read by the test
