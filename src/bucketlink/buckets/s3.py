"""Reading a bucket of S3, or of anything that speaks it, page after page, and HEAD of one object.

It is ListObjectsV2 that is asked for. A server that does not know it answers as if ListObjects were asked for, and is
asked for that from then on.
"""

import logging
import re
from collections.abc import Iterator
from urllib.parse import quote

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials

from bucketlink.buckets.columns import PAGE_KEYS, within
from bucketlink.buckets.http import Answer, Http, Request
from bucketlink.buckets.s3_address import S3Place, place
from bucketlink.buckets.s3_decode import Decoded, decode
from bucketlink.buckets.s3_errors import explained, region_of
from bucketlink.errors import BucketMisbehaved, BucketRefused, InvalidInput
from bucketlink.model import BucketAddress, Credentials, Page, Platform

ANSWER_BYTES = 16 << 20
"""The longest answer that is read: over three times a page of the longest keys, each byte of them escaped."""
MEDIA_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,127}/[a-z0-9!#$&^_.+-]{1,127}")

# At level DEBUG botocore writes what it signs, and a session token is part of that.
logging.getLogger("botocore.auth").setLevel(logging.INFO)


class S3Reader:
    """Reads one bucket through ``http``, signed with the credentials, or unsigned where there are none.

    Raises:
        InvalidInput: bucket, endpoint, region or credentials cannot be meant.

    """

    def __init__(self, address: BucketAddress, credentials: Credentials, *, http: Http) -> None:
        check_credentials(credentials)
        self._address = address
        self._keys = (
            None
            if credentials.is_anonymous
            else ReadOnlyCredentials(
                credentials.access_key or "", credentials.secret_key or "", credentials.session_token or ""
            )
        )
        self._http = http
        self._place = place(address)
        self.is_old = False
        """Whether the server has shown that it knows ListObjects alone."""
        self._may_move = address.platform is Platform.AWS and not address.endpoint

    def pages(self, *, prefix: str = "", after: str | None = None, root_files: bool = False) -> Iterator[Page]:
        """List objects, as `bucketlink.buckets.protocol.BucketReader` says."""
        token, marker = None, None if after is None else after.encode()
        while True:
            was_old = self.is_old
            decoded = self._fetch(prefix=prefix, after=after, root_files=root_files, token=token, marker=marker)
            self.is_old = was_old or decoded.marker is not None
            if after is not None and self.is_old and not was_old:
                continue  # what an old server answered begins at the start, as it has not understood where to
            yield within(decoded.page, prefix=prefix, after=after, root_files=root_files)
            if decoded.token is None and decoded.marker is None:
                return
            if (decoded.token, decoded.marker) == (token, marker):
                raise BucketMisbehaved("The bucket's listing does not move on; check the endpoint.")
            token, marker = decoded.token, decoded.marker

    def content_type(self, key: str) -> str | None:
        """The media type that an object carries, in small letters and without parameters."""
        answer = self._send("HEAD", f"/{quote(key, safe='/~')}")
        if answer.status == 404:
            return None
        if answer.status in {401, 403, 405}:
            raise BucketRefused("The bucket does not tell the content type of an object: grant s3:GetObject.")
        if answer.status != 200:
            raise self._explained(answer)
        media_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        return media_type if MEDIA_TYPE.fullmatch(media_type) else None

    def check(self) -> None:
        """Ask for the first page, of one key."""
        self._fetch(limit=1)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _fetch(
        self,
        *,
        prefix: str = "",
        after: str | None = None,
        root_files: bool = False,
        token: str | None = None,
        marker: bytes | None = None,
        limit: int = PAGE_KEYS,
    ) -> Decoded:
        query: dict[str, str | bytes] = {"encoding-type": "url", "max-keys": str(limit)}
        if prefix:
            query["prefix"] = prefix
        if root_files:
            query["delimiter"] = "/"
        if not self.is_old:
            query["list-type"] = "2"
        if self.is_old and marker is not None:
            query["marker"] = marker
        elif token is not None:
            query["continuation-token"] = token
        elif after is not None:
            query["start-after"] = after
        text = "&".join(f"{name}={quote(value, safe='~')}" for name, value in query.items())
        answer = self._send("GET", f"?{text}")
        if answer.status != 200:
            raise self._explained(answer)
        return decode(answer.body)

    def _send(self, method: str, rest: str) -> Answer:
        """Send a request below the bucket's path; to the region that AWS names, if it is another than was thought."""
        answer = self._send_to(self._place, method, rest)
        region = region_of(answer)
        if self._may_move and answer.status in {301, 307, 400} and region and region != self._place.region:
            self._place = place(self._address, region)
            answer = self._send_to(self._place, method, rest)
        return answer

    def _send_to(self, at: S3Place, method: str, rest: str) -> Answer:
        return self._http.send(at.origin, lambda: signed(method, at, rest, self._keys), limit=ANSWER_BYTES)

    def _explained(self, answer: Answer) -> Exception:
        return explained(answer, self._place, self._address.bucket, anonymous=self._keys is None)


def signed(method: str, at: S3Place, rest: str, keys: ReadOnlyCredentials | None) -> Request:
    """A request for ``/key`` or ``?query`` of a bucket, percent-encoded already; signed if there are keys."""
    target = f"{at.path}{rest}" if at.path or rest.startswith("/") else f"/{rest}"
    if keys is None:
        return Request(method, target)
    request = AWSRequest(method=method, url=f"{at.origin}{target}")
    S3SigV4Auth(keys, "s3", at.region).add_auth(request)
    return Request(method, target, dict(request.headers.items()))


def check_credentials(credentials: Credentials) -> None:
    """Raise `InvalidInput` unless there is an access key with its secret key, or nothing at all."""
    if credentials.is_anonymous:
        return
    if not (credentials.access_key and credentials.secret_key):
        raise InvalidInput(
            "Give both an access key and its secret key, or neither for a bucket that everybody may list."
        )
    for value in (credentials.access_key, credentials.session_token or ""):
        if not (value.isascii() and value.isprintable()) or " " in value:
            raise InvalidInput("Access key and session token must be plain characters without spaces or line breaks.")
