"""Reading a bucket of Google Cloud Storage by its JSON API, page after page, and single objects."""

import time
from collections.abc import Callable, Hashable, Iterator
from typing import TypeVar
from urllib.parse import quote

from bucketlink.buckets.columns import is_kept_by_browsers, media_type, within
from bucketlink.buckets.gcs_address import GcsPlace, place
from bucketlink.buckets.gcs_decode import FIELDS, Decoded, decode, decoded_object
from bucketlink.buckets.gcs_errors import KEY, explained
from bucketlink.buckets.gcs_sign import signed_url
from bucketlink.buckets.gcs_tokens import Tokens, server_identity, service_account
from bucketlink.buckets.http import Answer, Http, Request, Streamed
from bucketlink.buckets.parts import content_of, range_header
from bucketlink.buckets.permits import Permits
from bucketlink.buckets.protocol import Content, Listed, SignedUrl, all_pages
from bucketlink.errors import InvalidInput
from bucketlink.model import Access, BucketAddress, Credentials, Platform
from bucketlink.spans import Page

LISTED_KEYS = 5000
"""Keys on a page: what Google serves at most, where only some fields are asked for."""
CHECKED_KEYS = 100
ANSWER_BYTES = 40 << 20
"""The longest answer that is read: over a page of the longest keys, each byte of them escaped."""
ERROR_BYTES = 1 << 16

A = TypeVar("A", Answer, Streamed)


class GcsReader:
    """Reads one bucket through ``http``, as a service account, as the server itself, or as everybody.

    Raises:
        InvalidInput: bucket, endpoint or credentials cannot be meant, or google-auth is not installed.
        NotAllowed: the operator did not allow the server's own identity.

    """

    address_field = "gcpEndpoint"

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
        self._clock = clock
        self._http = http
        self._starts = True
        self.page_keys = LISTED_KEYS
        """How many keys are asked for at once."""
        self._tokens = _tokens(self._place, access, credentials, http, settings, clock)
        self._path = f"/storage/v1/b/{self._place.bucket}/o"

    @property
    def region(self) -> str | None:
        """None: a bucket answers at the same address wherever it is."""
        return None

    def pages(self, *, prefix: str = "", after: str | None = None, root_files: bool = False) -> Iterator[Page]:
        """List objects, as `bucketlink.buckets.protocol.BucketReader` says."""
        return all_pages(self, prefix=prefix, after=after, root_files=root_files)

    def listed(
        self, *, prefix: str = "", after: str | None = None, root_files: bool = False, token: Hashable = None
    ) -> Listed:
        """One page, as `bucketlink.buckets.protocol.PageReader` says."""
        decoded = self._list(prefix=prefix, after=after, root_files=root_files, token=token)
        is_before = after is not None and min(decoded.page.keys, default=after) < after
        self._starts = self._starts and not (is_before and token is None)
        return Listed(
            within(decoded.page, prefix=prefix, after=after, root_files=root_files),
            decoded.token,
            is_before and token is None,
            is_before and token is not None and self._starts,
        )

    def begins_anywhere(self, *, prefix: str = "") -> bool:  # noqa: ARG002
        """Whether listings begin where they are told to, as Google's do; until one has not."""
        return self._starts

    def content_type(self, key: str) -> str | None:
        """The media type that an object carries, in small letters and without parameters."""
        answer = self._send(f"{self._object(key)}?fields=contentType")
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise self._explained(answer, task="get")
        return media_type(decoded_object(answer.body).get("contentType"))

    def check(self, *, prefix: str = "", root_files: bool = False) -> str | None:
        """Ask for a first page; a key that is on it."""
        listed = self._list(prefix=prefix, root_files=root_files, limit=CHECKED_KEYS)
        return next(iter(within(listed.page, prefix=prefix, after=None, root_files=root_files).keys), None)

    def signed_url(self, key: str, seconds: int) -> SignedUrl | None:
        """A URL for GET of one object; None without a private key, or for a key that no URL's path can hold."""
        signer = None if self._tokens is None else self._tokens.signer
        if (self._tokens is not None and signer is None) or not is_kept_by_browsers(key):
            return None
        return signed_url(self._place, key, signer, now=self._clock(), seconds=seconds)

    def read(self, key: str, first: int = 0, last: int | None = None) -> Content | None:
        """An object's bytes, as they are stored (compressed, if they were stored so)."""
        # Without this, what is stored compressed is unpacked on the way, and knows neither ranges nor its length.
        headers = {"Accept-Encoding": "gzip", **range_header(first, last)}
        request = Request("GET", f"{self._object(key)}?alt=media", headers)
        answer = self._authorized(request, lambda authorized: self._http.stream(self._place.origin, authorized))
        try:
            content = self._content(answer, first, last)
        except BaseException:
            answer.close()
            raise
        if content is None:
            answer.close()
        return content

    def listing_token(self, seconds: int) -> str | None:  # noqa: ARG002
        """None: clients do not list these buckets themselves."""
        return None

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _list(
        self,
        *,
        prefix: str = "",
        after: str | None = None,
        root_files: bool = False,
        token: Hashable = None,
        limit: int | None = None,
    ) -> Decoded:
        query = {
            "maxResults": str(limit or self.page_keys),
            "fields": FIELDS,
            "prettyPrint": "false",
            "prefix": prefix,
            "delimiter": "/" if root_files else "",
            "startOffset": after or "",
            "pageToken": str(token or ""),
        }
        text = "&".join(f"{name}={quote(value, safe='~')}" for name, value in query.items() if value)
        with self._http.in_turn():
            answer = self._send(f"{self._path}?{text}")
            if answer.status != 200:
                raise self._explained(answer)
            return decode(answer.body)

    def _object(self, key: str) -> str:
        return f"{self._path}/{quote(key, safe='~')}"

    def _send(self, target: str) -> Answer:
        return self._authorized(
            Request("GET", target),
            lambda authorized: self._http.send(self._place.origin, lambda: authorized, limit=ANSWER_BYTES),
        )

    def _authorized(self, request: Request, send: Callable[[Request], A]) -> A:
        """Send with an access token; once more with another, if that one is not accepted."""
        if self._tokens is None:
            return send(request)
        token = self._tokens.token()
        answer = send(_with_token(request, token))
        if answer.status != 401:
            return answer
        if isinstance(answer, Streamed):
            answer.close()
        return send(_with_token(request, self._tokens.token(refused=token)))

    def _content(self, answer: Streamed, first: int, last: int | None) -> Content | None:
        """What an answer to `read` holds; None if there is no such object."""
        if answer.status == 404:
            return None
        if answer.status not in {200, 206, 416}:
            body = b"".join(_limited(answer.parts, ERROR_BYTES))
            raise self._explained(Answer(answer.status, answer.headers, body), task="get")
        return content_of(answer, first, last, mend="gcpEndpoint")

    def _explained(self, answer: Answer, *, task: str = "list") -> Exception:
        who = None if self._tokens is None else self._tokens.who
        return explained(answer, self._place, who, task=task)


def _tokens(
    at: GcsPlace,
    access: Access,
    credentials: Credentials,
    http: Http,
    settings: Permits,
    clock: Callable[[], float],
) -> Tokens | None:
    """What gives access tokens; None for everybody."""
    key = credentials.service_account_key
    if access.server_identity:
        settings.check_identity(Platform.GCP)
        if not credentials.is_anonymous:
            raise InvalidInput(f"Give either a {KEY} or nothing, where the server reads as itself.")
        if not at.is_google:
            # Whoever answers at an endpoint gets the token: the server's own is for Google alone.
            raise InvalidInput("The server reads as itself from Google alone; leave out gcpEndpoint.")
        return server_identity(clock=clock)
    if credentials.is_anonymous:
        return None
    if not key or credentials != Credentials(service_account_key=key):
        raise InvalidInput(f"Google Cloud takes a {KEY}, or nothing for a bucket that everybody may list.")
    if at.origin.scheme != "https" and not settings.allow_private_endpoints:
        raise InvalidInput("gcpEndpoint must start with https://, since access tokens are sent to it.")
    return service_account(key, http, settings, clock=clock)


def _with_token(request: Request, token: str) -> Request:
    return Request(request.method, request.target, {**request.headers, "Authorization": f"Bearer {token}"})


def _limited(parts: Iterator[bytes], limit: int) -> Iterator[bytes]:
    """Parts of at most so many bytes, give or take one part."""
    length = 0
    for part in parts:
        yield part
        length += len(part)
        if length >= limit:
            return
