"""Canonical text taken apart, without parsing it again.

Canonical text is well-formed, has no document type and quotes every value. Only metadata has
comments, CDATA sections and instructions.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["MARKUP", "attributes", "unescaped"]

MARKUP: Final = re.compile(
    rb"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>"
    rb"|<(/?)([^\s/>]+)((?:[^'\">]|'[^']*'|\"[^\"]*\")*)>",
    re.DOTALL,
)
"""What begins with ``<``. Of a tag: a slash if it closes, its name, what is behind that."""

_ATTRIBUTE: Final = re.compile(rb"([^\s=]+)=('[^']*'|\"[^\"]*\")")
_REFERENCE: Final = re.compile(r"&(?:#x([0-9A-Fa-f]+)|#([0-9]+)|(lt|gt|amp|quot|apos));")
_NAMED: Final = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}


def attributes(inside: bytes) -> dict[str, str]:
    """Give the attributes of a tag, in their order.

    Args:
        inside: what is behind the tag's name.
    """
    pairs = _ATTRIBUTE.findall(inside)
    return {name.decode(): unescaped(value[1:-1]) for name, value in pairs}


def unescaped(text: bytes) -> str:
    """Give what canonical text or a value means, references resolved."""
    found = text.decode()
    return _REFERENCE.sub(_meaning, found) if "&" in found else found


def _meaning(reference: re.Match[str]) -> str:
    hexadecimal, decimal, name = reference.groups()
    if name is not None:
        return _NAMED[name]
    return chr(int(decimal) if hexadecimal is None else int(hexadecimal, 16))
