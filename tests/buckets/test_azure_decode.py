"""Decoding pages of Azure: the quick way says what the strict parser says, or leaves the page to it.

Azurite sends no encoded names, no directories and no rehydration. Those are here as the service's documentation and
recorded answers of it have them.
"""

import re
from collections.abc import Callable
from urllib.parse import quote, unquote_to_bytes
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bucketlink.buckets import azure_decode
from bucketlink.buckets.azure_decode import Decoded, decode, decode_strictly
from bucketlink.buckets.columns import media_type
from bucketlink.errors import BucketMisbehaved
from bucketlink.notices import Kind, LeftOut
from tests.buckets.hard_keys import HARD_KEYS

XML_CHARACTERS = st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff")
xml_key = st.text(XML_CHARACTERS, min_size=1, max_size=40)
any_key = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=40)

ENCODED = ' Encoded="true"'
TIME = "Mon, 23 Nov 2026 03:31:{:02d} GMT"


def azure(number: int, extra: str = "", *, tier: str = "Hot", content_type: str = "image/jpeg") -> str:
    """Properties as the service sends them."""
    md5 = "<Content-MD5>ndTkYSaMgDT1yFZOFVxnpg==</Content-MD5>" if number % 2 else "<Content-MD5 />"
    inferred = "<AccessTierInferred>true</AccessTierInferred>" if number % 3 else ""
    return (
        f"<Properties><Creation-Time>{TIME.format(1)}</Creation-Time>"
        f"<Last-Modified>{TIME.format(number % 60)}</Last-Modified><Etag>0x8DC{number:012X}</Etag>{extra}"
        f"<Content-Length>{number}</Content-Length><Content-Type>{content_type}</Content-Type><Content-Encoding />"
        f"<Content-Language /><Content-CRC64 />{md5}<Cache-Control /><Content-Disposition />"
        f"<BlobType>BlockBlob</BlobType><AccessTier>{tier}</AccessTier>{inferred}<LeaseStatus>unlocked</LeaseStatus>"
        "<LeaseState>available</LeaseState><ServerEncrypted>true</ServerEncrypted></Properties><OrMetadata />"
    )


def azurite(number: int) -> str:
    """Properties as Azurite sends them."""
    return (
        f"<Properties><Creation-Time>{TIME.format(1)}</Creation-Time>"
        f"<Last-Modified>{TIME.format(number % 60)}</Last-Modified><Etag>0x8DC{number:012X}</Etag>"
        f"<Content-Length>{number}</Content-Length><Content-Type>image/jpeg</Content-Type>"
        "<Content-MD5>ndTkYSaMgDT1yFZOFVxnpg==</Content-MD5><BlobType>BlockBlob</BlobType>"
        "<LeaseStatus>unlocked</LeaseStatus><LeaseState>available</LeaseState><ServerEncrypted>true</ServerEncrypted>"
        f"<AccessTier>Hot</AccessTier><AccessTierChangeTime>{TIME.format(1)}</AccessTierChangeTime></Properties>"
    )


def row(name: str, properties: str, *, encoded: bool = False, version: str = "") -> str:
    return f"<Blob><Name{ENCODED if encoded else ''}>{name}</Name>{version}{properties}</Blob>"


def document(rows: list[str], *, marker: str = "<NextMarker />") -> bytes:
    blobs = f"<Blobs>{''.join(rows)}</Blobs>" if rows else "<Blobs />"
    return (
        '\ufeff<?xml version="1.0" encoding="utf-8"?><EnumerationResults ServiceEndpoint="https://a.example.com/" '
        f'ContainerName="photos"><Prefix>p</Prefix><MaxResults>5000</MaxResults><Delimiter>/</Delimiter>{blobs}{marker}</EnumerationResults>'
    ).encode()


@pytest.fixture
def without_strict_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: bytes) -> None:
        raise AssertionError("a regular page went to the strict parser")

    monkeypatch.setattr(azure_decode, "_strict", refuse)


@given(st.lists(xml_key, max_size=20), st.sampled_from([azure, azurite]), st.booleans())
def test_both_ways_give_the_keys_that_were_sent(keys: list[str], server: object, versioned: bool) -> None:
    assert callable(server)
    version = "<VersionId>2026-11-23T03:31:13.0Z</VersionId><IsCurrentVersion>true</IsCurrentVersion>"
    rows = [row(escape(key), server(n), version=version if versioned else "") for n, key in enumerate(keys)]
    decoded = decode(document(rows))
    assert decoded == decode_strictly(document(rows))
    assert decoded.page.keys == keys
    assert decoded.page.sizes == list(range(len(keys)))
    assert decoded.page.etags == [f"0x8DC{n:012X}" for n in range(len(keys))]


@given(st.lists(any_key, max_size=20), st.lists(st.booleans(), min_size=20, max_size=20))
def test_names_may_come_encoded(keys: list[str], flags: list[bool]) -> None:
    rows = [
        row(quote(key, safe="") if flag or not is_xml(key) else escape(key), azure(n), encoded=flag or not is_xml(key))
        for n, (key, flag) in enumerate(zip(keys, flags, strict=False))
    ]
    decoded = decode(document(rows))
    assert decoded == decode_strictly(document(rows))
    assert decoded.page.keys == keys


def is_xml(key: str) -> bool:
    return not re.search("[\x00-\x1f\x7f-\x9f\ufffe\uffff]", key)


@given(st.lists(xml_key, min_size=1, max_size=4), st.data())
def test_a_page_that_lost_a_piece_is_never_taken_for_another_one(keys: list[str], data: st.DataObject) -> None:
    rows = [row(escape(key), azure(n)) for n, key in enumerate(keys)]
    body = document([*rows, "<BlobPrefix><Name>folder/</Name></BlobPrefix>"])
    start = data.draw(st.integers(0, len(body) - 1))
    stop = data.draw(st.integers(start + 1, len(body)))
    damaged = body[:start] + body[stop:]
    assert outcome(decode, damaged) == outcome(decode_strictly, damaged)


def outcome(way: object, body: bytes) -> Decoded | None:
    assert callable(way)
    try:
        found: Decoded = way(body)
    except BucketMisbehaved:
        return None
    return found


def alike(count: int) -> list[str]:
    """Rows of which the service sends most: with the same elements, and a hash in each."""
    return [row(f"folder/é{n:05d}.jpg", azure(2 * n + 1).replace(INFERRED, "")) for n in range(count)]


INFERRED = "<AccessTierInferred>true</AccessTierInferred>"
LONG = alike(1000)
assert len("".join(LONG)) > 2 * azure_decode._BLOCK_BYTES


@pytest.mark.usefixtures("without_strict_parser")
def test_rows_that_are_alike_are_cut_the_quick_way(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: str) -> None:
        raise AssertionError("rows that are alike were taken for different ones")

    monkeypatch.setattr(azure_decode, "_different", refuse)
    assert decode(document(LONG)).page.keys == [f"folder/é{n:05d}.jpg" for n in range(1000)]


@pytest.mark.parametrize("number", [0, 1, 499, 999])
@pytest.mark.parametrize(
    "change",
    [
        lambda text: text,
        lambda text: text.replace("<Content-MD5>ndTkYSaMgDT1yFZOFVxnpg==</Content-MD5>", "<Content-MD5 />"),
        lambda text: text.replace(">Hot<", ">Archive<"),
        lambda text: text.replace("<Content-Length>", f"{DIRECTORY}<Content-Length>"),
        lambda text: text.replace("<Content-Type>image/jpeg</Content-Type>", "<Content-Type />"),
        lambda text: text.replace("<Name>folder/", f"<Name{ENCODED}>folder%2F"),
        lambda text: text.replace("</AccessTier>", f"</AccessTier>{INFERRED}"),
        lambda text: text.replace("<LeaseStatus>unlocked", "<LeaseStatus>locked"),
        lambda text: text.replace("<Last-Modified>", "<Last-Modified>1"),
    ],
    ids=["none", "no hash", "archived", "directory", "no type", "encoded", "inferred", "lease", "time"],
)
def test_one_row_may_differ_from_all_others(number: int, change: Callable[[str], str]) -> None:
    rows = [*LONG[:number], change(LONG[number]), *LONG[number + 1 :]]
    found = decode(document(rows))
    assert found == decode_strictly(document(rows))
    assert len(found.page) == 1000 - ("directory" in rows[number])


@pytest.mark.parametrize("number", [0, 1, 499, 999])
@pytest.mark.parametrize(
    ("piece", "other"),
    [
        ("<Etag>", "<Size>"),
        ("<LeaseState>available</LeaseState>", "<LeaseState>available</LeaseState"),
        ("</Properties>", "</Property>"),
        ("<Name>", "<Name><Name>"),
        ("<Content-Length>", "<Content-Length>x"),
        ("<AccessTier>Hot", "<AccessTier>Hot</AccessTier><AccessTier>Cool"),
    ],
)
def test_one_row_that_is_wrong_is_seen_among_all_others(number: int, piece: str, other: str) -> None:
    assert piece in LONG[number]
    rows = [*LONG[:number], LONG[number].replace(piece, other), *LONG[number + 1 :]]
    with pytest.raises(BucketMisbehaved):
        decode_strictly(document(rows))
    with pytest.raises(BucketMisbehaved):
        decode(document(rows))


@given(st.lists(xml_key, min_size=1, max_size=4), st.data())
def test_a_page_whose_pieces_changed_places_is_never_taken_for_another_one(
    keys: list[str], data: st.DataObject
) -> None:
    body = document([row(escape(key), azure(2 * n + 1).replace(INFERRED, "")) for n, key in enumerate(keys)])
    pieces = re.split(rb"(?=<)|(?<=>)", body)
    first, second = sorted(data.draw(st.tuples(*[st.integers(4, len(pieces) - 1)] * 2)))
    pieces[first], pieces[second] = pieces[second], pieces[first]
    changed = b"".join(pieces)
    assert outcome(decode, changed) in (None, outcome(decode_strictly, changed))


@pytest.mark.usefixtures("without_strict_parser")
@pytest.mark.parametrize("server", [azure, azurite])
def test_regular_pages_need_no_strict_parser(server: object) -> None:
    assert callable(server)
    keys = [key for key in HARD_KEYS if is_xml(key)]
    rows = [row(escape(key), server(n)) for n, key in enumerate(keys)]
    folders = [
        "<BlobPrefix><Name>a&amp;b/</Name></BlobPrefix>",
        f"<BlobPrefix><Name>c/</Name>{azure(0)[:-14]}</BlobPrefix>",
    ]
    page = decode(document([folders[0], *rows, folders[1]], marker="<NextMarker>2!a&amp;b--</NextMarker>"))
    assert page.page.keys == keys
    assert page.marker == "2!a&b--"
    assert decode(document([])) == Decoded(page=page.page.__class__([], [], []), marker=None)


@pytest.mark.usefixtures("without_strict_parser")
def test_control_characters_are_understood_though_xml_has_none() -> None:
    assert decode(document([row("bell&#x7;&#13;", azure(1))])).page.keys == ["bell\a\r"]


def test_columns_are_as_the_container_tells_them() -> None:
    rows = [
        row("a", azure(1, content_type="Image/PNG; x=1")),
        row("b", azure(2, tier="Archive", content_type="")),
        row("c", azure(3, tier="Archive").replace("</Properties>", f"{PENDING}</Properties>")),
        row("d", azure(4, content_type="text/plain&amp;x").replace("<AccessTier>Hot</AccessTier>", "")),
    ]
    page = decode(document(rows)).page
    assert page == decode_strictly(document(rows)).page
    assert page.content_types == ["image/png", None, "image/jpeg", "text/plain&x"]
    assert page.archived == [None, "Archive", "Archive", None]
    assert page.modified == [TIME.format(n) for n in (1, 2, 3, 4)]
    assert decode(document([row("a", azure(1))])).page.archived is None


PENDING = "<ArchiveStatus>rehydrate-pending-to-hot</ArchiveStatus>"
DIRECTORY = "<ResourceType>directory</ResourceType>"
FILE = "<ResourceType>file</ResourceType>"


@pytest.mark.usefixtures("without_strict_parser")
def test_directories_of_a_hierarchical_namespace_are_no_objects() -> None:
    rows = [row("a", azure(0, DIRECTORY)), row("a/b.jpg", azure(1, FILE)), row("c.jpg", azure(2, FILE))]
    page = decode(document(rows)).page
    assert (page.keys, page.sizes, page.left_out) == (["a/b.jpg", "c.jpg"], [1, 2], ())
    assert decode(document(rows[:1], marker="<NextMarker>m</NextMarker>")).marker == "m"


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
    body = document([row("a", azure(1)), row(name, azure(2), encoded=True), row("é", azure(3))])
    decoded = decode(body)
    assert decoded == decode_strictly(body)
    assert (decoded.page.keys, decoded.page.sizes) == (["a", "é"], [1, 3])
    assert decoded.page.left_out == (LeftOut.at(unquote_to_bytes(name), why),)


def test_a_plain_name_is_not_decoded() -> None:
    assert decode(document([row("a%2Fb+c", azure(1))])).page.keys == ["a%2Fb+c"]
    assert decode(document([row("a%2Fb+c", azure(1), encoded=True)])).page.keys == ["a/b+c"]


def test_keys_of_the_greatest_length_are_keys() -> None:
    names = ["k" * 1024, "é" * 512, "\U0001f600" * 256]
    page = decode(document([row(name, azure(n)) for n, name in enumerate(names)])).page
    assert (page.keys, page.left_out) == (names, ())


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ("image/PNG", "image/png"),
        ("text/plain; charset=utf-8", "text/plain"),
        ("a/b/c", None),
        ("", None),
        (None, None),
    ],
)
def test_a_media_type_is_plain_or_none(sent: str | None, told: str | None) -> None:
    assert media_type(sent) == told


GOOD = document([row("a", azure(1)), row("b", azure(2))], marker="<NextMarker>m</NextMarker>")
BAD = {
    "cut in a row": GOOD[: len(GOOD) // 2],
    "cut at the end": GOOD[:-1],
    "empty": b"",
    "not XML": b"hello",
    "a page of the web": b"<html><body>hello</body></html>",
    "an error": b'<?xml version="1.0" encoding="utf-8"?><Error><Code>AuthenticationFailed</Code></Error>',
    "no end told": GOOD.replace(b"<NextMarker>m</NextMarker>", b""),
    "end told twice": GOOD.replace(b"<NextMarker>m</NextMarker>", b"<NextMarker />" * 2),
    "no list": GOOD[: GOOD.index(b"<Blobs>")] + GOOD[GOOD.index(b"</Blobs>") + 8 :],
    "no name": GOOD.replace(b"<Name>a</Name>", b""),
    "an empty name": GOOD.replace(b"<Name>a</Name>", b"<Name></Name>"),
    "an empty name of another form": GOOD.replace(b"<Name>a</Name>", b"<Name />"),
    "two names": GOOD.replace(b"<Name>a</Name>", b"<Name>a</Name><Name>c</Name>"),
    "a name moved to another row": GOOD.replace(b"<Name>a</Name>", b"").replace(
        b"<Name>b</Name>", b"<Name>a</Name><Name>b</Name>"
    ),
    "no properties": GOOD.replace(b"<Properties>", b"<P>").replace(b"</Properties>", b"</P>"),
    "no size": GOOD.replace(b"<Content-Length>1</Content-Length>", b""),
    "two sizes": GOOD.replace(b"<LeaseStatus>", b"<Content-Length>7</Content-Length><LeaseStatus>"),
    "a size in words": GOOD.replace(b"<Content-Length>1<", b"<Content-Length>one<"),
    "a negative size": GOOD.replace(b"<Content-Length>1<", b"<Content-Length>-1<"),
    "an enormous size": GOOD.replace(b"<Content-Length>1<", b"<Content-Length>9223372036854775808<"),
    "a size of too many digits": GOOD.replace(b"<Content-Length>1<", b"<Content-Length>" + b"9" * 5000 + b"<"),
    "an element in a name": GOOD.replace(b"<Name>a<", b"<Name><b>a</b><"),
    "another tag closes": GOOD.replace(b"</LeaseStatus>", b"</LeaseState>", 1),
    "a document type": GOOD.replace(b"?>", b'?><!DOCTYPE x [<!ENTITY e "boom">]>').replace(b">a<", b">&e;<"),
    "an outer entity": GOOD.replace(b"?>", b'?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>').replace(
        b">a<", b">&e;<"
    ),
    "an unknown entity": GOOD.replace(b">a<", b">&e;<"),
    "not UTF-8": GOOD.replace(b">a<", b">\xff<"),
    "a NUL": GOOD.replace(b">a<", b">\0<"),
    "a NUL by number": GOOD.replace(b">a<", b">&#0;<"),
}


@pytest.mark.parametrize("body", BAD.values(), ids=BAD.keys())
def test_a_page_that_is_wrong_anywhere_is_refused_whole(body: bytes) -> None:
    assert body != GOOD
    with pytest.raises(BucketMisbehaved):
        decode(body)


ODD = {
    "spaces between elements": GOOD.replace(b"><", b">\n  <"),
    "a comment": GOOD.replace(b"<Name>a", b"<!-- <Name>c</Name> --><Name>a"),
    "unparsed text": GOOD.replace(b"<Name>a<", b"<Name><![CDATA[a]]><"),
    "no byte order mark": GOOD[3:],
    "no declaration": GOOD[3:].partition(b"?>")[2],
    "another encoding": GOOD[3:].replace(b"utf-8", b"ISO-8859-1"),
    "another order": GOOD.replace(b"<Etag>0x8DC000000000001</Etag>", b"").replace(
        b"<LeaseStatus>", b"<Etag>0x8DC000000000001</Etag><LeaseStatus>", 1
    ),
    "an element of another kind": GOOD.replace(b"<BlobType>", b"<New>x</New><BlobType>"),
    "a quoted etag": GOOD.replace(b"<Etag>0x8DC000000000001<", b"<Etag>&quot;0x8DC000000000001&quot;<"),
    "what is deleted": GOOD.replace(
        b"</Blobs>", row("z", azure(3), version="<Deleted>true</Deleted>").encode() + b"</Blobs>"
    ),
    "a snapshot": GOOD.replace(
        b"</Blobs>", row("b", azure(3), version="<Snapshot>2026-01-01T00:00:00Z</Snapshot>").encode() + b"</Blobs>"
    ),
    "metadata": GOOD.replace(b"<OrMetadata />", b"<Metadata><Name>x</Name></Metadata><OrMetadata />"),
    "no delimiter told": GOOD.replace(b"<Delimiter>/</Delimiter>", b"").replace(
        b"</Blobs>", b"<BlobPrefix><Name>c/</Name></BlobPrefix></Blobs>"
    ),
    "an encoded prefix": GOOD.replace(b"<Prefix>p", b'<Prefix Encoded="true">%EF%BF%BE'),
}


@pytest.mark.parametrize("body", ODD.values(), ids=ODD.keys())
def test_an_odd_page_is_decoded_all_the_same(body: bytes) -> None:
    assert body != GOOD
    assert decode(body) == decode_strictly(body) == decode(GOOD)
