from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bucketlink.cli import pictures
from bucketlink.cli.summary import by_folder
from bucketlink.cli.text import count, seconds_between


def test_numbers_are_written_for_people() -> None:
    assert [count(number, "asset") for number in (0, 1, 12000)] == ["0 assets", "1 asset", "12,000 assets"]
    assert seconds_between("2026-01-31T12:00:00.000000Z", "2026-01-31T12:00:01.500000Z") == "1.5 s"
    assert seconds_between(None, "2026-01-31T12:00:01.500000Z") == ""


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)), max_size=60))
def test_a_summary_by_folder_adds_up(counts: list[tuple[int, int, int]]) -> None:
    added, removed, changed = (sum(column) for column in zip(*counts, strict=True)) if counts else (0, 0, 0)
    rows = by_folder(
        {"added": added, "removed": removed, "changed": changed, "total": added + removed},
        [
            {"folder": str(index), "added": row[0], "removed": row[1], "changed": row[2]}
            for index, row in enumerate(counts)
        ],
    )
    assert len(rows) <= 26
    assert sum(row[1] for row in rows) == added
    assert sum(row[2] for row in rows) == removed
    assert sum(row[3] for row in rows) == changed


def test_pictures_are_real_and_the_same_each_time(tmp_path: Path) -> None:
    keys = list(pictures.names())
    assert len(keys) == len(set(keys)) == 60
    for bucket in ("a", "b"):
        for key in keys:
            pictures.paint(tmp_path / bucket, key)
    contents = {(tmp_path / "a" / key).read_bytes() for key in keys}
    assert len(contents) == 60
    assert all((tmp_path / "b" / key).read_bytes() in contents for key in keys)
    for key in keys:
        with Image.open(tmp_path / "a" / key) as picture:
            picture.load()
            assert (picture.format, picture.mode, picture.size) == ("PNG", "RGB", (pictures.WIDTH, pictures.HEIGHT))


def test_a_replaced_picture_is_another_picture(tmp_path: Path) -> None:
    for key in pictures.names():
        pictures.paint(tmp_path, key)
        before = (tmp_path / key).read_bytes()
        pictures.paint(tmp_path, key, version=2)
        assert (tmp_path / key).read_bytes() != before
