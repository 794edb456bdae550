"""What comes of a command."""

import json
from typing import Any, Protocol


class Result:
    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err

    @property
    def document(self) -> Any:  # noqa: ANN401
        return json.loads(self.out)


class Run(Protocol):
    def __call__(self, *args: str) -> Result: ...
