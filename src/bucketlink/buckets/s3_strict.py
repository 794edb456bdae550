"""The strict parser of S3's listings: for pages that are not regular, and what the quick way is measured by."""

from collections.abc import Sequence
from dataclasses import dataclass

from lxml import etree

from bucketlink.buckets.xml import NotXml, OtherDocument, document, local_name
from bucketlink.errors import BucketMisbehaved

ROOT = "ListBucketResult"
COLUMNS = ("Key", "Size", "ETag", "LastModified", "StorageClass")
FIELDS = ("KeyCount", "IsTruncated", "NextContinuationToken", "NextMarker", "EncodingType")
IS_RESTORED = "<IsRestoreInProgress>false</IsRestoreInProgress>"
"""What stands in the row of an archived object of which a copy can be read."""


@dataclass(frozen=True, slots=True)
class Raw:
    """A page as sent, by columns, without XML's entities; etags perhaps without their quotes.

    ``classes`` are storage classes, "" where the object can be read all the same; None says that all of them can be.
    """

    keys: Sequence[str]
    sizes: Sequence[str]
    etags: Sequence[str]
    modified: Sequence[str] | None
    classes: Sequence[str] | None
    folders: int
    fields: dict[str, str]


def strict(body: bytes) -> Raw:
    """Parse the body of a page.

    Raises:
        BucketMisbehaved: it is not one, contradicts itself, or was cut short.

    """
    try:
        root = document(body, ROOT)
    except NotXml:
        raise BucketMisbehaved("The bucket's answer to a listing was cut short or is not XML; try again.") from None
    except OtherDocument:
        raise BucketMisbehaved(
            "The bucket answered a listing with something else; check the endpoint (s3Endpoint)."
        ) from None
    fields: dict[str, str] = {}
    rows: list[dict[str, str]] = []
    folders = 0
    for child in root:
        name = local_name(child)
        if name == "Contents":
            rows.append(_row(child))
        elif name == "CommonPrefixes":
            folders += 1
        elif name in FIELDS:
            _put(fields, name, child)
    modified = [row.get("LastModified", "") for row in rows]
    return Raw(
        keys=[row["Key"] for row in rows],
        sizes=[row["Size"] for row in rows],
        etags=[row.get("ETag", "") for row in rows],
        modified=modified if all(modified) else None,
        classes=[row.get("StorageClass", "") for row in rows],
        folders=folders,
        fields=fields,
    )


def _row(contents: etree._Element) -> dict[str, str]:
    row: dict[str, str] = {}
    is_restored = False
    for child in contents:
        name = local_name(child)
        if name in COLUMNS:
            _put(row, name, child)
        elif name == "RestoreStatus" and any(
            local_name(part) == "IsRestoreInProgress" and part.text == "false" for part in child
        ):
            is_restored = True
    if is_restored:
        row["StorageClass"] = ""
    if not row.keys() >= {"Key", "Size"}:
        raise BucketMisbehaved("The bucket listed an object without name or size.")
    return row


def _put(fields: dict[str, str], name: str, element: etree._Element) -> None:
    if name in fields or len(element):
        raise BucketMisbehaved("The bucket's answer to a listing contradicts itself.")
    fields[name] = element.text or ""
