"""A first look at assets: small pictures side by side, as notebooks show them."""

import base64
import html
import time
from dataclasses import dataclass, replace
from threading import Lock, Thread

from bucketlink.client.assets.pages import rows
from bucketlink.client.assets.thumbnails import SIDE, need_pillow, thumbnail
from bucketlink.client.graphql.wire import Wire
from bucketlink.client.types import Row
from bucketlink.errors import BucketlinkError, InvalidInput
from bucketlink.sync import media
from bucketlink.text import safe, size

MOST_TILES = 100
MOST_BYTES = 16 * 1024 * 1024
"""Bytes of an image that are read for its picture; a larger one has none."""
SECONDS = 20.0
"""For how long images are read; those that are not there by then have no picture."""
SIDE_BY_SIDE = 4
"""Images that are read at once."""
_FIELDS = ("id", "externalId", "size", "contentType", "signedUrl.url", "signedUrl.reason")
_STYLE = {
    "grid": "display:flex;flex-wrap:wrap;gap:12px",
    "tile": f"margin:0;width:{SIDE}px;font:12px/1.4 sans-serif",
    "frame": f"display:flex;align-items:center;justify-content:center;height:{SIDE}px;overflow:hidden;"
    "background:#8882;text-align:center",
    "key": "overflow-wrap:anywhere;max-height:4.2em;overflow:hidden",
    "note": "opacity:.7;padding:4px",
}


@dataclass(frozen=True, slots=True)
class Tile:
    """One asset of a preview."""

    id: str
    """The asset's id."""
    key: str
    """Its object's key."""
    kind: str
    """The media type of its object; empty where nobody knows."""
    size: int | None
    """Bytes of its object; None where nobody knows."""
    picture: bytes | None = None
    """A small JPEG of it; None where it is no image, or where its image cannot be had."""
    reason: str | None = None
    """Why an image has no picture; None for everything else."""


@dataclass(frozen=True, slots=True)
class Preview:
    """Some assets of a project, which notebooks show as a grid of small pictures."""

    project_id: str
    """The project."""
    tiles: tuple[Tile, ...]
    """The assets, in order of creation."""

    def __repr__(self) -> str:
        pictures = sum(tile.picture is not None for tile in self.tiles)
        return f"<Preview of {self.project_id}: {len(self.tiles)} assets, {pictures} with pictures>"

    def _repr_html_(self) -> str:
        """Write the grid: nothing in it is loaded from elsewhere, and nothing in it that others wrote is markup."""
        if not self.tiles:
            return "<p>No asset.</p>"
        # These classes keep notebooks from reading what stands between two $ as a formula.
        plain = "tex2jax_ignore mathjax_ignore"
        return f'<div class="{plain}" style="{_STYLE["grid"]}">{"".join(map(_figure, self.tiles))}</div>'


def preview(wire: Wire, project_id: str, where: Row, first: int) -> Preview:
    """Read the first assets, and then their images, for some seconds at most.

    Raises:
        InvalidInput: Pillow is not installed; before anything is read.

    """
    need_pillow()
    found = list(rows(wire, where, _FIELDS, first=first))
    tiles = [_tile(row) for row in found]
    images = [place for place, tile in enumerate(tiles) if tile.kind.startswith("image/")]
    for place in images:
        tiles[place] = replace(tiles[place], reason="It was not read in time.")
    waiting, lock = iter(images), Lock()
    until = time.monotonic() + SECONDS

    def work() -> None:
        while time.monotonic() < until:
            with lock:
                place = next(waiting, None)
            if place is None:
                return
            tiles[place] = _pictured(wire, project_id, found[place], tiles[place])

    # Nobody waits for the end of a thread that hangs in a bucket, not even the end of the process.
    workers = [Thread(target=work, daemon=True) for _ in range(min(SIDE_BY_SIDE, len(images)))]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(max(until - time.monotonic(), 0))
    return Preview(project_id, tuple(tiles))


def _tile(row: Row) -> Tile:
    return Tile(row["id"], row["externalId"], media.of_object(row["contentType"], row["externalId"]) or "", row["size"])


def _pictured(wire: Wire, project_id: str, row: Row, tile: Tile) -> Tile:
    """A tile with its picture, or with the reason why it has none."""
    try:
        return replace(tile, picture=thumbnail(_read(wire, project_id, tile, row["signedUrl"])), reason=None)
    except BucketlinkError as error:
        return replace(tile, reason=str(error))
    except Exception as error:  # noqa: BLE001 - what is wrong with one object must not spoil the others
        return replace(tile, reason=f"It could not be read ({type(error).__name__}).")


def _read(wire: Wire, project_id: str, tile: Tile, located: Row) -> bytes:
    too_large = InvalidInput(f"It is larger than {MOST_BYTES // 1024**2} MiB.")
    if tile.size == 0:
        raise InvalidInput("It is empty.")
    if (tile.size or 0) > MOST_BYTES:
        raise too_large
    try:
        data = wire.read_object(project_id, tile.id, located["url"], MOST_BYTES + 1)
    except InvalidInput as error:
        # There is no URL where one is needed.
        raise InvalidInput(located["reason"] or str(error)) from None
    if len(data) > MOST_BYTES:
        raise too_large
    return data


def _figure(tile: Tile) -> str:
    if tile.picture is not None:
        source = base64.b64encode(tile.picture).decode()
        shown = f'<img alt="" src="data:image/jpeg;base64,{source}">'
    else:
        shown = f'<span style="{_STYLE["note"]}">{_escaped(tile.reason or tile.kind or "no known kind")}</span>'
    told = ", ".join([tile.id, tile.kind, *([] if tile.size is None else [size(tile.size)])])
    return (
        f'<figure style="{_STYLE["tile"]}"><div style="{_STYLE["frame"]}">{shown}</div>'
        f'<figcaption><div style="{_STYLE["key"]}" title="{_escaped(tile.key)}"><bdi>{_escaped(tile.key)}</bdi></div>'
        f'<div style="opacity:.7">{_escaped(told)}</div></figcaption></figure>'
    )


def _escaped(text: str) -> str:
    """Text that is no markup, and in which nothing hides."""
    return html.escape(safe(text))
