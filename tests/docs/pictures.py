"""The folder of pictures that the documents work with."""

from pathlib import Path

from PIL import Image

FOLDERS = {"2025": ("jpg", 6), "2026/spring": ("jpg", 12), "2026/summer": ("jpg", 8), "screenshots": ("png", 4)}
"""How many pictures of which kind a folder holds; there is one more outside of all folders, and a text."""


def paint(directory: Path) -> None:
    """Make the folder."""
    for folder, (kind, count) in FOLDERS.items():
        for n in range(count):
            _picture(directory / folder / f"{n:02}.{kind}", n)
    _picture(directory / "cover.jpg", 7)
    (directory / "notes.txt").write_text("Pictures of a city.\n", "utf-8")


def _picture(path: Path, n: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (64, 48), (n * 20 % 256, 90, 160)).save(path)
