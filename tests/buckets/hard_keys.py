"""Keys that readers of buckets get wrong, and which of them a storage cannot hold."""

HARD_KEYS = (
    "a//b",
    "/a",
    "/lead.jpg",
    "a/../b",
    "a/./b",
    ".",
    "..",
    "./x",
    "../x",
    "trailing space ",
    " leading space",
    "trailing dot.",
    "new\nline",
    "carriage\rreturn",
    "both\r\n",
    "tab\there",
    "bell\x07",
    "first\x01",
    "delete\x7f",
    "next line\x85",
    "q?uestion",
    "h#ash",
    "a%25b",
    "a%2Fb",
    "100%",
    "%",
    "plus+plus",
    "plus%2Bplus",
    "amp&amp;",
    "<Key>tag</Key>",
    "]]>",
    "quote\"and'",
    "back\\slash",
    "semi;colon,comma=equals",
    "{braces}[brackets]|pipe^caret`tick~tilde",
    "@at:colon$dollar!bang*star(paren)",
    "caf\u00e9",
    "cafe\u0301",
    "\u65e5\u672c\u8a9e/\u753b\u50cf.jpg",
    "\U0001f600.png",
    "\uff5e fullwidth",
    "\ufeffbom",
    "\u200bzero width",
    "\u202eright to left",
    "a",
    "a-b",
    "a.b",
    "a/b",
    "a0",
    "A/B",
    "folder/",
    "folder/with/deep/path/x.jpg",
    "k" * 1024,
    "\u20ac" * 341,
    "d/" * 100 + "deep",
)


def unfit_for_a_folder(key: str) -> str | None:
    """Why a directory cannot hold a key; None if it can."""
    parts = key.split("/")
    if any(part in {"", ".", ".."} for part in parts):
        return "a name in a directory is not empty, '.' or '..'"
    if any(len(part.encode()) > 255 for part in parts):
        return "a name in a directory has 255 bytes at most"
    if any(other.startswith(f"{key}/") for other in HARD_KEYS):
        return "a name is either a file or a directory"
    return None
