"""Trying a bucket the way a synchronization will read it."""

from collections.abc import Sequence

from bucketlink.buckets.protocol import BucketReader
from bucketlink.errors import BucketRefused
from bucketlink.model import Finding
from bucketlink.spans import Scan, Span

MOST_TRIED = 20
"""Stretches of the key space that are tried: permissions differ between a few folders, not between thousands."""


def probe(reader: BucketReader, spans: Sequence[Span]) -> Finding:
    """Ask for the first page of every stretch that would be listed, and for one object of what is there.

    An object that can be listed and not be read is a warning: synchronizing works, and nobody can open what it brings.

    Raises:
        BucketError: the bucket cannot be listed.

    """
    listed = [(span.prefix, span.scan) for span in spans if span.scan is not Scan.NOTHING] or [("", Scan.OBJECTS)]
    tried = list(dict.fromkeys(listed))[:MOST_TRIED]
    seen = None
    for prefix, scan in tried:
        try:
            key = reader.check(prefix=prefix, root_files=scan is Scan.ROOT_FILES)
        except BucketRefused as refusal:
            if len(tried) == 1:
                raise
            where = f"the folder {prefix}" if prefix else "objects outside of any folder"
            raise BucketRefused(f"{refusal} Asked for was {where}.") from refusal
        seen = key if seen is None else seen
    warning = None
    if seen is not None:
        try:
            reader.content_type(seen)
        except BucketRefused as refusal:
            warning = str(refusal)
    return Finding(warning, reader.region)
