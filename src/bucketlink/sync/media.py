"""Media types: what a key's extension says, and which types a project's input type takes.

The table is Bucketlink's own, the same on every machine; types are those of the IANA registry and of common use.
"""

from collections.abc import Sequence
from itertools import repeat

from bucketlink.model import InputType

_ACCEPTED: dict[InputType, tuple[str, ...]] = {
    InputType.IMAGE: ("image",),
    InputType.VIDEO: ("video",),
    InputType.PDF: ("application/pdf",),
    InputType.TEXT: ("application/json", "text/plain", "text/html", "text/csv", "text/xml"),
}

_ONLY_BYTES = frozenset({"application/octet-stream", "binary/octet-stream"})
"""What platforms tell of objects that nobody gave a type."""

_EXTENSIONS: dict[str, str] = {
    extension: media_type
    for media_type, extensions in {
        "image/avif": "avif",
        "image/bmp": "bmp dib",
        "image/dicom-rle": "drle",
        "image/emf": "emf",
        "image/gif": "gif",
        "image/heic": "heic",
        "image/heif": "heif",
        "image/jp2": "jp2 jpg2",
        "image/jpeg": "jpg jpeg jpe jfif",
        "image/jxl": "jxl",
        "image/png": "png",
        "image/svg+xml": "svg svgz",
        "image/tiff": "tif tiff",
        "image/vnd.adobe.photoshop": "psd",
        "image/webp": "webp",
        "image/x-icon": "ico",
        "image/x-portable-anymap": "pnm",
        "image/x-portable-bitmap": "pbm",
        "image/x-portable-graymap": "pgm",
        "image/x-portable-pixmap": "ppm",
        "video/3gpp": "3gp",
        "video/3gpp2": "3g2",
        "video/mp2t": "ts m2ts mts",
        "video/mp4": "mp4 m4v mp4v",
        "video/mpeg": "mpg mpeg mpe m1v m2v",
        "video/ogg": "ogv",
        "video/quicktime": "mov qt",
        "video/webm": "webm",
        "video/x-flv": "flv",
        "video/x-matroska": "mkv",
        "video/x-ms-wmv": "wmv",
        "video/x-msvideo": "avi",
        "application/pdf": "pdf",
        "application/json": "json",
        "application/jsonl": "jsonl ndjson",
        "text/csv": "csv",
        "text/html": "html htm xhtml",
        "text/markdown": "md markdown",
        "text/plain": "txt text log",
        "text/xml": "xml",
        "text/yaml": "yaml yml",
        "application/dicom": "dcm dicom",
        "application/gzip": "gz tgz",
        "application/octet-stream": "bin dat npy npz pkl pt onnx h5 hdf5 tfrecord",
        "application/vnd.apache.parquet": "parquet",
        "application/x-7z-compressed": "7z",
        "application/x-tar": "tar",
        "application/zip": "zip",
        "application/msword": "doc",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
        "application/vnd.ms-excel": "xls",
        "audio/aac": "aac",
        "audio/flac": "flac",
        "audio/mpeg": "mp3",
        "audio/mp4": "m4a",
        "audio/ogg": "ogg oga opus",
        "audio/wav": "wav",
        "text/css": "css",
        "text/javascript": "js mjs",
        "text/tab-separated-values": "tsv",
        "text/vtt": "vtt",
        "text/x-python": "py",
    }.items()
    for extension in extensions.split()
}


def of_extension(key: str) -> str | None:
    """The media type that a key's extension names, letters of either case; None for an unknown one or none."""
    return _of_extensions([key])[0]


def _of_extensions(keys: Sequence[str]) -> list[str | None]:
    if _are_named_alike(keys):
        return [_of_extensions(keys[:1])[0]] * len(keys)
    find = _EXTENSIONS.get
    return [
        find(extension) or find(extension.lower()) if name and name[-1] != "/" else None
        for name, _, extension in map(str.rpartition, keys, repeat("."))
    ]


def _are_named_alike(keys: Sequence[str]) -> bool:
    """Whether several keys have one extension, as pictures of a dataset do: a few searches tell, and no key is cut."""
    if len(keys) < 2:
        return False
    name, dot, extension = keys[0].rpartition(".")
    if not dot or "/" in extension or not name:
        return False
    # No key holds NUL.
    end, text = f".{extension}\0", "\0".join(("", *keys, ""))
    return text.count(end) == len(keys) and f"/{end}" not in text and f"\0{end}" not in text


def of_object(told: str | None, key: str) -> str | None:
    """The media type of an object: as it is told, or as its key names it where only bytes, or nothing, are told."""
    return (of_extension(key) or told) if told is None or told in _ONLY_BYTES else told


def of_objects(told: Sequence[str | None] | None, keys: Sequence[str]) -> list[str | None]:
    """`of_object` of each key; ``told`` is None where nothing is told of any."""
    if told is None:
        return _of_extensions(keys)
    if _ONLY_BYTES.isdisjoint(told) and None not in told:
        return list(told)
    return [of_object(one, key) for one, key in zip(told, keys, strict=True)]


def accepts(input_type: InputType, content_type: str) -> bool:
    """Whether a project of this input type takes objects of this content type."""
    return content_type.strip().lower().startswith(_ACCEPTED[input_type])
