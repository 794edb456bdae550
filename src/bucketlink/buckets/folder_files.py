"""Files and directories of the server's own machine: opened by descriptor, name after name, never through a link."""

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from io import FileIO
from pathlib import Path

from bucketlink.buckets.protocol import Content
from bucketlink.errors import BucketError, BucketNotFound, BucketRefused, BucketUnreachable, InvalidInput

CHUNK_BYTES = 1 << 18

_NO_FILE = {errno.ELOOP, errno.ENAMETOOLONG, errno.ENXIO}
"""What opening says of a link, of a name that there cannot be, and of a socket."""
DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
PASSAGE = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
"""Opens a directory only to go further down, for which the right to enter it is enough."""

Identity = tuple[int, int]
"""Device and inode."""


class Descriptor:
    """An open descriptor that is closed at the end of a ``with`` block."""

    def __init__(self, number: int) -> None:
        self._number = number

    def __enter__(self) -> int:
        return self._number

    def __exit__(self, *_: object) -> None:
        os.close(self._number)


def open_below(top: int, names: Sequence[str], flags: int = DIRECTORY) -> int:
    """A new descriptor of the directory that the names lead to from ``top``, none of them through a link."""
    path = (".", *names)
    current = os.open(path[0], flags if len(path) == 1 else PASSAGE, dir_fd=top)
    for index, name in enumerate(path[1:], start=2):
        try:
            inner = os.open(name, flags if index == len(path) else PASSAGE, dir_fd=current)
        finally:
            os.close(current)
        current = inner
    return current


def content(top: int, names: Sequence[str], first: int, last: int | None) -> Content | None:
    """A part of the file that the names lead to from ``top``, none of them through a link; None if there is none.

    Raises:
        InvalidInput: the first byte is behind the end.
        OSError: the file cannot be read.

    """
    with Descriptor(open_below(top, names[:-1], PASSAGE)) as parent:
        # Not to be kept waiting by what is no file after all.
        number = os.open(names[-1], os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=parent)
    with ExitStack() as stack:
        stack.callback(os.close, number)
        found = os.fstat(number)
        if not stat.S_ISREG(found.st_mode):
            return None
        whole = found.st_size
        if first >= whole and (first > 0 or last is not None):
            raise InvalidInput("The file has no bytes there: it ends before the first that was asked for.")
        os.lseek(number, first, os.SEEK_SET)
        stack.pop_all()
    file = os.fdopen(number, "rb", buffering=0)
    size = (whole if last is None else min(whole, last + 1)) - first
    return Content(size, whole, first, None, _parts(file, size), file.close)


def _parts(file: FileIO, size: int) -> Iterator[bytes]:
    with file:
        while size:
            part = file.read(min(size, CHUNK_BYTES))
            if not part:
                raise BucketUnreachable("The file was cut short while it was read; try again.")
            size -= len(part)
            yield part


def pass_over(error: OSError, name: str) -> None:
    """Pass over what is not there any more, or is a link or file where a directory was; raise for anything else."""
    if isinstance(error, FileNotFoundError | NotADirectoryError) or error.errno in _NO_FILE:
        return
    raise unreadable(error, name) from error


def unreadable(error: OSError, name: str) -> BucketError:
    """What it means that a directory or file cannot be read."""
    path = shown(name)
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return BucketNotFound(f"The directory {path} is not there any more; check the path.")
    if isinstance(error, PermissionError):
        return BucketRefused(f"The server may not read {path}; give its user the right to, or move it elsewhere.")
    return BucketUnreachable(f"{path} cannot be read: {error.strerror}; try again later.")


def identity_of(found: os.stat_result) -> Identity:
    """What tells one file or directory from every other, by whatever path."""
    return found.st_dev, found.st_ino


def utf8(name: str) -> str | None:
    """A file's name as its bytes say in UTF-8; None if they are something else."""
    if name.isascii():
        return name
    try:
        return os.fsencode(name).decode("utf-8", "strict")
    except UnicodeDecodeError:
        return None


def encodes(path: str) -> bool:
    """Whether the operating system can be asked for a path."""
    try:
        os.fsencode(path)
    except UnicodeEncodeError:
        return False
    return True


def shown(path: Path | str) -> str:
    """A path as it may stand in a sentence of one line."""
    return "".join(letter if letter.isprintable() else "?" for letter in str(path))
