"""The key that seals credentials, and whether it opens what is sealed."""

import os
import stat
from collections.abc import Iterator

from bucketlink.doctor.findings import Finding, ok, skipped, user_name, warning, wrong
from bucketlink.errors import SealingError
from bucketlink.home import database_file
from bucketlink.ids import Noun
from bucketlink.sealing import KEY_FILE, open_sealer
from bucketlink.settings import Settings
from bucketlink.store import integrations
from bucketlink.store.inspection import every_integration, open_unchanged


def master_key(settings: Settings) -> Iterator[Finding]:
    """Look at the master key itself."""
    file = settings.data_dir / KEY_FILE
    if settings.secret_key is not None:
        open_sealer(settings)
        yield ok("key", "BUCKETLINK_SECRET_KEY is set.")
        return
    if not file.exists():
        yield skipped("key", f"There is none at {file}, and BUCKETLINK_SECRET_KEY is not set.")
        return
    found = file.stat()
    mode = stat.S_IMODE(found.st_mode)
    if found.st_uid != os.geteuid():
        yield warning(
            "key",
            f"{file} belongs to {user_name(found.st_uid)}.",
            "Run Bucketlink as the user whom its files belong to.",
        )
    elif mode & 0o077:
        yield warning("key", f"Others on this machine may read {file} ({mode:04o}).", f"chmod 600 {file}")
    open_sealer(settings)
    if found.st_uid == os.geteuid() and not mode & 0o077:
        yield ok("key", f"{file}, {mode:04o}")


def sealed(settings: Settings) -> Iterator[Finding]:
    """Open what is sealed in the database; its tables must be those of this release."""
    opened, failed = 0, []
    with open_unchanged(database_file(settings)).connect() as tx:
        keeping = [one for one in every_integration(tx) if integrations.has_credentials(tx, one)]
        if keeping and settings.secret_key is None and not (settings.data_dir / KEY_FILE).exists():
            yield wrong(
                "sealed credentials",
                f"The credentials of {len(keeping)} integrations are sealed with a key that is not here.",
                f"Restore {settings.data_dir / KEY_FILE}, or set BUCKETLINK_SECRET_KEY to the key.",
            )
            return
        sealer = open_sealer(settings) if keeping else None
        for one in keeping:
            assert sealer is not None  # noqa: S101 - there is one where there is anything to open
            try:
                integrations.credentials(tx, sealer, one)
                opened += 1
            except SealingError:
                failed.append(Noun.INTEGRATION.show(one.id))
    if failed:
        yield wrong(
            "sealed credentials",
            f"The key does not open the credentials of {', '.join(failed[:10])}{' …' if failed[10:] else ''}.",
            "Restore the key that they were sealed with, or enter them anew: bucketlink integrations update.",
        )
    else:
        yield ok("sealed credentials", f"The key opens all of them ({opened}).")
