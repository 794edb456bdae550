"""What is refused before assets are removed, and the sentences that say how to go on."""

from bucketlink.errors import Conflict, GuardRefusal

FREE_REMOVALS = 1000
"""Up to this many assets may always be removed."""
REMOVALS_SHARE = 0.5
"""Beyond, no more than this share of the connection's assets."""
OLDEST_REMOVAL = 24 * 3600 * 1000
"""Milliseconds after which differences are too old to remove by."""


def check_removal(*, command: str, removed: int, owned: int, forced: bool) -> None:
    """Refuse to remove too much at once.

    Args:
        command: the command line that does it, which the refusal gives with ``--force``.
        removed: assets that would go.
        owned: assets that the connection had when the differences were computed.
        forced: that whoever asks knows.

    """
    if forced or removed <= FREE_REMOVALS or removed <= REMOVALS_SHARE * owned:
        return
    raise GuardRefusal(
        f"This would remove {removed:,} of the connection's {owned:,} assets, which is more than half. If that is "
        f"right, run: {command} --force",
        removed=removed,
        owned=owned,
    )


def check_limit(*, connection: str, removed: int, already: int, most: int | None) -> None:
    """Refuse differences that remove more assets than whoever asks agreed to, forced or not.

    Args:
        connection: whose differences these are.
        removed: assets that would go.
        already: assets that a removal under way, which somebody else asked for, has removed by these differences.
        most: how many may go; None for any number.

    """
    if most is None or removed + already <= most:
        return
    if already:
        raise GuardRefusal(
            f"A removal of {removed + already:,} assets is under way, more than the {most:,} that were agreed to; it "
            f"was asked for before, and goes on: bucketlink runs {connection} shows it, bucketlink cancel ends it.",
            removed=removed + already,
        )
    raise GuardRefusal(
        f"This would remove {removed:,} assets, more than the {most:,} that were agreed to; none is removed. Look at "
        f"them first: bucketlink diff {connection} --list --type REMOVE",
        removed=removed,
    )


def check_age(*, connection: str, published_at: int, now: int) -> None:
    """Refuse to remove by differences of yesterday."""
    if now - published_at > OLDEST_REMOVAL:
        raise Conflict(
            "These differences are older than a day, too old to remove assets by. Compute them again: "
            f"bucketlink diff {connection}"
        )
