"""``bucketlink serve``."""

import ipaddress
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from bucketlink.cli.common import State, common_without_server, example, with_state
from bucketlink.cli.operating import database_option, given_settings
from bucketlink.cli.waiting import waits_said
from bucketlink.client.graphql.transport import GRAPHQL_PATH
from bucketlink.text import safe

if TYPE_CHECKING:
    import socket

    from bucketlink.home import Home
    from bucketlink.settings import Settings

_THIS_MACHINE = {"127.0.0.1", "0.0.0.0", "::", "::1"}  # noqa: S104 - compared only
STOPPED = "Stopped. What is unfinished goes on at the next start."
MAKE_KEY = "keys create --email you@example.com --role ADMIN"


@click.command(
    epilog=example(
        "bucketlink serve --port 8080 --data-dir ./data",
        "bucketlink serve --database sqlite:////fast/disk/bucketlink.db",
    )
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at; 0.0.0.0 for every one.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="Port to listen at.")
@click.option("--no-worker", is_flag=True, help="Answer requests only; leave jobs to another process.")
@database_option
@common_without_server
@with_state
def serve(state: State, host: str, port: int, no_worker: bool, database: str | None) -> None:
    """Run a server on a data directory until Ctrl-C.

    On its first start it makes an administrator's API key and shows it, if it writes to a terminal. Ctrl-C and SIGTERM
    end it with status 0; what is unfinished goes on at the next start.
    """
    if state.endpoint:
        raise click.UsageError("serve is a server, it takes no --endpoint; --host and --port say where it listens.")
    from bucketlink.api import server  # noqa: PLC0415 - loads the whole application
    from bucketlink.logs import log_to_stderr  # noqa: PLC0415
    from bucketlink.settings import read_settings  # noqa: PLC0415

    settings = read_settings(**given_settings(state, database))
    with ExitStack() as held:
        # The port is ours before a key is made that nobody else would show.
        listeners = server.listen(host, port)
        held.callback(server.close, listeners)
        with waits_said():
            home = server.open_served_home(settings)
        held.callback(home.close)
        log_to_stderr()
        _announce(state, home, _address(host, port), worker=not no_worker)
        _warn(state, settings, listeners, worker=not no_worker)
        server.serve(home, listeners, worker=not no_worker, stopped=lambda: state.hint(STOPPED))


def _address(host: str, port: int) -> str:
    shown = "localhost" if host in _THIS_MACHINE else host
    return f"http://{f'[{shown}]' if ':' in shown else shown}:{port}"


def _announce(state: State, home: "Home", address: str, *, worker: bool) -> None:
    """Say where the server is, and how to come to a key."""
    from bucketlink.api import server  # noqa: PLC0415
    from bucketlink.doctor.commands import beside  # noqa: PLC0415
    from bucketlink.home import database_file  # noqa: PLC0415

    settings, endpoint = home.settings, address + GRAPHQL_PATH
    is_first = not server.has_keys(home)
    # Where output is kept, in a journal or a file, a key in it would be kept as well.
    key = server.make_first_key(home) if is_first and sys.stdout.isatty() else None
    lines = [f"Bucketlink serves {safe(str(settings.data_dir))} at {address}  (Ctrl-C stops it)"]
    if settings.database is not None:
        lines.append(f"Database:     {safe(str(settings.database))}")
    if key is None:
        lines.append(f"Clients use:  BUCKETLINK_API_ENDPOINT={endpoint}")
    else:
        lines += _first_steps(endpoint, key)
    lines.append(f"{'A first' if is_first and key is None else 'Another'} key:  {beside(settings, MAKE_KEY)}")
    if not worker:
        lines.append(f"Jobs wait for:  {beside(settings, 'worker')}")
    state.emit(
        {
            "address": address,
            "endpoint": endpoint,
            "dataDir": str(settings.data_dir),
            "database": str(database_file(settings)),
            "apiKey": key,
            "worker": worker,
        },
        *lines,
    )


def _first_steps(endpoint: str, key: str) -> list[str]:
    return [
        "",
        "This is its first start. An administrator's API key was made, and is shown only now. In another terminal:",
        "",
        f"  export BUCKETLINK_API_ENDPOINT={endpoint}",
        f"  export BUCKETLINK_API_KEY={key}",
        '  bucketlink projects create "My project"',
        "",
    ]


def _warn(state: State, settings: "Settings", listeners: "list[socket.socket]", *, worker: bool) -> None:
    """Say what an operator should know of how the server was started."""
    from bucketlink.home import lock_of  # noqa: PLC0415

    if worker and not lock_of(settings).is_free():
        state.hint("Another process does the jobs of this directory; this one does them when that ends.")
    reached = [ipaddress.ip_address(listener.getsockname()[0].partition("%")[0]) for listener in listeners]
    if not all(address.is_loopback for address in reached):
        state.hint(
            "Other machines can reach this port, and what they send, keys too, is not encrypted: let only a proxy with "
            "TLS reach it (docs/operations/README.md shows how)."
        )
