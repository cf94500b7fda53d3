"""The canonical form once more, on lxml: slow, obvious, and sharing no code with the core.

It is what the core is tested against. The reader is in `twin_read`, what goes by element
names alone in `twin_write`, ``<metadata>`` in `twin_metadata`; here is what the snapshot
level means.
"""

from __future__ import annotations

import re

from lineage.canon.twin_read import Element, Text, read
from lineage.canon.twin_write import arrange, write
from lineage.errors import SnapshotError

__all__ = ["canonicalize"]

MODES = ("redefine", "create", "internal")
STATES = frozenset(
    {"running", "blocked", "paused", "shutdown", "shutoff", "crashed", "pmsuspended"}
    | {"disk-snapshot"}
)
OFFLINE = frozenset({"shutoff", "disk-snapshot"})
LOCATIONS = frozenset({"no", "internal", "external", "manual"})
DISK_TYPES = frozenset({"file", "block", "network", "nvme", "vhostuser", "vhostvdpa"})
UNSUPPORTED_DISK_TYPES = frozenset({"dir", "volume"})
PATH_ATTRIBUTE = {"file": "file", "block": "dev", "network": "name"}
FORMATS = frozenset(
    {"raw", "dir", "bochs", "cloop", "dmg", "iso", "vpc", "vdi", "fat", "vhd", "ploop"}
    | {"cow", "qcow", "qcow2", "qed", "vmdk"}
)
PROTOCOLS = frozenset(
    {"none", "nbd", "rbd", "sheepdog", "gluster", "iscsi", "http", "https", "ftp", "ftps"}
    | {"tftp", "ssh", "vxhs", "nfs"}
)
FIELDS = frozenset(
    {"name", "description", "state", "parent", "creationTime", "memory", "disks"}
    | {"revertDisks", "domain", "inactiveDomain", "cookie", "active"}
)
# The C library's isspace(), less what XML does not allow.
SPACE = "[ \t\n\r]*"
UUID = rf"{SPACE}(?:[- ]*[0-9a-fA-F]{{2}}){{16}}{SPACE}"


def canonicalize(xml: bytes | str, *, mode: str = "redefine") -> bytes:
    """Bring a ``<domainsnapshot>`` or ``<domain>`` document to its canonical form.

    Args:
        xml: the document.
        mode: ``redefine`` (what a stored snapshot must have), ``create`` (requires and adds
            nothing) or ``internal`` (as libvirt stores it, with ``<active>``).

    Raises:
        XMLError: not XML that lineage reads.
        SnapshotError: not a snapshot or domain that libvirt would accept.
    """
    if mode not in MODES:
        raise ValueError(f"mode is none of {', '.join(MODES)}")
    root = read(xml)
    if root.get("xmlns") or root.name not in ("domainsnapshot", "domain"):
        raise SnapshotError("not-a-snapshot", root.offset, "root element is not a snapshot's")
    out: list[str] = []
    write(domain(root) if root.name == "domain" else snapshot(root, mode), [], out)
    return "".join(out).encode()


def snapshot(root: Element, mode: str) -> Element:
    """What libvirt understands of a snapshot, checked in its order; the rest as it stands."""
    required = mode != "create"
    found: dict[str, Element | None] = {
        "name": text_field(root, "name"),
        "description": text_field(root, "description"),
    }
    if required and (found["name"] is None or not found["name"].text()):
        raise SnapshotError("name-missing", root.offset, "a redefined snapshot needs a name")
    found["creationTime"] = creation_time(root, required)
    found["state"] = state(root, required)
    found["parent"] = parent(root)
    for name in ("domain", "inactiveDomain"):
        element = root.first(name)
        found[name] = domain(element) if element else None
    now = found["state"].text() if found["state"] else ""
    found["memory"] = memory(root, now, mode)
    found["disks"] = disks(root, "disks")
    found["revertDisks"] = disks(root, "revertDisks")
    found["active"] = active(root) if mode == "internal" else None
    found["cookie"] = root.first("cookie")
    return Element(root.name, root.attributes, [*in_order(root, found)], root.offset)


def in_order(root: Element, found: dict[str, Element | None]) -> list[Element]:
    """The children: of each field what was found, once, and unknown ones where they stand."""
    source = Element(root.name, children=list(root.children))
    if root.first("memory") is None and found["memory"]:
        source.children.append(found["memory"])
    children = []
    for child in arrange(source, ""):
        field = found.pop(child.name, None) if child.name in FIELDS else child
        if field is not None:
            children.append(field)
    return children


def text_field(parent: Element, name: str) -> Element | None:
    """The first child of that name, its markup flattened; None if that leaves nothing."""
    element = parent.first(name)
    return with_text(element, element.string()) if element else None


def with_text(element: Element, value: str) -> Element | None:
    if not value and not element.attributes:
        return None
    content = [Text(value)] if value else []
    return Element(element.name, element.attributes, [*content], element.offset)


def state(root: Element, required: bool) -> Element | None:
    """``<state>``; a request may say anything, libvirt does not look."""
    element = text_field(root, "state")
    if element is None or not element.text():
        if required:
            raise SnapshotError("state-missing", root.offset, "a snapshot needs a state")
    elif required and element.text() not in STATES:
        raise SnapshotError("state-invalid", element.offset, "no state of that name")
    return element


def creation_time(root: Element, required: bool) -> Element | None:
    """``<creationTime>``: seconds, read as C's strtoll() reads them."""
    element = text_field(root, "creationTime")
    if element is None or not element.text():
        if required:
            raise SnapshotError(
                "creation-time-missing", root.offset, "a snapshot needs a creationTime"
            )
        return element
    value = integer(element.text(), -(1 << 63), (1 << 63) - 1)
    if value is None:
        raise SnapshotError(
            "creation-time-invalid", element.offset, "creationTime is not a 64-bit number"
        )
    return with_text(element, str(value))


def active(root: Element) -> Element | None:
    """``<active>``, read as C's strtol() reads it into an int."""
    element = root.first("active")
    value = integer(element.string(), -(1 << 31), (1 << 31) - 1) if element else None
    if element is None or value is None:
        offset = (element or root).offset
        raise SnapshotError("active-missing", offset, "no <active> with a number in it")
    return with_text(element, str(value))


def integer(text: str, least: int, most: int) -> int | None:
    """The decimal number that is all of `text`, None if there is none or it is out of range."""
    match = re.fullmatch(f"{SPACE}([+-]?)0*([0-9]{{1,20}})", text)
    if match is None:
        return None
    value = int(match[1] + match[2])
    return value if least <= value <= most else None


def parent(root: Element) -> Element | None:
    """``<parent>``; of several the first that has a ``<name>``."""
    parents = [child for child in root.elements() if child.name == "parent"]
    if not parents:
        return None
    element = next((each for each in parents if each.first("name")), parents[0])
    name = text_field(element, "name")
    return with_children(element, once(element, {"name": name}))


def once(element: Element, found: dict[str, Element | None]) -> list[Element]:
    """The child elements; those named in `found` once, as found there."""
    children = []
    names = frozenset(found)
    found = dict(found)
    for child in element.elements():
        kept = found.pop(child.name, None) if child.name in names else child
        if kept is not None:
            children.append(kept)
    return children


def with_children(element: Element, children: list[Element]) -> Element | None:
    if not children and not element.attributes:
        return None
    return Element(element.name, element.attributes, [*children], element.offset)


def memory(root: Element, state: str, mode: str) -> Element | None:
    """``<memory>``: where the guest's memory went; by state if the document does not say."""
    element = root.first("memory") or Element("memory", offset=root.offset)
    location, file = element.get("snapshot"), element.get("file")
    offline = mode != "create" and state in OFFLINE

    def refuse(code: str, message: str) -> SnapshotError:
        return SnapshotError(code, element.offset, message)

    if location is not None and location not in LOCATIONS:
        raise refuse("memory-snapshot-invalid", "no such location of memory")
    if location == "manual":
        raise refuse("memory-manual", "memory cannot be 'manual'")
    if location is None and file is not None:
        location = "external"
    elif location is None and mode != "create":
        location = "no" if offline else "internal"
    if file is not None and location != "external":
        raise refuse("memory-file-requires-external", "a memory file is of an external snapshot")
    if file is None and location == "external":
        raise refuse("memory-external-requires-file", "external memory needs a file")
    if offline and location in ("internal", "external"):
        raise refuse("memory-offline", "a domain that is off has no memory to save")
    if file is not None and not file.startswith("/"):
        raise refuse("memory-file-relative", "the memory file's path is not absolute")
    attributes = with_attribute(element.attributes, "snapshot", location)
    return with_children(Element("memory", attributes, offset=element.offset), element.elements())


def with_attribute(
    attributes: list[tuple[str, str]], name: str, value: str | None
) -> list[tuple[str, str]]:
    """The attributes and, unless it is among them or has no value, one more."""
    if value is None or name in dict(attributes):
        return attributes
    return [*attributes, (name, value)]


def disks(root: Element, name: str) -> Element | None:
    """``<disks>`` or ``<revertDisks>``: one list of all, whatever their elements are called."""
    lists = [child for child in root.elements() if child.name == name]
    if not lists:
        return None
    attributes: list[tuple[str, str]] = []
    for each in lists:
        for key, value in each.attributes:
            attributes = with_attribute(attributes, key, value)
    merged = Element(name, attributes, offset=lists[0].offset)
    return with_children(merged, [disk(child) for each in lists for child in each.elements()])


def disk(element: Element) -> Element:
    """One disk: external and of type file unless said otherwise, once it has an image."""

    def refuse(code: str, message: str) -> SnapshotError:
        return SnapshotError(code, element.offset, message)

    location, kind = element.get("snapshot"), element.get("type") or "file"
    if element.get("name") is None:
        raise refuse("disk-name-missing", "a disk needs a name")
    if location is not None and location not in LOCATIONS:
        raise refuse("disk-snapshot-invalid", "no such location of a disk")
    if kind in UNSUPPORTED_DISK_TYPES:
        raise refuse("disk-type-unsupported", "no disk snapshots of that type")
    if kind not in DISK_TYPES or element.get("type") == "":
        raise refuse("disk-type-invalid", "no such type of disk")
    source, driver = element.first("source"), element.first("driver")
    protocol = source.get("protocol") if source else None
    if source and kind == "network" and protocol is None:
        raise SnapshotError(
            "disk-protocol-missing", source.offset, "a network disk's source needs a protocol"
        )
    if kind == "network" and protocol is not None and protocol not in PROTOCOLS:
        raise refuse("disk-protocol-invalid", "no such protocol")
    image = driver.get("type") if driver else None
    if image and image not in FORMATS:
        raise refuse("disk-driver-invalid", "no such image format")
    found = {"source": source, "driver": with_cache(driver) if driver else None}
    path = source.get(PATH_ATTRIBUTE.get(kind, "")) if source else None
    if path and kind in ("file", "block") and not path.startswith("/"):
        raise refuse("disk-path-relative", "the image's path is not absolute")
    attributes = element.attributes
    if path or image:
        attributes = with_attribute(attributes, "snapshot", "external")
        attributes = with_attribute(attributes, "type", "file")
    found["snapshotDeleteInProgress"] = element.first("snapshotDeleteInProgress")
    return Element("disk", attributes, [*once(element, found)], element.offset)


def with_cache(driver: Element) -> Element:
    """A disk's ``<driver>`` with the size of its metadata cache in bytes."""
    children = driver.elements()
    cache = next((each for each in children if is_cache(each)), None)
    size = cache.first("max_size") if cache else None
    if cache is None or size is None or not size.string():
        return driver
    sized = [in_bytes(size) if each is size else each for each in cache.elements()]
    made = Element(cache.name, cache.attributes, [*sized], cache.offset)
    children = [made if each is cache else each for each in children]
    return Element(driver.name, driver.attributes, [*children], driver.offset)


def is_cache(element: Element) -> bool:
    return element.name == "metadata_cache" and element.first("max_size") is not None


def in_bytes(element: Element) -> Element:
    """A size as libvirt scales it: a plain letter or KiB for 1024s, KB for 1000s."""
    number = re.fullmatch(rf"{SPACE}\+?0*([0-9]{{1,20}})", element.string())
    name = element.get("unit") or "bytes"
    letter = re.fullmatch(r"([kmgtpe])(b|ib|)", name, re.IGNORECASE | re.ASCII)
    if number is None or not (letter or name.lower() in ("b", "byte", "bytes")):
        raise SnapshotError("disk-cache-invalid", element.offset, "not a size")
    size = int(number[1])
    if letter:
        base = 1000 if letter[2].lower() == "b" else 1024
        size *= base ** (1 + "kmgtpe".index(letter[1].lower()))
    if size >= 1 << 64:
        raise SnapshotError("disk-cache-invalid", element.offset, "size is too large")
    attributes = [(key, "bytes" if key == "unit" else value) for key, value in element.attributes]
    attributes = with_attribute(attributes, "unit", "bytes")
    return Element(element.name, attributes, [Text(str(size))], element.offset)


def domain(element: Element) -> Element:
    """A domain with its UUID spelt as libvirt spells it."""
    uuid = element.first("uuid")
    if uuid is None or uuid.elements() or not uuid.text():
        return element
    if not re.fullmatch(UUID, uuid.text()):
        raise SnapshotError("domain-uuid-invalid", uuid.offset, "malformed UUID")
    digits = re.sub("[^0-9a-f]", "", uuid.text().lower())
    groups = (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])
    spelt = Element("uuid", uuid.attributes, [Text("-".join(groups))], uuid.offset)
    children = [spelt if child is uuid else child for child in element.children]
    return Element(element.name, element.attributes, children, element.offset)
