"""XML as buckets answer it: documents, of which nothing is fetched or expanded, and entities in cut-out texts."""

import re

from lxml import etree

_ENTITY = re.compile(r"&(?:(lt|gt|amp|quot|apos)|#([0-9]{1,7})|#x([0-9a-fA-F]{1,6}));")
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}


class NotXml(ValueError):
    """A text was cut short, or is no XML."""


class OtherDocument(ValueError):
    """A document is another than was asked for, or declares a type of its own."""


def document(body: bytes, name: str) -> etree._Element:
    """The root of a document, which must have that name.

    Raises:
        NotXml: there is none.
        OtherDocument: it is another.

    """
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise NotXml from None
    if b"<!DOCTYPE" in body or b"\0" in body or local_name(root) != name:
        raise OtherDocument
    return root


def local_name(element: etree._Element) -> str:
    """The name of an element, whatever its namespace is."""
    tag: object = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


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
