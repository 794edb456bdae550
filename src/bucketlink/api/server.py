"""Serving the API over HTTP from one data directory."""

import errno
import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from types import FrameType

import uvicorn
from sqlalchemy.exc import SQLAlchemyError

from bucketlink.api.application import Application
from bucketlink.api.limits import LONGEST_BODY
from bucketlink.api.web import web_application
from bucketlink.delivery import Embedded
from bucketlink.errors import DataDirectoryError, InvalidInput
from bucketlink.home import Home, open_home
from bucketlink.settings import Settings
from bucketlink.store import accounts
from bucketlink.store.database import explain

STOP_SECONDS = 3
"""How long answers that are under way may still take when the server is told to stop."""
IDLE_SECONDS = 0.5
"""How long threads may take to end that have nothing to do."""
WAITING_CLIENTS = 2048
"""Clients that may wait for their connection to be accepted."""
FIRST_KEY_NAME = "first start"
FIRST_KEY_DAYS = 365


def listen(host: str, port: int) -> list[socket.socket]:
    """Listen at every address of a host that this machine has; clients that come from now on wait for `serve`.

    Raises InvalidInput where that cannot be.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        raise InvalidInput(f"Cannot listen at {host}: {_reason(error)}. Try another --host.") from None
    listeners: list[socket.socket] = []
    lost: OSError | None = None
    for family, address in dict.fromkeys((entry[0], entry[4]) for entry in found):
        try:
            listeners.append(socket.create_server(address, family=family, backlog=WAITING_CLIENTS))
        except OSError as error:
            lost = error
            if error.errno != errno.EADDRNOTAVAIL:
                break
    if lost is not None and (not listeners or lost.errno != errno.EADDRNOTAVAIL):
        close(listeners)
        another = "host" if lost.errno == errno.EADDRNOTAVAIL else "port"
        raise InvalidInput(f"Cannot listen at {host} port {port}: {_reason(lost)}. Try another --{another}.") from None
    return listeners


def close(listeners: Sequence[socket.socket]) -> None:
    """Stop listening."""
    for listener in listeners:
        listener.close()


def serve(home: Home, listeners: list[socket.socket], *, worker: bool, stopped: Callable[[], None]) -> None:
    """Answer requests until SIGINT or SIGTERM comes; what is unfinished goes on at the next start.

    Where answers are still worked on when `STOP_SECONDS` have passed, the process ends here, with status 0.

    Args:
        home: of which data directory, as `open_served_home` opens it.
        listeners: where, as `listen` answers it.
        worker: whether to have the jobs done too; else another process has to.
        stopped: called once, when all has ended.

    """
    delivery = Embedded(home.settings) if worker else _Elsewhere()
    delivery.deliver()
    try:
        _Server(_config(home, delivery)).run(sockets=listeners)
    finally:
        delivery.close()
        stopped()
    if _is_held_up():
        os._exit(0)


def open_served_home(settings: Settings) -> Home:
    """Open a data directory to serve it: the settings' key is accepted from now on, an earlier one no more.

    Raises DataDirectoryError or SealingError.
    """
    home = open_home(settings)
    key = settings.admin_api_key
    try:
        with home.database.write() as tx:
            accounts.set_settings_key(tx, None if key is None else key.get_secret_value())
    except BaseException as error:
        home.close()
        if isinstance(error, SQLAlchemyError):
            raise DataDirectoryError(f"{explain(error)} It is {settings.data_dir}.") from error
        raise
    return home


def has_keys(home: Home) -> bool:
    """Whether there is any API key, of anybody."""
    with home.database.write() as tx:
        return bool(accounts.list_api_keys(tx, accounts.ensure_local_administrator(tx)))


def make_first_key(home: Home) -> str | None:
    """Make an API key of the local administrator, unless there is one of anybody already; answers its text."""
    with home.database.write() as tx:
        administrator = accounts.ensure_local_administrator(tx)
        if accounts.list_api_keys(tx, administrator):
            return None
        user = accounts.ensure_user(tx, administrator.organization_id, administrator.email, None)
        return accounts.add_api_key(tx, user, name=FIRST_KEY_NAME, days=FIRST_KEY_DAYS)[0]


class _Server(uvicorn.Server):
    """Uvicorn, but a signal that stops it is not sent again, which would end the process before its worker."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's signature
        """Let answers end that are under way, but not for long; if told so twice, not at all."""
        # That answers are cut short is no error then, and their clients ask again.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        self.force_exit = self.should_exit
        self.should_exit = True


def _is_held_up() -> bool:
    """Whether threads still work on answers, which nobody waits for any more, and Python would when it ends."""
    deadline = time.monotonic() + IDLE_SECONDS
    others = [one for one in threading.enumerate() if not one.daemon and one is not threading.main_thread()]
    for one in others:
        one.join(max(0.0, deadline - time.monotonic()))
    return any(one.is_alive() for one in others)


class _Elsewhere:
    """Delivers nothing: other processes look into the queue by themselves."""

    def deliver(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to do."""


def _config(home: Home, delivery: Embedded | _Elsewhere) -> uvicorn.Config:
    return uvicorn.Config(
        web_application(Application(home, delivery)),
        # Uvicorn would configure all loggers anew, ours among them.
        log_config=None,
        log_level="warning",
        access_log=False,
        lifespan="on",
        server_header=False,
        timeout_graceful_shutdown=STOP_SECONDS,
        ws="websockets-sansio",
        ws_max_size=LONGEST_BODY,
    )


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeError):
        return "this is no host name"
    assert isinstance(error, OSError)  # noqa: S101 - what else getaddrinfo and bind raise
    return (error.strerror or str(error)) if isinstance(error, socket.gaierror) else os.strerror(error.errno or 0)
