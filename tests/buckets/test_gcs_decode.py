"""Pages of Google Cloud Storage: decoded whole, or refused whole."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bucketlink.buckets.gcs_decode import decode
from bucketlink.errors import BucketMisbehaved
from bucketlink.notices import Kind
from bucketlink.spans import Page

Item = dict[str, Any]


def item(name: str, size: int = 1, **more: object) -> Item:
    told = {"generation": "1700000000000001", "updated": "2024-01-01T00:00:00.000Z", "contentType": "image/jpeg"}
    return {"name": name, "size": str(size), **told, **more}


def document(*items: object, **more: object) -> bytes:
    return json.dumps({"kind": "storage#objects", "items": items, **more}, ensure_ascii=False).encode()


def page(*items: Item) -> Page:
    return decode(document(*items)).page


def test_a_page_is_columns() -> None:
    found = decode(document(item("a", 1), item("b/c", 2, generation="7"), nextPageToken="token"))
    assert found.token == "token"
    assert found.page == Page(
        keys=["a", "b/c"],
        sizes=[1, 2],
        etags=["1700000000000001", "7"],
        modified=["2024-01-01T00:00:00.000Z"] * 2,
        content_types=["image/jpeg"] * 2,
    )


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=200)))
def test_keys_come_out_as_they_went_in(keys: list[str]) -> None:
    assert list(page(*map(item, keys)).keys) == keys


def test_an_empty_page_may_have_more_behind_it() -> None:
    assert decode(b'{"kind": "storage#objects"}').token is None
    found = decode(b'{"kind": "storage#objects", "nextPageToken": "x", "prefixes": ["a/"]}')
    assert (list(found.page.keys), found.token) == ([], "x")
    assert decode(document(nextPageToken="")).token is None


def test_content_types_lose_letters_case_and_parameters() -> None:
    told = ["IMAGE/Jpeg; charset=x", "text/plain", "", "not one", None]
    items = [item(str(number), contentType=one) for number, one in enumerate(told)]
    del items[4]["contentType"]
    assert page(*items).content_types == ["image/jpeg", "text/plain", None, None, None]


def test_what_no_object_tells_is_none_for_the_whole_page() -> None:
    found = page({"name": "a", "size": "1"}, {"name": "b", "size": "2"})
    assert (found.etags, found.modified, found.content_types) == (["", ""], None, None)
    assert page(item("a"), {"name": "b", "size": "2"}).modified is None


def test_what_cannot_be_a_key_is_left_out_with_a_warning() -> None:
    names = ["a", "nul\0", "k" * 1025, "\u00e9" * 513, "z"]
    found = page(*(item(name, number) for number, name in enumerate(names)))
    assert (list(found.keys), list(found.sizes)) == (["a", "z"], [0, 4])
    assert found.left_out == tuple(zip(names[1:4], (Kind.HOLDS_NUL, Kind.TOO_LONG, Kind.TOO_LONG), strict=True))
    assert list(found.content_types or ()) == ["image/jpeg"] * 2


def test_the_longest_keys_stay() -> None:
    names = ["k" * 1024, "\u00e9" * 512, "\U0001f600" * 256]
    found = page(*map(item, names))
    assert (list(found.keys), found.left_out) == (names, ())


def test_the_archive_class_can_be_read_at_once() -> None:
    assert page(item("a", storageClass="ARCHIVE")).archived is None


GOOD = document(item("a"), item("b"))
BAD = {
    "nothing": b"",
    "cut short": GOOD[:-1],
    "no JSON": b"<html>",
    "no UTF-8": GOOD.replace(b'"a"', b'"\xff"'),
    "half a character": GOOD.replace(b'"a"', b'"\\ud800"'),
    "a list": b"[]",
    "another kind": b'{"kind": "storage#buckets"}',
    "no kind": b"{}",
    "items that are no list": document().replace(b"[]", b"{}"),
    "items that are null": document().replace(b"[]", b"null"),
    "a token that is no text": document(nextPageToken=5),
    "an item that is no object": document("a"),
    "an item that is null": document(None),
    "no name": document({"size": "1"}),
    "an empty name": document(item("")),
    "a name that is no text": document(item("a") | {"name": 5}),
    "no size": document({"name": "a"}),
    "a size that is a number": document(item("a") | {"size": 5}),
    "an empty size": document(item("a"), item("b") | {"size": ""}),
    "a size with a sign": document(item("a") | {"size": "-1"}),
    "a size with a line": document(item("a") | {"size": "1_0"}),
    "a size of other digits": document(item("a") | {"size": "\u0661"}),
    "a size that cannot be": document(item("a") | {"size": "9223372036854775808"}),
    "a size of many digits": document(item("a") | {"size": "9" * 5000}),
    "a generation that is a number": document(item("a") | {"generation": 5}),
    "a generation with NUL": document(item("a") | {"generation": "5\0"}),
    "a time that is a number": document(item("a") | {"updated": 5}),
    "a content type that is a list": document(item("a") | {"contentType": []}),
}


@pytest.mark.parametrize("body", BAD.values(), ids=BAD)
def test_anything_else_is_refused_whole(body: bytes) -> None:
    with pytest.raises(BucketMisbehaved) as caught:
        decode(body)
    assert "\n" not in str(caught.value)
