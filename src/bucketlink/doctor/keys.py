"""The key that seals credentials, and whether it opens what is sealed."""

import stat
from collections.abc import Iterator, Sequence

from sqlalchemy import Connection

from bucketlink.doctor.commands import beside, path
from bucketlink.doctor.findings import Finding, ok, skipped, warning, wrong
from bucketlink.errors import SealingError
from bucketlink.home import database_file
from bucketlink.ids import Noun
from bucketlink.model import Integration
from bucketlink.sealing import KEY_FILE, Sealer, open_sealer
from bucketlink.settings import Settings
from bucketlink.store import integrations
from bucketlink.store.inspection import every_integration, open_unchanged, sealing_keys
from bucketlink.text import quoted

MOST_NAMED = 10


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
    open_sealer(settings)
    mode = stat.S_IMODE(file.stat().st_mode)
    if mode & 0o077:
        yield warning("key", f"Others on this machine may read {file} ({mode:04o}).", f"chmod 600 {path(file)}")
    else:
        yield ok("key", f"{file}, {mode:04o}")


def sealed(settings: Settings) -> Iterator[Finding]:
    """Open what is sealed in the database; its tables must be those of this release."""
    with open_unchanged(database_file(settings)).connect() as tx:
        needed = sealing_keys(tx)
        sealer = _sealer(settings) if needed else None
        locked = [number for number, key in needed.items() if sealer is None or not sealer.knows(key)]
        opening = [one for one in every_integration(tx) if one.id in needed.keys() - locked]
        altered = [one.id for one in opening if sealer is not None and not _opens(tx, sealer, one)]
    if locked:
        yield wrong(
            "sealed credentials",
            f"Those of {_named(locked)} are sealed with a key that is not here, and no command works without it.",
            _without_key(settings, locked, is_none=sealer is None),
        )
    if altered:
        again = beside(settings, f"integrations update {Noun.INTEGRATION.show(altered[0])} --from-environment")
        yield wrong("sealed credentials", f"Those of {_named(altered)} were altered.", f"Enter them anew: {again}")
    if not locked and not altered:
        yield ok("sealed credentials", f"The key opens all of them ({len(needed)}).")


def _sealer(settings: Settings) -> Sealer | None:
    """The sealer of a data directory; None where its key file is gone or holds no key."""
    try:
        return open_sealer(settings)
    except (SealingError, FileNotFoundError):
        if settings.secret_key is not None:
            raise
        return None


def _opens(tx: Connection, sealer: Sealer, integration: Integration) -> bool:
    try:
        integrations.credentials(tx, sealer, integration)
    except SealingError:
        return False
    return True


def _without_key(settings: Settings, locked: Sequence[int], *, is_none: bool) -> str:
    """What to do where credentials cannot be opened, with a backup of their key, and with none.

    ``is_none`` says that the key file is gone or holds no key; one that holds a key may open others.
    """
    file, numbers = settings.data_dir / KEY_FILE, ", ".join(map(str, locked))
    forget = quoted(f"UPDATE integrations SET sealed_credentials = NULL WHERE id IN ({numbers})")
    aside = path(file.with_name(f"{KEY_FILE}.old"))
    remove = f"mv {path(file)} {aside}; " if is_none and file.exists() else ""
    again = beside(settings, f"integrations update {Noun.INTEGRATION.show(locked[0])} --from-environment")
    return (
        f"Restore {file}, or set BUCKETLINK_SECRET_KEY to the key. If it is lost for good, forget what it sealed: "
        f"{remove}sqlite3 {path(database_file(settings))} {forget}; and enter that anew: {again}"
    )


def _named(numbers: Sequence[int]) -> str:
    names = ", ".join(map(Noun.INTEGRATION.show, numbers[:MOST_NAMED]))
    return f"{names} …" if len(numbers) > MOST_NAMED else names
