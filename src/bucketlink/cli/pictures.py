"""Small real pictures for the demo: the same ones each time, each unlike the others."""

import colorsys
import hashlib
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

FOLDERS = {
    "coast/cliffs": 8,
    "coast/harbours": 7,
    "desert": 6,
    "hills/2025/spring": 10,
    "hills/2025/autumn": 9,
    "hills/2026/spring": 8,
    "night sky": 12,
}
"""Folders of the bucket, and how many pictures each holds."""

WIDTH, HEIGHT = 192, 128
SUN = bytes((255, 246, 214))


def names() -> Iterator[str]:
    """Name the pictures of a new bucket."""
    for folder, number in FOLDERS.items():
        for index in range(1, number + 1):
            yield f"{folder}/{index:03}.png"


def paint(bucket: Path, key: str, *, version: int = 1) -> None:
    """Paint a landscape to a file of the bucket; another key or version gives another picture."""
    path = bucket / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_png(_landscape(hashlib.sha256(f"{key} {version}".encode()).digest())))


def _landscape(numbers: bytes) -> list[bytes]:
    """Draw a sky, a sun and three ridges before it; answers rows of pixels, three bytes each."""
    hue = numbers[0] / 255
    shades = [_colour(hue + 0.08 * (ridge + 1), 0.5, 0.55 - 0.15 * ridge) for ridge in range(3)]
    tops = [_ridge(numbers[4 + 7 * ridge : 11 + 7 * ridge], HEIGHT * (0.5 + 0.17 * ridge)) for ridge in range(3)]
    sun_x, sun_y, radius = WIDTH * numbers[1] // 255, 15 + numbers[2] // 6, 8 + numbers[3] // 24
    rows = []
    for y in range(HEIGHT):
        row = [_colour(hue, 0.45, 1 - 0.5 * y / HEIGHT)] * WIDTH
        half = int(max(radius**2 - (y - sun_y) ** 2, 0) ** 0.5)
        row[max(sun_x - half, 0) : sun_x + half] = [SUN] * (min(sun_x + half, WIDTH) - max(sun_x - half, 0))
        for top, shade in zip(tops, shades, strict=True):
            row = [shade if y >= edge else pixel for pixel, edge in zip(row, top, strict=True)]
        rows.append(b"".join(row))
    return rows


def _ridge(levels: bytes, base: float) -> list[float]:
    """Join seven heights by lines; answers the ridge's height above each column, from the top of the picture."""
    step = WIDTH / (len(levels) - 1)
    heights = [base - 28 + 56 * level / 255 for level in levels]
    places = [divmod(x / step, 1) for x in range(WIDTH)]
    return [heights[int(at)] * (1 - rest) + heights[int(at) + 1] * rest for at, rest in places]


def _colour(hue: float, saturation: float, value: float) -> bytes:
    return bytes(round(part * 255) for part in colorsys.hsv_to_rgb(hue % 1, saturation, value))


def _png(rows: list[bytes]) -> bytes:
    """Write rows of pixels as a PNG."""
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    parts = ((b"IHDR", header), (b"IDAT", pixels), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in parts
    )
