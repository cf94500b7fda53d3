"""Values of a domain: what two spellings of it say in the same place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from lxml import etree

__all__ = ["Pair", "pairs"]


class Pair(NamedTuple):
    """One place, ``PARENT/NAME@attribute`` or ``PARENT/NAME`` for the text, and what both say."""

    place: str
    ours: str
    theirs: str


def pairs(ours: str, theirs: str) -> Iterator[Pair]:
    """Every value that both documents have, metadata left out.

    Siblings of one name go together in their order; where their number differs, it is somebody
    else's affair which of them is which, and they are passed over.
    """
    todo = [(_parsed(ours), _parsed(theirs))]
    while todo:
        mine, other = todo.pop()
        for left, right in _partners(mine, other):
            place = f"{mine.tag}/{left.tag}".replace("inactiveDomain", "domain")
            for name, value in left.attrib.items():
                if name in right.attrib:
                    yield Pair(f"{place}@{name}", str(value), str(right.attrib[name]))
            if len(left) == 0 and len(right) == 0 and (text := left.text or "").strip():
                yield Pair(place, text, right.text or "")
            if left.tag != "metadata":
                todo.append((left, right))


def _parsed(xml: str) -> etree._Element:
    """The document below an element of its own, so that its root is a child as well."""
    top = etree.Element("document")
    top.append(etree.fromstring(xml.encode()))
    return top


def _partners(
    mine: etree._Element, other: etree._Element
) -> Iterator[tuple[etree._Element, etree._Element]]:
    groups = _by_name(other)
    for name, left in _by_name(mine).items():
        right = groups.get(name, [])
        if len(left) == len(right):
            yield from zip(left, right, strict=True)


def _by_name(element: etree._Element) -> dict[str, list[etree._Element]]:
    groups: dict[str, list[etree._Element]] = {}
    for child in element:
        groups.setdefault(_name(child), []).append(child)
    return groups


def _name(element: etree._Element) -> str:
    """The element's name; disks and controllers, which libvirt moves, are told apart by more."""
    if element.tag == "controller":
        return f"controller {element.get('type')} {element.get('index')}"
    if element.tag != "disk":
        return str(element.tag)
    target = element.find("target")
    return f"disk {element.get('name') if target is None else target.get('dev')}"
