"""The directories of data and database: whose they are, whether they can be written, and what room is left."""

import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from bucketlink.doctor.commands import as_root, examining_as, is_root, path, user_name
from bucketlink.doctor.findings import Finding, ok, warning, wrong
from bucketlink.home import DATABASE_FILE, database_file, lock_of
from bucketlink.sealing import KEY_FILE
from bucketlink.settings import ROOTS_FILE, Settings
from bucketlink.text import size

FULL, SCARCE = 50_000_000, 1_000_000_000
"""Bytes left of a disk below which nothing can be written soon, and below which somebody should look after it."""
REMOTE = ("nfs", "cifs", "smb", "9p", "fuse.sshfs", "afs", "ceph", "glusterfs", "lustre")
"""How the kinds of file systems of other machines start, on which SQLite cannot rely on locks and shared memory."""
AGAIN = "Mount it for writing, if its disk is sound"
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
                "Check --data-dir or BUCKETLINK_DATA_DIR; the first command that needs it makes a new one.",
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
    database = database_file(settings)
    beside = [database, *(database.with_name(database.name + end) for end in ("-wal", "-shm")), lock_of(settings).path]
    kept = [settings.data_dir / KEY_FILE, settings.data_dir / ROOTS_FILE]
    is_one = database.parent == place
    yield from _directory("", place, found, [*kept, *beside] if is_one else kept, settings)
    if not is_one and database.parent.is_dir():
        yield from _directory("database's ", database.parent, database.parent.stat(), beside, settings)


def _directory(
    whose: str, place: Path, found: os.stat_result, files: Sequence[Path], settings: Settings
) -> Iterator[Finding]:
    """Look at a directory and at those of its files that are ours."""
    yield _owner(f"{whose}owner", place, found, settings)
    yield _access(f"{whose}permissions", place, found)
    yield _writable(f"{whose}writing", place, found)
    if os.access(place, os.X_OK):
        yield from _files(f"{whose}files", place, found, files)
    yield _room(f"{whose}free space", place)
    kind = _mount(place)[1]
    if kind.startswith(REMOTE):
        yield warning(
            f"{whose}file system",
            f"{place} lies on a file system of another machine ({kind}), where SQLite may damage its files.",
            "Move it to a disk of this machine, with every Bucketlink stopped.",
        )


def _owner(check: str, place: Path, found: os.stat_result, settings: Settings) -> Finding:
    owner, ours = user_name(found.st_uid), user_name(os.geteuid())
    if found.st_uid == os.geteuid():
        return ok(check, f"{place} belongs to {owner}, who looks at it.")
    mend = f"Run every command as {owner}: {examining_as(owner, settings)}"
    text = f"{place} belongs to {owner}, and not to {ours}, who looks at it."
    return warning(check, text, mend) if is_root() else wrong(check, text, mend)


def _access(check: str, place: Path, found: os.stat_result) -> Finding:
    mode = stat.S_IMODE(found.st_mode)
    if mode & 0o077:
        return warning(check, f"Others on this machine may enter {place} ({mode:04o}).", f"chmod 700 {path(place)}")
    return ok(check, f"{mode:04o}: nobody else may enter it.")


def _writable(check: str, place: Path, found: os.stat_result) -> Finding:
    if os.statvfs(place).f_flag & os.ST_RDONLY:
        mounted = as_root(f"mount -o remount,rw {path(_mount(place)[0])}")
        return wrong(check, f"{place} lies on a file system that is mounted for reading only.", f"{AGAIN}: {mounted}")
    if not os.access(place, os.R_OK | os.W_OK | os.X_OK):
        ours = user_name(os.geteuid())
        is_ours = found.st_uid == os.geteuid()
        mend = f"chmod u+rwx {path(place)}" if is_ours else f"Be {user_name(found.st_uid)}, to whom it belongs."
        return wrong(check, f"{ours} may not write in {place}.", mend)
    return ok(check, f"{place} can be written.")


def _files(check: str, place: Path, found: os.stat_result, files: Sequence[Path]) -> Iterator[Finding]:
    """Look whether files belong to whom their directory does, as commands of another user may have made them."""
    there = {file: file.stat() for file in files if file.exists()}
    others = [file for file, status in there.items() if status.st_uid != found.st_uid]
    if others:
        owner, whose = user_name(found.st_uid), ", ".join(sorted({user_name(there[file].st_uid) for file in others}))
        mend = as_root(f"chown -R {owner} {path(place)}")
        yield wrong(check, f"Files of {whose} lie in {owner}'s directory: {_names(others)}.", mend)
    closed = [file for file, status in there.items() if file not in others and status.st_mode & 0o600 != 0o600]
    if closed:
        mend = f"chmod u+rw {' '.join(map(path, closed))}"
        yield wrong(check, f"Their owner may not read and write {_names(closed)}.", mend)
    if not others and not closed:
        yield ok(check, f"Whom {place} belongs to can use all of them.")


def _names(files: Sequence[Path]) -> str:
    return ", ".join(file.name for file in files)


def _room(check: str, place: Path) -> Finding:
    left, disk = shutil.disk_usage(place).free, os.statvfs(place)
    if left < FULL:
        mend = f"Make room, or nothing can be written soon: df -h {path(place)}"
        return wrong(check, f"{size(left)} are left on the disk.", mend)
    if disk.f_files and not disk.f_favail:
        mend = f"Remove files that nobody needs: df -i {path(place)}"
        return wrong(check, "The disk takes no further file, however small.", mend)
    if left < SCARCE:
        return warning(check, f"{size(left)} are left on the disk.", "Make room before it is full.")
    return ok(check, f"{size(left)} are left on the disk.")


def _mount(place: Path) -> tuple[Path, str]:
    """Where the file system of a directory is mounted, and its kind; that is empty where this machine does not tell."""
    if not MOUNTS.is_file():
        return place, ""
    kinds = {}
    for line in MOUNTS.read_text("utf-8", errors="replace").splitlines():
        _, mounted, kind, *_ = line.split()
        kinds[Path(mounted.encode().decode("unicode_escape"))] = kind
    whole = place.resolve()
    return next(((parent, kinds[parent]) for parent in (whole, *whole.parents) if parent in kinds), (place, ""))
