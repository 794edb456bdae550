"""Decoding a page of Azure's List Blobs.

A regular page, in which the elements of every ``Blob`` come in the order that Azure keeps, is cut into columns by a
compiled expression: no object is made for a key but its values. It counts as regular only if every character from the
first row to the last was accounted for. Where all rows are like the first one but for names, sizes, times and hashes,
the expression is made after that row, and takes half the time. Anything else goes to a strict parser, and what that
does not accept is an error: a page is decoded whole or not at all.

Rows may differ in what they have beside name, size, etag and time: hashes, tiers and leases come and go. Directories of
a hierarchical namespace are rows of their own, told by ``ResourceType``, and no objects.
"""

import re
from codecs import BOM_UTF8
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from itertools import chain
from typing import Any
from urllib.parse import unquote_to_bytes

from lxml import etree

from bucketlink.buckets.columns import SHORT_KEY, kept, left_out, media_type, numbers
from bucketlink.buckets.xml import NotXml, OtherDocument, document, local_name, unescaped
from bucketlink.errors import BucketMisbehaved
from bucketlink.model import MAX_KEY_BYTES
from bucketlink.spans import Page

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
_VALUES = {"Name": 2, "Last-Modified": 3, "Etag": 4, "Content-Length": 6, "Content-Type": 7}
"""The groups of `_START` that hold what is asked for and differs from row to row."""
_STRIDE = _START.groups + 1
_END = re.compile(
    _OTHER.format("a")
    + r"(?:<AccessTier>(?P<tier>[A-Za-z0-9]*+)</AccessTier>)?+"
    + _OTHER.format("b")
    + r"</Properties>(?:<(?:OrMetadata|Metadata) ?/>)*+</Blob>"
)
"""How a row ends: in few ways on a page, so that each is looked at once."""
_VARIOUS = re.compile(
    "(<(?:VersionId|Creation-Time|Content-CRC64|Content-MD5|AccessTierChangeTime|LastAccessTime)>)[^<]*(?=</)"
)
"""Texts that differ from row to row, and nobody asks for."""
_COMPARED = 50
"""What is the same in all rows is compared as a column, where it is longer than this, since that is quicker."""
_LONGEST_ROW = 1 << 14
"""A longer row would make a long expression."""
_LONGEST_HEAD = 1 << 16
_BLOCK_BYTES = 1 << 18
"""Rows are cut so many bytes at a time, which stay in the processor's caches."""
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
class _Rows:
    """A page as sent, by columns, without XML's entities."""

    names: Sequence[str]
    sizes: Sequence[str]
    etags: Sequence[str]
    modified: Sequence[str] | None
    content_types: Sequence[str | None]
    encoded: Sequence[object]
    kinds: Sequence[str | None]
    tiers: Sequence[str | None]


class _Irregular(Exception):
    """The page must go to the strict parser."""


def decode(body: bytes) -> Decoded:
    """Decode the body of a page.

    Raises:
        BucketMisbehaved: it is not a page, contradicts itself, or was cut short.

    """
    try:
        rows, marker = _regular(body)
    except _Irregular:
        rows, marker = _strict(body)
    return Decoded(_page(rows), marker or None)


def decode_strictly(body: bytes) -> Decoded:
    """The same by the strict parser alone, for any page: slower, and what `decode` is measured by."""
    rows, marker = _strict(body)
    return Decoded(_page(rows), marker or None)


def _regular(body: bytes) -> tuple[_Rows, str]:
    start = len(BOM_UTF8) if body.startswith(BOM_UTF8) else 0
    head = _HEAD.match(body[start : start + _LONGEST_HEAD].decode(errors="replace"))
    if head is None or not body.startswith(head[0].encode(), start):
        raise _Irregular
    first = start + len(head[0].encode())
    try:
        if "<Delimiter" in head[0]:
            body = body[:first] + _FOLDER.sub("", body[first:].decode()).encode()
        last = max(body.rfind(b"</Blob>") + len(b"</Blob>"), first)
        after = body[last:].decode()
        tail = _TAIL.fullmatch(after)
        if tail is None or _is_odd(head[0] + after) or body.startswith(b"</Blobs>", last) == head[0].endswith("/>"):
            raise _Irregular
        rows = _joined([_alike(block) or _different(block) for block in _blocks(body, first, last)])
    except UnicodeDecodeError:
        raise _Irregular from None
    types = set(rows.content_types)
    if any("&" in sent for sent in types if sent) or "&" in "".join(rows.modified or ()):
        raise _Irregular
    marker = _unescaped([tail[1] or ""])[0]
    return replace(rows, names=_unescaped(rows.names), etags=_unescaped(rows.etags)), marker


def _blocks(body: bytes, first: int, last: int) -> Iterator[str]:
    """The rows between two places, some at a time."""
    view = memoryview(body)
    while first < last:
        stop = body.find(b"<Blob>", first + _BLOCK_BYTES, last)
        stop = last if stop < 0 else stop
        text = str(view[first:stop], "utf-8")
        if _is_odd(text):
            raise _Irregular
        yield text
        first = stop


def _is_odd(text: str) -> bool:
    """Whether a text holds what XML reads as something else, or not at all."""
    return "\r" in text or "\0" in text


def _joined(parts: Sequence[_Rows]) -> _Rows:
    def column(name: str) -> list[Any]:
        return list(chain.from_iterable(getattr(part, name) for part in parts))

    return _Rows(**{field.name: column(field.name) for field in fields(_Rows)})


def _alike(rows: str) -> _Rows | None:
    """The columns of rows that are all like the first one but for `_VALUES` and `_VARIOUS`."""
    row = _START.match(rows)
    stop = rows.find("</Blob>", 0 if row is None else row.end(), _LONGEST_ROW) + len("</Blob>")
    if row is None or row[1] or stop < len("</Blob>"):
        return None
    groups, pattern = _expression(row, stop)
    # What stands around rows takes turns with their columns, and must be nothing.
    pieces = _compiled(pattern).split(rows)
    width = len(groups) + 1
    if any(pieces[::width]):
        return None
    columns: dict[str, list[str]] = {}
    for place, group in enumerate(groups, start=1):
        column = columns[group] = pieces[place::width]
        if group not in _VALUES and column.count(group) != len(column):
            return None
    names = columns["Name"]
    return _Rows(
        names=names,
        sizes=columns["Content-Length"],
        etags=columns["Etag"],
        modified=columns["Last-Modified"],
        content_types=columns.get("Content-Type", [None] * len(names)),
        encoded=[None] * len(names),
        kinds=[row[5]] * len(names),
        tiers=[_tier(rows[row.end() : stop])] * len(names),
    )


def _expression(row: re.Match[str], stop: int) -> tuple[list[str], str]:
    """An expression for rows like one that begins so and ends there, and what its groups hold.

    That is a name of `_VALUES`, or else the very text that must stand there in each row.
    """
    groups: list[str] = []
    parts: list[str] = []
    place = row.start()
    for name, number in [*_VALUES.items(), ("", 0)]:
        if name and row[number] is None:
            continue
        between = row.string[place : row.start(number) if name else stop]
        for rank, same in enumerate(_VARIOUS.sub(r"\1\0", between).split("\0")):
            parts.append("[^<]*+" if rank else "")
            if len(same) > _COMPARED:
                groups.append(same)
                parts.append(f"(.{{{len(same)}}})")
            else:
                parts.append(re.escape(same))
        if name:
            groups.append(name)
            parts.append("([^<]++)")
            place = row.end(number)
    return groups, "".join(parts)


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.DOTALL)


def _different(rows: str) -> _Rows:
    """Rows that may differ in all that Azure's rows do."""
    pieces = _START.split(rows)
    ends = pieces[_STRIDE::_STRIDE]
    tiers = {end: _tier(end) for end in set(ends)}
    if pieces[0]:
        raise _Irregular
    return _Rows(
        names=pieces[2::_STRIDE],
        sizes=pieces[6::_STRIDE],
        etags=pieces[4::_STRIDE],
        modified=pieces[3::_STRIDE],
        content_types=pieces[7::_STRIDE],
        encoded=pieces[1::_STRIDE],
        kinds=pieces[5::_STRIDE],
        tiers=[tiers[end] for end in ends],
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


def _strict(body: bytes) -> tuple[_Rows, str]:
    try:
        root = document(body, "EnumerationResults")
    except NotXml:
        raise BucketMisbehaved("The container's answer to a listing was cut short or is not XML; try again.") from None
    except OtherDocument:
        raise BucketMisbehaved(
            "The container answered a listing with something else; check azureConnectionURL."
        ) from None
    parts = _children(root, ("Blobs", "NextMarker"))
    if len(parts) != 2:
        raise BucketMisbehaved("The container's answer does not say whether, or where, the listing goes on.")
    rows = [row for element in parts["Blobs"] if local_name(element) == "Blob" and (row := _row(element)) is not None]
    modified = [row.get("Last-Modified", "") for row in rows]
    columns = _Rows(
        names=[row["Name"] for row in rows],
        sizes=[row["Content-Length"] for row in rows],
        etags=[row.get("Etag", "") for row in rows],
        modified=modified if all(modified) else None,
        content_types=[row.get("Content-Type") for row in rows],
        encoded=[row["Encoded"] for row in rows],
        kinds=[row.get("ResourceType") for row in rows],
        tiers=[row.get("AccessTier") for row in rows],
    )
    return columns, _text(parts["NextMarker"])


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


def _page(rows: _Rows) -> Page:
    if not rows.names:
        return Page([], [], [])
    keys = _keys(rows)
    sizes = numbers(rows.sizes)
    if sizes is None:
        raise BucketMisbehaved("The container listed an object whose size is not a number, or cannot be.")
    types = {sent: media_type(sent) for sent in set(rows.content_types)}
    page = Page(
        keys=keys,
        sizes=sizes,
        etags=_etags(rows.etags),
        modified=rows.modified,
        content_types=[types[sent] for sent in rows.content_types],
        archived=[tier if tier == ARCHIVE else None for tier in rows.tiers] if ARCHIVE in rows.tiers else None,
    )
    if "" in keys:
        page.left_out = left_out(_names_without_key(rows, keys))
    if "" in keys or "directory" in rows.kinds:
        page = kept(page, [key != "" and kind != "directory" for key, kind in zip(keys, rows.kinds, strict=True)])
    return page


def _names_without_key(rows: _Rows, keys: Sequence[str]) -> list[str | bytes]:
    """What the blobs are called that cannot be a key here."""
    told = zip(rows.names, keys, rows.kinds, rows.encoded, strict=True)
    return [
        unquote_to_bytes(name) if encoded else name
        for name, key, kind, encoded in told
        if not key and kind != "directory"
    ]


def _keys(rows: _Rows) -> Sequence[str]:
    """The keys; "" for those that cannot be one here."""
    if any(rows.encoded):
        return [_key(name, encoded) for name, encoded in zip(rows.names, rows.encoded, strict=True)]
    if max(map(len, rows.names)) <= SHORT_KEY:
        return rows.names
    return [name if len(name.encode()) <= MAX_KEY_BYTES else "" for name in rows.names]


def _key(name: str, encoded: object) -> str:
    try:
        key = unquote_to_bytes(name).decode() if encoded else name
    except UnicodeDecodeError:
        return ""
    return "" if "\0" in key or len(key.encode()) > MAX_KEY_BYTES else key


def _etags(sent: Sequence[str]) -> Sequence[str]:
    return [etag.strip('"') for etag in sent] if '"' in "".join(sent) else sent
