"""The benchmark's buckets: in order, the same every time, and changed by as much as is said."""

from collections.abc import Iterator
from itertools import pairwise

import pytest

from tests.bench.layouts import CHUNK, LAYOUTS, changes, etag, generation, objects, size

COUNT = CHUNK + 34


def rows(layout: str, *, changed: bool = False) -> Iterator[tuple[str, int]]:
    for keys, seeds in objects(layout, COUNT, changed=changed):
        yield from zip(keys, seeds, strict=True)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("changed", [False, True])
def test_keys_ascend_by_bytes(layout: str, changed: bool) -> None:
    keys = [key.encode() for key, _ in rows(layout, changed=changed)]
    assert all(first < second for first, second in pairwise(keys))
    assert 45 <= sum(map(len, keys)) / len(keys) <= 75


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_key_is_a_function_of_its_place(layout: str) -> None:
    keys = [key for key, _ in rows(layout)]
    assert len(keys) == COUNT
    for start, stop in ((0, 1), (17, 117), (CHUNK - 3, CHUNK + 3), (COUNT - 1, COUNT)):
        assert LAYOUTS[layout](start, stop, COUNT) == keys[start:stop]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_changed_bucket_differs_by_one_percent(layout: str) -> None:
    before, after = (dict(rows(layout, changed=changed)) for changed in (False, True))
    found = {
        "added": len(after.keys() - before.keys()),
        "removed": len(before.keys() - after.keys()),
        "changed": sum(etag(before[key]) != etag(after[key]) for key in before.keys() & after.keys()),
    }
    assert found == changes(COUNT)
    assert all(0.0033 < number / COUNT < 0.0034 for number in found.values())


def test_what_an_object_has_depends_on_its_seed_alone() -> None:
    seeds = range(50_000)
    assert len(set(map(etag, seeds))) == len(set(map(generation, seeds))) == len(seeds)
    assert {len(etag(seed)) for seed in seeds} == {32}
    assert {len(str(size(seed))) for seed in seeds} == {5, 6}


def test_levels_and_folders_are_as_the_layouts_are_named() -> None:
    assert all("/" not in key for key, _ in rows("flat"))
    assert {key.count("/") for key, _ in rows("deep")} == {8}
    assert len({key.rpartition("/")[0] for key, _ in rows("folder")}) == 1
    assert len({key.rpartition("/")[0] for key, _ in rows("words")}) == 12
