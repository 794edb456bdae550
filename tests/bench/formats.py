"""How the benchmark's objects look in the listings of S3, Google Cloud Storage and Azure."""

import json
from collections.abc import Callable, Mapping

from tests.bench import layouts
from tests.bench.rows import Format

_MODIFIED = [
    f"2023-06-{1 + second // 600:02d}T08:{second // 60 % 60:02d}:{second % 60:02d}" for second in range(18_000)
]
MODIFIED_HTTP = [
    f"{('Thu', 'Fri', 'Sat', 'Sun', 'Mon', 'Tue', 'Wed')[second // 600 % 7]}, {1 + second // 600:02d} Jun 2023 "
    f"08:{second // 60 % 60:02d}:{second % 60:02d} GMT"
    for second in range(18_000)
]


def _modified(seed: int) -> str:
    return _MODIFIED[seed % 18_000]


FORMATS: dict[str, Format] = {}
"""Rows by name: those of S3 and Azure, and Google's with the fields that are asked for or all, spaced out or not."""


def _format(name: str, template: str, values: Callable[[str, int], tuple[str | int, ...]]) -> None:
    before, _, after = template.partition("%s")
    FORMATS[name] = Format(template, values, before.encode(), after[:1].encode())


_format(
    "s3",
    "<Contents><Key>%s</Key><LastModified>%s.000Z</LastModified><ETag>&quot;%s&quot;</ETag><Size>%d</Size>"
    "<StorageClass>STANDARD</StorageClass></Contents>",
    lambda key, seed: (key, _modified(seed), layouts.etag(seed), layouts.size(seed)),
)
_format(
    "azure",
    "<Blob><Name>%s</Name><Properties><Creation-Time>%s</Creation-Time><Last-Modified>%s</Last-Modified>"
    "<Etag>0x8DB%s</Etag><ResourceType>file</ResourceType><Content-Length>%d</Content-Length>"
    "<Content-Type>image/jpeg</Content-Type><Content-Encoding /><Content-Language /><Content-CRC64 />"
    "<Content-MD5>%s==</Content-MD5><Cache-Control /><Content-Disposition /><BlobType>BlockBlob</BlobType>"
    "<AccessTier>Hot</AccessTier><AccessTierInferred>true</AccessTierInferred><LeaseStatus>unlocked</LeaseStatus>"
    "<LeaseState>available</LeaseState><ServerEncrypted>true</ServerEncrypted></Properties><OrMetadata /></Blob>",
    lambda key, seed: (
        *(key, MODIFIED_HTTP[seed % 18_000], MODIFIED_HTTP[seed % 18_000], azure_etag(seed)),
        *(layouts.size(seed), layouts.etag(seed)[:22]),
    ),
)
_FIELDS = {
    "name": "%s",
    "generation": "%d",
    "contentType": "image/jpeg",
    "size": "%d",
    "updated": "%s.000Z",
}
_ALL_FIELDS = {
    "name": "%s",
    "kind": "storage#object",
    "id": "bench/%s/%d",
    "selfLink": "https://www.googleapis.com/storage/v1/b/bench/o/%s",
    "mediaLink": "https://storage.googleapis.com/download/storage/v1/b/bench/o/%s?generation=%d&alt=media",
    "bucket": "bench",
    "generation": "%d",
    "metageneration": "1",
    "contentType": "image/jpeg",
    "storageClass": "STANDARD",
    "size": "%d",
    "md5Hash": "%s==",
    "crc32c": "AAAAAA==",
    "etag": "CJ%sEAE=",
    "timeCreated": "%s.000Z",
    "updated": "%s.000Z",
    "timeStorageClassUpdated": "%s.000Z",
}


def _json_row(fields: Mapping[str, str], *, spaced: bool) -> str:
    """A row with a comma before it."""
    if not spaced:
        return "," + json.dumps(fields, separators=(",", ":"))
    return ",\n    " + json.dumps(fields, indent=2).replace("\n", "\n    ")


def _gcs_values(key: str, seed: int) -> tuple[str | int, ...]:
    return key, layouts.generation(seed), layouts.size(seed), _modified(seed)


def _gcs_full_values(key: str, seed: int) -> tuple[str | int, ...]:
    generation, modified, etag = layouts.generation(seed), _modified(seed), layouts.etag(seed)
    safe = key.replace("/", "%2F")
    return (
        *(key, key, generation, safe, safe, generation, generation, layouts.size(seed)),
        *(etag[:22], etag[:12], modified, modified, modified),
    )


_format("gcs", _json_row(_FIELDS, spaced=True), _gcs_values)
_format("gcs-compact", _json_row(_FIELDS, spaced=False), _gcs_values)
_format("gcs-full", _json_row(_ALL_FIELDS, spaced=False), _gcs_full_values)


def azure_etag(seed: int) -> str:
    """What follows ``0x8DB`` in an etag of Azure's."""
    return layouts.etag(seed)[:12].upper()
