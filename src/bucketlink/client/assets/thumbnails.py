"""Small pictures of images that anybody may have put into a bucket: what they claim is not believed."""

import io
import warnings
from importlib import import_module
from threading import Lock
from typing import TYPE_CHECKING, cast

from bucketlink.errors import InvalidInput

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

SIDE = 160
"""Pixels of a thumbnail's longer side."""
MOST_PIXELS = 64_000_000
"""Pixels of an image that is decoded; more would take too much memory."""
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF")
"""Formats that are read; further decoders would be further ways in."""

_one_at_a_time = Lock()


def need_pillow() -> None:
    """Load Pillow.

    Raises:
        InvalidInput: it is not installed.

    """
    try:
        import_module("PIL.Image")
    except ImportError:
        raise InvalidInput(
            'Pictures need Pillow, which is not installed here: pip install "bucketlink[preview]".'
        ) from None


def thumbnail(data: bytes) -> bytes:
    """Answer an image's first frame as a small JPEG, turned as its camera was held.

    Raises:
        InvalidInput: it is no image, of no format that is read, damaged, cut short, or too large.

    """
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415 - slow to load

    # What is decoded takes memory, and how warnings are taken is the whole process's.
    with _one_at_a_time, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                return _small(image)
        except InvalidInput:
            raise
        except UnidentifiedImageError:
            raise InvalidInput(f"It is no image of the formats {', '.join(FORMATS)}.") from None
        except Exception as error:  # noqa: BLE001 - what is made to break a decoder may do it in any way
            raise InvalidInput(f"The image is damaged or too large ({type(error).__name__}).") from None


def _small(image: "Picture") -> bytes:
    from PIL import Image, ImageOps  # noqa: PLC0415

    width, height = image.size
    if width * height > MOST_PIXELS:
        raise InvalidInput(f"The image is too large to be shown small: {width:,} x {height:,} pixels.")
    # JPEG is decoded at a fraction of its size where that is enough.
    image.draft("RGB", (SIDE, SIDE))
    image.thumbnail((SIDE, SIDE))
    turned = ImageOps.exif_transpose(_in_bytes(image)).convert("RGBA")
    shown = Image.new("RGB", turned.size, "white")
    shown.paste(turned, mask=turned)
    written = io.BytesIO()
    shown.save(written, "JPEG", quality=80)
    return written.getvalue()


def _in_bytes(image: "Picture") -> "Picture":
    """An image whose values fit a byte: those of scans and measurements are spread from the least to the most."""
    if not image.mode.startswith(("I", "F")):
        return image
    least, most = cast("tuple[float, float]", image.getextrema())
    factor = 255 / ((most - least) or 1)
    return image.convert("F").point(lambda value: value * factor - least * factor).convert("L")
