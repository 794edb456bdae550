"""Which directories may be read as buckets."""

import os
from pathlib import Path

import pytest

from bucketlink.buckets import validate_address
from bucketlink.buckets.folder import FolderReader
from bucketlink.errors import BucketNotFound, InvalidInput, NotAllowed
from bucketlink.model import BucketAddress, Platform
from tests.buckets import holders
from tests.buckets.directories import put


def test_a_directory_outside_of_the_roots_is_not_allowed(tmp_path: Path, directory: Path) -> None:
    (tmp_path / "folder2").mkdir()
    for outside in (tmp_path, tmp_path / "folder2", tmp_path / "none", directory / ".." / "folder2", Path("/")):
        with pytest.raises(NotAllowed, match=r"BUCKETLINK_FOLDER_ROOTS.*folder-roots"):
            FolderReader(outside, (directory,))
    with pytest.raises(NotAllowed):
        FolderReader(directory, ())


def test_roots_and_what_is_below_them_are_allowed(tmp_path: Path, directory: Path) -> None:
    put(directory, "below/a")
    link = tmp_path / "link"
    link.symlink_to(directory)
    for root in (directory, tmp_path, link, tmp_path / "x" / ".." / "folder"):
        reader = FolderReader(directory / "below", (Path("/nowhere"), root))
        assert holders.keys_of(reader.pages()) == ["a"]
    assert holders.keys_of(FolderReader(link / "below", (directory,)).pages()) == ["a"]


def test_a_link_as_bucket_that_leads_out_of_the_roots_is_not_allowed(tmp_path: Path, directory: Path) -> None:
    (directory / "link").symlink_to(tmp_path)
    with pytest.raises(NotAllowed):
        FolderReader(directory / "link", (directory,))


def test_roots_are_looked_at_again_for_each_listing(tmp_path: Path, directory: Path) -> None:
    put(directory, "bucket/a")
    reader = FolderReader(directory / "bucket", (directory,))
    (directory / "bucket").rename(tmp_path / "bucket")
    (directory / "bucket").symlink_to(tmp_path / "bucket")
    with pytest.raises(NotAllowed):
        holders.keys_of(reader.pages())
    with pytest.raises(NotAllowed):
        reader.check()


@pytest.mark.parametrize("bucket", ["", "relative", "./x", "/a\0b", "/\ud800"])
def test_a_path_that_cannot_be_meant_is_invalid(bucket: str) -> None:
    with pytest.raises(InvalidInput, match="absolute path"):
        validate_address(BucketAddress(Platform.FOLDER, bucket), holders.settings(folder_roots=(Path("/"),)))


def test_a_root_can_be_allowed_in_the_data_directory(tmp_path: Path, directory: Path) -> None:
    settings = holders.settings(data_dir=tmp_path / "data", folder_roots=())
    address = BucketAddress(Platform.FOLDER, str(directory))
    with pytest.raises(NotAllowed):
        validate_address(address, settings)
    settings.allow_root(directory)
    validate_address(address, settings)


@pytest.mark.parametrize("name", ["x\n", "x\n/etc", "x\r", "x\v/etc", "x\u2028/etc"])
def test_a_root_whose_name_would_be_two_lines_is_refused(tmp_path: Path, name: str) -> None:
    settings = holders.settings(data_dir=tmp_path / "data", folder_roots=())
    with pytest.raises(InvalidInput, match="BUCKETLINK_FOLDER_ROOTS"):
        settings.allow_root(tmp_path / name)
    assert settings.roots == ()


def test_a_root_need_not_be_utf_8(tmp_path: Path) -> None:
    root = tmp_path / os.fsdecode(b"\xe9t\xe9")
    root.mkdir()
    (root / "pictures").mkdir()
    (tmp_path / "link").symlink_to(root / "pictures")
    settings = holders.settings(data_dir=tmp_path / "data", folder_roots=())
    settings.allow_root(root)
    assert settings.roots == (root,)
    validate_address(BucketAddress(Platform.FOLDER, str(tmp_path / "link")), settings)


def test_a_root_is_a_line_of_its_own_whatever_an_editor_left(tmp_path: Path) -> None:
    settings = holders.settings(data_dir=tmp_path / "data", folder_roots=())
    settings.allow_root(tmp_path / "a")
    (tmp_path / "data" / "folder-roots").write_text(f"{tmp_path}/a")
    settings.allow_root(tmp_path / "b")
    assert settings.roots == (tmp_path / "a", tmp_path / "b")


def test_a_file_as_bucket_is_not_found(directory: Path) -> None:
    put(directory, "file")
    reader = FolderReader(directory / "file", (directory,))
    with pytest.raises(BucketNotFound):
        reader.check()
