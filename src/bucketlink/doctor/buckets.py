"""The buckets: whether they can be read, as was last seen, what their certificates last, and what their clocks say."""

import socket
import ssl
import time
from collections.abc import Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as Late
from contextlib import closing, suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import partial
from threading import Semaphore

import urllib3

from bucketlink import requests
from bucketlink.buckets import open_integration
from bucketlink.buckets.azure_address import place as azure_place
from bucketlink.buckets.checking import probe
from bucketlink.buckets.door import CONNECT_SECONDS, Door, Pool, SecurePool
from bucketlink.buckets.gcs_address import place as gcs_place
from bucketlink.buckets.http import CLOCK_SECONDS
from bucketlink.buckets.reach import Origin, Patience
from bucketlink.buckets.s3_address import place as s3_place
from bucketlink.doctor.commands import beside
from bucketlink.doctor.findings import Finding, begin, guarded, ok, skipped, warning, wrong
from bucketlink.errors import BucketlinkError
from bucketlink.home import database_file
from bucketlink.ids import Noun
from bucketlink.model import Integration, Platform, Status
from bucketlink.sealing import open_sealer
from bucketlink.settings import Settings
from bucketlink.store import integrations
from bucketlink.store.inspection import every_integration, open_unchanged

AT_ONCE = 8
LONGEST = 60.0
"""Seconds for all of them."""
ONE_MORE_TIME = Patience(attempts=2, seconds=10.0)
UNSTEADY_SECONDS = 30.0
"""How far two clocks may be apart before somebody should look after them."""
LAST_DAYS = 14.0
"""Days before the end of a certificate from which on somebody should look after it."""
DAY = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look at an integration brought.

    Attributes:
        failure: why its bucket cannot be read; None if it can.
        warning: what else does not work.
        ahead: seconds by which the bucket's clock is ahead of ours; None if it did not say.
        lasts: seconds that its certificate lasts; None without TLS.

    """

    failure: str | None = None
    warning: str | None = None
    ahead: float | None = None
    lasts: float | None = None


def buckets(settings: Settings) -> Iterator[Finding]:
    """Ask every bucket, as a synchronization would, and compare clocks; the database must be of this release."""
    with open_unchanged(database_file(settings)).connect() as tx:
        every = list(every_integration(tx))
    if not every:
        yield skipped("buckets", "There is no integration yet.")
    room = Semaphore(AT_ONCE)
    asked = [(one, begin(lambda one=one: _look(settings, one, room))) for one in every]  # type: ignore[misc]
    deadline = time.monotonic() + LONGEST
    clocks: list[float] = []
    for one, answer in asked:
        yield from guarded(Noun.INTEGRATION.show(one.id), partial(_answered, settings, one, answer, deadline, clocks))
    if clocks:
        yield clock("the buckets'", min(clocks, key=abs))
    else:
        yield skipped("clock", "There is nobody to compare it with: no bucket tells the time.")


def clock(whose: str, ahead: float) -> Finding:
    """Say how far somebody else's clock is ahead of ours."""
    apart = f"This machine's clock and {whose} are {abs(ahead):.0f} s apart."
    mend = "Set the clock of this machine, by NTP (timedatectl set-ntp true)."
    if abs(ahead) > CLOCK_SECONDS:
        return wrong("clock", f"{apart} What is signed here is refused.", mend)
    if abs(ahead) > UNSTEADY_SECONDS:
        return warning("clock", apart, mend)
    return ok("clock", f"It is {whose}.")


def _answered(
    settings: Settings, one: Integration, answer: Future[Seen], deadline: float, clocks: list[float]
) -> Iterator[Finding]:
    """Wait for what a look at an integration brings, and keep what its clock says."""
    check = Noun.INTEGRATION.show(one.id)
    try:
        seen = answer.result(max(0.0, deadline - time.monotonic()))
    except Late:
        yield wrong(
            check,
            f"The bucket of {one.name} gave no answer in time.",
            f"Ask it alone: {_checking(settings, one)}",
        )
        return
    if seen.ahead is not None:
        clocks.append(seen.ahead)
    yield from _told(settings, check, one, seen)


def _checking(settings: Settings, one: Integration) -> str:
    return beside(settings, f"integrations check {Noun.INTEGRATION.show(one.id)}")


def _told(settings: Settings, check: str, one: Integration, seen: Seen) -> Iterator[Finding]:
    if one.access.client_lists:
        yield skipped(check, f"{one.name} is listed by clients.")
    elif seen.failure is not None:
        mend = f"Once mended: {_checking(settings, one)}"
        yield wrong(check, f"{one.name}: {seen.failure}", mend)
    elif one.status is not Status.CONNECTED:
        text = f"{one.name} can be read, but is kept as {one.status}."
        yield warning(check, text, _checking(settings, one))
    elif seen.warning is not None:
        yield warning(check, f"{one.name}: {seen.warning}", "Give it the permission to read objects too.")
    elif seen.lasts is not None and seen.lasts < LAST_DAYS * DAY:
        text = f"The certificate of {one.name} ends in {seen.lasts / DAY:.0f} days."
        yield warning(check, text, "Have it renewed by whoever runs the bucket.")
    else:
        yield ok(check, f"{one.name} ({one.address.platform}) can be read.")


def _look(settings: Settings, one: Integration, room: Semaphore) -> Seen:
    if one.access.client_lists:
        return Seen()
    with room:
        failure, found = None, None
        try:
            with open_unchanged(database_file(settings)).connect() as tx:
                credentials = integrations.credentials(tx, open_sealer(settings), one)
                spans = requests.spans_read(tx, one)
            with closing(open_integration(one, credentials, settings, patience=ONE_MORE_TIME)) as reader:
                found = probe(reader, spans).warning
        except BucketlinkError as error:
            failure = str(error)
        except OSError as error:
            failure = f"{error.filename or one.address.bucket}: {error.strerror}."
        ahead, lasts = None, None
        # Why it cannot be reached is said by what reads the bucket.
        with suppress(urllib3.exceptions.HTTPError, BucketlinkError, OSError):
            ahead, lasts = _answer(one, settings)
        return Seen(failure, found, ahead, lasts)


def _answer(one: Integration, settings: Settings) -> tuple[float | None, float | None]:
    """How far the clock of a bucket's server is ahead of ours, and how long its certificate lasts, in seconds."""
    origin = _origin(one)
    if origin is None:
        return None, None
    door = Door(socket.getaddrinfo, allow_private=settings.allow_private_endpoints)
    pool = (
        Pool(origin.host, origin.port, door=door)
        if origin.scheme == "http"
        else SecurePool(
            origin.host,
            origin.port,
            door=door,
            ssl_context=ssl.create_default_context(cadata=one.access.ca_certificates),
        )
    )
    with closing(pool):
        answer = pool.urlopen(
            "HEAD",
            "/",
            retries=False,
            redirect=False,
            preload_content=False,
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=CONNECT_SECONDS),
        )
        ahead = skew(answer.headers.get("date"))
        connected = getattr(answer.connection, "sock", None)
        shown = connected.getpeercert() if isinstance(connected, ssl.SSLSocket) else None
        answer.close()
        return ahead, ssl.cert_time_to_seconds(str(shown["notAfter"])) - time.time() if shown else None


def skew(date: str | None) -> float | None:
    """Seconds by which the clock that wrote a Date header is ahead of ours; None if it is none."""
    try:
        return parsedate_to_datetime(date or "").timestamp() - time.time()
    except ValueError:
        return None


def _origin(one: Integration) -> Origin | None:
    match one.address.platform:
        case Platform.FOLDER:
            return None
        case Platform.GCP:
            return gcs_place(one.address).origin
        case Platform.AZURE:
            return azure_place(one.address).origin
        case _:
            return s3_place(one.address, one.found_region, virtual_host=one.access.virtual_host).origin
