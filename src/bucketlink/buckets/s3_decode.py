"""Decoding a page of S3's ListObjectsV2, or of ListObjects, which older servers answer instead.

A regular page, in which every ``Contents`` has the same elements in the same order, is cut into columns by a few
operations on the whole text, whatever that order is: no object is made for a key but the key. It counts as regular
only if every element of every row was found where the first row has it. Anything else goes to a strict parser, and
what that does not accept is an error: a page is decoded whole or not at all.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote_plus, unquote_to_bytes

from lxml import etree

from bucketlink.buckets.columns import SHORT_KEY, kept
from bucketlink.errors import BucketMisbehaved
from bucketlink.model import MAX_KEY_BYTES, Page

LEFT_OUT = "Objects were left out whose names are longer than 1,024 bytes, hold a NUL character or are not UTF-8."
MAX_SIZE = (1 << 63) - 1

_ROOT = "ListBucketResult"
_END = f"</{_ROOT}>"
_HEAD = re.compile(
    r'\s*(?:<\?xml\s+version="1\.0"(?:\s+encoding="(?:UTF|utf)-8")?(?:\s+standalone="(?:yes|no)")?\s*\?>)?\s*'
    r'<ListBucketResult(?:\s+xmlns="[^"<&]*")?>'
)
_REST = re.compile(
    r"(?:<([A-Za-z]+)>[^<]*</\1>|<[A-Za-z]+\s?/>|<CommonPrefixes><Prefix>[^<]*</Prefix></CommonPrefixes>|\s+)*"
)
_LEAF = re.compile(r"<([A-Za-z]+)>([^<]*)</\1>")
_TAG = re.compile(r"/?[A-Za-z]+/?")
_OPTIONAL = re.compile(r"<(ChecksumAlgorithm|ChecksumType|Owner|RestoreStatus)>.*?</\1>|<Owner\s?/>")
"""What some rows of a bucket have and others have not, and nobody here asks for."""
_ENTITY = re.compile(r"&(?:(lt|gt|amp|quot|apos)|#([0-9]{1,7})|#x([0-9a-fA-F]{1,6}));")
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}
_COLUMNS = ("Key", "Size", "ETag", "LastModified")
_FIELDS = ("KeyCount", "IsTruncated", "NextContinuationToken", "NextMarker", "EncodingType")


@dataclass(frozen=True, slots=True)
class Decoded:
    """A page, and what asks for the next one: neither says that the listing is complete.

    Attributes:
        page: its objects.
        token: what ListObjectsV2 goes on with.
        marker: the bytes of the name behind which ListObjects goes on, from a server that knows that alone.

    """

    page: Page
    token: str | None
    marker: bytes | None = None


@dataclass(frozen=True, slots=True)
class _Raw:
    """A page as sent. A column is one text, with NUL, which XML cannot hold, between its values."""

    count: int
    keys: str
    sizes: str
    etags: str
    modified: str | None
    folders: int
    fields: dict[str, str]


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


def _decoded(raw: _Raw) -> Decoded:
    return Decoded(_page(raw), *_continuation(raw))


def _regular(body: bytes) -> _Raw:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise _Irregular from None
    text = text.rstrip()
    head = _HEAD.match(text)
    if head is None or not text.endswith(_END) or "\r" in text or "\0" in text:
        raise _Irregular
    first, last = text.find("<Contents>"), text.rfind("</Contents>")
    if first < 0:
        rows, rest, columns = "", text[head.end() : -len(_END)], {}
    else:
        rows = text[first : last + len("</Contents>")]
        rest = text[head.end() : first] + text[last + len("</Contents>") : -len(_END)]
        columns = _columns(rows) or _columns(_OPTIONAL.sub("", rows)) or {}
    if "<Contents" in rest or not _REST.fullmatch(rest):
        raise _Irregular
    leaves = [(name, value) for name, value in _LEAF.findall(rest) if name in _FIELDS]
    fields = {name: _unescaped(value) for name, value in leaves}
    if len(fields) != len(leaves):
        raise _Irregular
    folders = rest.count("<CommonPrefixes>")
    if not rows:
        return _Raw(0, "", "", "", None, folders, fields)
    if not {"Key", "Size", "ETag"} <= columns.keys():
        raise _Irregular
    count = columns["Key"].count("\0") + 1
    modified = columns.get("LastModified")
    if "&" in (modified or ""):
        raise _Irregular
    return _Raw(
        count,
        _unescaped(columns["Key"]),
        columns["Size"],
        _unescaped(columns["ETag"]),
        modified,
        folders,
        fields,
    )


def _columns(rows: str) -> dict[str, str] | None:
    """The leaves of rows of one shape, by name; None unless every row has exactly the first one's elements.

    Between two tags without text stands ``><``, and nowhere else if the shape holds; so cut there, the text is a
    table that is read by column.
    """
    tokens = rows[1:-1].split("><")
    if "/Contents" not in tokens:
        return None
    width = tokens.index("/Contents") + 1
    count, incomplete = divmod(len(tokens), width)
    if incomplete:
        return None
    columns: dict[str, str] = {}
    open_tags: list[str] = []
    for place in range(width):
        first, column = tokens[place], tokens[place::width]
        name, is_leaf, _ = first.partition(">")
        if not is_leaf:
            if column.count(first) != count or not _TAG.fullmatch(name) or not _nested(open_tags, name):
                return None
            continue
        is_wanted = name in _COLUMNS and len(open_tags) == 1
        if not is_wanted and column.count(first) == count and _values([first], name) is not None:
            continue
        values = _values(column, name)
        if values is None or name in columns:
            return None
        if is_wanted:
            columns[name] = values
    return None if open_tags else columns


def _nested(open_tags: list[str], tag: str) -> bool:
    """Keep account of the tags that are open; whether the tag may stand here."""
    if tag.startswith("/"):
        return bool(open_tags) and open_tags.pop() == tag[1:]
    if not tag.endswith("/"):
        open_tags.append(tag)
    return open_tags[:1] == ["Contents"]


def _values(column: Sequence[str], name: str) -> str | None:
    """The texts of ``name>text</name``, with NUL between; None unless each item of the column is of that form."""
    start, end = f"{name}>", f"</{name}"
    joined = "\0".join(column)
    between = f"{end}\0{start}"
    if not (joined.startswith(start) and joined.endswith(end)):
        return None
    values = joined[len(start) : -len(end)]
    length = len(values) - (len(column) - 1) * (len(between) - 1)
    values = values.replace(between, "\0")
    return values if len(values) == length and "<" not in values else None


def _unescaped(text: str) -> str:
    """The text without XML's entities. Control characters, which XML cannot hold, are taken for what they mean."""
    if "&" not in text:
        return text
    simple = text.replace("&quot;", '"')
    if "&" not in simple:
        return simple
    result, found = _ENTITY.subn(_character, text)
    if found != text.count("&"):
        raise _Irregular
    return result


def _character(entity: re.Match[str]) -> str:
    name, decimal, hexadecimal = entity.groups()
    if name:
        return _NAMED[name]
    point = int(decimal) if decimal else int(hexadecimal, 16)
    if point == 0 or point > 0x10FFFF or 0xD800 <= point < 0xE000:
        raise _Irregular
    return chr(point)


def _strict(body: bytes) -> _Raw:
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise BucketMisbehaved("The bucket's answer to a listing was cut short or is not XML; try again.") from None
    if b"<!DOCTYPE" in body or b"\0" in body or _name(root) != _ROOT:
        raise BucketMisbehaved("The bucket answered a listing with something else; check the endpoint.")
    fields: dict[str, str] = {}
    rows: list[dict[str, str]] = []
    folders = 0
    for child in root:
        name = _name(child)
        if name == "Contents":
            rows.append(_row(child))
        elif name == "CommonPrefixes":
            folders += 1
        elif name in _FIELDS:
            _put(fields, name, child)
    etags = [row.get("ETag", "") for row in rows]
    modified = [row.get("LastModified", "") for row in rows]
    return _Raw(
        count=len(rows),
        keys="\0".join(row["Key"] for row in rows),
        sizes="\0".join(row["Size"] for row in rows),
        etags="\0".join(etags),
        modified="\0".join(modified) if all(modified) and modified else None,
        folders=folders,
        fields=fields,
    )


def _row(contents: etree._Element) -> dict[str, str]:
    row: dict[str, str] = {}
    for child in contents:
        name = _name(child)
        if name in _COLUMNS:
            _put(row, name, child)
    if not row.keys() >= {"Key", "Size"}:
        raise BucketMisbehaved("The bucket listed an object without name or size.")
    return row


def _put(fields: dict[str, str], name: str, element: etree._Element) -> None:
    if name in fields or len(element):
        raise BucketMisbehaved("The bucket's answer to a listing contradicts itself.")
    fields[name] = element.text or ""


def _name(element: etree._Element) -> str:
    tag: object = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _continuation(raw: _Raw) -> tuple[str | None, bytes | None]:
    """Token or marker of the next page, if the page says that there is one."""
    truncated = raw.fields.get("IsTruncated", "").strip().lower()
    if truncated == "false":
        return None, None
    token = raw.fields.get("NextContinuationToken")
    if truncated == "true" and token:
        return token, None
    # ListObjects counts no keys. Only with a delimiter need it name a marker; without, the last name is one.
    marker = raw.fields.get("NextMarker") or ("" if raw.folders else raw.keys.rpartition("\0")[2])
    if truncated != "true" or "KeyCount" in raw.fields or not marker:
        raise BucketMisbehaved("The bucket's answer does not say whether, or where, the listing goes on.")
    is_url = raw.fields.get("EncodingType") == "url"
    return None, unquote_to_bytes(marker.replace("+", " ")) if is_url else marker.encode()


def _page(raw: _Raw) -> Page:
    announced = raw.fields.get("KeyCount")
    if announced is not None:
        _check_count(announced, raw)
    encoding = raw.fields.get("EncodingType", "")
    if encoding not in {"", "url"}:
        raise BucketMisbehaved("The bucket's answer encodes names in a way that is not known.")
    if not raw.count:
        return Page([], [], [])
    keys = _keys(raw, url=encoding == "url")
    page = Page(
        keys=[key or "" for key in keys],
        sizes=_sizes(raw.sizes),
        etags=_etags(raw.etags, raw.count),
        modified=None if raw.modified is None else raw.modified.split("\0"),
    )
    if not len(page.keys) == len(page.sizes) == len(page.etags) == raw.count or ("" in page.keys and None not in keys):
        raise BucketMisbehaved("The bucket's answer to a listing contradicts itself.")
    return page if None not in keys else _without(page, keys)


def _without(page: Page, keys: Sequence[str | None]) -> Page:
    page = kept(page, [key is not None for key in keys])
    page.warnings = (LEFT_OUT,)
    return page


def _check_count(announced: str, raw: _Raw) -> None:
    announced = announced.strip()
    if not (announced.isascii() and announced.isdigit()):
        raise BucketMisbehaved("The bucket's answer announces no proper number of objects.")
    number = int(announced[:20])
    if raw.count > number or (not raw.folders and raw.count != number):
        raise BucketMisbehaved(f"The bucket announced {number} objects and listed {raw.count}; try again.")


def _keys(raw: _Raw, *, url: bool) -> Sequence[str | None]:
    """The keys; None for those that cannot be one here."""
    joined = raw.keys
    if url and ("%" in joined or "+" in joined):
        # Of all escapes the one that some servers send in every key, and the only one worth a shortcut.
        joined = joined.replace("%2F", "/")
        try:
            joined = unquote_plus(joined, errors="strict")
        except UnicodeDecodeError:
            return [_key(key, url=url) for key in raw.keys.split("\0")]
    if joined.count("\0") != raw.count - 1:
        return [_key(key, url=url) for key in raw.keys.split("\0")]
    keys = joined.split("\0")
    if max(map(len, keys)) <= SHORT_KEY:
        return keys
    return [key if len(key.encode()) <= MAX_KEY_BYTES else None for key in keys]


def _key(sent: str, *, url: bool) -> str | None:
    try:
        key = unquote_plus(sent, errors="strict") if url else sent
    except UnicodeDecodeError:
        return None
    return None if "\0" in key or len(key.encode()) > MAX_KEY_BYTES else key


def _sizes(joined: str) -> list[int]:
    digits = joined.replace("\0", "")
    if not (digits.isascii() and digits.isdigit()):
        raise BucketMisbehaved("The bucket listed an object whose size is not a number.")
    try:
        sizes = list(map(int, joined.split("\0")))
    except ValueError:
        sizes = [MAX_SIZE + 1]
    if max(sizes) > MAX_SIZE:
        raise BucketMisbehaved("The bucket listed an object whose size cannot be.")
    return sizes


def _etags(joined: str, count: int) -> list[str]:
    quotes = joined.count('"')
    if not quotes:
        return joined.split("\0")
    if quotes == 2 * count and joined[0] == joined[-1] == '"' and joined.count('"\0"') == count - 1:
        return joined[1:-1].split('"\0"')
    return [etag.strip('"') for etag in joined.split("\0")]
