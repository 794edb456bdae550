"""Reading a bucket of S3, or of anything that speaks it: page after page, and one object by HEAD, GET or a URL.

It is ListObjectsV2 that is asked for. A server that does not know it answers as if ListObjects were asked for, and is
asked for that from then on.
"""

import time
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import quote

from bucketlink.buckets.columns import PAGE_KEYS, is_kept_by_browsers, media_type, within
from bucketlink.buckets.http import Answer, Http, Streamed
from bucketlink.buckets.parts import content_of, range_header
from bucketlink.buckets.permits import Permits
from bucketlink.buckets.protocol import Content, Listed, SignedUrl, all_pages
from bucketlink.buckets.s3_address import S3Place, access_point, place
from bucketlink.buckets.s3_decode import Decoded, decode
from bucketlink.buckets.s3_errors import Asker, code_of, explained, is_stale, region_of
from bucketlink.buckets.s3_keys import key_ring
from bucketlink.buckets.s3_sign import PAYER, Keys, quoted, signed, signed_url
from bucketlink.errors import BucketRefused
from bucketlink.model import Access, BucketAddress, Credentials, Platform
from bucketlink.spans import Page

ANSWER_BYTES = 16 << 20
"""The longest answer that is read: over three times a page of the longest keys, each byte of them escaped."""
REFUSAL_BYTES = 1 << 16
"""How much is read of what comes instead of an object."""
LONGEST_URL_SECONDS = 7 * 24 * 3600
"""The longest that a signed URL may hold (the limit of S3)."""
SHORTEST_URL_SECONDS = 15 * 60
"""What keys of a role still have to last when a URL is signed with them."""
_MOVED = {301, 307, 400}

Answered = TypeVar("Answered", bound=Answer)


@dataclass(frozen=True, slots=True)
class _Token:
    """What goes on with a listing: a token, or of an old server the bytes of the name behind which it goes on."""

    token: str | None
    marker: bytes | None


@dataclass(frozen=True, slots=True)
class _Opened(Answer):
    """An answer whose body, if it is an object's, is still to come."""

    streamed: Streamed


class S3Reader:
    """Reads one bucket through ``http``, signed with the credentials or those of a role, or unsigned without any.

    ``found_region`` is where the bucket was found before, which is asked first if the address says nothing else.
    ``clock`` tells the seconds since 1970 by which keys of a role expire.

    Raises:
        InvalidInput: address, access or credentials cannot be meant, or do not go together.
        NotAllowed: only the server's own identity could assume the role, which its operator has not allowed.

    """

    address_field = "the endpoint (s3Endpoint)"

    def __init__(
        self,
        address: BucketAddress,
        access: Access,
        credentials: Credentials,
        *,
        http: Http,
        settings: Permits,
        found_region: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._address = address
        self._http = http
        self._clock = clock
        at = place(address, virtual_host=access.virtual_host)
        self._ring = key_ring(address, access, credentials, at=at, http=http, settings=settings, clock=clock)
        self._known_region = address.region or found_region
        self._place = place(address, self._known_region, virtual_host=access.virtual_host)
        is_aws = address.platform is Platform.AWS
        self._pays = access.requester_pays
        self._asker = Asker(
            is_anonymous=credentials.is_anonymous and access.role_arn is None,
            role=access.role_arn,
            has_token=bool(credentials.session_token),
            might_pay=is_aws and not access.requester_pays,
        )
        self._headers = dict([PAYER]) if access.requester_pays else {}
        self._list_headers = {
            **self._headers,
            **({"x-amz-optional-object-attributes": "RestoreStatus"} if is_aws else {}),
        }
        self._starts = True
        self.page_keys = PAGE_KEYS
        """How many keys are asked for at once."""
        self.is_old = False
        """Whether the server has shown that it knows ListObjects alone."""
        self._may_move = is_aws and not address.endpoint and access_point(address) is None
        self._region: str | None = None

    @property
    def region(self) -> str | None:
        """Where the bucket was found to be: as it says itself, or else where it has answered."""
        return self._region

    def pages(self, *, prefix: str = "", after: str | None = None, root_files: bool = False) -> Iterator[Page]:
        """List objects, as `bucketlink.buckets.protocol.BucketReader` says."""
        return all_pages(self, prefix=prefix, after=after, root_files=root_files)

    def listed(
        self, *, prefix: str = "", after: str | None = None, root_files: bool = False, token: Hashable = None
    ) -> Listed:
        """One page, as `bucketlink.buckets.protocol.PageReader` says."""
        goes_on = token if isinstance(token, _Token) else _Token(None, None if after is None else after.encode())
        # Whoever was given a marker to go on with is told that the server is old.
        was_old = self.is_old = self.is_old or (token is not None and goes_on.token is None)
        decoded = self._fetch(prefix=prefix, after=after, root_files=root_files, goes_on=goes_on)
        self.is_old = was_old or decoded.marker is not None
        if after is not None and token is None and self.is_old and not was_old:
            # What an old server answered begins at the start, as it has not understood where to.
            decoded = self._fetch(prefix=prefix, after=after, root_files=root_files, goes_on=goes_on)
        is_last = decoded.token is None and decoded.marker is None
        is_before = after is not None and min(decoded.page.keys, default=after) < after
        self._starts = self._starts and not (is_before and token is None)
        return Listed(
            within(decoded.page, prefix=prefix, after=after, root_files=root_files),
            None if is_last else _Token(decoded.token, decoded.marker),
            is_before and token is None,
            is_before and token is not None and self._starts,
        )

    def begins_anywhere(self, *, prefix: str = "") -> bool:  # noqa: ARG002
        """Whether listings begin where they are told to, as S3 does; until one has not."""
        return self._starts

    def content_type(self, key: str) -> str | None:
        """The media type that an object carries, in small letters and without parameters."""
        answer = self._send("HEAD", quoted(key), self._headers)
        if answer.status == 404:
            return None
        if answer.status in {400, 401, 403, 405}:
            # Why is not said to HEAD: objects that need a key of their own (SSE-C) are answered with 400.
            raise BucketRefused(
                "The bucket does not tell the content type of an object: grant s3:GetObject on its objects."
            )
        if answer.status != 200:
            raise explained(answer, self._place, self._asker, reading=True)
        return media_type(answer.headers.get("content-type"))

    def check(self, *, prefix: str = "", root_files: bool = False) -> str | None:
        """Ask for the first page; answers the first key on it."""
        return next(iter(self.listed(prefix=prefix, root_files=root_files).page.keys), None)

    def signed_url(self, key: str, seconds: int) -> SignedUrl | None:
        """A URL for GET of one object; None if it would carry a user's session token, or browsers would change it."""
        if not is_kept_by_browsers(key):
            return None
        if self._may_move and self._region is None and self._known_region is None:
            self._found(self._send("HEAD", "", {}))
        keys = self._ring.keys(max(seconds, SHORTEST_URL_SECONDS))
        if keys is not None and keys.token and keys.expires_at is None:
            return None
        now = int(self._clock())
        seconds = min(seconds, LONGEST_URL_SECONDS)
        if keys is not None and keys.expires_at is not None:
            seconds = max(1, min(seconds, int(keys.expires_at) - now))
        url = signed_url(self._place, key, keys, seconds, requester_pays=self._pays)
        return SignedUrl(url, (now + seconds) * 1000)

    def listing_token(self, seconds: int) -> None:
        """None: S3 has no such thing."""

    def read(self, key: str, first: int = 0, last: int | None = None) -> Content | None:
        """An object's bytes, as `bucketlink.buckets.protocol.BucketReader` says."""
        headers = {**self._headers, **range_header(first, last)}
        answer = self._exchange(lambda at, keys: self._open(at, quoted(key), keys, headers))
        if answer.status == 404 and code_of(answer) in {None, "NoSuchKey"}:
            return None
        if answer.status not in {200, 206, 416}:
            raise explained(answer, self._place, self._asker, reading=True)
        try:
            return content_of(answer.streamed, first, last, mend="the endpoint (s3Endpoint)")
        except BaseException:
            answer.streamed.close()
            raise

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _fetch(
        self,
        *,
        prefix: str,
        after: str | None,
        root_files: bool,
        goes_on: "_Token",
    ) -> Decoded:
        query: dict[str, str | bytes] = {"encoding-type": "url", "max-keys": str(self.page_keys)}
        if prefix:
            query["prefix"] = prefix
        if root_files:
            query["delimiter"] = "/"
        if not self.is_old:
            query["list-type"] = "2"
        if self.is_old and goes_on.marker is not None:
            query["marker"] = goes_on.marker
        elif goes_on.token is not None:
            query["continuation-token"] = goes_on.token
        elif after is not None:
            query["start-after"] = after
        text = "&".join(f"{name}={quote(value, safe='~')}" for name, value in query.items())
        with self._http.in_turn():
            answer = self._send("GET", f"?{text}", self._list_headers)
            if answer.status != 200:
                raise explained(answer, self._place, self._asker)
            self._found(answer)
            return decode(answer.body)

    def _found(self, answer: Answer) -> None:
        """Note where the bucket is, from an answer that its own region gave, be it a refusal."""
        if self._region is None and answer.status not in _MOVED:
            asked = self._place.region if self._address.platform is Platform.AWS else self._known_region
            self._region = region_of(answer) or asked

    def _send(self, method: str, rest: str, headers: dict[str, str]) -> Answer:
        def send(at: S3Place, keys: Keys | None) -> Answer:
            return self._http.send(at.origin, lambda: signed(method, at, rest, keys, headers), limit=ANSWER_BYTES)

        return self._exchange(send)

    def _open(self, at: S3Place, rest: str, keys: Keys | None, headers: dict[str, str]) -> _Opened:
        """Ask for an object; what comes instead of it is read."""
        streamed = self._http.stream(at.origin, signed("GET", at, rest, keys, headers))
        body = b""
        if streamed.status not in {200, 206}:
            try:
                for part in streamed.parts:
                    body += part
                    if len(body) > REFUSAL_BYTES:
                        break
            finally:
                streamed.close()
        return _Opened(streamed.status, streamed.headers, body, streamed)

    def _exchange(self, ask: Callable[[S3Place, Keys | None], Answered]) -> Answered:
        """Ask; again in the region that AWS names if it is another, and again with new keys if those have expired."""
        keys = self._ring.keys()
        answer = ask(self._place, keys)
        region = region_of(answer)
        if self._may_move and answer.status in _MOVED and region and region != self._place.region:
            self._place = place(self._address, region)
            answer = ask(self._place, keys)
        if (
            keys is not None
            and is_stale(answer, self._clock() - keys.issued_at)
            and (others := self._ring.renewed(keys))
        ):
            answer = ask(self._place, others)
        return answer
