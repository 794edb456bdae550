"""What the benchmark's bucket holds: keys in several layouts, ascending by bytes, each a function of its place.

Keys are of about 60 characters, as those of data sets are, and hold nothing that a listing would have to escape. What
else an object has comes from a number, its *seed*: its place in the layout, and another one where its object changed.
"""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from itertools import accumulate

CHUNK = 20_000
"""Objects that are made at once."""
PERIOD = 300
"""In a changed bucket, of so many objects one is gone, one is another, and there is one more."""
_GONE, _OTHER, _MORE = 0, 100, 200

_LEVELS = ("region", "site", "hall", "line", "station", "shift", "batch", "view")
_LEAF = 16
_FRAMES = 500
_CAMERAS = 8
_FIRST_DAY = date(2014, 1, 1)
_SPECIES = tuple(
    f"{name}-{kind}" for name in ("bat", "deer", "fox", "lynx", "owl", "wolf") for kind in ("adult", "cub")
)
_MASK = (1 << 64) - 1

Keys = Callable[[int, int, int], list[str]]
"""Keys from a place to another (excluded), of a bucket of so many objects."""


def _flat(start: int, stop: int, count: int) -> list[str]:  # noqa: ARG001
    return [f"street-scenes_2023-06_session-017_front-left_img_{place:09d}.jpg" for place in range(start, stop)]


def _folder(start: int, stop: int, count: int) -> list[str]:  # noqa: ARG001
    return [f"datasets/street-scenes/v3/images/train/img_{place:09d}.jpg" for place in range(start, stop)]


def _deep(start: int, stop: int, count: int) -> list[str]:
    """Eight levels of folders, with as few children each as hold all the objects, 16 to a last one."""
    children = 2
    while children ** len(_LEVELS) * _LEAF < count:
        children += 1
    keys: list[str] = []
    for leaf in range(start // _LEAF, -(-stop // _LEAF)):
        folder, rest = "", leaf
        for level in reversed(_LEVELS):
            rest, child = divmod(rest, children)
            folder = f"{level}-{child}/{folder}"
        keys += [f"{folder}{place:04d}.jpg" for place in range(_LEAF)]
    first = start // _LEAF * _LEAF
    return keys[start - first : stop - first]


def _dates(start: int, stop: int, count: int) -> list[str]:  # noqa: ARG001
    """Days of eight cameras, each with 500 frames."""
    keys: list[str] = []
    for number in range(start // _FRAMES, -(-stop // _FRAMES)):
        day, camera = divmod(number, _CAMERAS)
        folder = f"recordings/vehicle-07/{_FIRST_DAY + timedelta(day):%Y/%m/%d}/cam{camera}"
        keys += [f"{folder}/frame_{place:06d}.jpg" for place in range(_FRAMES)]
    first = start // _FRAMES * _FRAMES
    return keys[start - first : stop - first]


def _hashes(start: int, stop: int, count: int) -> list[str]:
    """As if named by a digest of what is in them."""
    return [f"objects/images/{_digest(place, count):040x}.jpg" for place in range(start, stop)]


def _uuids(start: int, stop: int, count: int) -> list[str]:
    keys: list[str] = []
    for place in range(start, stop):
        text = f"{_digest(place, count) >> 32:032x}"
        keys.append(f"uploads/production/{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}.jpg")
    return keys


def _words(start: int, stop: int, count: int) -> list[str]:
    """A dozen folders of very different sizes: the largest has twelve times what the smallest has."""
    weights = [1 / (1 + place * 5 % len(_SPECIES)) for place in range(len(_SPECIES))]
    ends = [int(count * part / sum(weights)) for part in accumulate(weights)]
    ends[-1] = count
    keys: list[str] = []
    first = 0
    for species, end in zip(_SPECIES, ends, strict=True):
        some = range(max(start, first) - first, min(stop, end) - first)
        keys += [f"wildlife/camera-traps/2022/{species}/{species}_{place:09d}.jpg" for place in some]
        first = end
    return keys


def _digest(place: int, count: int) -> int:
    """160 bits that look like chance, and ascend with the place."""
    mixed = (place + 1) * 0x9E3779B97F4A7C15 & _MASK
    mixed = (mixed ^ (mixed >> 31)) * 0xBF58476D1CE4E5B9 & _MASK
    mixed ^= mixed >> 29
    return (((place << 64) | mixed) // count) << 96 | mixed << 32 | (mixed >> 7 & 0xFFFFFFFF)


LAYOUTS: dict[str, Keys] = {
    "flat": _flat,
    "deep": _deep,
    "dates": _dates,
    "hashes": _hashes,
    "folder": _folder,
    "uuids": _uuids,
    "words": _words,
}


def objects(layout: str, count: int, *, changed: bool = False) -> Iterator[tuple[list[str], list[int]]]:
    """Keys and seeds of a bucket, in chunks.

    A bucket that changed lacks a third of a percent of the objects, has as many new ones, and as many others under
    the same keys, evenly spread; ``count`` is that of the bucket before.
    """
    keys_of = LAYOUTS[layout]
    for start in range(0, count, CHUNK):
        keys, seeds = keys_of(start, min(start + CHUNK, count), count), range(start, min(start + CHUNK, count))
        yield _changed(keys, seeds, count) if changed else (keys, list(seeds))


def _changed(keys: list[str], seeds: range, count: int) -> tuple[list[str], list[int]]:
    changed_keys: list[str] = []
    changed_seeds: list[int] = []
    for key, seed in zip(keys, seeds, strict=True):
        kind = seed % PERIOD
        if kind == _GONE:
            continue
        if kind == _MORE:
            changed_keys.append(f"{key[:-4]}-2{key[-4:]}")  # "-" comes before "."
            changed_seeds.append(seed + 2 * count)
        changed_keys.append(key)
        changed_seeds.append(seed + count if kind == _OTHER else seed)
    return changed_keys, changed_seeds


def changes(count: int) -> dict[str, int]:
    """How many objects were added, removed and changed, in a bucket of so many."""
    return {
        "added": len(range(_MORE, count, PERIOD)),
        "removed": len(range(_GONE, count, PERIOD)),
        "changed": len(range(_OTHER, count, PERIOD)),
    }


def etag(seed: int) -> str:
    """The etag of an object, as S3 makes it: 32 hexadecimal digits."""
    return f"{(seed + 1) * 0x9E3779B97F4A7C15F39CC0605CEDC835 & (1 << 128) - 1:032x}"


def generation(seed: int) -> int:
    """The same in Google's manner."""
    return 1_690_000_000_000_000 + seed * 1_009


def size(seed: int) -> int:
    """Bytes of an object."""
    return 20_000 + seed * 7_919 % 900_001
