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

from bucketlink.buckets.columns import LEFT_OUT, MAX_SIZE, SHORT_KEY, kept
from bucketlink.buckets.s3_strict import COLUMNS, FIELDS, IS_RESTORED, ROOT, Raw, strict
from bucketlink.buckets.xml import unescaped
from bucketlink.errors import BucketMisbehaved
from bucketlink.model import MAX_KEY_BYTES, Page

ARCHIVES = frozenset({"GLACIER", "DEEP_ARCHIVE"})
"""Storage classes of objects that must be restored before they can be read; GLACIER_IR is none of them."""

_END = f"</{ROOT}>"
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
        raw = strict(body)
    return _decoded(raw)


def decode_strictly(body: bytes) -> Decoded:
    """The same by the strict parser alone, for any page: slower, and what `decode` is measured by."""
    return _decoded(strict(body))


def _decoded(raw: Raw) -> Decoded:
    return Decoded(_page(raw), *_continuation(raw))


def _regular(body: bytes) -> Raw:
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
    leaves = [(name, value) for name, value in _LEAF.findall(rest) if name in FIELDS]
    fields = {name: _unescaped(value) for name, value in leaves}
    if len(fields) != len(leaves):
        raise _Irregular
    folders = rest.count("<CommonPrefixes>")
    if not rows:
        return Raw(0, "", "", "", None, None, folders, fields)
    if not {"Key", "Size", "ETag"} <= columns.keys():
        raise _Irregular
    count = columns["Key"].count("\0") + 1
    modified = columns.get("LastModified")
    if "&" in (modified or ""):
        raise _Irregular
    return Raw(
        count,
        _unescaped(columns["Key"]),
        columns["Size"],
        _unescaped(columns["ETag"]),
        modified,
        _classes(rows, columns.get("StorageClass"), count),
        folders,
        fields,
    )


def _classes(rows: str, joined: str | None, count: int) -> str | None:
    """Storage classes as joined in a column, "" for objects of which a copy was restored; None where all are as usual.

    One class alone is that of every object.
    """
    if joined is None or not any(name in joined for name in ARCHIVES):
        return None
    if IS_RESTORED not in rows:
        return joined
    each = rows.split("<Contents>")[1:]
    classes = joined.split("\0") if "\0" in joined else [joined] * count
    if len(each) != count:
        raise _Irregular
    return "\0".join("" if IS_RESTORED in row else name for name, row in zip(classes, each, strict=True))


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
        is_wanted = name in COLUMNS and len(open_tags) == 1
        if (not is_wanted or name == "StorageClass") and column.count(first) == count:
            column = [first]  # all are the same, and one tells that
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
    found = unescaped(text)
    if found is None:
        raise _Irregular
    return found


def _continuation(raw: Raw) -> tuple[str | None, bytes | None]:
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


def _page(raw: Raw) -> Page:
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
        archived=_archived(raw.classes, raw.count),
    )
    if not len(page.keys) == len(page.sizes) == len(page.etags) == raw.count or ("" in page.keys and None not in keys):
        raise BucketMisbehaved("The bucket's answer to a listing contradicts itself.")
    return page if None not in keys else _without(page, keys)


def _without(page: Page, keys: Sequence[str | None]) -> Page:
    page = kept(page, [key is not None for key in keys])
    page.warnings = (LEFT_OUT,)
    return page


def _check_count(announced: str, raw: Raw) -> None:
    announced = announced.strip()
    if not (announced.isascii() and announced.isdigit()):
        raise BucketMisbehaved("The bucket's answer announces no proper number of objects.")
    number = int(announced[:20])
    if raw.count > number or (not raw.folders and raw.count != number):
        raise BucketMisbehaved(f"The bucket announced {number} objects and listed {raw.count}; try again.")


def _keys(raw: Raw, *, url: bool) -> Sequence[str | None]:
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


def _archived(joined: str | None, count: int) -> list[str | None] | None:
    """The storage classes that objects must be restored from; None where that is none of them."""
    if joined is None:
        return None
    classes = [name if name in ARCHIVES else None for name in joined.split("\0")]
    if len(classes) == 1:
        classes *= count
    return classes if any(classes) else None


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
