"""What opening a data directory waits for, said to whoever waits."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import click

from bucketlink.cli.text import safe


class _Said(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        click.echo(f"bucketlink: {safe(record.getMessage())}", err=True)


@contextmanager
def waits_said() -> Iterator[None]:
    """Write to standard error, within this block, what opening a data directory waits for."""
    log, handler = logging.getLogger("bucketlink.home"), _Said()
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)
