"""Buckets that are kept open, to sign URLs and to read single objects: what opens them is asked for once."""

from collections import OrderedDict
from threading import Lock

from bucketlink.buckets import BucketReader, open_integration
from bucketlink.buckets.http import Patience
from bucketlink.home import Home
from bucketlink.model import Integration
from bucketlink.store import integrations

MOST_OPEN = 64
_SHORT = Patience(attempts=3, seconds=10.0)
"""Somebody waits for the answer."""


class Readers:
    """Readers of the integrations that were asked for last, as the integrations are now. Safe to share."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._lock = Lock()
        self._open: OrderedDict[tuple[object, ...], BucketReader] = OrderedDict()

    def of(self, integration: Integration) -> BucketReader:
        """A reader that stays open, of which only what may be shared between threads is called.

        Raises as `bucketlink.buckets.open_bucket`, or SealingError.
        """
        key = (integration.id, integration.revision, integration.found_region)
        with self._lock:
            if key in self._open:
                self._open.move_to_end(key)
                return self._open[key]
        with self._home.database.read() as tx:
            credentials = integrations.credentials(tx, self._home.sealer, integration)
        reader = open_integration(integration, credentials, self._home.settings, patience=_SHORT)
        with self._lock:
            kept = self._open.setdefault(key, reader)
            # One that somebody may be reading by is not closed: its connections go when nobody holds it any more.
            while len(self._open) > MOST_OPEN:
                self._open.popitem(last=False)
        return kept
