"""Decoding a page of Azure's List Blobs.

A regular page, in which the elements of every ``Blob`` come in the order that Azure keeps, is cut into columns by a
compiled expression: no object is made for a key but its values. It counts as regular only if every character from the
first row to the last was accounted for. Anything else goes to a strict parser, and what that does not accept
is an error: a page is decoded whole or not at all.

Rows may differ in what they have beside name, size, etag and time: hashes, tiers and leases come and go. Directories of
a hierarchical namespace are rows of their own, told by ``ResourceType``, and no objects.
"""

import re
from codecs import BOM_UTF8
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from lxml import etree

from bucketlink.buckets.columns import LEFT_OUT, MAX_SIZE, SHORT_KEY, kept, media_type
from bucketlink.buckets.xml import NotXml, OtherDocument, document, local_name, unescaped
from bucketlink.errors import BucketMisbehaved
from bucketlink.model import MAX_KEY_BYTES, Page

ARCHIVE = "Archive"
"""The only tier whose objects must be restored before they can be read; they keep it while that is under way."""

_COLUMNS = ("Last-Modified", "Etag", "ResourceType", "Content-Length", "Content-Type", "AccessTier")
_OTHER = rf"(?:<(?!(?:Name|{'|'.join(_COLUMNS)})[ />])(?P<{{0}}>[A-Za-z][A-Za-z0-9-]*+)(?: ?/>|>[^<]*+</(?P={{0}})>))*+"
"""Any elements that nobody asks for."""
_START = re.compile(
    r'<Blob><Name( Encoded="true")?>([^<]++)</Name>'
    r"(?:<VersionId>[^<]*+</VersionId><IsCurrentVersion>true</IsCurrentVersion>)?+"
    r"<Properties>(?:<Creation-Time>[^<]*+</Creation-Time>)?+"
    r"<Last-Modified>([^<&]++)</Last-Modified><Etag>([^<]++)</Etag>(?:<ResourceType>([a-z]++)</ResourceType>)?+"
    r"<Content-Length>([0-9]{1,19}+)</Content-Length>(?:<Content-Type>([^<]*+)</Content-Type>|<Content-Type ?/>)?+"
    r"(?:<Content-Encoding ?/>)?+(?:<Content-Language ?/>)?+(?:<Content-CRC64(?: ?/>|>[^<]*+</Content-CRC64>))?+"
    r"(?:<Content-MD5(?: ?/>|>[^<]*+</Content-MD5>))?+"
)
"""How a row begins, through all that differs from row to row."""
_STRIDE = _START.groups + 1
_END = re.compile(
    _OTHER.format("a")
    + r"(?:<AccessTier>(?P<tier>[A-Za-z0-9]*+)</AccessTier>)?+"
    + _OTHER.format("b")
    + r"</Properties>(?:<(?:OrMetadata|Metadata) ?/>)*+</Blob>"
)
"""How a row ends: in few ways on a page, so that each is looked at once."""
_FOLDER = re.compile(
    r'<BlobPrefix><Name(?: Encoded="true")?>[^<]*+</Name>'
    r"(?:<Properties>(?:<([A-Za-z][A-Za-z0-9-]*+)(?: ?/>|>[^<]*+</\1>))*+</Properties>)?+</BlobPrefix>"
)
_HEAD = re.compile(
    r'<\?xml version="1\.0" encoding="(?:utf|UTF)-8"(?: standalone="(?:yes|no)")?\s*\?>\s*'
    r"<EnumerationResults(?: [A-Za-z]+=\"[^\"<&]*\")*>"
    r"(?:<(?!Blobs|NextMarker)([A-Za-z]+)(?: Encoded=\"true\")?(?: ?/>|>[^<]*</\1>))*"
    r"(?:<Blobs>|<Blobs ?/>)"
)
_TAIL = re.compile(r"(?:</Blobs>)?<NextMarker(?: ?/>|>([^<]*)</NextMarker>)</EnumerationResults>\s*")


@dataclass(frozen=True, slots=True)
class Decoded:
    """A page, and the marker of the next one; None says that the listing is complete."""

    page: Page
    marker: str | None


@dataclass(frozen=True, slots=True)
class _Raw:
    """A page as sent, by columns, without XML's entities."""

    names: Sequence[str]
    encoded: Sequence[object]
    sizes: Sequence[str]
    etags: Sequence[str]
    modified: Sequence[str] | None
    content_types: Sequence[str | None]
    kinds: Sequence[str | None]
    tiers: Sequence[str | None]
    marker: str


class _Irregular(Exception):
    """The page must go to the strict parser."""


def decode(body: bytes) -> Decoded:
    """Decode the body of a page.

    Raises:
        BucketMisbehaved: it is not a page, contradicts itself, or was cut short.

    """
    try:
        raw = _regular(body)
    except _Irregular:
        raw = _strict(body)
    return _decoded(raw)


def decode_strictly(body: bytes) -> Decoded:
    """The same by the strict parser alone, for any page: slower, and what `decode` is measured by."""
    return _decoded(_strict(body))


def _regular(body: bytes) -> _Raw:
    try:
        # As a part of the text, the mark would make every character of it twice as wide.
        text = body.removeprefix(BOM_UTF8).decode()
    except UnicodeDecodeError:
        raise _Irregular from None
    head = _HEAD.match(text)
    if head is None or b"\r" in body or b"\0" in body:
        raise _Irregular
    first = head.end()
    if "<Delimiter" in head.group():
        text = text[:first] + _FOLDER.sub("", text[first:])
    last = max(text.rfind("</Blob>") + len("</Blob>"), first)
    tail = _TAIL.fullmatch(text, last)
    if tail is None or text.startswith("</Blobs>", last) == head.group().endswith("/>"):
        raise _Irregular
    pieces = _START.split(text[first:last])
    ends = pieces[_STRIDE::_STRIDE]
    tiers = {end: _tier(end) for end in set(ends)}
    content_types = pieces[7::_STRIDE]
    if pieces[0] or any("&" in sent for sent in set(content_types) if sent):
        raise _Irregular
    names, etags = _unescaped(pieces[2::_STRIDE]), _unescaped(pieces[4::_STRIDE])
    return _Raw(
        names=names,
        encoded=pieces[1::_STRIDE],
        sizes=pieces[6::_STRIDE],
        etags=etags,
        modified=pieces[3::_STRIDE],
        content_types=content_types,
        kinds=pieces[5::_STRIDE],
        tiers=[tiers[end] for end in ends],
        marker=_unescaped([tail.group(1) or ""])[0],
    )


def _tier(end: str) -> str | None:
    found = _END.fullmatch(end)
    if found is None:
        raise _Irregular
    return found["tier"]


def _unescaped(texts: Sequence[str]) -> Sequence[str]:
    joined = "\0".join(texts)
    if "&" not in joined:
        return texts
    result = unescaped(joined)
    if result is None:
        raise _Irregular
    return result.split("\0")


def _strict(body: bytes) -> _Raw:
    try:
        root = document(body, "EnumerationResults")
    except NotXml:
        raise BucketMisbehaved("The container's answer to a listing was cut short or is not XML; try again.") from None
    except OtherDocument:
        raise BucketMisbehaved(
            "The container answered a listing with something else; check azureConnectionURL."
        ) from None
    fields = _children(root, ("Blobs", "NextMarker"))
    if len(fields) != 2:
        raise BucketMisbehaved("The container's answer does not say whether, or where, the listing goes on.")
    rows = [row for element in fields["Blobs"] if local_name(element) == "Blob" and (row := _row(element)) is not None]
    modified = [row.get("Last-Modified", "") for row in rows]
    return _Raw(
        names=[row["Name"] for row in rows],
        encoded=[row["Encoded"] for row in rows],
        sizes=[row["Content-Length"] for row in rows],
        etags=[row.get("Etag", "") for row in rows],
        modified=modified if all(modified) else None,
        content_types=[row.get("Content-Type") for row in rows],
        kinds=[row.get("ResourceType") for row in rows],
        tiers=[row.get("AccessTier") for row in rows],
        marker=_text(fields["NextMarker"]),
    )


def _row(blob: etree._Element) -> dict[str, str] | None:
    """Name and properties of a blob; None for what is kept of blobs that are gone, which nobody asked for."""
    parts = _children(blob, ("Name", "Properties", "Snapshot", "Deleted", "IsCurrentVersion"))
    if "Name" not in parts or "Properties" not in parts:
        raise BucketMisbehaved("The container listed an object without name or properties.")
    row = {name: _text(element) for name, element in _children(parts["Properties"], _COLUMNS).items()}
    row["Name"] = _text(parts["Name"])
    row["Encoded"] = "true" if parts["Name"].get("Encoded") == "true" else ""
    if not row["Name"] or "Content-Length" not in row:
        raise BucketMisbehaved("The container listed an object without name or size.")
    told = {name: _text(parts[name]) for name in ("Snapshot", "Deleted", "IsCurrentVersion") if name in parts}
    is_gone = told.get("Snapshot") or told.get("Deleted") == "true" or told.get("IsCurrentVersion") == "false"
    return None if is_gone else row


def _children(element: etree._Element, names: Sequence[str]) -> dict[str, etree._Element]:
    found: dict[str, etree._Element] = {}
    for child in element:
        name = local_name(child)
        if name in found:
            raise BucketMisbehaved("The container's answer to a listing contradicts itself.")
        if name in names:
            found[name] = child
    return found


def _text(element: etree._Element) -> str:
    if len(element):
        raise BucketMisbehaved("The container's answer to a listing contradicts itself.")
    return element.text or ""


def _decoded(raw: _Raw) -> Decoded:
    return Decoded(_page(raw), raw.marker or None)


def _page(raw: _Raw) -> Page:
    if not raw.names:
        return Page([], [], [])
    keys = _keys(raw)
    types = {sent: media_type(sent) for sent in set(raw.content_types)}
    page = Page(
        keys=[key or "" for key in keys],
        sizes=_sizes(raw.sizes),
        etags=_etags(raw.etags),
        modified=raw.modified,
        content_types=[types[sent] for sent in raw.content_types],
        archived=[tier if tier == ARCHIVE else None for tier in raw.tiers] if ARCHIVE in raw.tiers else None,
    )
    is_left_out = None in keys
    if is_left_out or "directory" in raw.kinds:
        rows = zip(keys, raw.kinds, strict=True)
        page = kept(page, [key is not None and kind != "directory" for key, kind in rows])
    if is_left_out:
        page.warnings = (LEFT_OUT,)
    return page


def _keys(raw: _Raw) -> Sequence[str | None]:
    """The keys; None for those that cannot be one here."""
    if any(raw.encoded):
        return [_key(name, encoded) for name, encoded in zip(raw.names, raw.encoded, strict=True)]
    if max(map(len, raw.names)) <= SHORT_KEY:
        return raw.names
    return [name if len(name.encode()) <= MAX_KEY_BYTES else None for name in raw.names]


def _key(name: str, encoded: object) -> str | None:
    try:
        key = unquote_to_bytes(name).decode() if encoded else name
    except UnicodeDecodeError:
        return None
    return None if "\0" in key or len(key.encode()) > MAX_KEY_BYTES else key


def _sizes(sent: Sequence[str]) -> list[int]:
    digits = "".join(sent)
    if not (digits.isascii() and digits.isdigit()) or "" in sent or max(map(len, sent)) > 19:
        raise BucketMisbehaved("The container listed an object whose size is not a number, or cannot be.")
    sizes = list(map(int, sent))
    if max(sizes) > MAX_SIZE:
        raise BucketMisbehaved("The container listed an object whose size is not a number, or cannot be.")
    return sizes


def _etags(sent: Sequence[str]) -> Sequence[str]:
    return sent if not any('"' in etag for etag in sent) else [etag.strip('"') for etag in sent]
