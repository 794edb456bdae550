"""``bucketlink serve``."""

import socket

import click

from bucketlink.cli.common import State, common, example, with_state
from bucketlink.client.transport import GRAPHQL_PATH
from bucketlink.errors import InvalidInput

_THIS_MACHINE = {"127.0.0.1", "0.0.0.0", "::", "::1"}  # noqa: S104 - compared only


@click.command(epilog=example("bucketlink serve --port 8080 --data-dir ./data"))
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at; 0.0.0.0 for every one.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="Port to listen at.")
@click.option("--no-worker", is_flag=True, help="Answer requests only; leave jobs to another process.")
@common
@with_state
def serve(state: State, host: str, port: int, no_worker: bool) -> None:
    """Run a server on a data directory until Ctrl-C."""
    if state.endpoint:
        raise click.UsageError("serve is a server, it takes no --endpoint; --host and --port say where it listens.")
    settings = state.settings()
    _check_free(host, port)
    from bucketlink.api.server import serve as run  # noqa: PLC0415 - loads the whole application
    from bucketlink.home import open_home  # noqa: PLC0415

    # What is wrong with the directory is said before anything is promised.
    open_home(settings).close()
    shown = "localhost" if host in _THIS_MACHINE else host
    address = f"http://{f'[{shown}]' if ':' in shown else shown}:{port}"
    endpoint = address + GRAPHQL_PATH
    state.emit(
        {"address": address, "endpoint": endpoint, "dataDir": str(settings.data_dir)},
        f"Bucketlink serves {settings.data_dir} at {address}  (Ctrl-C stops it)",
        f"Clients use:  BUCKETLINK_API_ENDPOINT={endpoint}",
        f"A first key:  bucketlink keys create --email you@example.com --role ADMIN --data-dir {settings.data_dir}",
    )
    run(settings, host, port, worker=not no_worker)


def _check_free(host: str, port: int) -> None:
    """Say so before anything starts if nothing can listen there."""
    try:
        family, kind, number, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, number) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except socket.gaierror as error:
        raise InvalidInput(f"Cannot listen at {host}: {error.strerror}. Try another --host.") from None
    except OSError as error:
        raise InvalidInput(f"Cannot listen at {host} port {port}: {error.strerror}. Try another --port.") from None
