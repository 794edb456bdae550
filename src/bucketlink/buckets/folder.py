"""A directory of the server's own machine, read as a bucket.

Its files are the objects; a key is the path below the directory, with ``/`` between names. Nothing outside of the
directory is ever opened: directories are opened by descriptor, name after name, never through a link; a link is
followed by opening what it resolves to in the same way, if that is inside.
"""

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from operator import attrgetter
from pathlib import Path
from typing import Literal

from bucketlink.buckets.columns import PAGE_KEYS
from bucketlink.buckets.folder_files import (
    DIRECTORY,
    PASSAGE,
    Descriptor,
    Identity,
    content,
    encodes,
    identity_of,
    open_below,
    pass_over,
    shown,
    unreadable,
    utf8,
)
from bucketlink.buckets.protocol import Content
from bucketlink.errors import BucketNotFound, BucketUnreachable, InvalidInput, NotAllowed
from bucketlink.model import MAX_KEY_BYTES
from bucketlink.notices import Kind, LeftOut
from bucketlink.settings import ROOTS_FILE
from bucketlink.spans import Page

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Entry:
    """A file or directory to visit, or to leave out; ``target`` is where a link leads, as names below the folder.

    ``name`` is what the operating system calls it, which depends on the locale; ``key`` is its bytes read as UTF-8.
    ``left_out`` is why, if it is.
    """

    name: str
    key: str
    is_directory: bool
    target: tuple[str, ...] | None = None
    left_out: Kind | None = None

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
    if not directory.is_absolute() or "\0" in str(directory) or not encodes(str(directory)):
        raise InvalidInput("A Folder integration needs the absolute path of a directory of the server's machine.")
    real = Path(os.path.realpath(directory))
    if not any(real.is_relative_to(os.path.realpath(root)) for root in roots):
        raise NotAllowed(
            f"The folder {shown(directory)} is not one that this server may read. Its operator allows a directory by "
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

    @property
    def region(self) -> None:
        """None: a directory is in no region."""

    def pages(self, *, prefix: str = "", after: str | None = None, root_files: bool = False) -> Iterator[Page]:
        """List files, as `bucketlink.buckets.protocol.BucketReader` says; in order, a directory in memory at a time."""
        real = resolved(self._directory, self._roots)
        top = self._open(real)
        try:
            walk = _Walk(top, real, _Wanted(prefix, after, root_files))
            rows = walk.rows()
            while batch := list(islice(rows, PAGE_KEYS)):
                yield _page(batch)
            self._check_same(top, real)
        finally:
            os.close(top)

    def content_type(self, key: str) -> str | None:  # noqa: ARG002
        """None: a file carries no media type."""
        return None

    def check(self, *, prefix: str = "", root_files: bool = False) -> str | None:
        """List as far as the first key, and answer it."""
        return next((key for page in self.pages(prefix=prefix, root_files=root_files) for key in page.keys), None)

    def signed_url(self, key: str, seconds: int) -> None:
        """None: nobody but the server can read its files."""

    def listing_token(self, seconds: int) -> None:
        """None: a directory has no such thing."""

    def read(self, key: str, first: int = 0, last: int | None = None) -> Content | None:
        """A file's bytes, as `bucketlink.buckets.protocol.BucketReader` says; links are followed as in a listing."""
        if last is not None and last < first:
            raise InvalidInput("The last byte that is asked for comes before the first.")
        names = key.split("/")
        if "\0" in key or len(key.encode()) > MAX_KEY_BYTES or any(name in {"", ".", ".."} for name in names):
            return None
        real = resolved(self._directory, self._roots)
        with Descriptor(self._open(real)) as top:
            target = Path(os.path.realpath(Path(real, *(os.fsdecode(name.encode()) for name in names))))
            if target == real or not target.is_relative_to(real):
                return None
            try:
                return content(top, target.relative_to(real).parts, first, last)
            except OSError as error:
                pass_over(error, key)
                return None

    def close(self) -> None:
        """Nothing stays open between listings."""

    def _open(self, real: Path) -> int:
        try:
            with Descriptor(os.open("/", PASSAGE)) as root:
                return open_below(root, real.parts[1:])
        except (FileNotFoundError, NotADirectoryError) as error:
            raise BucketNotFound(f"There is no directory {shown(self._directory)}; check the path.") from error
        except OSError as error:
            raise unreadable(error, str(self._directory)) from error

    def _check_same(self, top: int, real: Path) -> None:
        """A folder that was removed or unmounted while it was read has looked empty; that is no listing."""
        try:
            now = real.lstat()
        except OSError as error:
            raise unreadable(error, str(self._directory)) from error
        if identity_of(now) != identity_of(os.fstat(top)):
            raise BucketUnreachable(f"The folder {shown(self._directory)} was replaced while it was read; try again.")


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

    def rows(self) -> Iterator[_Row | LeftOut]:
        """The files that are asked for, in order of their keys, and what is left out of them."""
        yield from self._below(self.top, (), "", (identity_of(os.fstat(self.top)),))

    def _below(
        self, directory: int, place: tuple[str, ...], start: str, above: tuple[Identity, ...]
    ) -> Iterator[_Row | LeftOut]:
        """Files of an open directory whose real place is ``place`` and below which keys begin with ``start``."""
        for entry in self._entries(directory, place, start):
            key = start + entry.key
            if entry.left_out is not None:
                yield LeftOut(key, entry.left_out)
                continue
            if not entry.is_directory:
                if found := self._status(directory, entry):
                    yield _Row(key, found.st_size, found.st_mtime_ns)
                continue
            inner = self._enter(directory, entry)
            if inner is None:
                continue
            with Descriptor(inner):
                identity = identity_of(os.fstat(inner))
                if identity in above:
                    yield LeftOut(key, Kind.LINK_BACK)
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
            raise unreadable(error, start or str(self.real)) from error
        found.sort(key=attrgetter("sort_key"))
        return found

    def _entry(self, item: "os.DirEntry[str]", place: tuple[str, ...], start: str) -> _Entry | None:
        """What is to be visited, or left out, of one name; None where it is not asked for, or is no file."""
        name = item.name
        part = utf8(name)
        shown = part or os.fsencode(name).decode("utf-8", "surrogateescape")
        key = start + shown
        target: tuple[str, ...] | None = None
        if item.is_symlink():
            if not (self.wanted.file(key) or self.wanted.directory(f"{key}/")):
                return None
            kind, target = self._followed(Path(self.real, *place, name))
        else:
            kind = "directory" if item.is_dir(follow_symlinks=False) else "other"
            if kind == "other" and item.is_file(follow_symlinks=False):
                kind = "file"
        if kind == "outside":
            return _Entry(name, shown, is_directory=False, left_out=Kind.LINK_OUTSIDE)
        if kind == "other" or not (self.wanted.directory(f"{key}/") if kind == "directory" else self.wanted.file(key)):
            return None
        why = Kind.NOT_UTF8 if part is None else Kind.TOO_LONG if len(key.encode()) > MAX_KEY_BYTES else None
        return _Entry(name, shown, kind == "directory", target, why)

    def _followed(self, link: Path) -> tuple[Literal["file", "directory", "outside", "other"], tuple[str, ...] | None]:
        """What a link leads to, and where that is below the folder; a link that leads nowhere is ``other``."""
        target = Path(os.path.realpath(link))
        if not target.is_relative_to(self.real):
            return "outside", None
        try:
            mode = target.lstat().st_mode
        except OSError as error:
            pass_over(error, str(link))
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
                with Descriptor(open_below(self.top, entry.target[:-1], PASSAGE)) as parent:
                    found = os.stat(entry.target[-1], dir_fd=parent, follow_symlinks=False)
        except OSError as error:
            pass_over(error, entry.name)
            return None
        return found if stat.S_ISREG(found.st_mode) else None

    def _enter(self, directory: int, entry: _Entry) -> int | None:
        try:
            if entry.target is None:
                return os.open(entry.name, DIRECTORY, dir_fd=directory)
            return open_below(self.top, entry.target)
        except OSError as error:
            pass_over(error, entry.name)
            return None


def _page(found: Sequence[_Row | LeftOut]) -> Page:
    rows = [one for one in found if isinstance(one, _Row)]
    return Page(
        keys=[row.key for row in rows],
        sizes=[row.size for row in rows],
        etags=[f"{row.modified_ns:x}-{row.size:x}" for row in rows],
        modified=[_iso(row.modified_ns) for row in rows],
        left_out=tuple(one for one in found if isinstance(one, LeftOut)),
    )


def _iso(nanoseconds: int) -> str:
    try:
        moment = _EPOCH + timedelta(microseconds=nanoseconds // 1000)
    except OverflowError:
        moment = _EPOCH
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
