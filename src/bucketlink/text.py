"""Text for people: what others wrote, so that nothing in it steers what shows it, and sizes."""

import shlex
import unicodedata

_STEERING = frozenset({"Cc", "Cs", "Zl", "Zp"})
_SHORT = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Marks that turn the direction of the text around them."""


def safe(text: str) -> str:
    """Write out, as escapes, the characters that move a cursor, end a line or turn the direction of text.

    What remains is one line. Letters, emoji and spaces are as they were.
    """
    return "".join(map(_safe, text))


def in_shell(text: str) -> str:
    """Write a key so that it is one line, no other key looks the same, and a shell reads exactly it.

    Nearly all keys are written as they are. One that holds what `safe` writes out stands as ``$'…'``, which bash and
    zsh read, with every backslash in it doubled; so does one that begins like that. For a command, see `quoted`.
    """
    if safe(text) == text and not text.startswith("$'"):
        return text
    return f"$'{''.join(map(_in_quotes, text))}'"


def quoted(text: str) -> str:
    """Write a text as one word of a shell's command line."""
    written = in_shell(text)
    return shlex.quote(text) if written == text else written


def shown(id_: str) -> str:
    """Write an id that is none as a sentence can repeat it: not long, and in one line whatever it holds."""
    start = id_[:60]
    return start if start.strip() and start.isprintable() else repr(start)


def size(number: float) -> str:
    """Write a number of bytes to be read at a glance: ``12 GB``."""
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.0f} {unit}" if unit == "B" or number >= 10 else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:,.1f} TB"


def _safe(character: str) -> str:
    if character in _TURNING or unicodedata.category(character) in _STEERING:
        return character.encode("unicode_escape", "surrogatepass").decode("ascii")
    return character


def _in_quotes(character: str) -> str:
    if character in _SHORT:
        return _SHORT[character]
    if _safe(character) == character:
        return character
    lone = "surrogateescape" if "\udc80" <= character <= "\udcff" else "surrogatepass"
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", lone))
