"""What a run that did not succeed raises."""

from bucketlink.client.graphql.wire import KINDS
from bucketlink.client.types import RunRow
from bucketlink.errors import BucketlinkError, RunFailed


def failure(run: RunRow, otherwise: type[BucketlinkError] = RunFailed) -> BucketlinkError:
    """Make the error that a run ended with, in its own kind, with the run as its ``run``.

    One that was cancelled, or that failed as nobody expected, is RunFailed; ``otherwise`` is what is made where the
    kind is not told, as of runs that failed under an earlier release.
    """
    told = run["errorKind"]
    kind = RunFailed if run["state"] == "CANCELLED" else KINDS.get(told or "", RunFailed if told else otherwise)
    error = (RunFailed if kind is BucketlinkError else kind)(run["error"] or f"Run {run['id']} was cancelled.")
    error.run = run
    return error
