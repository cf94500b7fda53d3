"""Canonical text as a tree of elements that know their bytes."""

from __future__ import annotations

from collections.abc import Iterator

from lineage.rules.markup import MARKUP, attributes, unescaped

__all__ = ["COMMENT", "INSTRUCTION", "Element", "read"]

COMMENT = "comment()"
INSTRUCTION = "processing-instruction()"
_CDATA = b"<![CDATA["


class Element:
    """An element, or in metadata a comment or an instruction: then `name` is none of XML's.

    Attributes:
        attrs: values by name, in the order of the document.
        text: what is directly in it; empty if that is nothing but the blanks between children.
        children: its elements.
        start, end: its bytes in the document.
    """

    __slots__ = ("_attrs", "_inside", "children", "end", "name", "start", "text")

    def __init__(self, name: str, inside: bytes, start: int) -> None:
        """Args: inside: what its tag has behind the name."""
        self.name = name
        self._inside = inside
        self._attrs: dict[str, str] | None = None
        self.text = ""
        self.children: list[Element] = []
        self.start = start
        self.end = start

    @property
    def attrs(self) -> dict[str, str]:
        """Read when asked for: of most elements nobody asks."""
        if self._attrs is None:
            self._attrs = attributes(self._inside) if self._inside else {}
        return self._attrs

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
        return None if found is None else found.attrs.get(path[-1])

    def content(self, *path: str) -> str | None:
        """Give the text of the first element of a path, None if it is not there or empty."""
        found = self.first(*path)
        return None if found is None else found.text or None


def read(document: bytes) -> Element:
    """Take a canonical document apart and give its root."""
    top = Element("", b"", 0)
    open_elements, texts = [top], [[""]]
    behind = 0
    for found in MARKUP.finditer(document):
        start, end = found.span()
        above, said = open_elements[-1], texts[-1]
        if start > behind:
            said.append(unescaped(document[behind:start]))
        behind = end
        closing, name, inside = found.groups()
        if name is None:
            _aside(above, said, document[start:end], start)
        elif closing:
            _close(open_elements.pop(), "".join(texts.pop()), end)
        else:
            child = Element(name.decode(), inside, start)
            above.children.append(child)
            if inside.endswith(b"/"):
                child.end = end
            else:
                open_elements.append(child)
                texts.append([])
    return top.children[0]


def _close(element: Element, text: str, end: int) -> None:
    element.end = end
    if not element.children or not text.isspace():
        element.text = text


def _aside(above: Element, said: list[str], markup: bytes, start: int) -> None:
    if markup.startswith(_CDATA):
        said.append(markup[len(_CDATA) : -3].decode())
        return
    comment = markup.startswith(b"<!--")
    aside = Element(COMMENT if comment else INSTRUCTION, b"", start)
    aside.text = (markup[4:-3] if comment else markup[2:-2]).decode()
    aside.end = start + len(markup)
    above.children.append(aside)
