"""The directories of data and database: whose they are, whether they can be written, and what room is left."""

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from bucketlink.doctor.findings import Finding, is_root, ok, user_name, warning, wrong
from bucketlink.home import DATABASE_FILE, database_file, lock_of
from bucketlink.sealing import KEY_FILE
from bucketlink.settings import ROOTS_FILE, Settings
from bucketlink.text import size

FULL, SCARCE = 50_000_000, 1_000_000_000
"""Bytes left of a disk below which nothing can be written soon, and below which somebody should look after it."""
REMOTE = ("nfs", "cifs", "smb", "9p", "fuse.sshfs", "afs", "ceph", "glusterfs", "lustre")
"""How the kinds of file systems of other machines start, on which SQLite cannot rely on locks and shared memory."""
MOUNTS = Path("/proc/self/mounts")


def data_directory(settings: Settings, *, is_named: bool) -> Iterator[Finding]:
    """Look at the data directory; ``is_named`` says whether somebody has chosen it."""
    place = settings.data_dir
    try:
        found = place.stat()
    except FileNotFoundError:
        if is_named:
            yield wrong(
                "data directory",
                f"{place} does not exist.",
                "Check --data-dir or BUCKETLINK_DATA_DIR; a new one is made by `bucketlink serve`.",
            )
        else:
            yield warning("data directory", f"{place} does not exist yet.", "The first command that needs it makes it.")
        return
    if not stat.S_ISDIR(found.st_mode):
        yield wrong("data directory", f"{place} is no directory.", "Choose another with --data-dir.")
        return
    own = {DATABASE_FILE, KEY_FILE, ROOTS_FILE, database_file(settings).name, lock_of(settings).path.name}
    names = {entry.name for entry in place.iterdir()} if os.access(place, os.R_OK) else own
    if names and not names & own:
        yield warning(
            "data directory",
            f"{place} holds other files, and nothing of Bucketlink's.",
            "Check --data-dir or BUCKETLINK_DATA_DIR.",
        )
    else:
        yield ok("data directory", f"{place}" + ("" if names else ", empty"))
    yield from _directory("", place, found)
    other = database_file(settings).parent
    if other != place and other.is_dir():
        yield from _directory("database's ", other, other.stat())


def _directory(whose: str, place: Path, found: os.stat_result) -> Iterator[Finding]:
    yield _owner(f"{whose}owner", place, found)
    yield _access(f"{whose}permissions", place, found)
    yield _writable(f"{whose}writing", place)
    yield _room(f"{whose}free space", place)
    kind = _file_system(place)
    if kind.startswith(REMOTE):
        yield warning(
            f"{whose}file system",
            f"{place} lies on a file system of another machine ({kind}), where SQLite may damage its files.",
            "Move it to a disk of this machine, with every Bucketlink stopped.",
        )


def _owner(check: str, place: Path, found: os.stat_result) -> Finding:
    owner, ours = user_name(found.st_uid), user_name(os.geteuid())
    if found.st_uid == os.geteuid():
        return ok(check, f"{place} belongs to {owner}, who looks at it.")
    mend = f"Run Bucketlink as {owner}: sudo -u {owner} bucketlink …"
    text = f"{place} belongs to {owner}, and not to {ours}, who looks at it."
    return warning(check, text, mend) if is_root() else wrong(check, text, mend)


def _access(check: str, place: Path, found: os.stat_result) -> Finding:
    mode = stat.S_IMODE(found.st_mode)
    if mode & 0o077:
        return warning(check, f"Others on this machine may enter {place} ({mode:04o}).", f"chmod 700 {place}")
    return ok(check, f"{mode:04o}: nobody else may enter it.")


def _writable(check: str, place: Path) -> Finding:
    if os.statvfs(place).f_flag & os.ST_RDONLY:
        return wrong(check, f"{place} lies on a file system that is mounted for reading only.", "Mount it for writing.")
    if not os.access(place, os.R_OK | os.W_OK | os.X_OK):
        name = user_name(os.geteuid())
        return wrong(check, f"{name} may not write in {place}.", f"Run as its owner, or: chown -R {name} {place}")
    return ok(check, f"{place} can be written.")


def _room(check: str, place: Path) -> Finding:
    left = shutil.disk_usage(place).free
    if left < FULL:
        return wrong(check, f"{size(left)} are left on the disk.", "Make room: nothing can be written soon.")
    if left < SCARCE:
        return warning(check, f"{size(left)} are left on the disk.", "Make room before it is full.")
    return ok(check, f"{size(left)} are left on the disk.")


def _file_system(place: Path) -> str:
    """The kind of file system that a directory lies on; empty where this machine does not tell."""
    if not MOUNTS.is_file():
        return ""
    kinds = {}
    for line in MOUNTS.read_text("utf-8", errors="replace").splitlines():
        _, mounted, kind, *_ = line.split()
        kinds[Path(mounted.encode().decode("unicode_escape"))] = kind
    whole = place.resolve()
    return next((kinds[parent] for parent in (whole, *whole.parents) if parent in kinds), "")
