"""``bucketlink worker``."""

import signal
import threading

import click

from bucketlink.cli.common import State, common_without_server, example, with_state
from bucketlink.cli.operating import database_option, given_settings
from bucketlink.cli.waiting import waits_said
from bucketlink.text import safe

USUAL, MOST = 4, 32
"""Runs at once: `bucketlink.worker.RUNS_AT_ONCE`, and what one process can still hope to speed up."""


@click.command(
    short_help="Do the jobs of a data directory.",
    epilog=example("bucketlink worker --data-dir ./data", "bucketlink worker --concurrency 8"),
)
@click.option(
    "--concurrency",
    type=click.IntRange(1, MOST),
    metavar="N",
    default=USUAL,
    show_default=True,
    help="How many runs to work on at once. One less of them list buckets, so that the others need not wait.",
)
@database_option
@common_without_server
@with_state
def worker(state: State, concurrency: int, database: str | None) -> None:
    """Do the jobs of a data directory until Ctrl-C, beside `bucketlink serve --no-worker`.

    One process at a time does them; another one waits, and takes over when that ends. Ctrl-C and SIGTERM end it with
    status 0; what is unfinished goes on where the next one begins.
    """
    if state.endpoint:
        raise click.UsageError("worker works on a data directory, it takes no --endpoint; --data-dir says on which.")
    from bucketlink.delivery import Embedded  # noqa: PLC0415 - slow to load
    from bucketlink.home import database_file, open_home  # noqa: PLC0415
    from bucketlink.logs import log_to_stderr  # noqa: PLC0415
    from bucketlink.settings import read_settings  # noqa: PLC0415

    settings = read_settings(**given_settings(state, database))
    # What is wrong with the directory is said before anything is promised.
    with waits_said():
        open_home(settings).close()
    log_to_stderr()
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    file = database_file(settings)
    state.emit(
        {"dataDir": str(settings.data_dir), "database": str(file), "concurrency": concurrency},
        f"Bucketlink worker for {safe(str(file))}, {concurrency} runs at once  (Ctrl-C stops it)",
    )

    def tell(is_ours: bool) -> None:
        state.hint(
            "It does the jobs now." if is_ours else "Another process does the jobs; this one takes over when that ends."
        )

    delivery = Embedded(settings, runs_at_once=concurrency, on_change=tell)
    delivery.deliver()
    stopped.wait()
    delivery.close()
    state.hint("Stopped. What is unfinished goes on when the next worker begins.")
