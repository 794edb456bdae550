"""Ten thousand objects in nested folders, and what changes among them."""

from hashlib import md5

FOLDERS = ["street scenes", "pets/dogs/"]
"""The folders that are selected."""

HARD_NAMES = (
    "a b/\u00fc+%25.jpg",
    "a b/u\u0308+%25.jpg",
    "a b/%C3%BC.jpg",
    "/double slash.jpg",
    "../up.jpg",
    "./here.jpg",
    "new\nline.jpg",
    "tab\there.jpg",
    "&amp;<Key>.jpg",
    "'\"\\`;#?=.jpg",
    "\U0001f43b/\u65e5\u672c\u8a9e.jpg",
    "trailing space.jpg/ .jpg",
    "UPPER.JPG",
)

SELECTED = [
    *(f"street scenes/{n % 3 + 2022}/{n % 12 + 1:02d}/{n % 31:02d}/{n:05d}.jpg" for n in range(6000)),
    *(f"pets/dogs/{n % 7}/{n}.png" for n in range(2500)),
    *(f"street scenes/hard/{name}" for name in HARD_NAMES),
]
"""Keys of the objects that the folders hold and an IMAGE project takes."""

_NOT_TAKEN = [
    *(f"street scenes 2/{n}.jpg" for n in range(150)),
    *(f"street scenes/notes/{n}.txt" for n in range(150)),
    *(f"pets/dogs2/{n}.jpg" for n in range(150)),
    *(f"pets/cats/{n % 5}/{n}.jpg" for n in range(750)),
    *(f"Street scenes/{n}.jpg" for n in range(150)),
    "street scenes/a marker/",
    "street scenes",
    "pets/dogs",
]
LEFT_OUT = [*_NOT_TAKEN, *(f"{n:03d}.jpg" for n in range(10_000 - len(SELECTED) - len(_NOT_TAKEN)))]
"""Keys of the others: outside of the folders, named almost like them, of another kind, or in no folder at all."""

ADDED = [
    *(f"street scenes/2026/{n % 4}/{n}.jpg" for n in range(60)),
    *(f"pets/dogs/0/{n}.new.png" for n in range(36)),
    *(f"pets/dogs/{name}" for name in ("\u00fc+%25 b.jpg", "//new.jpg", "new\r\n.jpg", "\u00e9/e\u0301.jpg")),
]
REPLACED = SELECTED[10:6000:180] + SELECTED[6001:8300:167] + SELECTED[-2:]
DELETED = SELECTED[5:6000:240] + SELECTED[-13:-8]

ELSEWHERE_ADDED = [f"pets/cats/new/{n}.jpg" for n in range(20)]
ELSEWHERE_REPLACED = LEFT_OUT[:10]
ELSEWHERE_DELETED = LEFT_OUT[10:20]


def first_body(key: str) -> bytes:
    """The content of an object as it is made."""
    return b"" if key.endswith("/") else f"picture of {key}".encode()


def second_body(key: str) -> bytes:
    """The content of an object that is replaced; of every other one as long as the first."""
    is_same_length = len(key) % 2 == 0
    return f"{'portrait'[:7] if is_same_length else 'portrait'} of {key}".encode()


def etag(body: bytes) -> str:
    """What an S3 server calls a content."""
    return md5(body).hexdigest()  # noqa: S324 - it is no secret
