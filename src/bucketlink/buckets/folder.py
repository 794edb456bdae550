"""A directory of the server's own machine, read as a bucket.

Its files are the objects; a key is the path below the directory, with ``/`` between names. Nothing outside of the
directory is ever opened: directories are opened by descriptor, name after name, never through a link; a link is
followed by opening what it resolves to in the same way, if that is inside.
"""

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from operator import attrgetter
from pathlib import Path
from typing import Literal

from bucketlink.buckets.columns import PAGE_KEYS
from bucketlink.errors import (
    BucketError,
    BucketNotFound,
    BucketRefused,
    BucketUnreachable,
    InvalidInput,
    NotAllowed,
)
from bucketlink.model import MAX_KEY_BYTES, Page
from bucketlink.settings import ROOTS_FILE

NOT_UTF8 = "Files and folders were left out whose names are not UTF-8."
TOO_LONG = "Files were left out whose path is longer than 1,024 bytes."
LINK_OUTSIDE = "Links were left out that lead out of the folder."
LINK_BACK = "Links were left out that lead back to a folder in which they are."

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_PASSAGE = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
"""Opens a directory only to go further down, for which the right to enter it is enough."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Identity = tuple[int, int]
"""Device and inode."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """A file or directory to visit; ``target`` is where a link leads, as names below the folder.

    ``name`` is what the operating system calls it, which depends on the locale; ``key`` is its bytes read as UTF-8.
    """

    name: str
    key: str
    is_directory: bool
    target: tuple[str, ...] | None = None

    @property
    def sort_key(self) -> str:
        """What orders entries as the keys below them: a directory stands before all that its slash precedes."""
        return f"{self.key}/" if self.is_directory else self.key


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Which part of the folder is asked for."""

    prefix: str
    after: str | None
    root_files: bool

    def file(self, key: str) -> bool:
        return key.startswith(self.prefix) and (self.after is None or key > self.after)

    def directory(self, start: str) -> bool:
        """Whether any key that begins with ``start`` can be asked for."""
        if self.root_files or not (start.startswith(self.prefix) or self.prefix.startswith(start)):
            return False
        return self.after is None or start > self.after or self.after.startswith(start)


def resolved(directory: Path, roots: Sequence[Path]) -> Path:
    """The directory without links in its path, which must be one of the roots or below one.

    Raises:
        InvalidInput: the path is missing or not absolute.
        NotAllowed: it is outside of the roots.

    """
    if not directory.is_absolute() or "\0" in str(directory) or not _encodes(str(directory)):
        raise InvalidInput("A Folder integration needs the absolute path of a directory of the server's machine.")
    real = Path(os.path.realpath(directory))
    if not any(real.is_relative_to(os.path.realpath(root)) for root in roots):
        raise NotAllowed(
            f"The folder {_shown(directory)} is not one that this server may read. Its operator allows a directory by "
            f"setting BUCKETLINK_FOLDER_ROOTS, or by a line with the path in {ROOTS_FILE} in the data directory."
        )
    return real


class FolderReader:
    """Reads the files below one directory, which must be one of the operator's roots or below one.

    Files that vanish while the folder is read are left out; a directory that cannot be read is an error, so that a
    listing never looks complete when it is not.
    """

    def __init__(self, directory: Path, roots: Sequence[Path]) -> None:
        resolved(directory, roots)
        self._directory = directory
        self._roots = tuple(roots)

    def pages(self, *, prefix: str = "", after: str | None = None, root_files: bool = False) -> Iterator[Page]:
        """List files, as `bucketlink.buckets.protocol.BucketReader` says; in order, a directory in memory at a time."""
        real = resolved(self._directory, self._roots)
        top = self._open(real)
        try:
            walk = _Walk(top, real, _Wanted(prefix, after, root_files))
            rows = walk.rows()
            while batch := list(islice(rows, PAGE_KEYS)):
                yield _page(batch, walk.take_warnings())
            if warnings := walk.take_warnings():
                yield Page([], [], [], [], warnings=warnings)
            self._check_same(top, real)
        finally:
            os.close(top)

    def content_type(self, key: str) -> str | None:  # noqa: ARG002
        """None: a file carries no media type."""
        return None

    def check(self) -> None:
        """Open the directory and read its first entries."""
        top = self._open(resolved(self._directory, self._roots))
        try:
            with os.scandir(top) as entries:
                next(entries, None)
        except OSError as error:
            raise _unreadable(error, str(self._directory)) from error
        finally:
            os.close(top)

    def close(self) -> None:
        """Nothing stays open between listings."""

    def _open(self, real: Path) -> int:
        try:
            with _Descriptor(os.open("/", _PASSAGE)) as root:
                return _open_below(root, real.parts[1:])
        except (FileNotFoundError, NotADirectoryError) as error:
            raise BucketNotFound(f"There is no directory {_shown(self._directory)}; check the path.") from error
        except OSError as error:
            raise _unreadable(error, str(self._directory)) from error

    def _check_same(self, top: int, real: Path) -> None:
        """A folder that was removed or unmounted while it was read has looked empty; that is no listing."""
        try:
            now = real.lstat()
        except OSError as error:
            raise _unreadable(error, str(self._directory)) from error
        if _identity(now) != _identity(os.fstat(top)):
            raise BucketUnreachable(f"The folder {_shown(self._directory)} was replaced while it was read; try again.")


@dataclass(slots=True)
class _Row:
    key: str
    size: int
    modified_ns: int


@dataclass(slots=True)
class _Walk:
    """One walk through the folder that ``top`` is open on and whose path without links is ``real``."""

    top: int
    real: Path
    wanted: _Wanted
    warnings: set[str] = field(default_factory=set)

    def rows(self) -> Iterator[_Row]:
        """The files that are asked for, in order of their keys."""
        yield from self._below(self.top, (), "", (_identity(os.fstat(self.top)),))

    def take_warnings(self) -> tuple[str, ...]:
        """What was left out since this was last asked."""
        warnings = tuple(sorted(self.warnings))
        self.warnings.clear()
        return warnings

    def _below(self, directory: int, place: tuple[str, ...], start: str, above: tuple[Identity, ...]) -> Iterator[_Row]:
        """Files of an open directory whose real place is ``place`` and below which keys begin with ``start``."""
        for entry in self._entries(directory, place, start):
            key = start + entry.key
            if not entry.is_directory:
                if found := self._status(directory, entry):
                    yield _Row(key, found.st_size, found.st_mtime_ns)
                continue
            inner = self._enter(directory, entry)
            if inner is None:
                continue
            with _Descriptor(inner):
                identity = _identity(os.fstat(inner))
                if identity in above:
                    self.warnings.add(LINK_BACK)
                    continue
                inner_place = (*place, entry.name) if entry.target is None else entry.target
                yield from self._below(inner, inner_place, f"{key}/", (*above, identity))

    def _entries(self, directory: int, place: tuple[str, ...], start: str) -> list[_Entry]:
        found: list[_Entry] = []
        try:
            with os.scandir(directory) as entries:
                for item in entries:
                    entry = self._entry(item, place, start)
                    if entry is not None:
                        found.append(entry)
        except OSError as error:
            raise _unreadable(error, start or str(self.real)) from error
        found.sort(key=attrgetter("sort_key"))
        return found

    def _entry(self, item: "os.DirEntry[str]", place: tuple[str, ...], start: str) -> _Entry | None:
        """What is to be visited of one name; None where it is not asked for, or cannot be an object."""
        name = item.name
        part = _utf8(name)
        if part is None:
            self.warnings.add(NOT_UTF8)
            return None
        key = start + part
        target: tuple[str, ...] | None = None
        if item.is_symlink():
            if not (self.wanted.file(key) or self.wanted.directory(f"{key}/")):
                return None
            kind, target = self._followed(Path(self.real, *place, name))
        else:
            kind = "directory" if item.is_dir(follow_symlinks=False) else "other"
            if kind == "other" and item.is_file(follow_symlinks=False):
                kind = "file"
        if kind == "other" or not (self.wanted.directory(f"{key}/") if kind == "directory" else self.wanted.file(key)):
            return None
        if len(key.encode()) > MAX_KEY_BYTES:
            self.warnings.add(TOO_LONG)
            return None
        return _Entry(name, part, kind == "directory", target)

    def _followed(self, link: Path) -> tuple[Literal["file", "directory", "other"], tuple[str, ...] | None]:
        """What a link leads to, and where that is below the folder; a link that leads out or nowhere is ``other``."""
        target = Path(os.path.realpath(link))
        if not target.is_relative_to(self.real):
            self.warnings.add(LINK_OUTSIDE)
            return "other", None
        try:
            mode = target.lstat().st_mode
        except OSError as error:
            _pass_over(error, str(link))
            return "other", None
        place = target.relative_to(self.real).parts
        if stat.S_ISDIR(mode):
            return "directory", place
        return ("file", place) if stat.S_ISREG(mode) else ("other", None)

    def _status(self, directory: int, entry: _Entry) -> os.stat_result | None:
        """Size and time of a regular file; None if it is not there any more."""
        try:
            if entry.target is None:
                found = os.stat(entry.name, dir_fd=directory, follow_symlinks=False)
            else:
                with _Descriptor(_open_below(self.top, entry.target[:-1], _PASSAGE)) as parent:
                    found = os.stat(entry.target[-1], dir_fd=parent, follow_symlinks=False)
        except OSError as error:
            _pass_over(error, entry.name)
            return None
        return found if stat.S_ISREG(found.st_mode) else None

    def _enter(self, directory: int, entry: _Entry) -> int | None:
        try:
            if entry.target is None:
                return os.open(entry.name, _DIRECTORY, dir_fd=directory)
            return _open_below(self.top, entry.target)
        except OSError as error:
            _pass_over(error, entry.name)
            return None


class _Descriptor:
    """An open descriptor that is closed at the end of a ``with`` block."""

    def __init__(self, number: int) -> None:
        self._number = number

    def __enter__(self) -> int:
        return self._number

    def __exit__(self, *_: object) -> None:
        os.close(self._number)


def _open_below(top: int, names: Sequence[str], flags: int = _DIRECTORY) -> int:
    """A new descriptor of the directory that the names lead to from ``top``, none of them through a link."""
    path = (".", *names)
    current = os.open(path[0], flags if len(path) == 1 else _PASSAGE, dir_fd=top)
    for index, name in enumerate(path[1:], start=2):
        try:
            inner = os.open(name, flags if index == len(path) else _PASSAGE, dir_fd=current)
        finally:
            os.close(current)
        current = inner
    return current


def _pass_over(error: OSError, name: str) -> None:
    """Pass over what is not there any more, or is a link or file where a directory was; raise for anything else."""
    if isinstance(error, FileNotFoundError | NotADirectoryError) or error.errno == errno.ELOOP:
        return
    raise _unreadable(error, name) from error


def _unreadable(error: OSError, name: str) -> BucketError:
    shown = _shown(name)
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return BucketNotFound(f"The directory {shown} is not there any more; check the path.")
    if isinstance(error, PermissionError):
        return BucketRefused(f"The server may not read {shown}; give its user the right to, or move it elsewhere.")
    return BucketUnreachable(f"{shown} cannot be read: {error.strerror}; try again later.")


def _identity(found: os.stat_result) -> Identity:
    return found.st_dev, found.st_ino


def _utf8(name: str) -> str | None:
    """A file's name as its bytes say in UTF-8; None if they are something else."""
    if name.isascii():
        return name
    try:
        return os.fsencode(name).decode("utf-8", "strict")
    except UnicodeDecodeError:
        return None


def _encodes(path: str) -> bool:
    try:
        os.fsencode(path)
    except UnicodeEncodeError:
        return False
    return True


def _shown(path: Path | str) -> str:
    """A path as it may stand in a sentence of one line."""
    return "".join(letter if letter.isprintable() else "?" for letter in str(path))


def _page(rows: Sequence[_Row], warnings: tuple[str, ...]) -> Page:
    return Page(
        keys=[row.key for row in rows],
        sizes=[row.size for row in rows],
        etags=[f"{row.modified_ns:x}-{row.size:x}" for row in rows],
        modified=[_iso(row.modified_ns) for row in rows],
        warnings=warnings,
    )


def _iso(nanoseconds: int) -> str:
    try:
        moment = _EPOCH + timedelta(microseconds=nanoseconds // 1000)
    except OverflowError:
        moment = _EPOCH
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
