"""Logs: events with fields, to the standard library's loggers below ``bucketlink``, silent unless somebody listens.

Tracebacks are the standard library's: they hold no values of variables, among which a secret could be.
"""

import logging
import os
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from bucketlink.errors import InvalidInput

ROOT = "bucketlink"
LOG_LEVEL = "BUCKETLINK_LOG_LEVEL"
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

logging.getLogger(ROOT).addHandler(logging.NullHandler())


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger whose methods take an event and its fields as keywords."""
    logger: structlog.stdlib.BoundLogger = structlog.wrap_logger(
        logging.getLogger(name),
        processors=[structlog.stdlib.filter_by_level, _rendered],
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    return logger


def _rendered(_logger: object, _method: str, event: MutableMapping[str, Any]) -> tuple[tuple[str], dict[str, Any]]:
    exc_info = event.pop("exc_info", None)
    line = _fields(_logger, _method, {"event": event.pop("event"), **event})
    return (str(line),), {"exc_info": exc_info} if exc_info else {}


_fields = structlog.processors.LogfmtRenderer(key_order=["event"])


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
