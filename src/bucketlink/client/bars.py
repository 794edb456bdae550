"""Progress bars on standard error, as tqdm draws them; that takes its time to load, and is loaded when one is drawn."""

import sys
from contextlib import AbstractContextManager, nullcontext
from types import TracebackType
from typing import TYPE_CHECKING, Any, Never, Self, TypeAlias

if TYPE_CHECKING:
    from tqdm.std import tqdm

    Bar: TypeAlias = "tqdm[Never] | Undrawn"


class Undrawn:
    """Stands for a bar that nobody sees."""

    disable = True
    total: float | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def update(self, n: int = 1) -> None:
        """Go on."""

    def refresh(self) -> None:
        """Draw it anew."""


def progress_bar(*, disable: bool | None, **options: Any) -> "Bar":  # noqa: ANN401 - whatever tqdm takes
    """Draw a bar, or none; ``disable`` is as tqdm takes it: None for one on terminals only."""
    if disable or (disable is None and not _is_watched()):
        return Undrawn()
    from tqdm.auto import tqdm  # noqa: PLC0415 - as the module says

    return tqdm(disable=False, **options)


def bars_hidden() -> AbstractContextManager[None]:
    """Clear the bars that are being drawn, the program's own too, while something else is written."""
    # Who draws bars has loaded this.
    loaded = sys.modules.get("tqdm.std")
    return nullcontext() if loaded is None else loaded.tqdm.external_write_mode()


def _is_watched() -> bool:
    isatty = getattr(sys.stderr, "isatty", None)
    return isatty is not None and isatty()
