"""`lineage.parse` and `lineage.format` as one would write them on lxml.

The records are equal to lineage's but for the bodies' quotes: libxml2 prints double ones, and
printing others would cost this rival far more. What is printed has libvirt's layout, with double
quotes too. No value is checked, nothing is put in order, nothing unknown is kept.
"""

from __future__ import annotations

from typing import Any, Final

from lxml import etree

from lineage.model import Disk, Memory, Node, Snapshot

__all__ = ["parse", "print_record"]

_PARSER: Final = etree.XMLParser(resolve_entities=False, no_network=True)


def parse(document: bytes) -> Snapshot:
    """The document as a record."""
    root = etree.fromstring(document, _PARSER)
    fields = {str(child.tag): child for child in root}
    created, active = fields.get("creationTime"), fields.get("active")
    return Snapshot(
        _text(fields.get("name")),
        _text(fields.get("description")),
        _text(fields.get("state")),
        root.findtext("parent/name"),
        None if created is None else int(created.text or ""),
        _memory(fields.get("memory")),
        _disks(fields.get("disks")),
        _disks(fields.get("revertDisks")),
        None if active is None else int(active.text or ""),
        (),
        _printed(fields.get("domain")),
        _printed(fields.get("inactiveDomain")),
        _printed(fields.get("cookie")),
    )


def _text(element: etree._Element | None) -> str | None:
    return None if element is None else element.text


def _memory(element: etree._Element | None) -> Memory | None:
    return None if element is None else Memory(element.get("snapshot"), element.get("file"))


def _disks(element: etree._Element | None) -> tuple[Disk, ...] | None:
    return None if element is None else tuple([_disk(disk) for disk in element])


def _disk(element: etree._Element) -> Disk:
    attrs = element.attrib
    kids = {str(child.tag): child for child in element}
    return Disk(
        str(attrs["name"]),
        attrs.get("snapshot"),
        attrs.get("type"),
        "snapshotDeleteInProgress" in kids,
        _node(kids.get("driver")),
        _node(kids.get("source")),
    )


def _node(element: etree._Element | None) -> Node | None:
    if element is None:
        return None
    inner = b"".join([etree.tostring(child, encoding="UTF-8") for child in element])
    attrs: Any = element.attrib
    return Node(dict(attrs), inner)


def _printed(element: etree._Element | None) -> bytes | None:
    if element is None:
        return None
    return etree.tostring(element, encoding="UTF-8", xml_declaration=False, with_tail=False)


def print_record(record: Snapshot) -> bytes:
    """The document of a record that has nothing unknown in it."""
    root = etree.Element("domainsnapshot")
    root.text = "\n  "
    for tag in ("name", "description", "state"):
        if (value := getattr(record, tag)) is not None:
            _add(root, tag, value)
    if record.parent is not None:
        parent = _add(root, "parent", "\n    ")
        _add(parent, "name", record.parent).tail = "\n  "
    _add(root, "creationTime", str(record.creation_time))
    if record.memory is not None:
        memory = _add(root, "memory")
        _set(memory, snapshot=record.memory.snapshot, file=record.memory.file)
    _add_disks(root, "disks", record.disks)
    _add_disks(root, "revertDisks", record.revert_disks)
    for body in (record.domain, record.inactive_domain, record.cookie):
        if body is not None:
            element = etree.fromstring(body, _PARSER)
            element.tail = "\n  "
            root.append(element)
    root[-1].tail = "\n"
    return etree.tostring(root, encoding="UTF-8", xml_declaration=False) + b"\n"


def _add(parent: etree._Element, tag: str, text: str | None = None) -> etree._Element:
    child = etree.SubElement(parent, tag)
    child.text = text
    child.tail = "\n  "
    return child


def _set(element: etree._Element, **attrs: str | None) -> None:
    for name, value in attrs.items():
        if value is not None:
            element.set(name, value)


def _add_disks(root: etree._Element, tag: str, disks: tuple[Disk, ...] | None) -> None:
    if disks is None:
        return
    parent = _add(root, tag, "\n    ")
    for disk in disks:
        element = _add(parent, "disk")
        _set(element, name=disk.name, snapshot=disk.snapshot, type=disk.type)
        nodes = [
            etree.SubElement(element, name, node.attrs)
            for name, node in (("driver", disk.driver), ("source", disk.source))
            if node is not None
        ]
        for node in nodes:
            node.tail = "\n      "
        if nodes:
            element.text, nodes[-1].tail = "\n      ", "\n    "
        element.tail = "\n    "
    parent[-1].tail = "\n  "
