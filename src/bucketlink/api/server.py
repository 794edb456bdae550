"""Serving the API over HTTP from one data directory."""

import uvicorn

from bucketlink.api.application import Application
from bucketlink.api.limits import LONGEST_BODY
from bucketlink.api.web import web_application
from bucketlink.delivery import Embedded
from bucketlink.home import Home, open_home
from bucketlink.logs import log_to_stderr
from bucketlink.settings import Settings
from bucketlink.store import accounts


def serve(settings: Settings, host: str, port: int, *, worker: bool = True) -> None:
    """Serve until interrupted; without `worker`, another process has to do the work that is queued.

    Raises DataDirectoryError or SealingError before the port is opened.
    """
    log_to_stderr()
    home = open_served_home(settings)
    delivery = Embedded(settings) if worker else _Elsewhere()
    delivery.deliver()
    try:
        uvicorn.run(
            web_application(Application(home, delivery)),
            host=host,
            port=port,
            # Uvicorn would configure all loggers anew, ours among them.
            log_config=None,
            log_level="warning",
            access_log=False,
            lifespan="on",
            server_header=False,
            ws="websockets-sansio",
            ws_max_size=LONGEST_BODY,
        )
    finally:
        delivery.close()
        home.close()


def open_served_home(settings: Settings) -> Home:
    """Open a data directory to serve it: the settings' key is accepted from now on, an earlier one no more."""
    home = open_home(settings)
    key = settings.admin_api_key
    with home.database.write() as tx:
        accounts.set_settings_key(tx, None if key is None else key.get_secret_value())
    return home


class _Elsewhere:
    """Delivers nothing: other processes look into the queue by themselves."""

    def deliver(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to do."""
