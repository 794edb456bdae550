"""What people are told on standard error while a command is at work."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import click

from bucketlink.text import safe


def say(line: str) -> None:
    """Write a line to standard error; that it cannot be written ends no command."""
    with suppress(OSError):
        try:
            click.echo(line, err=True)
        except BrokenPipeError:
            # Nobody reads it any more. What is left in the buffer must not fail once more when Python ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


class _Said(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        say(f"bucketlink: {safe(record.getMessage())}")


@contextmanager
def waits_said() -> Iterator[None]:
    """Write to standard error, within this block, what opening a data directory waits for."""
    log, handler = logging.getLogger("bucketlink.home"), _Said()
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)
