"""Buckets that are kept open, to sign URLs and to read single objects: what opens them is asked for once."""

import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import TypeVar

from bucketlink.buckets import BucketReader, SignedUrl, open_integration
from bucketlink.buckets.reach import Patience
from bucketlink.errors import BucketlinkError
from bucketlink.home import Home
from bucketlink.model import Integration
from bucketlink.store import integrations

Result = TypeVar("Result")

MOST_OPEN = 64
REMEMBERED_SECONDS = 30.0
"""For how long a bucket that could not sign is not asked again: a list of assets asks for each of them."""
SHORT = Patience(attempts=3, seconds=10.0)
"""For answers that somebody waits for."""

Key = tuple[int, int, str | None]


class Readers:
    """Readers of the integrations that were asked for last, as the integrations are now. Safe to share."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._lock = Lock()
        self._open: OrderedDict[Key, BucketReader] = OrderedDict()
        self._failed: dict[Key, tuple[float, type[BucketlinkError], str]] = {}

    def of(self, integration: Integration) -> BucketReader:
        """A reader that stays open, of which only what may be shared between threads is called.

        Raises as `bucketlink.buckets.open_bucket`, or SealingError.
        """
        key = _key(integration)
        with self._lock:
            if key in self._open:
                self._open.move_to_end(key)
                return self._open[key]
        with self._home.database.read() as tx:
            credentials = integrations.credentials(tx, self._home.sealer, integration)
        reader = open_integration(integration, credentials, self._home.settings, patience=SHORT)
        with self._lock:
            kept = self._open.setdefault(key, reader)
            # One that somebody may be reading by is not closed: its connections go when nobody holds it any more.
            for other in [one for one in self._open if one[0] == integration.id and one != key]:
                del self._open[other]
            while len(self._open) > MOST_OPEN:
                self._open.popitem(last=False)
        return kept

    def signed_url(self, integration: Integration, key: str, seconds: int) -> SignedUrl | None:
        """As the reader's; what went wrong is raised again for a while, without asking anybody."""
        return self._remembered(integration, lambda: self.of(integration).signed_url(key, seconds))

    def listing_token(self, integration: Integration, seconds: int) -> str | None:
        """As the reader's; what went wrong is raised again for a while, without asking anybody."""
        return self._remembered(integration, lambda: self.of(integration).listing_token(seconds))

    def _remembered(self, integration: Integration, ask: Callable[[], Result]) -> Result:
        key, now = _key(integration), time.monotonic()
        with self._lock:
            until, kind, sentence = self._failed.get(key, (0.0, BucketlinkError, ""))
        if now < until:
            raise kind(sentence)
        try:
            return ask()
        except BucketlinkError as error:
            with self._lock:
                self._failed = {other: kept for other, kept in self._failed.items() if kept[0] > now}
                self._failed[key] = (time.monotonic() + REMEMBERED_SECONDS, type(error), str(error))
            raise


def _key(integration: Integration) -> Key:
    return integration.id, integration.revision, integration.found_region
