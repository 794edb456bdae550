"""The march against the same question answered with sets."""

from hypothesis import given, settings
from hypothesis import strategies as st

from bucketlink.spans import Page
from bucketlink.sync.march import AssetColumns, Marcher, Step
from bucketlink.sync.selection import everything

ME, OTHER, GONE = 1, 2, 3
KEYS = st.sampled_from(["a", "a/", "a/b", "b", "c/", "d", "é", "z"])
OBJECTS = st.dictionaries(KEYS, st.tuples(st.sampled_from([0, 1, -1]), st.sampled_from(["", "e", "f"])))
ASSETS = st.dictionaries(
    KEYS, st.tuples(st.sampled_from([0, 1, -1]), st.sampled_from(["", "e", "f"]), st.sampled_from([ME, OTHER, GONE]))
)


def page_of(objects: dict[str, tuple[int, str]]) -> Page:
    keys = sorted(objects)
    return Page(keys, [objects[key][0] for key in keys], [objects[key][1] for key in keys])


def columns_of(assets: dict[str, tuple[int, str, int]]) -> AssetColumns:
    keys = sorted(assets)
    return AssetColumns(
        keys,
        list(range(100, 100 + len(keys))),
        [assets[key][2] for key in keys],
        [assets[key][0] for key in keys],
        [assets[key][1] for key in keys],
    )


@given(OBJECTS, ASSETS, st.sets(KEYS))
@settings(max_examples=1000)
def test_the_march_finds_what_sets_find(
    objects: dict[str, tuple[int, str]], assets: dict[str, tuple[int, str, int]], selected: set[str]
) -> None:
    page, columns = page_of(objects), columns_of(assets)
    step = Marcher(ME, frozenset({ME, OTHER}), selected.__contains__, clean=False).compare(page, columns)
    check(step, objects, assets, selected)


def check(
    step: Step, objects: dict[str, tuple[int, str]], assets: dict[str, tuple[int, str, int]], selected: set[str]
) -> None:
    """That a step finds what sets find, each list of it in the order of the keys."""
    page, columns = page_of(objects), columns_of(assets)
    wanted = {key for key in objects if key in selected and not (key.endswith("/") and objects[key][0] == 0)}
    mine = {key for key, (_, _, owner) in assets.items() if owner == ME}
    differing = {
        key
        for key in objects.keys() & assets.keys()
        if (objects[key][1] != assets[key][1] and objects[key][1] and assets[key][1])
        or (objects[key][0] != assets[key][0] and objects[key][0] >= 0 and assets[key][0] >= 0)
    }
    telling = {
        key
        for key in (objects.keys() & assets.keys()) - differing
        if objects[key][0] >= 0 and (assets[key][0] < 0 or (objects[key][1] and not assets[key][1]))
    }
    left_out = {key for key, (_, _, owner) in assets.items() if owner != OTHER} - wanted
    assert {page.keys[at] for at in step.added} == wanted - assets.keys()
    assert {columns.keys[at] for at in step.removed} == mine - wanted
    assert {columns.keys[at] for at in step.adopted} == {
        key for key, (_, _, owner) in assets.items() if owner == GONE and key in wanted
    }
    assert {page.keys[here] for here, _ in step.changed} == differing & wanted
    assert all(page.keys[here] == columns.keys[there] for here, there in step.changed)
    assert {page.keys[at] for at in step.learned} == telling - left_out
    assert step.outside == len((mine - wanted) & objects.keys())
    for positions in (step.added, step.removed, step.adopted, step.changed, step.learned):
        assert positions == sorted(positions)


LONG = [f"{n // 50}/{n:04}" for n in range(400)]
CHANGES = st.sampled_from(["gone", "new", "other etag", "other size", "unknown etag", "theirs", "ownerless"])


@given(
    st.dictionaries(st.sampled_from(LONG), CHANGES, max_size=25),
    st.sampled_from(LONG),
    st.integers(0, 150),
    st.integers(1, 3),
    st.sampled_from(["gone", "new", "other etag"]),
    st.booleans(),
)
@settings(max_examples=300)
def test_what_differs_here_and_there_in_a_long_page_is_found(
    changes: dict[str, str], first: str, run: int, every: int, of_run: str, selecting: bool
) -> None:
    start = LONG.index(first)
    changes = {**dict.fromkeys(LONG[start : start + run : every], of_run), **changes}
    objects = {key: (n, f"e{n}") for n, key in enumerate(LONG, 1)}
    assets = {key: (size, etag, ME) for key, (size, etag) in objects.items()}
    for key, change in changes.items():
        size, etag, _ = assets[key]
        if change == "gone":
            del objects[key]
        elif change == "new":
            del assets[key]
        else:
            assets[key] = {
                "other etag": (size, "other", ME),
                "other size": (size + 1, etag, ME),
                "unknown etag": (size, "", ME),
                "theirs": (size, etag, OTHER),
                "ownerless": (size, etag, GONE),
            }[change]
    selects = set(LONG).__contains__ if selecting else everything
    step = Marcher(ME, frozenset({ME, OTHER}), selects, clean=True).compare(page_of(objects), columns_of(assets))
    check(step, objects, assets, set(LONG))


def test_directory_markers_are_not_added_where_everything_is_wanted() -> None:
    page = page_of({"a": (1, "e"), "b/": (0, "e"), "c": (0, "e"), "d/": (2, "e")})
    step = Marcher(ME, frozenset({ME}), everything, clean=True).compare(page, AssetColumns())
    assert [page.keys[position] for position in step.added] == ["a", "c", "d/"]


@given(ASSETS)
def test_a_selection_known_to_hold_all_assets_is_not_asked_for_them(assets: dict[str, tuple[int, str, int]]) -> None:
    def refuse(key: str) -> bool:
        raise AssertionError(key)

    mine = {key: (size, etag, ME) for key, (size, etag, _) in assets.items()}
    same = {key: (size, etag) for key, (size, etag, _) in mine.items()}
    step = Marcher(ME, frozenset({ME}), refuse, clean=True).compare(page_of(same), columns_of(mine))
    assert step == Step()


@given(st.lists(st.tuples(st.sampled_from([None, "GLACIER"]), st.sampled_from([None, "GLACIER"])), max_size=5))
def test_an_object_that_went_to_an_archive_or_came_back_is_learned(
    archived: list[tuple[str | None, str | None]],
) -> None:
    keys = [str(number) for number in range(len(archived))]
    page = page_of(dict.fromkeys(keys, (1, "e")))
    columns = columns_of(dict.fromkeys(keys, (1, "e", ME)))
    now, then = [one for one, _ in archived], [other for _, other in archived]
    page.archived, columns.archived = (now if any(now) else None), (then if any(then) else None)

    step = Marcher(ME, frozenset({ME}), lambda _: True, clean=True).compare(page, columns)

    assert step == Step(learned=[at for at, (one, other) in enumerate(archived) if one != other])
