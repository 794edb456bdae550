"""XML's entities, in texts that were cut out of a document."""

import re

_ENTITY = re.compile(r"&(?:(lt|gt|amp|quot|apos)|#([0-9]{1,7})|#x([0-9a-fA-F]{1,6}));")
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}


def unescaped(text: str) -> str | None:
    """The text without entities, None if one of them is unknown.

    Control characters, which XML cannot hold, are taken for what they mean; NUL and surrogates are not.
    """
    if "&" not in text:
        return text
    try:
        result, found = _ENTITY.subn(_character, text)
    except ValueError:
        return None
    return result if found == text.count("&") else None


def _character(entity: re.Match[str]) -> str:
    name, decimal, hexadecimal = entity.groups()
    if name:
        return _NAMED[name]
    point = int(decimal) if decimal else int(hexadecimal, 16)
    if point == 0 or point > 0x10FFFF or 0xD800 <= point < 0xE000:
        raise ValueError(entity.group())
    return chr(point)
