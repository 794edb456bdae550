"""How S3, Google Cloud Storage and Azure ask the benchmark's bucket, and are answered.

Which of them is spoken shows in the request. Nobody's signature is looked at, and every bucket is the same. There is
as much of each as the clients that are measured ask for.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote, unquote_plus

from tests.bench import layouts
from tests.bench.formats import FORMATS, MODIFIED_HTTP
from tests.bench.pages import Asked, Part, beyond, part, place, token
from tests.bench.rows import Rows

Piece = bytes | memoryview

_BODY = b"tiny"
S3_PAGE = 1000
AZURE_PAGE = 5000
GCS_PAGE = 5000
GCS_FULL_PAGE = 1000
"""Keys on a page of Google's where every field is asked for."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request, with its path decoded once, and its headers as they came, in small letters."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent; ``listed`` is how many objects are on it, None where it is no listing."""

    pieces: list[Piece]
    content_type: str = "application/xml"
    status: str = "200 OK"
    headers: str = ""
    listed: int | None = None


class Bucket:
    """A layout's objects, rendered in every format that was asked for so far."""

    def __init__(self, layout: str, count: int, *, changed: bool = False) -> None:
        self._what = (layout, count, changed)
        self._rows: dict[str, Rows] = {}

    def rows(self, name: str) -> Rows:
        """The rows in a format. Making them takes seconds for each million."""
        if name not in self._rows:
            layout, count, changed = self._what
            self._rows[name] = Rows(FORMATS[name], layouts.objects(layout, count, changed=changed))
        return self._rows[name]

    def holds(self, key: str, name: str) -> bool:
        """Whether there is such an object."""
        rows, sought = self.rows(name), key.encode()
        found = rows.find(sought)
        return found < len(rows) and rows[found] == sought


def answer(bucket: Bucket, request: Request) -> Answer:
    """The answer to any request of a client."""
    if request.path.startswith(("/storage/v1/", "/download/storage/", "/upload/storage/")):
        return _gcs(bucket, request)
    if request.method == "POST" and request.path == "/token":
        return _document({"access_token": "token", "token_type": "Bearer", "expires_in": 3600})
    if "restype" in request.query or b"\r\nx-ms-version:" in request.headers:
        return _azure(bucket, request)
    return _s3(bucket, request)


_S3_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    "<Name>bench</Name>"
)
_S3_MARKS = "x-amz-request-id: 0A49CE4060975EAC\r\nx-amz-bucket-region: us-east-1\r\n"


def _s3(bucket: Bucket, request: Request) -> Answer:
    name, _, key = request.path.lstrip("/").partition("/")
    query = request.query
    if request.method not in {"GET", "HEAD"}:
        return Answer([], status="403 Forbidden", headers=_S3_MARKS)
    if key:
        return _object(bucket, key, "s3", _S3_MARKS)
    if request.method == "HEAD":
        return Answer([], headers=_S3_MARKS)
    if not name:
        text = "<ListAllMyBucketsResult><Buckets><Bucket><Name>bench</Name></Bucket></Buckets></ListAllMyBucketsResult>"
        return Answer([text.encode()], headers=_S3_MARKS)
    for asked, text in (
        ("location", '<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>'),
        ("versioning", '<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>'),
    ):
        if asked in query:
            return Answer([text.encode()], headers=_S3_MARKS)
    return _s3_listing(bucket, query)


def _s3_listing(bucket: Bucket, query: Mapping[str, str]) -> Answer:
    is_old = query.get("list-type") != "2"
    by_folder = query.get("delimiter") == "/"
    after, going_on = query.get("marker" if is_old else "start-after", ""), query.get("continuation-token", "")
    if going_on and not is_old:
        start = place(going_on)
    elif is_old and by_folder and after.endswith("/"):
        start = beyond(after.encode())
    else:
        start = after.encode() + b"\0" if after else b""
    most = min(int(query.get("max-keys", S3_PAGE)), S3_PAGE)
    rows = bucket.rows("s3")
    found = part(rows, Asked(most, query.get("prefix", "").encode(), start, by_folder=by_folder))
    ends = f"<IsTruncated>{'false' if found.next_start is None else 'true'}</IsTruncated>"
    if is_old:
        marker = "" if found.next_start is None else _s3_marker(found, rows)
        head = f"<Marker>{after}</Marker>{marker}"
    else:
        head = f"<KeyCount>{found.count}</KeyCount>"
        if found.next_start is not None:
            head += f"<NextContinuationToken>{token(found.next_start)}</NextContinuationToken>"
    prefix, encoding = query.get("prefix", ""), query.get("encoding-type", "")
    head = (
        f"{_S3_HEAD}<Prefix>{quote(prefix, safe='/') if encoding else prefix}</Prefix>{head}<MaxKeys>{most}</MaxKeys>"
        f"{'<Delimiter>/</Delimiter>' if by_folder else ''}"
        f"{f'<EncodingType>{encoding}</EncodingType>' if encoding else ''}{ends}"
    )
    folders = b"".join(b"<CommonPrefixes><Prefix>%b</Prefix></CommonPrefixes>" % folder for folder in found.folders)
    return Answer(
        [head.encode(), *found.pieces(rows), folders + b"</ListBucketResult>"], headers=_S3_MARKS, listed=found.count
    )


def _s3_marker(found: Part, rows: Rows) -> str:
    """What ListObjects goes on with."""
    last = max([*found.folders, *(rows[stop - 1] for _, stop in found.rows[-1:])])
    return f"<NextMarker>{last.decode()}</NextMarker>"


_AZURE_MARKS = (
    "x-ms-request-id: 11111111-2222-3333-4444-555555555555\r\nx-ms-version: 2021-12-02\r\n"
    "Server: Windows-Azure-Blob/1.0 Microsoft-HTTPAPI/2.0\r\n"
)
_AZURE_STATE = (
    f'ETag: "0x8DB000000000000"\r\nLast-Modified: {MODIFIED_HTTP[0]}\r\nx-ms-lease-status: unlocked\r\n'
    "x-ms-lease-state: available\r\nx-ms-has-immutability-policy: false\r\nx-ms-has-legal-hold: false\r\n"
)


def _azure(bucket: Bucket, request: Request) -> Answer:
    _account, _, path = request.path.lstrip("/").partition("/")
    _container, _, key = path.partition("/")
    query = request.query
    if key:
        return _object(bucket, key, "azure", f"{_AZURE_MARKS}x-ms-blob-type: BlockBlob\r\n")
    if query.get("comp") == "list" and query.get("restype") == "container":
        return _azure_listing(bucket, query, request.headers)
    if query.get("comp") == "list":
        text = (
            '<?xml version="1.0" encoding="utf-8"?><EnumerationResults><Containers><Container><Name>bench</Name>'
            f"<Properties><Last-Modified>{MODIFIED_HTTP[0]}</Last-Modified><Etag>0x8DB0</Etag></Properties>"
            "</Container></Containers><NextMarker /></EnumerationResults>"
        )
        return Answer([text.encode()], headers=_AZURE_MARKS)
    return Answer([], headers=f"{_AZURE_MARKS}{_AZURE_STATE}x-ms-sku-name: Standard_LRS\r\n")


def _azure_listing(bucket: Bucket, query: Mapping[str, str], headers: bytes) -> Answer:
    start = b""
    if query.get("marker"):
        start = place(query["marker"])
    elif "startfrom" in {name.lower() for name in query} and _azure_version(headers) >= "2026-02-06":
        start = next(value for name, value in query.items() if name.lower() == "startfrom").encode()
    most = min(int(query.get("maxresults", AZURE_PAGE)), AZURE_PAGE)
    prefix, by_folder = query.get("prefix", ""), query.get("delimiter") == "/"
    rows = bucket.rows("azure")
    found = part(rows, Asked(most, prefix.encode(), start, by_folder=by_folder))
    head = (
        '\ufeff<?xml version="1.0" encoding="utf-8"?>'
        '<EnumerationResults ServiceEndpoint="http://127.0.0.1/account/" ContainerName="bench">'
        f"<Prefix>{prefix}</Prefix><MaxResults>{most}</MaxResults>"
        f"{'<Delimiter>/</Delimiter>' if by_folder else ''}<Blobs>"
    )
    folders = b"".join(b"<BlobPrefix><Name>%b</Name></BlobPrefix>" % folder for folder in found.folders)
    marker = "<NextMarker />" if found.next_start is None else f"<NextMarker>{token(found.next_start)}</NextMarker>"
    tail = folders + f"</Blobs>{marker}</EnumerationResults>".encode()
    return Answer([head.encode(), *found.pieces(rows), tail], headers=_AZURE_MARKS, listed=found.count)


def _azure_version(headers: bytes) -> str:
    """The version of the service that is asked for."""
    return headers.partition(b"\r\nx-ms-version:")[2][:11].strip().decode()


def _gcs(bucket: Bucket, request: Request) -> Answer:
    query = request.query
    _, _, path = request.path.partition("/b/")
    name, _, rest = path.partition("/")
    if not rest:
        return _document({"kind": "storage#bucket", "id": name, "name": name, "location": "US", "projectNumber": "1"})
    key = rest[2:]
    if not key:
        return _gcs_listing(bucket, query)
    if not bucket.holds(key, "gcs"):
        error = {"error": {"code": 404, "message": f"No such object: {name}/{key}", "errors": []}}
        return Answer([json.dumps(error).encode()], "application/json; charset=UTF-8", "404 Not Found")
    if query.get("alt") == "media":
        return Answer([_BODY], "image/jpeg")
    return _document({"kind": "storage#object", "name": key, "bucket": name, "size": "4", "contentType": "image/jpeg"})


def _gcs_listing(bucket: Bucket, query: Mapping[str, str]) -> Answer:
    fields = query.get("fields", "")
    is_compact = query.get("prettyPrint") == "false"
    form, limit = ("gcs-compact" if is_compact else "gcs", GCS_PAGE) if fields else ("gcs-full", GCS_FULL_PAGE)
    going_on = query.get("pageToken")
    rows = bucket.rows(form)
    asked = Asked(
        most=min(int(query.get("maxResults", 1000)), limit),
        prefix=query.get("prefix", "").encode(),
        start=place(going_on) if going_on else query.get("startOffset", "").encode(),
        end=query.get("endOffset", "").encode(),
        by_folder=query.get("delimiter") == "/",
    )
    found = part(rows, asked)
    head: dict[str, object] = {"kind": "storage#objects"}
    if found.next_start is not None:
        head["nextPageToken"] = token(found.next_start)
    if found.folders and (not fields or "prefixes" in fields):
        head["prefixes"] = [folder.decode() for folder in found.folders]
    pieces = found.pieces(rows)
    opened = json.dumps(head)[:-1].encode()
    if not any(map(len, pieces)):
        body: list[Piece] = [opened, b"}"]
    else:
        body = [opened, b',\n  "items": [', pieces[0][1:], *pieces[1:], b"]}"]
    return Answer(body, "application/json; charset=UTF-8", listed=found.count)


def _document(document: Mapping[str, object]) -> Answer:
    return Answer([json.dumps(document).encode()], "application/json; charset=UTF-8")


def _object(bucket: Bucket, key: str, name: str, marks: str) -> Answer:
    if not bucket.holds(key, name):
        return Answer([], status="404 Not Found", headers=marks)
    told = f'ETag: "{layouts.etag(0)}"\r\nLast-Modified: {MODIFIED_HTTP[0]}\r\nAccept-Ranges: bytes\r\n'
    return Answer([_BODY], "image/jpeg", headers=f"{marks}{told}")


def parsed(head: bytes) -> Request:
    """A request's head, to its empty line."""
    line, _, headers = head.partition(b"\r\n")
    method, target, _ = line.decode("latin-1").split(" ", 2)
    path, _, text = target.partition("?")
    query = {}
    for each in text.split("&") if text else ():
        name, _, value = each.partition("=")
        query[name] = unquote_plus(value)
    return Request(method, unquote(path), query, b"\r\n" + headers.lower())


def sent(reply: Answer, *, bare: bool) -> list[Piece]:
    """An answer as it goes over the wire; ``bare`` without its body, as HEAD is answered."""
    length = sum(map(len, reply.pieces))
    date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime())
    head = (
        f"HTTP/1.1 {reply.status}\r\nContent-Type: {reply.content_type}\r\nContent-Length: {length}\r\n"
        f"Date: {date}\r\n{reply.headers}\r\n"
    ).encode()
    return [head] if bare else [head, *reply.pieces]
