"""What a reader of buckets does, whatever the platform. ``tests/buckets`` certifies every implementation."""

from collections.abc import Iterator
from typing import Protocol

from bucketlink.model import Page


class BucketReader(Protocol):
    """Reads one bucket. Not safe to share between threads, except ``content_type``.

    Every method raises `bucketlink.errors.BucketError` (one of its kinds) with a sentence that names what to mend and
    holds no secret and nothing of an answer's body.
    """

    def pages(self, *, prefix: str = "", after: str | None = None, root_files: bool = False) -> Iterator[Page]:
        """List objects, a page at a time, in the order in which the bucket gives them.

        Args:
            prefix: only keys that start with these characters.
            after: only keys that come after this one by their UTF-8 bytes; the key itself is left out.
            root_files: only keys that hold no ``/``; what lies below a ``/`` is not walked. Goes with an empty prefix.

        Yields pages, which may be empty. Keys ascend if the platform keeps its promise; the caller checks. What
        cannot be a key here (longer than `bucketlink.model.MAX_KEY_BYTES`, not UTF-8, holding NUL) is left out, with
        a warning on its page. Ends normally only when the bucket said that the listing is complete.

        """
        ...

    def content_type(self, key: str) -> str | None:
        """The media type that one object carries, by one request; None where it carries none, or is gone.

        Raises BucketRefused where the bucket does not tell.
        """
        ...

    def check(self) -> None:
        """Try what a synchronization will do: ask for a first page. Returns if that works."""
        ...

    def close(self) -> None:
        """Give back connections and open directories."""
        ...
