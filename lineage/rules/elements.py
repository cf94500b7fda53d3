"""The elements of a canonical domain, for rules that ask about a few of them.

Canonical text is well-formed and quotes every value, so tags are found without a parser. What
is inside of ``<metadata>`` is nobody's business here.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Final

__all__ = ["Element", "elements"]

# Only metadata has comments, sections of CDATA and instructions.
_MARKUP: Final = re.compile(
    rb"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>"
    rb"|<(/?)([^\s/>]+)((?:[^'\">]|'[^']*'|\"[^\"]*\")*)>",
    re.DOTALL,
)
_ATTRIBUTE: Final = re.compile(rb"([^\s=]+)=('[^']*'|\"[^\"]*\")")


class Element:
    """An element, its attributes, the text before its first child, and its children."""

    __slots__ = ("attributes", "children", "name", "text")

    def __init__(self, name: str, attributes: dict[str, str]) -> None:
        self.name = name
        self.attributes = attributes
        self.text = ""
        self.children: list[Element] = []

    def all(self, name: str) -> Iterator[Element]:
        """Yield the children of a name."""
        return (child for child in self.children if child.name == name)

    def first(self, *path: str) -> Element | None:
        """Give the first child of a name, or further down: of several the first counts."""
        found: Element | None = self
        for name in path:
            found = None if found is None else next(found.all(name), None)
        return found

    def get(self, *path: str) -> str | None:
        """Give an attribute of the first element of a path; the attribute's name comes last."""
        found = self.first(*path[:-1])
        return None if found is None else found.attributes.get(path[-1])

    def content(self, *path: str) -> str | None:
        """Give the text of the first element of a path, None if it is not there or empty."""
        found = self.first(*path)
        return None if found is None else found.text or None


def elements(xml: bytes) -> Element:
    """Read a canonical ``<domain>`` or ``<inactiveDomain>``, a document or a snapshot's body."""
    top = Element("", {})
    path = [top]
    end = 0
    for found in _MARKUP.finditer(xml):
        closing, name, inside = found.groups()
        if name is None:
            continue  # in metadata only: what looks like a tag in there is none
        if closing:
            here = path.pop()
            if not here.children:
                here.text = html.unescape(xml[end : found.start()].decode())
        else:
            element = Element(name.decode(), _attributes(inside))
            path[-1].children.append(element)
            if not inside.endswith(b"/"):
                path.append(element)
        end = found.end()
    return top.children[0] if top.children else top


def _attributes(inside: bytes) -> dict[str, str]:
    pairs = _ATTRIBUTE.findall(inside)
    return {name.decode(): html.unescape(value[1:-1].decode()) for name, value in pairs}
