"""Reading a container of Azure Blob Storage, page after page, and its objects one by one.

A place to start a listing from is known to the newest versions alone, and some servers leave it out without a word. So
a container is asked once whether it begins where it is told to; where not, a listing begins where its prefix does, and
what comes before ``after`` is fetched and dropped.
"""

import re
import threading
import time
from collections.abc import Callable, Hashable, Iterator, Mapping
from urllib.parse import quote

from bucketlink.buckets.azure_access import LONGEST_SECONDS, authorizer, exchanged
from bucketlink.buckets.azure_address import place
from bucketlink.buckets.azure_decode import Decoded, decode
from bucketlink.buckets.azure_errors import check_marks, explained, unread
from bucketlink.buckets.azure_sign import VERSION
from bucketlink.buckets.columns import is_kept_by_browsers, media_type, within
from bucketlink.buckets.http import Answer, Http, Request, Streamed
from bucketlink.buckets.parts import content_of, range_header
from bucketlink.buckets.permits import Permits
from bucketlink.buckets.protocol import Content, Listed, SignedUrl, all_pages
from bucketlink.errors import BucketError
from bucketlink.model import Access, BucketAddress, Credentials
from bucketlink.spans import Page

LISTED_KEYS = 5000
"""Keys on a page: the most that the service gives."""
CHECKED_KEYS = 100
STARTING_VERSION = "2026-02-06"
"""The first version of the service that begins a listing where it is told to (``startFrom``, itself included)."""
ANSWER_BYTES = 64 << 20
"""The longest answer that is read: over a page of the longest keys, each byte of them escaped."""

_NO_NAME = re.compile("[\x00-\x1f\x7f\ufffe\uffff]")
"""What the service takes in no query; of these, names hold U+FFFE and U+FFFF alone."""


class AzureReader:
    """Reads one container through ``http``, by whatever the credentials are, or as everybody.

    Raises:
        InvalidInput: address, access or credentials cannot be meant, or azure-identity is not installed.
        NotAllowed: the server's own identity is not allowed, or not for this account.

    """

    address_field = "azureConnectionURL"

    def __init__(
        self,
        address: BucketAddress,
        access: Access,
        credentials: Credentials,
        *,
        http: Http,
        settings: Permits,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._place = place(address)
        self._http = http
        self._clock = clock
        self.page_keys = LISTED_KEYS
        """How many keys are asked for at once."""
        self._starting = threading.Lock()
        self._starts: bool | None = None
        self._by = authorizer(self._place, access, credentials, http, settings, clock)

    @property
    def region(self) -> str | None:
        """None: an account answers at the same address wherever it is."""
        return None

    def pages(self, *, prefix: str = "", after: str | None = None, root_files: bool = False) -> Iterator[Page]:
        """List objects, as `bucketlink.buckets.protocol.BucketReader` says."""
        return all_pages(self, prefix=prefix, after=after, root_files=root_files)

    def listed(
        self, *, prefix: str = "", after: str | None = None, root_files: bool = False, token: Hashable = None
    ) -> Listed:
        """One page, as `bucketlink.buckets.protocol.PageReader` says."""
        # Of names with such characters, some that come later by their bytes come earlier here: order is by UTF-16.
        starts = after is not None and not root_files and max(after, default="") < "\ud800"
        starts = starts and self.begins_anywhere(prefix=prefix)
        start = after if starts and token is None else None
        decoded = self._list(prefix=prefix, root_files=root_files, marker=token, start=start)
        is_before = after is not None and min(decoded.page.keys, default=after) < after
        return Listed(
            within(decoded.page, prefix=prefix, after=after, root_files=root_files),
            decoded.marker,
            is_before and token is None,
            is_before and token is not None and starts,
        )

    def begins_anywhere(self, *, prefix: str = "") -> bool:
        """Whether the container begins a listing where it is told to: it is asked for what is known already."""
        with self._starting:
            if self._starts is None:
                self._starts = self._tries_to_start(prefix)
            return self._starts

    def _tries_to_start(self, prefix: str) -> bool:
        known = self._list(prefix=prefix, limit=3).page.keys
        if len(known) < 3 or sorted(known) != known:
            return False
        try:
            found = self._list(prefix=prefix, limit=2, start=known[1]).page.keys
        except BucketError:
            return False
        return found in (known[1:3], known[2:3])

    def content_type(self, key: str) -> str | None:
        """The media type that an object carries, in small letters and without parameters."""
        request = self._request("HEAD", self._object(key))
        answer = self._send(request)
        check_marks(answer.status, answer.headers, self._place)
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise unread(answer, self._place, self._by.means, self._by.fault())
        return media_type(answer.headers.get("content-type"))

    def check(self, *, prefix: str = "", root_files: bool = False) -> str | None:
        """Ask for a first page; a key that is on it."""
        listed = self._list(prefix=prefix, root_files=root_files, limit=CHECKED_KEYS)
        return next(iter(within(listed.page, prefix=prefix, after=None, root_files=root_files).keys), None)

    def signed_url(self, key: str, seconds: int) -> SignedUrl | None:
        """A URL for GET of one object; None where there is a SAS token alone, or no URL's path can hold the key."""
        expires_at = self._end(seconds)
        sas = None if key in {".", ".."} else self._by.sas(key, expires_at)
        if sas is None:
            return None
        return SignedUrl(f"{self._place.origin}{self._object(key)}{'?' if sas else ''}{sas}", expires_at)

    def listing_token(self, seconds: int) -> str | None:
        """A SAS to list and read the container, made by the account's key or an identity; None where there is none."""
        return self._by.sas(None, self._end(seconds))

    def read(self, key: str, first: int = 0, last: int | None = None) -> Content | None:
        """An object's bytes, as `bucketlink.buckets.protocol.BucketReader` says."""
        request = self._request("GET", self._object(key), range_header(first, last))
        answer = exchanged(self._by, request, lambda sent: self._http.stream(self._place.origin, sent))
        try:
            content = self._content(answer, first, last)
        except BaseException:
            answer.close()
            raise
        if content is None:
            answer.close()
        return content

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _end(self, seconds: int) -> int:
        """When what is signed now ends, in milliseconds since 1970."""
        return int(self._clock() + min(seconds, LONGEST_SECONDS)) * 1000

    def _list(
        self,
        *,
        prefix: str,
        root_files: bool = False,
        marker: Hashable = None,
        start: str | None = None,
        limit: int | None = None,
    ) -> Decoded:
        query = {
            "restype": "container",
            "comp": "list",
            "maxresults": str(limit or self.page_keys),
            "prefix": _NO_NAME.split(prefix, maxsplit=1)[0],
            "delimiter": "/" if root_files else "",
            "marker": str(marker or ""),
            "startFrom": start or "",
        }
        text = "&".join(f"{name}={quote(value, safe='~')}" for name, value in query.items() if value)
        version = {"x-ms-version": STARTING_VERSION} if start else {}
        with self._http.in_turn():
            answer = self._send(self._request("GET", f"{self._place.path}?{text}", version))
            if answer.status != 200:
                raise explained(answer, self._place, self._by.means, self._by.fault())
            return decode(answer.body)

    def _object(self, key: str) -> str:
        """The path of an object. Where a part of it would be taken for a way up or for nothing, slashes are escaped."""
        return f"{self._place.path}/{quote(key, safe='/~' if is_kept_by_browsers(key) else '~')}"

    def _request(self, method: str, target: str, headers: Mapping[str, str] | None = None) -> Request:
        return Request(method, target, {"x-ms-version": VERSION, **(headers or {})})

    def _send(self, request: Request) -> Answer:
        return exchanged(
            self._by, request, lambda sent: self._http.send(self._place.origin, lambda: sent, limit=ANSWER_BYTES)
        )

    def _content(self, answer: Streamed, first: int, last: int | None) -> Content | None:
        """What an answer to `read` holds; None if there is no such object."""
        check_marks(answer.status, answer.headers, self._place)
        if answer.status == 404:
            return None
        if answer.status == 416 and first == 0:
            # Of an empty object no part can be had, not even from the start.
            answer.close()
            return Content(0, 0, 0, None, iter(()), answer.close)
        if answer.status not in {200, 206, 416}:
            error = Answer(answer.status, answer.headers, b"")
            raise unread(error, self._place, self._by.means, self._by.fault())
        return content_of(answer, first, last, mend="azureConnectionURL")
