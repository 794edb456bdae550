"""Keys that readers of buckets get wrong, each as an object and as a folder, and which of them directories can hold."""

from functools import cache

from bucketlink.model import MAX_KEY_BYTES

C0 = "".join(map(chr, range(1, 0x20))) + "\x7f"
C1 = "".join(map(chr, range(0x80, 0xA0)))

PATHS = (
    *("a//b", "/a", "/lead.jpg", "//", "folder/", "a/../b", "a/./b", ".", "..", "...", "./x", "../x", "a/.", "a/.."),
    *("folder/with/deep/path/x.jpg", "a", "a-b", "a.b", "a0", "A/B", ".hidden", "~tilde", "C:\\drive"),
)
"""What a path would be tidied of, and keys that are each other's prefixes."""

BLANKS = (
    *(" ", " leading space", "trailing space ", "trailing dot.", "folder /x", "\n", "new\nline", "\nleading newline"),
    *("trailing newline\n", "both\r\n", "carriage\rreturn", "\rleading return", "tab\there", "\tleading tab", "tab\t"),
    *("\x0bvertical\x0b", "no-break\u00a0space", "\u3000ideographic space", "line\u2028separator"),
)

CONTROLS = (f"all {C0}", f"more {C1}", "\x01first", "bell\x07", "delete\x7f", "next line\x85", "\x9f")

ESCAPES = (
    *("%", "100%", "%zz", "%C3", "%C3%A9", "%00", "a%25b", "a%2Fb", "a%2fb", "test%46.txt", "a%0Ab", "a\\u0000b"),
    *("plus+plus", "plus plus", "plus%2Bplus", "amp&amp;", "&#10;", "<Key>tag</Key>", "]]>", "a</Name><Name>b"),
    '{"a":1}',
)
"""What looks like something that is to be decoded."""

PUNCTUATION = (
    *('"', "'", "$", "<", "_", "__", "_ _", "back\\slash", "\\", "q?uestion", "?a=b&c=d", "h#ash", "a;b=c,d", "a*b"),
    *("-rf", "{braces}[brackets]|pipe^caret`tick", "@at:colon$dollar!bang(paren)"),
    "!\"#$%&'()*+,-.:;<=>?@[\\]^_`{|}~",
)

LETTERS = (
    *("caf\u00e9", "cafe\u0301", "\u212bngstr\u00f6m", "\u00c5ngstr\u00f6m", "\ufb01le", "file", "FILE", "stra\u00dfe"),
    *("\u0130stanbul", "istanbul", "\u65e5\u672c\u8a9e/\u753b\u50cf.jpg", "\ud55c\uae00", "\u1112\u1161\u11ab"),
    *("\u200bzero width", "\ufeffbom", "\u202eright to left", "\u05e9\u05dc\u05d5\u05dd/\u0645\u0631\u062d\u0628"),
    *("\U0001f600.png", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\uff5e fullwidth", "\uff0f\uff05", "\u2400"),
    *("\ue000private", "\ufffdreplaced", "\ufffe", "\uffff", "\U00010000", "\U0010ffff"),
)
"""Normal forms, letters of either case, and what UTF-16 puts in another order than UTF-8."""

RESERVED = ("CON", "nul.txt", "COM1.jpg", "desktop.ini")

LONG = (
    "k" * MAX_KEY_BYTES,
    "\u00e9" * (MAX_KEY_BYTES // 2),
    "\u20ac" * (MAX_KEY_BYTES // 3),
    "\U0001f600" * (MAX_KEY_BYTES // 4),
    "d/" * 100 + "deep",
    f"{'s' * 256}/x",
    "%" * 300,
)

NAMES = (*PATHS, *BLANKS, *CONTROLS, *ESCAPES, *PUNCTUATION, *LETTERS, *RESERVED, *LONG)


def _hard_keys() -> tuple[str, ...]:
    """Every name as an object, and as a folder with an object in it; which of the two comes first alternates."""
    pairs = ((name, f"{name}/in")[:: 1 if number % 2 else -1] for number, name in enumerate(NAMES))
    return tuple(dict.fromkeys(key for pair in pairs for key in pair if len(key.encode()) <= MAX_KEY_BYTES))


HARD_KEYS = _hard_keys()


def unfit_for_a_folder(key: str) -> str | None:
    """Why a directory cannot hold a key beside the others; None if it can."""
    return _unfit_itself(key) or (None if key in _held() else "a name is either a file or a directory")


def unfit_for_gcs(key: str) -> str | None:
    """Why Google Cloud Storage cannot hold a key; None if it can."""
    if key in {".", ".."}:
        return "Google Cloud Storage holds no '.' or '..'"
    return "Google Cloud Storage holds no line breaks" if "\n" in key or "\r" in key else None


def _unfit_itself(key: str) -> str | None:
    parts = key.split("/")
    if any(part in {"", ".", ".."} for part in parts):
        return "a name in a directory is not empty, '.' or '..'"
    if any(len(part.encode()) > 255 for part in parts):
        return "a name in a directory has 255 bytes at most"
    return None


@cache
def _held() -> frozenset[str]:
    """The keys that directories can hold all at once: of a file and a directory of one name the first."""
    held: list[str] = []
    for key in HARD_KEYS:
        conflicts = any(key.startswith(f"{other}/") or other.startswith(f"{key}/") for other in held)
        if _unfit_itself(key) is None and not conflicts:
            held.append(key)
    return frozenset(held)
