"""Decoding a page of S3's ListObjectsV2, or of ListObjects, which older servers answer instead.

A regular page, in which every ``Contents`` has the same elements in the same order, is cut into columns by one
expression that is made after its first row, whatever that order is: no object is made for a key but its values. It
counts as regular only if every character from the first row to the last was accounted for. Anything else goes to a
strict parser, and what that does not accept is an error: a page is decoded whole or not at all.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote_plus, unquote_to_bytes

from bucketlink.buckets.columns import SHORT_KEY, kept, left_out, numbers
from bucketlink.buckets.s3_strict import COLUMNS, FIELDS, IS_RESTORED, ROOT, Raw, strict
from bucketlink.buckets.xml import unescaped
from bucketlink.errors import BucketMisbehaved
from bucketlink.model import MAX_KEY_BYTES
from bucketlink.spans import Page

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
_ELEMENT = re.compile(
    r"<([A-Za-z]+)>([^<]*)</\1>|<([A-Za-z]+)>(?:<([A-Za-z]+)>[^<]*</\4>|<[A-Za-z]+ ?/>)++</\3>|<[A-Za-z]+ ?/>"
)
"""What a row is made of: texts, texts that belong together, and what is empty."""
_TEXT = re.compile(">[^<]*</")
_OPTIONAL = re.compile(
    r"<(ChecksumAlgorithm|ChecksumType)>[^<]*</\1>"
    r"|<(Owner|RestoreStatus)>(?:<([A-Za-z]+)>[^<]*</\3>|<[A-Za-z]+ ?/>)*+</\2>|<Owner ?/>"
)
"""What some rows of a bucket have and others have not, and nobody here asks for."""
_ROW, _ROW_END = "<Contents>", "</Contents>"
_MOST_ELEMENTS = 50
"""Of a regular row; a longer one would make a long expression."""
_NEEDED = frozenset({"Key", "Size", "ETag"})


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
    found = _cut(text) or _cut(_OPTIONAL.sub("", text))
    if found is None:
        raise _Irregular
    around, columns = found
    rest = around[head.end() : -len(_END)]
    if not _REST.fullmatch(rest):
        raise _Irregular
    leaves = [(name, value) for name, value in _LEAF.findall(rest) if name in FIELDS]
    fields = {name: _unescaped(value) for name, value in leaves}
    if len(fields) != len(leaves):
        raise _Irregular
    return Raw(
        keys=_all_unescaped(columns["Key"]),
        sizes=columns["Size"],
        etags=_all_unescaped(columns["ETag"]),
        modified=columns.get("LastModified"),
        classes=_classes(text, columns.get("StorageClass")),
        folders=rest.count("<CommonPrefixes>"),
        fields=fields,
    )


def _cut(text: str) -> tuple[str, dict[str, list[str]]] | None:
    """What stands around the rows of a page, and the texts in them, by column; None unless all rows are like the first.

    The texts are as they stand there; of etags the quotes are left out if all are in them.
    """
    first = text.find(_ROW)
    if first < 0:
        return None if "<Contents" in text else (text, {name: [] for name in _NEEDED})
    found = _shape(text[first : text.find(_ROW_END, first)])
    if found is None:
        return None
    names, pattern = found
    # What stands around rows takes turns with their texts; between two rows there must be nothing.
    pieces = _compiled(pattern).split(text)
    width = len(names) + 1
    columns = {name: pieces[place::width] for place, name in enumerate(names, start=1)}
    around = pieces[0] + pieces[-1]
    if any(pieces[width:-1:width]) or "<Contents" in around:
        return None
    if "<" in "".join(columns["ETag"]) or "&" in "".join(columns.get("LastModified", ())):
        return None
    return around, columns


def _shape(row: str) -> tuple[list[str], str] | None:
    """The columns of rows that are like this one, and an expression with a group for each; None if it is irregular.

    The row lacks its end.
    """
    names: list[str] = []
    parts: list[str] = []
    place = len(_ROW)
    while place < len(row):
        element = _ELEMENT.match(row, place)
        if element is None or element[1] in names or len(parts) == _MOST_ELEMENTS:
            return None
        place = element.end()
        name, text = element[1], element[2]
        if name in COLUMNS:
            names.append(name)
            parts.append(f"<{name}>{_text_like(name, text)}</{name}>")
        else:
            parts.append(_TEXT.sub(">[^<]*+</", element[0]))
    return (names, f"{_ROW}{''.join(parts)}{_ROW_END}") if _NEEDED.issubset(names) else None


def _text_like(name: str, text: str) -> str:
    """An expression for the texts of a column, of which this one is the first."""
    if name != "ETag":
        return "([^<]++)"
    for quote, other in (("&quot;", "[^&]"), ('"', '[^"]')):
        if len(text) > 2 * len(quote) and text.startswith(quote) and text.endswith(quote):
            # One character that ends a text is looked for much faster than two; what it hides is looked at later.
            return f"{quote}({other}*+){quote}"
    return "([^<]*+)"


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _classes(text: str, classes: Sequence[str] | None) -> Sequence[str] | None:
    """The classes of a page's rows, "" for objects of which a copy was restored; None where all can be read at once."""
    if classes is None or ARCHIVES.isdisjoint(classes):
        return None
    if IS_RESTORED not in text:
        return classes
    each = text.split(_ROW)[1:]
    if len(each) != len(classes):
        raise _Irregular
    return ["" if IS_RESTORED in row else name for name, row in zip(classes, each, strict=True)]


def _all_unescaped(texts: Sequence[str]) -> Sequence[str]:
    joined = "\0".join(texts)
    return texts if "&" not in joined else _unescaped(joined).split("\0")


def _unescaped(text: str) -> str:
    """The text without XML's entities. Control characters, which XML cannot hold, are taken for what they mean."""
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
    marker = raw.fields.get("NextMarker") or ("" if raw.folders or not raw.keys else raw.keys[-1])
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
    if not raw.keys:
        return Page([], [], [])
    keys, sizes = _keys(raw.keys, url=encoding == "url"), numbers(raw.sizes)
    if sizes is None:
        raise BucketMisbehaved("The bucket listed an object whose size is not a number, or cannot be.")
    page = Page(
        keys=keys,
        sizes=sizes,
        etags=_etags(raw.etags),
        modified=raw.modified,
        archived=_archived(raw.classes),
    )
    return page if "" not in keys else _without(page, raw.keys, url=encoding == "url")


def _without(page: Page, sent: Sequence[str], *, url: bool) -> Page:
    """The page without what cannot be a key here."""
    if "" in sent:
        raise BucketMisbehaved("The bucket's answer to a listing contradicts itself.")
    page.left_out = left_out(_name(name, url=url) for name, key in zip(sent, page.keys, strict=True) if not key)
    return kept(page, list(map(bool, page.keys)))


def _name(sent: str, *, url: bool) -> str | bytes:
    return unquote_to_bytes(sent.replace("+", " ")) if url else sent


def _check_count(announced: str, raw: Raw) -> None:
    announced = announced.strip()
    if not (announced.isascii() and announced.isdigit()):
        raise BucketMisbehaved("The bucket's answer announces no proper number of objects.")
    number = int(announced[:20])
    count = len(raw.keys)
    if count > number or (not raw.folders and count != number):
        raise BucketMisbehaved(f"The bucket announced {number} objects and listed {count}; try again.")


def _keys(sent: Sequence[str], *, url: bool) -> Sequence[str]:
    """The keys; "" for those that cannot be one here."""
    keys, joined = sent, "\0".join(sent)
    if url and ("%" in joined or "+" in joined):
        # Of all escapes the one that some servers send in every key, and the only one worth a shortcut.
        try:
            keys = unquote_plus(joined.replace("%2F", "/"), errors="strict").split("\0")
        except UnicodeDecodeError:
            return [_key(key) for key in sent]
        if len(keys) != len(sent):
            return [_key(key) for key in sent]
    if max(map(len, keys)) <= SHORT_KEY:
        return keys
    return [key if len(key.encode()) <= MAX_KEY_BYTES else "" for key in keys]


def _key(sent: str) -> str:
    try:
        key = unquote_plus(sent, errors="strict")
    except UnicodeDecodeError:
        return ""
    return "" if "\0" in key or len(key.encode()) > MAX_KEY_BYTES else key


def _archived(classes: Sequence[str] | None) -> list[str | None] | None:
    """The storage classes that objects must be restored from; None where that is none of them."""
    if classes is None or ARCHIVES.isdisjoint(classes):
        return None
    return [name if name in ARCHIVES else None for name in classes]


def _etags(sent: Sequence[str]) -> Sequence[str]:
    return [etag.strip('"') for etag in sent] if '"' in "".join(sent) else sent
