"""Reading what a client has listed itself, as if it were the bucket."""

from collections.abc import Iterator

from bucketlink.buckets.columns import within
from bucketlink.buckets.protocol import Content, SignedUrl
from bucketlink.errors import BucketError, BucketRefused
from bucketlink.notices import Notice, stored
from bucketlink.spans import Page
from bucketlink.store import sent
from bucketlink.store.database import Database

NOTHING_SENT = (
    "The container is listed by clients, since the integration uses service credentials, and no client has sent a "
    "listing: synchronize the connection with a client that lists it."
)


class SentReader:
    """Reads the listing that was sent for a run, as `bucketlink.buckets.protocol.BucketReader` says; only that."""

    region = None

    def __init__(self, database: Database, run_id: int) -> None:
        self._database = database
        self._run_id = run_id

    def notices(self) -> list[Notice]:
        """What was sent with the listing, and what was left out of it."""
        with self._database.read() as tx:
            return [stored(row) for row in sent.page(tx, self._run_id, self._first(""))[0].notices]

    def pages(self, *, prefix: str = "", after: str | None = None, root_files: bool = False) -> Iterator[Page]:
        """What was sent, in the order of keys; sizes and etags are not known."""
        first: str | None = self._first(max(prefix, after or ""))
        while first is not None:
            with self._database.read() as tx:
                page, following = sent.page(tx, self._run_id, first)
            count = len(page.keys)
            yield within(
                Page(
                    page.keys,
                    [-1] * count,
                    [""] * count,
                    content_types=page.content_types,
                ),
                prefix=prefix,
                after=after,
                root_files=root_files,
            )
            is_beyond = following is not None and following > prefix and not following.startswith(prefix)
            first = None if is_beyond else following

    def check(self, *, prefix: str = "", root_files: bool = False) -> str | None:
        """The first key that was sent."""
        return next((key for page in self.pages(prefix=prefix, root_files=root_files) for key in page.keys), None)

    def content_type(self, key: str) -> str | None:
        """Raises BucketRefused: nothing is known but what was sent."""
        raise BucketRefused(f"The client did not tell the content type of {key!r}.")

    def signed_url(self, key: str, seconds: int) -> SignedUrl | None:
        """None: a listing opens nothing."""
        del key, seconds
        return None

    def listing_token(self, seconds: int) -> str | None:
        """None: a listing lists nothing more."""
        del seconds
        return None

    def read(self, key: str, first: int = 0, last: int | None = None) -> Content | None:
        """None: a listing holds no bytes."""
        del key, first, last
        return None

    def close(self) -> None:
        """Give back nothing."""

    def _first(self, key: str) -> str:
        with self._database.read() as tx:
            first = sent.first_page(tx, self._run_id, key)
        if first is None:
            raise BucketError(NOTHING_SENT)
        return first
