"""Decoding a page of Google Cloud Storage's listing (JSON API, ``objects.list``).

A page is decoded whole or not at all: whatever is not as it should be is an error.
"""

from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import orjson

from bucketlink.buckets.columns import SHORT_KEY, kept, left_out, media_type, numbers
from bucketlink.errors import BucketMisbehaved
from bucketlink.model import MAX_KEY_BYTES
from bucketlink.spans import Page

FIELDS = "kind,nextPageToken,items(name,size,generation,updated,contentType)"
"""What is asked of a listing: without ``kind``, an empty bucket's page is an empty document, as anybody may send."""
KIND = "storage#objects"

_NAME, _SIZE = itemgetter("name"), itemgetter("size")


@dataclass(frozen=True, slots=True)
class Decoded:
    """A page, and the token that asks for the next one; None says that the listing is complete."""

    page: Page
    token: str | None


def decode(body: bytes) -> Decoded:
    """Decode the body of a page.

    Raises:
        BucketMisbehaved: it is not a page, or was cut short.

    """
    document = decoded_object(body)
    if document.get("kind") != KIND:
        raise BucketMisbehaved("The bucket answered a listing with something else; check gcpEndpoint.")
    items, token = document.get("items", []), document.get("nextPageToken", "")
    if not isinstance(items, list) or not isinstance(token, str):
        raise BucketMisbehaved("The bucket's answer to a listing contradicts itself; check gcpEndpoint.")
    return Decoded(_page(items), token or None)


def decoded_object(body: bytes) -> dict[str, Any]:
    """The JSON object that an answer holds."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise BucketMisbehaved("The bucket's answer was cut short or is not JSON; try again.") from None
    if not isinstance(document, dict):
        raise BucketMisbehaved("The bucket's answer is something else than was asked for; check gcpEndpoint.")
    return document


def _page(items: list[dict[str, Any]]) -> Page:
    if not items:
        return Page([], [], [])
    try:
        keys, sizes = list(map(_NAME, items)), numbers(list(map(_SIZE, items)))
        etags, modified = _column(items, "generation"), _column(items, "updated")
        told = _column(items, "contentType")
        # Joining texts is the cheapest way to learn that all of them are texts.
        joined, others = "\0".join(keys), "".join(etags) + "".join(modified)
        types = {one: media_type(one) for one in set(told)}
    except (KeyError, TypeError, AttributeError):
        raise BucketMisbehaved("The bucket listed an object without a proper name, size or generation.") from None
    if "" in keys or not others.isascii() or "\0" in others:
        raise BucketMisbehaved("The bucket listed an object without a proper name, generation or time.")
    if sizes is None:
        raise BucketMisbehaved("The bucket listed an object whose size is not a number, or cannot be.")
    page = Page(
        keys=keys,
        sizes=sizes,
        etags=etags,
        modified=None if "" in modified else modified,
        content_types=[types[one] for one in told] if any(types.values()) else None,
    )
    if joined.count("\0") == len(keys) - 1 and max(map(len, keys)) <= SHORT_KEY:
        return page
    return _without(page)


def _column(items: list[dict[str, Any]], name: str) -> list[str]:
    """What some objects may lack, "" for those."""
    try:
        return list(map(itemgetter(name), items))
    except KeyError:
        return [item.get(name, "") for item in items]


def _without(page: Page) -> Page:
    """The page without what cannot be a key here."""
    flags = ["\0" not in key and len(key.encode()) <= MAX_KEY_BYTES for key in page.keys]
    if all(flags):
        return page
    page.left_out = left_out(page.keys)
    return kept(page, flags)
