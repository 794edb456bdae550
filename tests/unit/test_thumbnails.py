"""Thumbnails of what anybody may have put into a bucket."""

import io
import struct
import warnings
import zlib
from typing import Any

import pytest
from PIL import Image

from bucketlink.client.assets.thumbnails import MOST_PIXELS, SIDE, thumbnail
from bucketlink.errors import InvalidInput

IMAGES: dict[str, tuple[str, str, Any]] = {
    "jpeg": ("JPEG", "RGB", (200, 10, 10)),
    "cmyk": ("JPEG", "CMYK", (0, 255, 255, 0)),
    "grey": ("PNG", "L", 90),
    "transparent": ("PNG", "RGBA", (255, 0, 0, 128)),
    "palette": ("GIF", "P", 3),
    "bits": ("PNG", "1", 1),
    "scan": ("PNG", "I;16", 30_000),
    "measured": ("TIFF", "F", 0.25),
    "webp": ("WEBP", "RGB", (0, 0, 255)),
    "bmp": ("BMP", "RGB", (0, 0, 255)),
}


def encoded(format_: str, mode: str, colour: Any, size: tuple[int, int] = (400, 200), **options: Any) -> bytes:  # noqa: ANN401
    written = io.BytesIO()
    Image.new(mode, size, colour).save(written, format_, **options)
    return written.getvalue()


def png(width: int, height: int) -> bytes:
    """A small file that says that it is a large picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("name", IMAGES)
def test_an_image_becomes_a_small_jpeg(name: str) -> None:
    small = thumbnail(encoded(*IMAGES[name]))

    with Image.open(io.BytesIO(small), formats=["JPEG"]) as image:
        assert (image.size, image.mode) == ((SIDE, SIDE // 2), "RGB")
    assert len(small) < 10_000


def test_values_of_scans_are_spread() -> None:
    scan = Image.new("I;16", (20, 20), 1000)
    scan.paste(1200, (0, 0, 10, 20))
    written = io.BytesIO()
    scan.save(written, "PNG")

    with Image.open(io.BytesIO(thumbnail(written.getvalue()))) as image:
        assert image.getpixel((2, 10)) == (255, 255, 255)
        assert image.getpixel((17, 10)) == (0, 0, 0)


def test_an_image_is_turned_as_its_camera_was_held() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6

    with Image.open(io.BytesIO(thumbnail(encoded("JPEG", "RGB", "red", exif=exif)))) as image:
        assert image.size == (SIDE // 2, SIDE)


def test_what_is_small_stays_as_it_is() -> None:
    with Image.open(io.BytesIO(thumbnail(encoded("PNG", "RGB", "red", (7, 3))))) as image:
        assert image.size == (7, 3)


SIDE_OF_MOST = int(MOST_PIXELS**0.5)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<script>alert(1)</script>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
        encoded("JPEG", "RGB", "red")[:900],
        encoded("TIFF", "RGB", "red")[:5000],
        encoded("GIF", "P", 3)[:30],
        png(SIDE_OF_MOST, SIDE_OF_MOST + 100),
        png(60_000, 60_000),
        png(2**31 - 1, 2**31 - 1),
        png(0, 10),
        b"\x89PNG\r\n\x1a\n" + bytes(100),
    ],
    ids=["nothing", "text", "postscript", "cut", "cut tiff", "cut gif", "large", "bomb", "overflow", "flat", "noise"],
)
def test_what_is_no_image_or_a_trap_is_refused(data: bytes) -> None:
    with warnings.catch_warnings(record=True) as told, pytest.raises(InvalidInput):
        thumbnail(data)
    assert told == []
