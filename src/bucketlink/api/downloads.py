"""Objects that the server reads itself and hands on, by URLs that it minted: GET and HEAD, whole or in part."""

import re
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from bucketlink.api.application import refusal
from bucketlink.api.threads import Threads
from bucketlink.errors import BucketlinkError, BucketNotFound, InvalidInput, NotAllowed, NotFound

_RANGE = re.compile(r"bytes=([0-9]{1,18})-([0-9]{1,18})?")
_TAIL = re.compile(r"bytes=-([1-9][0-9]{0,17})")
_ALLOWED = {"Access-Control-Allow-Methods": "GET, HEAD", "Access-Control-Allow-Headers": "*"}
_STATUSES: tuple[tuple[type[BucketlinkError], HTTPStatus], ...] = (
    (InvalidInput, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE),
    (NotAllowed, HTTPStatus.FORBIDDEN),
    (NotFound, HTTPStatus.NOT_FOUND),
    (BucketNotFound, HTTPStatus.NOT_FOUND),
    (BucketlinkError, HTTPStatus.BAD_GATEWAY),
)
_HEADERS = {
    # The URL itself is what allows reading, so any page that has it may.
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Content-Length, Content-Range",
    # What a bucket holds is not this server's page, whatever it says.
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Accept-Ranges": "bytes",
    "Cache-Control": "private, max-age=300",
    "Referrer-Policy": "no-referrer",
}


async def download(request: Request, threads: Threads) -> Response:
    """Answer a request for an object."""
    if request.method == "OPTIONS":
        return Response(status_code=HTTPStatus.NO_CONTENT, headers={**_HEADERS, **_ALLOWED})
    asked = request.headers.get("range", "") if request.method == "GET" else ""
    found, tail = _RANGE.fullmatch(asked), _TAIL.fullmatch(asked)
    first, last = (int(found[1]), int(found[2]) if found[2] else None) if found else (0, None)
    if last is not None and last < first:
        found, first, last = None, 0, None
    try:
        token, length = request.path_params["token"], int(tail[1]) if tail else None
        opened = await threads.open_content(token, first, last, length)
    except BucketlinkError as error:
        status = next(status for kind, status in _STATUSES if isinstance(error, kind))
        return JSONResponse({"errors": [refusal(error)]}, status, {**_HEADERS, "Cache-Control": "no-store"})
    content = opened.content
    is_part = (found or tail) is not None and content.size > 0
    headers = _HEADERS | {"Content-Length": str(content.size)}
    if content.encoding:
        headers["Content-Encoding"] = content.encoding
    if is_part:
        headers["Content-Range"] = f"bytes {content.start}-{content.start + content.size - 1}/{content.whole}"
    status = HTTPStatus.PARTIAL_CONTENT if is_part else HTTPStatus.OK
    if request.method == "HEAD":
        content.close()
        return _bare(status, headers, opened.media_type)
    return StreamingResponse(threads.parts(content), status, headers, opened.media_type)


def _bare(status: HTTPStatus, headers: dict[str, str], media_type: str) -> Response:
    response = Response(status_code=status, media_type=media_type)
    response.headers.update(headers)
    return response
