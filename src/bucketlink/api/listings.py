"""What clients that list a container themselves send: names in any order, as they found them."""

from collections.abc import Mapping, Sequence
from typing import Any

from bucketlink.buckets.columns import SHORT_KEY, left_out, media_type
from bucketlink.errors import InvalidInput
from bucketlink.model import MAX_KEY_BYTES
from bucketlink.notices import of_left_out, said
from bucketlink.store.sent import PackedPage, packed

MOST_WARNINGS = 10
LONGEST_WARNING = 500


def read_listing(data: Mapping[str, Any]) -> list[PackedPage]:
    """Names in order and each once, with the content types that were sent beside them; raises InvalidInput."""
    paths: Sequence[str] | None = data.get("blobPaths")
    types: Sequence[str | None] | None = data.get("contentTypes")
    if paths is None:
        raise InvalidInput("blobPaths is missing: send the names of all objects in the container that are wanted.")
    if types is not None and len(types) != len(paths):
        raise InvalidInput(
            f"blobPaths holds {len(paths):,} names, contentTypes {len(types):,} types: send one for each, or none."
        )
    notices = [said(str(one)[:LONGEST_WARNING]) for one in (data.get("warnings") or [])[:MOST_WARNINGS]]
    keys = sorted(set(paths))
    if any(not _can_be_key(key) for key in keys):
        notices += of_left_out(left_out(keys))
        keys = [key for key in keys if _can_be_key(key)]
    if types is None:
        return packed(keys, None, notices)
    plain = {one: media_type(one) for one in set(types)}
    of_key = dict(zip(paths, types, strict=True))
    return packed(keys, [plain[of_key[key]] for key in keys], notices)


def _can_be_key(key: str) -> bool:
    return bool(key) and "\0" not in key and (len(key) <= SHORT_KEY or len(key.encode()) <= MAX_KEY_BYTES)
