"""What a run that did not succeed raises."""

from bucketlink.client.types import RunRow
from bucketlink.errors import BucketlinkError, RunFailed, kind_of_failure


def failure(run: RunRow, otherwise: type[BucketlinkError] = RunFailed) -> BucketlinkError:
    """Make the error that a run ended with, in its own kind, with the run as its ``run``.

    One that was cancelled, or that failed as nobody expected, is RunFailed; ``otherwise`` is what is made where the
    kind is not told, as of runs that failed under an earlier release.
    """
    kind = RunFailed if run["state"] == "CANCELLED" else kind_of_failure(run["errorKind"], otherwise)
    error = kind(run["error"] or f"Run {run['id']} was cancelled.")
    error.run = run
    return error
