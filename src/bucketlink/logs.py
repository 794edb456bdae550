"""Logs: events with fields, to the standard library's loggers below ``bucketlink``, silent unless somebody listens.

Tracebacks are the standard library's: they hold no values of variables, among which a secret could be.
"""

import logging
import os
import sys

from bucketlink.errors import InvalidInput

ROOT = "bucketlink"
LOG_LEVEL = "BUCKETLINK_LOG_LEVEL"
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

logging.getLogger(ROOT).addHandler(logging.NullHandler())


class Logger:
    """Logs an event and its fields, given as keywords, in one line: ``event="run failed" run=4``."""

    def __init__(self, name: str) -> None:
        """Log to the standard library's logger of this name."""
        self._log = logging.getLogger(name)

    def info(self, event: str, **fields: object) -> None:
        """Log what is usual."""
        self._write(logging.INFO, event, fields)

    def warning(self, event: str, **fields: object) -> None:
        """Log what somebody may want to look after."""
        self._write(logging.WARNING, event, fields)

    def error(self, event: str, *, exc_info: BaseException | None = None, **fields: object) -> None:
        """Log what went wrong, with the traceback of an exception."""
        self._write(logging.ERROR, event, fields, exc_info)

    def exception(self, event: str, **fields: object) -> None:
        """Log what went wrong, with the traceback of the exception that is being handled."""
        self._write(logging.ERROR, event, fields, sys.exception())

    def _write(self, level: int, event: str, fields: dict[str, object], exc_info: BaseException | None = None) -> None:
        if self._log.isEnabledFor(level):
            # Loaded by the first line alone, since most processes write none, and it loads much.
            from structlog.processors import LogfmtRenderer  # noqa: PLC0415

            line = LogfmtRenderer()(self._log, "", {"event": event, **fields})
            self._log.log(level, "%s", line, exc_info=exc_info, stacklevel=3)


def log_to_stderr() -> None:
    """Show what is logged: warnings, or what ``BUCKETLINK_LOG_LEVEL`` says; raises as `level_of_environment`."""
    level = level_of_environment()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    root = logging.getLogger(ROOT)
    root.addHandler(handler)
    root.setLevel(level)


def level_of_environment() -> str:
    """What ``BUCKETLINK_LOG_LEVEL`` says.

    Raises:
        InvalidInput: it names no level.

    """
    level = (os.environ.get(LOG_LEVEL) or "WARNING").strip().upper()
    if level not in LEVELS:
        raise InvalidInput(f"{LOG_LEVEL} must be one of {', '.join(LEVELS)}.")
    return level
