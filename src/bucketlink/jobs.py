"""What there is to do in the background, as functions of a claimed run. How runs are delivered is not known here."""

from collections.abc import Callable
from contextlib import closing

from sqlalchemy import Connection as Transaction
from sqlalchemy.exc import OperationalError

from bucketlink import requests
from bucketlink.buckets import open_integration
from bucketlink.buckets.checking import probe
from bucketlink.errors import (
    BucketlinkError,
    BucketNotFound,
    BucketRefused,
    DataDirectoryError,
    NotAllowed,
    RunFailed,
)
from bucketlink.home import Home
from bucketlink.logs import Logger
from bucketlink.model import Finding, RunKind, Status
from bucketlink.store import changes, connections, garbage, integrations, runs
from bucketlink.store.database import explain
from bucketlink.store.runs import Claim, Fenced
from bucketlink.sync.engine import compute
from bucketlink.sync.pacing import Pace

MOST_ATTEMPTS = 50
"""Times that a run is taken up: one that ends its process each time must not do so for ever."""
COMPUTATIONS_AT_ONCE = 3
"""Fewer than runs at once, so that slow buckets leave room for checks and applications."""

log = Logger("bucketlink.jobs")


def take(home: Home, computations: int = COMPUTATIONS_AT_ONCE) -> Claim | None:
    """Claim the next run that may start; None if there is none. Of computations, so many may run at once."""
    with home.database.read() as tx:
        if not runs.any_queued(tx):
            return None
    with home.database.write() as tx:
        return runs.claim(tx, most_computations=computations)


def perform(home: Home, claim: Claim) -> None:
    """Do what a claimed run asks for, from wherever an earlier attempt came to, and end it well or with an error."""
    run = claim.run
    log.info("run started", run=run.id, kind=str(run.kind), attempt=claim.attempt)
    try:
        _do(home, claim)
        with home.database.write() as tx:
            runs.finish(tx, claim)
            if run.kind is RunKind.REMOVE and run.connection_id is not None:
                connections.remove(tx, run.organization_id, run.connection_id)
    except Fenced:
        log.info("run given up, since it was cancelled or taken over", run=run.id)
    except BucketlinkError as error:
        log.warning("run failed", run=run.id, error=str(error))
        _fail(home, claim, error)
    except OperationalError as error:
        log.warning("run failed", run=run.id, error=str(error.orig))
        _fail(home, claim, DataDirectoryError(explain(error)))
    except Exception as error:
        log.exception("run failed unexpectedly", run=run.id)
        sentence = f"Something unexpected went wrong ({type(error).__name__}; the server's log says more). "
        _fail(home, claim, BucketlinkError(f"{sentence}Nothing was lost: try again."))
    else:
        log.info("run done", run=run.id)


def _do(home: Home, claim: Claim) -> None:
    if claim.attempt > MOST_ATTEMPTS:
        raise RunFailed(f"The run was interrupted {MOST_ATTEMPTS} times and is given up. Ask for it again.")
    _DO[claim.run.kind](home, claim)


def _fail(home: Home, claim: Claim, error: BucketlinkError) -> None:
    run, sentence = claim.run, str(error)
    try:
        with home.database.write() as tx:
            runs.finish(tx, claim, error=error)
            if run.connection_id is not None:
                connections.set_error(tx, run.connection_id, sentence)
            if run.kind is RunKind.CHECK or isinstance(error, BucketRefused | BucketNotFound | NotAllowed):
                tell(tx, claim, Status.DISCONNECTED, sentence)
    except Fenced:
        log.info("run given up, since it was cancelled or taken over", run=run.id)


def tell(tx: Transaction, claim: Claim, status: Status, reason: str | None, region: str | None = None) -> None:
    """Keep what a run learned of its integration, as it was when the run read it."""
    revision = runs.revision(tx, claim)
    if revision is not None and claim.run.integration_id is not None:
        integrations.set_status(tx, claim.run.integration_id, revision, status, reason, region)


def _check(home: Home, claim: Claim) -> None:
    """Try to read an integration's bucket, and keep whether that worked. That it did not is no failure of the run."""
    run = claim.run
    assert run.integration_id is not None  # noqa: S101 - a check is of an integration
    with home.database.write() as tx:
        integration = integrations.get(tx, run.organization_id, run.integration_id)
        runs.read(tx, claim, integration.revision)
    status, found = Status.CONNECTED, Finding()
    try:
        with home.database.read() as tx:
            credentials = integrations.credentials(tx, home.sealer, integration)
            spans = requests.spans_read(tx, integration)
        with closing(open_integration(integration, credentials, home.settings)) as reader:
            if not integration.access.client_lists:
                found = probe(reader, spans)
    except BucketlinkError as error:
        status, found = Status.DISCONNECTED, Finding(str(error))
    with home.database.write() as tx:
        runs.hold(tx, claim)
        if not runs.is_checked_again(tx, run):
            tell(tx, claim, status, found.warning, found.region)


def _compute(home: Home, claim: Claim) -> None:
    compute(home, claim)
    run = claim.run
    assert run.integration_id is not None  # noqa: S101 - a computation is of a connection's integration
    with home.database.write() as tx:
        integration = integrations.get(tx, run.organization_id, run.integration_id)
        if integration.status is not Status.CONNECTED:
            tell(tx, claim, Status.CONNECTED, None)


def _apply(home: Home, claim: Claim) -> None:
    run = claim.run
    assert run.source_run_id is not None  # noqa: S101 - an application has its differences
    assert run.connection_id is not None  # noqa: S101 - and its connection
    for type_ in run.types:
        pace = Pace(home.database)
        done = 1
        while done:
            with pace.write() as tx:
                requests.check_source(tx, run.organization_id, run.connection_id, run.source_run_id, run.types)
                done = changes.apply_some(tx, claim, type_, pace.rows)


def _undo(home: Home, claim: Claim) -> None:
    run = claim.run
    with home.database.read() as tx:
        requests.check_undoable(runs.get(tx, run.organization_id, run.source_run_id or 0))
    _walk(home, claim, changes.undo_some)
    with home.database.read() as tx:
        left = changes.count_left(tx, run)
    with home.database.write() as tx:
        runs.hold(tx, claim, left=left - run.left)


def _remove(home: Home, claim: Claim) -> None:
    _walk(home, claim, changes.remove_some)


def _walk(home: Home, claim: Claim, step: Callable[[Transaction, Claim, str | None, int], str | None]) -> None:
    """Take step after step, each from the key that the one before has reached."""
    pace = Pace(home.database)
    reached: str | None = None
    while True:
        with pace.write() as tx:
            reached = step(tx, claim, reached, pace.rows)
        if reached is None:
            return


_DO: dict[RunKind, Callable[[Home, Claim], None]] = {
    RunKind.CHECK: _check,
    RunKind.COMPUTE: _compute,
    RunKind.APPLY: _apply,
    RunKind.UNDO: _undo,
    RunKind.REMOVE: _remove,
}


def tidy(home: Home) -> bool:
    """Delete a little of what nobody can ask for any more; returns whether there may be more."""
    pace = Pace(home.database)
    with home.database.read() as tx:
        if not garbage.is_any(tx):
            return False
    with pace.write() as tx:
        return garbage.collect_some(tx, pace.rows)
