"""What only a directory has: links, names that are not UTF-8, rights, and a life of its own while it is read."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bucketlink.buckets.folder import FolderReader
from bucketlink.errors import BucketNotFound, BucketRefused, InvalidInput
from bucketlink.notices import Kind
from bucketlink.spans import Page
from tests.buckets import holders
from tests.buckets.directories import bytes_of, put, without_rights


def listed(directory: Path, **options: str) -> tuple[list[str], dict[str, Kind]]:
    """Keys of a directory that is its own root, and what is left out of it and why."""
    found = list(FolderReader(directory, (directory,)).pages(**options))  # type: ignore[arg-type]
    return holders.keys_of(found), {one.name: one.why for page in found for one in page.left_out}


def test_links_that_lead_out_are_left_out_with_a_warning(tmp_path: Path, directory: Path) -> None:
    put(tmp_path, "secret.txt", "folder2/secret.txt")
    put(directory, "a", "deep/b")
    (directory / "file-out").symlink_to(tmp_path / "secret.txt")
    (directory / "folder-out").symlink_to(tmp_path / "folder2")
    (directory / "deep" / "relative-out").symlink_to("../../secret.txt")
    (directory / "deep" / "two-steps").symlink_to("relative-out")
    (directory / "up").symlink_to("..")
    outside = ["deep/relative-out", "deep/two-steps", "file-out", "folder-out", "up"]
    assert listed(directory) == (["a", "deep/b"], dict.fromkeys(outside, Kind.LINK_OUTSIDE))
    assert listed(directory, prefix="deep/") == (["deep/b"], dict.fromkeys(outside[:2], Kind.LINK_OUTSIDE))
    assert listed(directory, after="deep/two") == ([], dict.fromkeys(outside[1:], Kind.LINK_OUTSIDE))
    assert listed(directory, prefix="up/x/") == ([], {"up": Kind.LINK_OUTSIDE})


def test_links_that_stay_inside_are_followed(directory: Path) -> None:
    put(directory, "real/a", "real/deep/b")
    (directory / "file").symlink_to("real/a")
    (directory / "folder").symlink_to(directory / "real")
    (directory / "real" / "deep" / "up-and-down").symlink_to("../a")
    (directory / "through").symlink_to("folder/deep")
    assert listed(directory) == (
        [
            "file",
            "folder/a",
            "folder/deep/b",
            "folder/deep/up-and-down",
            "real/a",
            "real/deep/b",
            "real/deep/up-and-down",
            "through/b",
            "through/up-and-down",
        ],
        {},
    )


def test_a_followed_link_has_the_size_and_etag_of_its_file(directory: Path) -> None:
    put(directory, "deep/file")
    (directory / "link").symlink_to("deep/file")
    (page,) = FolderReader(directory, (directory,)).pages()
    assert list(page.keys) == ["deep/file", "link"]
    assert page.sizes[0] == page.sizes[1] == len("deep/file")
    assert page.etags[0] == page.etags[1]


def test_links_that_lead_back_end(directory: Path) -> None:
    put(directory, "a/x", "b/y")
    (directory / "a" / "back").symlink_to("..")
    (directory / "a" / "b").symlink_to("../b")
    (directory / "b" / "a").symlink_to("../a")
    (directory / "self").symlink_to("self")
    keys, left_out = listed(directory)
    assert keys == ["a/b/y", "a/x", "b/a/x", "b/y"]
    assert left_out == dict.fromkeys(["a/b/a", "a/back", "b/a/b", "b/a/back"], Kind.LINK_BACK)


def test_links_that_lead_nowhere_and_what_is_no_file_are_left_out(directory: Path) -> None:
    put(directory, "a")
    (directory / "broken").symlink_to("nowhere")
    (directory / "through a file").symlink_to("a/b")
    os.mkfifo(directory / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        here = Path.cwd()
        os.chdir(directory)
        try:
            listener.bind("socket")
        finally:
            os.chdir(here)
        assert listed(directory) == (["a"], {})


def test_names_that_are_not_utf8_are_left_out_with_a_warning(directory: Path) -> None:
    put(directory, "a", "\u00e9")
    (directory / os.fsdecode(b"bad-\xff.jpg")).touch()
    (directory / os.fsdecode(b"bad-\xfe")).mkdir()
    (directory / os.fsdecode(b"bad-\xfe") / "x").touch()
    left_out = dict.fromkeys(["bad-\udcfe", "bad-\udcff.jpg"], Kind.NOT_UTF8)
    assert listed(directory) == (["a", "\u00e9"], left_out)
    assert listed(directory, prefix="a") == (["a"], {})


def test_a_first_page_of_nothing_but_what_is_left_out_is_checked_on(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bucketlink.buckets.folder.PAGE_KEYS", 2)
    put(directory, "z")
    for number in range(5):
        (directory / f"link-{number}").symlink_to("..")
    assert FolderReader(directory, (directory,)).check() == "z"


def test_keys_do_not_depend_on_the_locale(directory: Path) -> None:
    put(directory, "\u00e9/\u65e5\u672c.jpg")
    program = (
        "import sys; from pathlib import Path; from bucketlink.buckets.folder import FolderReader; "
        "d = Path(sys.argv[1]); print(ascii([k for p in FolderReader(d, (d,)).pages() for k in p.keys]))"
    )
    environment = {**os.environ, "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    command = [sys.executable, "-c", program, str(directory)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ascii(["\u00e9/\u65e5\u672c.jpg"])


def test_paths_that_are_too_long_are_left_out_with_a_warning(directory: Path) -> None:
    here = directory
    for _ in range(5):
        here /= "d" * 200
    here.mkdir(parents=True)
    fitting = "f" * (1024 - 5 * 201)
    put(here, fitting, f"{fitting}x")
    (here / "deeper").mkdir()
    put(here / "deeper", "x" * 30)
    too_long = [f"{'d' * 200}/" * 5 + name for name in (f"deeper/{'x' * 30}", f"{fitting}x")]
    assert listed(directory) == ([f"{'d' * 200}/" * 5 + fitting], dict.fromkeys(too_long, Kind.TOO_LONG))


def test_directories_as_deep_as_a_key_can_say_are_walked(directory: Path) -> None:
    deepest = "d/" * 511 + "x"
    here = os.open(directory, os.O_RDONLY)
    for _ in range(511):
        os.mkdir("d", dir_fd=here)
        inner = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(os.open("x", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)
    assert listed(directory) == ([deepest], {})
    assert listed(directory, prefix="d/" * 300, after="d/" * 400) == ([deepest], {})


@pytest.mark.parametrize("mode", [0o000, 0o444, 0o111])
def test_a_directory_that_cannot_be_read_is_an_error(mode: int) -> None:
    with TemporaryDirectory() as name:
        directory = Path(name)
        put(directory, "a", "closed/b")
        directory.chmod(0o755)
        (directory / "closed").chmod(mode)
        with without_rights():
            with pytest.raises(BucketRefused, match="right"):
                listed(directory)
            assert listed(directory, prefix="a") == (["a"], {})
        (directory / "closed").chmod(0o700)


def test_a_link_whose_target_cannot_be_looked_at_is_an_error() -> None:
    with TemporaryDirectory() as name:
        directory = Path(name)
        put(directory, "closed/b")
        (directory / "link").symlink_to("closed/b")
        directory.chmod(0o755)
        (directory / "closed").chmod(0)
        with without_rights(), pytest.raises(BucketRefused, match="right"):
            listed(directory, prefix="link")
        (directory / "closed").chmod(0o700)


def test_what_vanishes_while_it_is_read_is_left_out(directory: Path) -> None:
    put(directory, *(f"{number:05d}" for number in range(1500)), "z/1", "z/2", "zz")
    pages = FolderReader(directory, (directory,)).pages()
    first = next(pages)
    (directory / "01200").unlink()
    (directory / "z" / "1").unlink()
    (directory / "zz").unlink()
    (directory / "zz").mkdir()
    rest = holders.keys_of(pages)
    assert len(first) == 1000
    assert rest == [*(f"{number:05d}" for number in range(1000, 1500) if number != 1200), "z/2"]


def test_a_directory_replaced_by_a_link_while_it_is_read_is_not_entered(tmp_path: Path, directory: Path) -> None:
    put(tmp_path, "outside/secret")
    put(directory, *(f"{number:05d}" for number in range(1001)), "z/1")
    pages = FolderReader(directory, (directory,)).pages()
    next(pages)
    (directory / "z" / "1").unlink()
    (directory / "z").rmdir()
    (directory / "z").symlink_to(tmp_path / "outside")
    assert holders.keys_of(pages) == ["01000"]


def test_a_folder_that_is_removed_while_it_is_read_is_an_error(tmp_path: Path, directory: Path) -> None:
    put(directory, *(f"{number:05d}" for number in range(1500)))
    pages = FolderReader(directory, (directory,)).pages()
    next(pages)
    directory.rename(tmp_path / "elsewhere")
    with pytest.raises(BucketNotFound):
        holders.keys_of(pages)


def test_directories_outside_of_what_is_asked_for_are_not_walked(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(directory, "a/1", "b/1", "b/deep/1", "b/deep/2", "c/1", "root")
    walked: list[int] = []
    scandir = os.scandir

    def counted(path: int) -> "os._ScandirIterator[str]":
        walked.append(path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", counted)
    for options, keys, directories in (
        ({"prefix": "b/"}, ["b/1", "b/deep/1", "b/deep/2"], 3),
        ({"prefix": "b/d"}, ["b/deep/1", "b/deep/2"], 3),
        ({"after": "b/deep/1"}, ["b/deep/2", "c/1", "root"], 4),
        ({"root_files": True}, ["root"], 1),
        ({"prefix": "none"}, [], 1),
    ):
        walked.clear()
        pages: Iterator[Page] = FolderReader(directory, (directory,)).pages(**options)
        assert holders.keys_of(pages) == keys
        assert len(walked) == directories


@pytest.mark.parametrize("prefix", ["../", "..", "/", "./", "a/../", "a//", "\0"])
def test_no_prefix_leads_out(tmp_path: Path, directory: Path, prefix: str) -> None:
    put(tmp_path, "secret")
    put(directory, "a/1")
    assert listed(directory, prefix=prefix) == ([], {})


def test_an_etag_tells_time_and_size(directory: Path) -> None:
    put(directory, "a")
    os.utime(directory / "a", ns=(0, 1_700_000_000_123_456_789))
    (page,) = FolderReader(directory, (directory,)).pages()
    assert page.etags == [f"{1_700_000_000_123_456_789:x}-1"]
    assert page.modified == ["2023-11-14T22:13:20.123Z"]


def test_a_check_tells_a_key_of_what_would_be_listed(directory: Path) -> None:
    reader = FolderReader(directory, (directory,))
    assert reader.check() is None
    put(directory, "a/1", "b/1", "c")
    assert (reader.check(), reader.check(prefix="b/"), reader.check(root_files=True)) == ("a/1", "b/1", "c")
    assert reader.check(prefix="d") is None
    assert reader.region is None


def test_no_descriptor_stays_open(tmp_path: Path, directory: Path) -> None:
    put(directory, "a/b/c", "d")
    (directory / "link").symlink_to("a/b")
    reader = FolderReader(directory, (tmp_path,))
    before = len(list(Path("/proc/self/fd").iterdir()))
    listed(directory)
    reader.check()
    half = reader.pages()
    next(half)
    half.close()  # type: ignore[attr-defined]
    for key in ("d", "a", "none", "link/c", "a/b/c"):
        bytes_of(directory, key)
    content = reader.read("d")
    assert content is not None
    content.close()
    with pytest.raises(InvalidInput):
        reader.read("d", 5)
    with pytest.raises(BucketNotFound):
        FolderReader(tmp_path / "none", (tmp_path,)).check()
    assert len(list(Path("/proc/self/fd").iterdir())) == before


name = st.text(st.sampled_from("ab-0.\u00e9/"), min_size=1, max_size=8)


@given(st.lists(name, max_size=12), st.text("ab-0/", max_size=3), st.none() | name)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
def test_order_prefix_and_after_are_those_of_whole_keys(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], prefix: str, after: str | None
) -> None:
    directory = tmp_path_factory.mktemp("folder")
    keys: set[str] = set()
    for key in names:
        parts = key.split("/")
        if any(part in {"", ".", ".."} for part in parts):
            continue
        try:
            put(directory, key)
        except OSError:
            continue
        keys.add(key)
    reader = FolderReader(directory, (directory,))
    wanted = sorted(key for key in keys if key.startswith(prefix) and (after is None or key > after))
    assert holders.keys_of(reader.pages(prefix=prefix, after=after)) == wanted
