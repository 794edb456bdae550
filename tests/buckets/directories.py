"""Directories that tests of folders write, and the rights that root has to lay down to be refused."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bucketlink.buckets.folder import FolderReader


def put(directory: Path, *keys: str) -> None:
    for key in keys:
        path = directory / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(key.encode())


@contextmanager
def without_rights() -> Iterator[None]:
    """What follows is done by a user who is not root, to whom every directory is open."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def bytes_of(directory: Path, key: str, first: int = 0, last: int | None = None) -> bytes | None:
    """What a file of a directory that is its own root holds; None if it is not read."""
    content = FolderReader(directory, (directory,)).read(key, first, last)
    if content is None:
        return None
    found = b"".join(content.parts)
    assert (content.size, content.start) == (len(found), first)
    return found
