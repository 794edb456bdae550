"""The page server as S3: both versions of listing, over bucket and key in the path."""

from collections.abc import Mapping
from urllib.parse import quote_plus, unquote
from xml.sax.saxutils import escape

from tests.servers.pages_core import CANARY, COMMON, MODIFIED, MODIFIED_HTTP, Asked, Dialect, Part, Sent, Stored, beyond

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
MOST = 1000


class S3(Dialect):
    """The dialect of every request that is in no other."""

    errors: Mapping[int, str] = {403: "AccessDenied", 404: "NoSuchBucket", 500: "InternalError", 503: "SlowDown"}
    gone = "NoSuchKey"
    unreadable: Mapping[str | None, tuple[int, str]] = dict.fromkeys(
        ("GLACIER", "DEEP_ARCHIVE"), (403, "InvalidObjectState")
    )

    def knows(self, sent: Sent) -> bool:  # noqa: ARG002
        return True

    def key(self, sent: Sent) -> str | None:
        return unquote(sent.path.lstrip("/").partition("/")[2]) or None

    def asked(self, sent: Sent, *, old: bool) -> Asked:
        query = sent.query
        is_old = old or query.get("list-type") != "2"
        delimiter, start = query.get("delimiter", ""), query.get("marker" if is_old else "start-after", "")
        if is_old and delimiter and start.endswith(delimiter):
            start = beyond(start)  # a folder that was listed is not listed again
        elif start:
            start += "\0"
        return Asked(
            most=min(int(query.get("max-keys", MOST)), MOST),
            prefix=query.get("prefix", ""),
            start=start,
            delimiter=delimiter,
            token="" if is_old else query.get("continuation-token", ""),
            encoding=query.get("encoding-type", ""),
            old=is_old,
        )

    def page(self, asked: Asked, part: Part, stored: Mapping[str, Stored], *, miscount: int) -> str:
        is_url = asked.encoding == "url"

        def name(key: str) -> str:
            return quote_plus(key, safe="/") if is_url else escape(key)

        number = len(part.keys) + len(part.folders) + miscount
        marker = max([*part.keys, *part.folders]) if asked.old and asked.delimiter and not part.is_last else ""
        token = "" if asked.old else part.token
        return "".join(
            [
                f"{HEAD}<Name>b</Name><Prefix/>",
                "<Marker/>" if asked.old else f"<KeyCount>{number}</KeyCount>",
                f"<NextMarker>{name(marker)}</NextMarker>" if marker else "",
                "<MaxKeys>1000</MaxKeys>",
                "<EncodingType>url</EncodingType>" if is_url else "",
                f"<IsTruncated>{'false' if part.is_last else 'true'}</IsTruncated>",
                f"<NextContinuationToken>{token}</NextContinuationToken>" if token else "",
                *(_row(name(key), stored.get(key, COMMON)) for key in part.keys),
                *(f"<CommonPrefixes><Prefix>{name(folder)}</Prefix></CommonPrefixes>" for folder in part.folders),
                "</ListBucketResult>",
            ]
        )

    def error(self, status: int, code: str) -> tuple[Mapping[str, str], str]:  # noqa: ARG002
        named = f"<Code>{code}</Code>" if code else ""
        return {}, f"<Error>{named}<Message>{CANARY}</Message></Error>"

    def described(self, stored: Stored) -> Mapping[str, str]:
        told = {"ETag": f'"{stored.etag}"', "Last-Modified": MODIFIED_HTTP}
        return told | ({"x-amz-storage-class": stored.storage_class} if stored.storage_class else {})


def _row(name: str, stored: Stored) -> str:
    return (
        f"<Contents><Key>{name}</Key><LastModified>{MODIFIED}</LastModified><ETag>&quot;{stored.etag}&quot;</ETag>"
        f"<Size>{stored.size}</Size><StorageClass>{stored.storage_class or 'STANDARD'}</StorageClass></Contents>"
    )
