"""Reading the files of a folder: exactly those bytes, of nothing but what the folder holds."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from bucketlink.buckets.folder import FolderReader
from bucketlink.errors import BucketRefused, BucketUnreachable, InvalidInput
from tests.buckets.directories import bytes_of, put, without_rights
from tests.buckets.hard_keys import HARD_KEYS, unfit_for_a_folder


def test_every_key_that_a_directory_can_hold_is_read(directory: Path) -> None:
    keys = [key for key in HARD_KEYS if unfit_for_a_folder(key) is None]
    put(directory, *keys)
    assert [bytes_of(directory, key) for key in keys] == [key.encode() for key in keys]


@pytest.mark.parametrize(
    ("first", "last", "part"),
    [(0, None, b"0123456789"), (0, 0, b"0"), (3, 5, b"345"), (9, None, b"9"), (5, 1000, b"56789")],
)
def test_a_part_is_exactly_the_bytes_asked_for(directory: Path, first: int, last: int | None, part: bytes) -> None:
    put(directory, "0123456789")
    assert bytes_of(directory, "0123456789", first, last) == part


def test_bytes_behind_the_end_cannot_be_asked_for(directory: Path) -> None:
    put(directory, "0123456789")
    (directory / "empty").touch()
    for key, first, last in (("0123456789", 10, None), ("0123456789", 5, 4), ("empty", 0, 5), ("empty", 1, None)):
        with pytest.raises(InvalidInput):
            bytes_of(directory, key, first, last)
    assert bytes_of(directory, "empty") == b""


def test_what_is_no_file_of_the_folder_is_not_read(tmp_path: Path, directory: Path) -> None:
    put(tmp_path, "secret.txt", "folder2/secret.txt")
    put(directory, "a/b")
    (directory / "file-out").symlink_to(tmp_path / "secret.txt")
    (directory / "folder-out").symlink_to(tmp_path / "folder2")
    (directory / "up").symlink_to("..")
    (directory / "itself").symlink_to(".")
    (directory / "broken").symlink_to("nowhere")
    (directory / "self").symlink_to("self")
    os.mkfifo(directory / "pipe")
    for key in (
        *("", "/", "a", "a/", "a/b/", "a//b", "/a/b", "a/b/c", "a/../a/b", "./a/b", "../secret.txt", "a/.", "a\0b"),
        *(
            "file-out",
            "folder-out/secret.txt",
            "up/secret.txt",
            "itself",
            "broken",
            "self",
            "pipe",
            "x" * 1025,
            "y" * 300,
        ),
    ):
        assert bytes_of(directory, key) is None, key
    assert bytes_of(directory, "a/b") == b"a/b"


def test_links_that_stay_inside_are_followed_to_be_read(directory: Path) -> None:
    put(directory, "real/deep/b")
    (directory / "file").symlink_to("real/deep/b")
    (directory / "folder").symlink_to(directory / "real")
    (directory / "real" / "deep" / "up-and-down").symlink_to("../deep/b")
    for key in ("file", "folder/deep/b", "real/deep/up-and-down", "folder/deep/up-and-down"):
        assert bytes_of(directory, key) == b"real/deep/b"


def test_a_file_that_may_not_be_read_is_an_error() -> None:
    with TemporaryDirectory() as name:
        directory = Path(name)
        put(directory, "closed", "open")
        directory.chmod(0o755)
        (directory / "closed").chmod(0)
        with without_rights():
            with pytest.raises(BucketRefused, match="right"):
                bytes_of(directory, "closed")
            assert bytes_of(directory, "open") == b"open"


def test_a_file_that_is_cut_short_while_it_is_read_is_an_error(directory: Path) -> None:
    (directory / "large").write_bytes(b"x" * 1_000_000)
    content = FolderReader(directory, (directory,)).read("large")
    assert content is not None
    next(content.parts)
    os.truncate(directory / "large", 300_000)
    with pytest.raises(BucketUnreachable, match="cut short"):
        list(content.parts)
