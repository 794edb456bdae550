"""What a reader of buckets does, whatever the platform. ``tests/buckets`` certifies every implementation."""

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from bucketlink.buckets.columns import Onward
from bucketlink.spans import Page


@dataclass(frozen=True, slots=True)
class SignedUrl:
    """A URL by which anybody can read one object until a moment, in milliseconds since 1970."""

    url: str
    expires_at: int


@dataclass(frozen=True, slots=True)
class Content:
    """What an object, or a part of it, holds: in parts, as they come. To be closed, or read to its end.

    Attributes:
        size: bytes that come.
        whole: bytes of the whole object.
        start: the place of the first byte that comes.
        content_type: as the bucket tells it, None where it does not.
        parts: the bytes; raises BucketError where they are cut short.
        close: gives back what reading holds.
        encoding: how the bytes are compressed, if the object is kept so and says so.

    """

    size: int
    whole: int
    start: int
    content_type: str | None
    parts: Iterator[bytes]
    close: Callable[[], None]
    encoding: str | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """One page of a listing.

    Attributes:
        page: what was asked for of what came.
        token: what asks for the next page, opaque to all but readers of the same bucket; None at the end.
        began_before: that the bucket began before the key that it was to begin behind.
        returned: that keys before that came later on: if there were others before them, it lists in no order.

    """

    page: Page
    token: Hashable = None
    began_before: bool = False
    returned: bool = False


@runtime_checkable
class PageReader(Protocol):
    """Lists a bucket by single requests, any number of them side by side. Safe to share between threads."""

    page_keys: int
    """Keys that are asked for at once."""
    address_field: str
    """Where an integration's address comes from, by its name on the wire."""

    def listed(
        self, *, prefix: str = "", after: str | None = None, root_files: bool = False, token: Hashable = None
    ) -> Listed:
        """One page: the first of what `BucketReader.pages` lists with these arguments, or the one of a token.

        Raises as that does.
        """
        ...

    def begins_anywhere(self, *, prefix: str = "") -> bool:
        """Whether the bucket begins a listing behind whatever key it is told to, which may take asking it."""
        ...


def all_pages(reader: PageReader, *, prefix: str, after: str | None, root_files: bool) -> Iterator[Page]:
    """`BucketReader.pages` of a reader that lists by single requests: one after the other."""
    token: Hashable = None
    onward = Onward()
    while True:
        listed = reader.listed(prefix=prefix, after=after, root_files=root_files, token=token)
        yield listed.page
        token = listed.token
        if token is None:
            return
        onward.check(token, reader.address_field)


class BucketReader(Protocol):
    """Reads one bucket. Not safe to share between threads, except ``content_type``, ``signed_url`` and ``read``.

    Every method raises `bucketlink.errors.BucketError` (one of its kinds) with a sentence that names what to mend and
    holds no secret and nothing of an answer's body.

    ``region`` is where the bucket was found to be, if the platform has regions; None before anything was asked.
    """

    @property
    def region(self) -> str | None:
        """Where the bucket was found to be."""
        ...

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

    def check(self, *, prefix: str = "", root_files: bool = False) -> str | None:
        """Ask for a first page, as `pages` would with these arguments; answers a key that is on it, None if none is."""
        ...

    def signed_url(self, key: str, seconds: int) -> SignedUrl | None:
        """A URL for GET of one object, that holds for so long at most; the object is not asked for.

        None where none can be made that holds no secret of the integration's: the object is then read by `read`.
        """
        ...

    def listing_token(self, seconds: int) -> str | None:
        """A token by which whoever holds it can list and read the bucket for so long, and nothing else (Azure).

        None where the platform has no such thing, or where one would be no other than what is stored.
        """
        ...

    def read(self, key: str, first: int = 0, last: int | None = None) -> Content | None:
        """An object's bytes from the first to the last, both counted from 0 and included; None if there is no object.

        ``last`` of None, or behind the end, is the end. Raises InvalidInput where the first is behind the end.
        """
        ...

    def close(self) -> None:
        """Give back connections and open directories."""
        ...
