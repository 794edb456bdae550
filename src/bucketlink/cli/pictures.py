"""Small real pictures for the demo: the same ones each time, each unlike the others."""

import colorsys
import hashlib
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, ImageDraw

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

SIZE = (192, 128)

Colour = tuple[int, int, int]


def names() -> Iterator[str]:
    """Name the pictures of a new bucket: every third is a PNG, the others are JPEGs."""
    for folder, number in FOLDERS.items():
        for index in range(1, number + 1):
            yield f"{folder}/{index:03}.{'png' if index % 3 == 0 else 'jpg'}"


def paint(bucket: Path, key: str, *, version: int = 1) -> None:
    """Paint a landscape to a file of the bucket; another key or version gives another picture."""
    numbers = hashlib.sha256(f"{key} {version}".encode()).digest()
    path = bucket / key
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = _landscape(numbers)
    if path.suffix == ".jpg":
        picture.save(path, quality=80)
    else:
        picture.save(path)


def _landscape(numbers: bytes) -> Image.Image:
    width, height = SIZE
    hue = numbers[0] / 255
    picture = Image.new("RGB", SIZE)
    draw = ImageDraw.Draw(picture)
    for y in range(height):
        draw.line([(0, y), (width, y)], fill=_colour(hue, 0.45, 1 - 0.5 * y / height))
    sun_x, sun_y, radius = width * numbers[1] // 255, 15 + numbers[2] // 6, 8 + numbers[3] // 24
    draw.ellipse([sun_x - radius, sun_y - radius, sun_x + radius, sun_y + radius], fill=(255, 246, 214))
    for ridge in range(3):
        heights = numbers[4 + 7 * ridge : 11 + 7 * ridge]
        base = height * (0.5 + 0.17 * ridge)
        points = [(width * step / 6, base - 28 + 56 * level / 255) for step, level in enumerate(heights)]
        shade = _colour(hue + 0.08 * (ridge + 1), 0.5, 0.55 - 0.15 * ridge)
        draw.polygon([(0, height), *points, (width, height)], fill=shade)
    return picture


def _colour(hue: float, saturation: float, value: float) -> Colour:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)
