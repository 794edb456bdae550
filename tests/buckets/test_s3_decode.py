"""Decoding pages: the quick way says what the strict parser says, or leaves the page to it."""

import re
from collections.abc import Callable
from urllib.parse import quote, quote_plus, unquote_to_bytes
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bucketlink.buckets import s3_decode
from bucketlink.buckets.s3_decode import Decoded, decode, decode_strictly
from bucketlink.errors import BucketMisbehaved
from bucketlink.notices import Kind, LeftOut
from tests.buckets.hard_keys import HARD_KEYS

AWS_ORDER = ("Key", "LastModified", "ETag", "Size", "StorageClass")
CEPH_ORDER = ("Key", "LastModified", "ETag", "Size", "StorageClass", "Owner", "Type")
OTHER_ORDER = ("ETag", "Owner", "Size", "Key", "LastModified")
OWNER = "<Owner><ID>an &amp; id</ID><DisplayName>Key</DisplayName></Owner>"

any_key = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=40)
xml_key = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"),
    min_size=1,
    max_size=40,
)


def contents(name: str, number: int, order: tuple[str, ...] = AWS_ORDER, quotes: str = "&quot;") -> str:
    values = {
        "Key": f"<Key>{name}</Key>",
        "LastModified": f"<LastModified>2024-01-01T00:00:{number % 60:02d}.000Z</LastModified>",
        "ETag": f"<ETag>{quotes}{number:032x}{quotes}</ETag>",
        "Size": f"<Size>{number}</Size>",
        "StorageClass": f"<StorageClass>{'GLACIER' if number % 3 else 'STANDARD'}</StorageClass>",
        "Owner": OWNER,
        "Type": "<Type>Normal</Type>",
        "Checksum": "<ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType>",
    }
    return f"<Contents>{''.join(values[name] for name in order)}</Contents>"


def document(
    rows: list[str], *, url: bool = True, more: str = "<IsTruncated>false</IsTruncated>", count: int = -1
) -> bytes:
    announced = len(rows) if count < 0 else count
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<Name>bucket</Name><Prefix></Prefix><KeyCount>{announced}</KeyCount><MaxKeys>1000</MaxKeys>"
        f"{'<EncodingType>url</EncodingType>' if url else ''}{more}{''.join(rows)}</ListBucketResult>"
    ).encode()


@pytest.fixture
def without_strict_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: bytes) -> None:
        raise AssertionError("a regular page went to the strict parser")

    monkeypatch.setattr(s3_decode, "strict", refuse)


@given(
    st.lists(any_key, max_size=20),
    st.sampled_from([AWS_ORDER, CEPH_ORDER, OTHER_ORDER]),
    st.sampled_from(["&quot;", '"', ""]),
)
def test_both_ways_give_the_keys_that_were_encoded(keys: list[str], order: tuple[str, ...], quotes: str) -> None:
    rows = [contents(quote_plus(key), number, order, quotes) for number, key in enumerate(keys)]
    decoded = decode(document(rows))
    assert decoded == decode_strictly(document(rows))
    assert decoded.page.keys == keys
    assert decoded.page.sizes == list(range(len(keys)))
    assert decoded.page.etags == [f"{number:032x}" for number in range(len(keys))]


@given(st.lists(xml_key, max_size=20))
def test_both_ways_give_keys_that_the_server_did_not_encode(keys: list[str]) -> None:
    body = document([contents(escape(key), number) for number, key in enumerate(keys)], url=False)
    assert decode(body) == decode_strictly(body)
    assert decode(body).page.keys == keys


@given(st.lists(st.sampled_from([AWS_ORDER, CEPH_ORDER, OTHER_ORDER, (*AWS_ORDER, "Checksum")]), max_size=8))
def test_rows_may_differ_in_their_elements(orders: list[tuple[str, ...]]) -> None:
    body = document([contents(f"key{number}", number, order) for number, order in enumerate(orders)])
    assert decode(body) == decode_strictly(body)


@given(st.lists(any_key, min_size=1, max_size=5), st.data())
def test_a_page_that_lost_a_piece_is_never_taken_for_another_one(keys: list[str], data: st.DataObject) -> None:
    body = document([contents(quote(key), number, CEPH_ORDER) for number, key in enumerate(keys)])
    start = data.draw(st.integers(0, len(body) - 1))
    stop = data.draw(st.integers(start + 1, len(body)))
    damaged = body[:start] + body[stop:]
    try:
        expected: Decoded | None = decode_strictly(damaged)
    except BucketMisbehaved:
        expected = None
    try:
        found: Decoded | None = decode(damaged)
    except BucketMisbehaved:
        found = None
    if found is not None and expected is not None:
        assert found == expected
    if found is not None:
        assert len(found.page) == len(keys) or found.page.left_out


@given(st.lists(any_key, min_size=1, max_size=4), st.sampled_from([AWS_ORDER, CEPH_ORDER]), st.data())
def test_a_page_whose_pieces_changed_places_is_never_taken_for_another_one(
    keys: list[str], order: tuple[str, ...], data: st.DataObject
) -> None:
    body = document([contents(quote(key), number, order) for number, key in enumerate(keys)])
    pieces = re.split(rb"(?=<)|(?<=>)", body)
    first, second = sorted(data.draw(st.tuples(*[st.integers(4, len(pieces) - 1)] * 2)))
    pieces[first], pieces[second] = pieces[second], pieces[first]
    changed = b"".join(pieces)
    assert outcome(decode, changed) in {None, outcome(decode_strictly, changed)}


def outcome(way: Callable[[bytes], Decoded], body: bytes) -> str | None:
    try:
        return repr(way(body))
    except BucketMisbehaved:
        return None


def test_what_is_left_out_of_a_row_ends_in_that_row() -> None:
    rows = [contents(name, 1, CEPH_ORDER) for name in ("a", "b", "c")]
    rows[1] = rows[1].replace("</Owner><Type>Normal</Type></Contents>", "")
    body = re.sub(rb"<KeyCount>\d+</KeyCount>", b"<Marker/>", document(rows))
    with pytest.raises(BucketMisbehaved):
        decode(body)


def test_a_row_of_many_elements_is_decoded_all_the_same() -> None:
    rows = [contents(name, 1).replace("<Size>", f"{'<New>x</New>' * 60}<Size>") for name in ("a", "b")]
    assert decode(document(rows)) == decode_strictly(document(rows))
    assert decode(document(rows)).page.keys == ["a", "b"]


PLAIN, FROZEN, DEEP, AT_HAND = "STANDARD", "GLACIER", "DEEP_ARCHIVE", "GLACIER_IR"
RESTORED = (
    "<RestoreStatus><IsRestoreInProgress>false</IsRestoreInProgress>"
    "<RestoreExpiryDate>2030-01-0{day}T00:00:00.000Z</RestoreExpiryDate></RestoreStatus>"
)
RESTORING = "<RestoreStatus><IsRestoreInProgress>true</IsRestoreInProgress></RestoreStatus>"


def classed(number: int, name: str, restore: str = "") -> str:
    row = contents(f"{number}", number, ("Key", "LastModified", "ETag", "Size"))
    more = restore.format(day=number % 9 + 1)
    return row.replace("</Contents>", f"<StorageClass>{name}</StorageClass>{more}</Contents>")


@pytest.mark.usefixtures("without_strict_parser")
@pytest.mark.parametrize(
    ("rows", "archived"),
    [
        ([(PLAIN, ""), (PLAIN, "")], None),
        ([(PLAIN, ""), (AT_HAND, ""), ("STANDARD_IA", "")], None),
        ([(FROZEN, ""), (FROZEN, "")], [FROZEN, FROZEN]),
        ([(DEEP, "")], [DEEP]),
        ([(PLAIN, ""), (FROZEN, ""), (AT_HAND, ""), (DEEP, "")], [None, FROZEN, None, DEEP]),
        ([(FROZEN, RESTORED), (FROZEN, RESTORING), (FROZEN, "")], [None, FROZEN, FROZEN]),
        ([(FROZEN, RESTORED), (FROZEN, RESTORED)], None),
        ([(FROZEN, RESTORING), (DEEP, RESTORING)], [FROZEN, DEEP]),
        ([(PLAIN, ""), (DEEP, RESTORED), (DEEP, "")], [None, None, DEEP]),
    ],
)
def test_objects_that_must_be_restored_first_are_told_by_their_class(
    rows: list[tuple[str, str]], archived: list[str | None] | None
) -> None:
    body = document([classed(number, name, restore) for number, (name, restore) in enumerate(rows)])
    assert decode(body).page.archived == archived
    assert len(decode(body).page) == len(rows)


@given(
    st.lists(
        st.tuples(st.sampled_from([PLAIN, FROZEN, DEEP, AT_HAND]), st.sampled_from(["", RESTORED, RESTORING])),
        max_size=8,
    )
)
def test_both_ways_tell_the_same_of_archived_objects(rows: list[tuple[str, str]]) -> None:
    body = document([classed(number, name, restore) for number, (name, restore) in enumerate(rows)])
    assert decode(body) == decode_strictly(body)
    wanted = [name if name in {FROZEN, DEEP} and restore != RESTORED else None for name, restore in rows]
    assert (decode(body).page.archived or [None] * len(rows)) == wanted


def test_a_row_that_is_left_out_takes_its_class_with_it() -> None:
    rows = [classed(1, FROZEN), classed(2, PLAIN).replace("<Key>2<", "<Key>%00<"), classed(3, PLAIN)]
    page = decode(document(rows)).page
    assert (page.keys, page.archived) == (["1", "3"], [FROZEN, None])


@pytest.mark.usefixtures("without_strict_parser")
@pytest.mark.parametrize("order", [AWS_ORDER, CEPH_ORDER, OTHER_ORDER])
def test_regular_pages_need_no_strict_parser(order: tuple[str, ...]) -> None:
    rows = [contents(quote_plus(key), number, order) for number, key in enumerate(HARD_KEYS)]
    assert decode(document(rows)).page.keys == list(HARD_KEYS)
    assert decode(document([])).page.keys == []


@pytest.mark.usefixtures("without_strict_parser")
def test_pages_with_checksums_here_and_there_need_no_strict_parser() -> None:
    rows = [contents(f"{n}", n, (*AWS_ORDER, "Checksum") if n % 3 else AWS_ORDER) for n in range(9)]
    assert decode(document(rows)).page.keys == [f"{n}" for n in range(9)]


def test_the_token_of_the_next_page_is_unescaped() -> None:
    more = "<IsTruncated>true</IsTruncated><NextContinuationToken>a&amp;b&lt;c</NextContinuationToken>"
    body = document([contents("key", 1)], more=more)
    assert decode(body).token == decode_strictly(body).token == "a&b<c"


@pytest.mark.parametrize(
    ("more", "url", "marker"),
    [
        ("", True, b"b +\xff"),
        ("", False, b"b%20%2B%FF"),
        ("<NextMarker>c+%2B%C3</NextMarker>", True, b"c +\xc3"),
        ("<NextMarker>c%2B&amp;</NextMarker>", False, b"c%2B&"),
        ("<NextMarker/>", True, b"b +\xff"),
    ],
    ids=["the last key", "the last key as it is", "a marker", "a marker as it is", "an empty marker"],
)
def test_the_first_version_goes_on_behind_a_marker(more: str, url: bool, marker: bytes) -> None:
    rows = [contents("a", 1), contents("b%20%2B%FF", 1)]
    body = document(rows, url=url, more=f"<IsTruncated>true</IsTruncated>{more}")
    body = re.sub(rb"<KeyCount>\d+</KeyCount>", b"<Marker/>", body)
    for decoded in (decode(body), decode_strictly(body)):
        assert (decoded.token, decoded.marker) == (None, marker)


def test_the_first_version_must_name_a_marker_where_it_lists_folders() -> None:
    rows = [contents("a", 1), "<CommonPrefixes><Prefix>b%2F</Prefix></CommonPrefixes>"]
    body = document(rows, more="<IsTruncated>true</IsTruncated>")
    with pytest.raises(BucketMisbehaved, match="goes on"):
        decode(re.sub(rb"<KeyCount>\d+</KeyCount>", b"<Marker/>", body))


def test_control_characters_are_understood_though_xml_has_none() -> None:
    more = "<IsTruncated>true</IsTruncated><NextContinuationToken>&#x1;&#31;</NextContinuationToken>"
    decoded = decode(document([contents("bell&#7;", 1)], url=False, more=more))
    assert (decoded.page.keys, decoded.token) == (["bell\a"], "\x01\x1f")


def test_common_prefixes_count_as_announced_keys() -> None:
    folders = "".join(f"<CommonPrefixes><Prefix>{n}%2F</Prefix></CommonPrefixes>" for n in range(3))
    body = document([contents("key", 1), folders], count=4)
    assert decode(body) == decode_strictly(body)
    assert decode(body).page.keys == ["key"]


def test_a_plus_is_a_space_only_where_names_are_encoded() -> None:
    assert decode(document([contents("a+b%2Bc", 1)])).page.keys == ["a b+c"]
    assert decode(document([contents("a+b%2Bc", 1)], url=False)).page.keys == ["a+b%2Bc"]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("%00", Kind.HOLDS_NUL),
        ("a%00b", Kind.HOLDS_NUL),
        ("%ff", Kind.NOT_UTF8),
        ("%C3", Kind.NOT_UTF8),
        ("%ED%A0%80", Kind.NOT_UTF8),
        ("k" * 1025, Kind.TOO_LONG),
        ("%C3%A9" * 513, Kind.TOO_LONG),
    ],
)
def test_what_cannot_be_a_key_is_left_out_with_a_warning(name: str, why: Kind) -> None:
    body = document([contents("a", 1), contents(name, 2), contents("%C3%A9", 3)])
    decoded = decode(body)
    assert decoded == decode_strictly(body)
    assert (decoded.page.keys, decoded.page.sizes) == (["a", "é"], [1, 3])
    assert decoded.page.etags == [f"{1:032x}", f"{3:032x}"]
    assert decoded.page.left_out == (LeftOut.at(unquote_to_bytes(name), why),)


def test_keys_of_the_greatest_length_are_keys() -> None:
    names = ["k" * 1024, quote("é" * 512), quote("\U0001f600" * 256)]
    page = decode(document([contents(name, number) for number, name in enumerate(names)])).page
    assert [len(key.encode()) for key in page.keys] == [1024, 1024, 1024]
    assert page.left_out == ()


def test_only_the_last_modification_may_be_missing_and_is_then_for_the_whole_page() -> None:
    body = document([contents("a", 1), contents("b", 2, ("Key", "Size"))])
    page = decode(body).page
    assert (page.keys, page.etags, page.modified) == (["a", "b"], [f"{1:032x}", ""], None)


GOOD = document([contents("a", 1), contents("b", 2)])
BAD = {
    "cut in a row": GOOD[: len(GOOD) // 2],
    "cut at the end": GOOD[:-1],
    "empty": b"",
    "not XML": b"hello",
    "a page of the web": b"<html><body>hello</body></html>",
    "an error": b"<Error><Code>AccessDenied</Code></Error>",
    "fewer than announced": GOOD.replace(b"<KeyCount>2", b"<KeyCount>3"),
    "more than announced": GOOD.replace(b"<KeyCount>2", b"<KeyCount>1"),
    "announced in words": GOOD.replace(b"<KeyCount>2", b"<KeyCount>two"),
    "more than announced with folders": document(
        [contents("a", 1), "<CommonPrefixes><Prefix>a%2F</Prefix></CommonPrefixes>"], count=0
    ),
    "no end told": GOOD.replace(b"<IsTruncated>false</IsTruncated>", b""),
    "no token": GOOD.replace(b"<IsTruncated>false", b"<IsTruncated>true"),
    "end told twice": document([], more="<IsTruncated>false</IsTruncated><IsTruncated>true</IsTruncated>"),
    "no key": GOOD.replace(b"<Key>a</Key>", b""),
    "an empty key": GOOD.replace(b"<Key>a</Key>", b"<Key></Key>"),
    "an empty key of another form": GOOD.replace(b"<Key>a</Key>", b"<Key/>"),
    "two keys": GOOD.replace(b"<Key>a</Key>", b"<Key>a</Key><Key>c</Key>"),
    "a key moved to another row": GOOD.replace(b"<Key>a</Key>", b"").replace(
        b"<Key>b</Key>", b"<Key>a</Key><Key>b</Key>"
    ),
    "no size": GOOD.replace(b"<Size>1</Size>", b""),
    "a size in words": GOOD.replace(b"<Size>1<", b"<Size>one<"),
    "a negative size": GOOD.replace(b"<Size>1<", b"<Size>-1<"),
    "a size with a line in it": GOOD.replace(b"<Size>1<", b"<Size>1_0<"),
    "an enormous size": GOOD.replace(b"<Size>1<", b"<Size>9223372036854775808<"),
    "a size of too many digits": GOOD.replace(b"<Size>1<", b"<Size>" + b"9" * 5000 + b"<"),
    "an element in a key": GOOD.replace(b"<Key>a<", b"<Key><b>a</b><"),
    "an unknown encoding": GOOD.replace(b">url<", b">base64<"),
    "a document type": GOOD.replace(b"?>\n", b'?><!DOCTYPE x [<!ENTITY e "boom">]>').replace(b">a<", b">&e;<"),
    "an outer entity": GOOD.replace(b"?>\n", b'?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>').replace(
        b">a<", b">&e;<"
    ),
    "an unknown entity": GOOD.replace(b">a<", b">&e;<"),
    "not UTF-8": GOOD.replace(b">a<", b">\xff<"),
    "a NUL": GOOD.replace(b">a<", b">\0<"),
    "a NUL by number": GOOD.replace(b">a<", b">&#0;<"),
}


@pytest.mark.parametrize("body", BAD.values(), ids=BAD.keys())
def test_a_page_that_is_wrong_anywhere_is_refused_whole(body: bytes) -> None:
    with pytest.raises(BucketMisbehaved):
        decode(body)


ODD = {
    "spaces between elements": GOOD.replace(b"><", b">\n  <"),
    "a comment": GOOD.replace(b"<Key>a", b"<!-- <Key>c</Key> --><Key>a"),
    "unparsed text": GOOD.replace(b"<Key>a<", b"<Key><![CDATA[a]]><"),
    "a prefix of the namespace": GOOD.replace(b"<", b"<s3:")
    .replace(b"<s3:/", b"</s3:")
    .replace(b"<s3:?", b"<?")
    .replace(b"xmlns=", b"xmlns:s3="),
    "no declaration": GOOD.partition(b"\n")[2],
    "no namespace": GOOD.replace(b' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"', b""),
    "another encoding": GOOD.replace(b"UTF-8", b"ISO-8859-1"),
    "an element of another kind": GOOD.replace(b"<Size>1<", b"<New><Key>x</Key></New><Size>1<"),
    "a weak and a bare etag": GOOD.replace(b"<ETag>&quot;", b"<ETag>", 1).replace(b"&quot;</ETag>", b"</ETag>", 1),
    "numbered quotes": GOOD.replace(b"&quot;", b"&#34;"),
}


@pytest.mark.parametrize("body", ODD.values(), ids=ODD.keys())
def test_an_odd_page_is_decoded_all_the_same(body: bytes) -> None:
    assert body != GOOD
    assert decode(body) == decode_strictly(body) == decode(GOOD)
