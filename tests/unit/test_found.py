"""What a step found: moments, content types and columns, a page at a time as one by one."""

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bucketlink.model import DifferenceType, InputType, Summary
from bucketlink.notices import Kind, Notice
from bucketlink.spans import Page
from bucketlink.sync import media
from bucketlink.sync.contents import ContentTypes
from bucketlink.sync.found import find, moments
from bucketlink.sync.march import AssetColumns, Step

TIMES = st.datetimes(datetime(1700, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - their bounds
NAMES = st.sampled_from(["a.jpg", "a.JPG", ".jpg", "b/.jpg", "a.b/c", "jpg", "c.pdf", "d.jpeg", "e.", "f.tar.gz", "g"])
TOLD = st.sampled_from([None, "image/png", "application/octet-stream", "text/plain", ""])


def refuse(key: str) -> str | None:
    raise AssertionError(key)


@given(st.lists(TIMES))
def test_moments_are_exact_to_the_millisecond(times: list[datetime]) -> None:
    texts = [time.isoformat(timespec="milliseconds").replace("+00:00", "Z") for time in times]
    told = [time.replace(microsecond=time.microsecond // 1000 * 1000) for time in times]
    found = moments(texts)
    assert found == [round(time.timestamp() * 1000) for time in told]


@given(st.lists(TIMES, min_size=1))
def test_dates_of_every_kind_in_one_page_are_told(times: list[datetime]) -> None:
    whole = [time.replace(microsecond=0) for time in times]
    texts = ["", "yesterday", "2024-03-01T12:00:00", *(format_datetime(time, usegmt=True) for time in whole)]
    noon = int(datetime(2024, 3, 1, 12, tzinfo=UTC).timestamp() * 1000)
    assert moments(texts) == [None, None, noon, *(int(time.timestamp() * 1000) for time in whole)]


@given(st.lists(st.tuples(TOLD, NAMES)))
def test_media_types_of_a_page_are_those_of_its_objects(rows: list[tuple[str | None, str]]) -> None:
    told, keys = [one for one, _ in rows], [key for _, key in rows]
    assert media.of_objects(told, keys) == [media.of_object(one, key) for one, key in rows]
    assert media.of_objects(None, keys) == [media.of_extension(key) for key in keys]


@given(
    st.lists(
        st.sampled_from(["a.jpg", "b/c.jpg", "d.tar.jpg", "e f.jpg", "a.jpg", "b.jpg", ".jpg", "b/.jpg", "a.jpg/b"])
    )
)
def test_keys_that_are_named_alike_are_told_as_each_is(keys: list[str]) -> None:
    assert media.of_objects(None, keys) == [media.of_extension(key) for key in keys]


@pytest.mark.parametrize(
    ("key", "media_type"),
    [
        ("a.jpg", "image/jpeg"),
        ("a/b.JPeG", "image/jpeg"),
        (".jpg", None),
        ("a/.jpg", None),
        ("a.jpg/b", None),
        ("jpg", None),
        ("a.unheard-of", None),
        ("a.", None),
        ("", None),
    ],
)
def test_an_extension_names_a_media_type(key: str, media_type: str | None) -> None:
    assert media.of_extension(key) == media_type


def test_only_accepted_objects_are_added_and_the_rest_is_warned_of() -> None:
    page = Page(
        ["a.jpg", "b.pdf", "c.png", "d.jpg"],
        [1, 2, 3, 4],
        ["e", "f", "g", "h"],
        ["2024-03-01T12:00:00Z", "", "1970-01-01T00:00:00.001Z", ""],
        archived=[None, None, "GLACIER", None],
    )
    contents = ContentTypes(InputType.IMAGE, refuse)
    found = find(page, AssetColumns(), Step(added=[0, 1, 2]), contents, InputType.IMAGE)
    assert found.counts == Summary(2, 0, 0)
    assert found.notices == [Notice(Kind.OTHER_CONTENT_TYPE, 1, "b.pdf")]
    (batch,) = found.batches
    assert (batch.type, batch.keys, batch.sizes) == (DifferenceType.ADD, ["a.jpg", "c.png"], [1, 3])
    assert (batch.modified, batch.content_types) == ([1709294400000, 1], ["image/jpeg", "image/png"])
    assert (batch.archived, batch.asset_ids) == ([None, "GLACIER"], None)


def test_objects_without_a_content_type_are_asked_for_and_warned_of() -> None:
    page = Page(["a", "b", "c.jpg"], [1, 2, 3], ["e", "f", "g"])
    contents = ContentTypes(InputType.IMAGE, {"a": "image/png"}.get)
    positions = [0, 1, 2]
    asked = contents.asked(page, positions)
    assert asked == {"a": "e", "b": "f"}
    contents.find_out(asked, {})
    assert contents.asked(page, positions) == {}
    found = find(page, AssetColumns(), Step(added=positions), contents, InputType.IMAGE)
    assert found.notices == [Notice(Kind.NO_CONTENT_TYPE, 1, "b")]
    assert [(batch.keys, batch.content_types) for batch in found.batches] == [
        (["a", "c.jpg"], ["image/png", "image/jpeg"])
    ]


def test_what_is_of_assets_keeps_their_ids() -> None:
    page = Page(["b", "c"], [1, 2], ["e", "f"], content_types=["image/png", None])
    assets = AssetColumns(["a", "b", "c"], [7, 8, 9], [1, 1, 1], [1, 1, 1], ["e", "e", "e"])
    step = Step(removed=[0], adopted=[1], changed=[(1, 2)], learned=[0])
    found = find(page, assets, step, ContentTypes(InputType.IMAGE, refuse), InputType.IMAGE)
    assert found.counts == Summary(0, 1, 1)
    assert [(batch.type, batch.keys, batch.asset_ids, batch.content_types) for batch in found.batches] == [
        (DifferenceType.REMOVE, ["a"], [7], None),
        (DifferenceType.ADOPT, ["b"], [8], None),
        (DifferenceType.CHANGED, ["c"], [9], [None]),
        (DifferenceType.LEARN, ["b"], None, ["image/png"]),
    ]
