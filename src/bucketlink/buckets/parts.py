"""Objects, and parts of them, as servers of every platform answer them: what was asked for, or an error."""

import re

from bucketlink.buckets.columns import content_encoding, media_type
from bucketlink.buckets.http import Streamed
from bucketlink.buckets.protocol import Content
from bucketlink.errors import BucketMisbehaved, InvalidInput

_RANGE = re.compile(r"bytes ([0-9]{1,19})-([0-9]{1,19})/([0-9]{1,19})")
_LENGTH = re.compile(r"[0-9]{1,19}")


def range_header(first: int, last: int | None) -> dict[str, str]:
    """The header that asks for a part of an object; none for the whole.

    Raises:
        InvalidInput: the last byte comes before the first.

    """
    if last is not None and last < first:
        raise InvalidInput("The last byte that is asked for comes before the first.")
    return {"Range": f"bytes={first}-{'' if last is None else last}"} if first or last is not None else {}


def content_of(answer: Streamed, first: int, last: int | None, *, mend: str) -> Content:
    """What an answer of status 200, 206 or 416 holds of the object of which these bytes were asked for.

    ``mend`` is what to check where it holds something else.

    Raises:
        InvalidInput: the first byte is behind the object's end.
        BucketMisbehaved: it holds another part, or does not say which.

    """
    span = _span(answer, is_whole=first == 0 and last is None)
    if answer.status == 416 or (span is not None and first > 0 and span[2] <= first):
        raise InvalidInput("The part of the object that was asked for begins behind its end.")
    if span is None:
        raise BucketMisbehaved(f"The bucket does not say which part of an object it answers; check {mend}.")
    start, end, whole = span
    if start != first or end >= whole or end not in {whole - 1, last}:
        raise BucketMisbehaved(f"The bucket gave another part of the object than was asked for; check {mend}.")
    kind = media_type(answer.headers.get("content-type"))
    encoding = content_encoding(answer.headers.get("content-encoding"))
    return Content(end - start + 1, whole, start, kind, answer.parts, answer.close, encoding)


def _span(answer: Streamed, *, is_whole: bool) -> tuple[int, int, int] | None:
    """The first and the last byte that come, and how many there are; None where that is not told."""
    if answer.status == 200:
        length = _LENGTH.fullmatch(answer.headers.get("content-length", ""))
        return (0, int(length[0]) - 1, int(length[0])) if length and is_whole else None
    told = _RANGE.fullmatch(answer.headers.get("content-range", ""))
    return (int(told[1]), int(told[2]), int(told[3])) if told else None
