"""What the SDK tells its user, through the logger ``bucketlink.client`` at level INFO.

Nothing is printed: who wants to see it sets up logging, for one by ``logging.basicConfig(level=logging.INFO)``. The
exception are the methods of `bucketlink.kili.Kili` that scripts know to show what they do: there it is what a dry run
is for, so sentences are written to standard error too, but only in a program that has not set up logging itself.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from bucketlink.client.bars import bars_hidden

log = logging.getLogger("bucketlink.client")
logging.getLogger("bucketlink").addHandler(logging.NullHandler())

_shows: ContextVar[bool] = ContextVar("shows", default=False)


def tell(sentence: str, *args: object) -> None:
    """Log a sentence at INFO."""
    # A bar that is being drawn gives way to the line.
    with bars_hidden():
        if log.isEnabledFor(logging.INFO):
            log.info(sentence, *args, stacklevel=2)
        elif _shows.get() and _logging_is_untouched():
            sys.stderr.write(f"{sentence % args if args else sentence}\n")


@contextmanager
def sentences_shown() -> Iterator[None]:
    """Write sentences to standard error, as long as this lasts, in a program that has not set up logging.

    ``logging.getLogger("bucketlink").setLevel(logging.WARNING)``, or any handler but a ``NullHandler``, ends that.
    """
    token = _shows.set(True)
    try:
        yield
    finally:
        _shows.reset(token)


def _logging_is_untouched() -> bool:
    package = logging.getLogger("bucketlink")
    return not _has_listener() and log.level == package.level == logging.NOTSET and log.manager.disable < logging.INFO


def _has_listener() -> bool:
    logger: logging.Logger | None = log
    while logger is not None:
        if any(not isinstance(handler, logging.NullHandler) for handler in logger.handlers):
            return True
        logger = logger.parent if logger.propagate else None
    return False
