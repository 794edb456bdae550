"""What the SDK tells its user, through the logger ``bucketlink.client`` at level INFO."""

import logging

from tqdm.auto import tqdm

log = logging.getLogger("bucketlink.client")

_fallback = logging.StreamHandler()


def tell(sentence: str, *args: object) -> None:
    """Log a sentence at INFO.

    A program that has not set up logging at all sees it on standard error too, as a dry run would otherwise
    look as if nothing happened. ``logging.getLogger("bucketlink").setLevel(logging.WARNING)``, or any
    handler but a ``NullHandler``, ends that.
    """
    # A bar that is being drawn gives way to the line.
    with tqdm.external_write_mode():
        if log.isEnabledFor(logging.INFO):
            log.info(sentence, *args, stacklevel=2)
        elif _logging_is_untouched():
            _fallback.handle(log.makeRecord(log.name, logging.INFO, __file__, 0, sentence, args, None))


def _logging_is_untouched() -> bool:
    package = logging.getLogger("bucketlink")
    return not _has_listener() and log.level == package.level == logging.NOTSET and log.manager.disable < logging.INFO


def _has_listener() -> bool:
    logger: logging.Logger | None = log
    while logger is not None:
        # Bucketlink's own, where it runs in process, only keeps its warnings from a program that does not listen.
        if any(not isinstance(handler, logging.NullHandler) for handler in logger.handlers):
            return True
        logger = logger.parent if logger.propagate else None
    return False
