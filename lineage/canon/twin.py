"""The canonical form once more, on lxml: slow, obvious, and sharing no code with the core.

It is what the core is tested against. The reader is in `twin_read`, what goes by element
names alone in `twin_write`, ``<metadata>`` in `twin_metadata`; here is what the snapshot
level means.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from lineage.canon.twin_read import MAX_SIZE, Element, Node, Text, read
from lineage.canon.twin_source import PATH_ATTRIBUTE, canonical_uuid, check_source, replaced
from lineage.canon.twin_write import by_rank, write
from lineage.errors import SnapshotError, XMLError

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
FORMATS = frozenset(
    {"raw", "dir", "bochs", "cloop", "dmg", "iso", "vpc", "vdi", "fat", "vhd", "ploop"}
    | {"cow", "qcow", "qcow2", "qed", "vmdk"}
)
FIELDS = (
    *("name", "description", "state", "parent", "creationTime", "memory", "disks"),
    *("revertDisks", "domain", "inactiveDomain", "cookie"),
)
# The C library's isspace(), less what XML does not allow.
SPACE = "[ \t\n\r]*"


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
    if root.foreign or root.name not in ("domainsnapshot", "domain"):
        raise SnapshotError("not-a-snapshot", root.offset, "root element is not a snapshot's")
    out: list[str] = []
    write(domain(root) if root.name == "domain" else snapshot(root, mode), [], out)
    text = "".join(out).encode()
    if len(text) > MAX_SIZE:
        raise XMLError("limit-size", root.offset, "the canonical form is over 64 MiB")
    return text


def snapshot(root: Element, mode: str) -> Element:
    """What libvirt understands of a snapshot, checked in its order; the rest as it stands."""
    required = mode != "create"
    found = {
        "name": text_field(root, "name"),
        "description": text_field(root, "description"),
    }
    if required and found["name"] is None:
        raise SnapshotError("name-missing", place(root, "name"), "a snapshot needs a name")
    found["creationTime"] = creation_time(root, required)
    found["state"] = state(root, required)
    found["parent"] = parent(root)
    for name in ("domain", "inactiveDomain"):
        found[name] = domain(body) if (body := root.first(name)) else None
    found["memory"] = memory(root, found["state"], mode)
    found["disks"] = disks(root, "disks", mode)
    found["revertDisks"] = disks(root, "revertDisks", mode)
    found["active"] = None
    last = [active(root)] if mode == "internal" else []
    found["cookie"] = root.first("cookie")
    children = root.elements()
    if root.first("memory") is None and found["memory"]:
        children.append(found["memory"])
    return arranged(root, root.attributes, once(in_order(children, FIELDS), found) + last)


# ---- unknown things, kept where they stand


def in_order(children: list[Element], names: Sequence[str]) -> list[Element]:
    """The elements of these names in this order; others stay behind what they stood behind."""
    ranks = {name: rank for rank, name in enumerate(names)}
    return by_rank(children, lambda child: "" if child.foreign else child.name, ranks)


def once(children: list[Element], found: Mapping[str, Element | None]) -> list[Element]:
    """The elements; of those named in `found` only the first, and as found there."""
    kept = []
    left = dict(found)
    for child in children:
        known = child.name in found and not child.foreign
        if (each := left.pop(child.name, None) if known else child) is not None:
            kept.append(each)
    return kept


def arranged(
    element: Element, attributes: list[tuple[str, str]], children: Sequence[Node], name: str = ""
) -> Element:
    """A copy with other content, and perhaps another name, that is not to be rearranged."""
    name = name or element.name
    return Element(name, attributes, [*children], element.offset, arranged=True)


def with_attributes(
    element: Element, names: Sequence[str], values: Mapping[str, str | None]
) -> list[tuple[str, str]]:
    """The attributes, those of these names in this order; missing ones from `values`."""
    attributes = list(element.attributes)
    for name, value in values.items():
        if value is not None and element.get(name) is None:
            attributes.append((name, value))
    ranks = {name: rank for rank, name in enumerate(names)}
    return by_rank(attributes, lambda attribute: attribute[0], ranks)


def place(parent: Element, name: str) -> int:
    """Where to point for a field that says nothing: at it, or at its parent."""
    return (parent.first(name) or parent).offset


# ---- fields


def text_field(parent: Element, name: str) -> Element | None:
    """The first child of that name, its markup flattened; None if that leaves nothing."""
    element = parent.first(name)
    return with_text(element, element.string()) if element else None


def with_text(element: Element, value: str) -> Element | None:
    return arranged(element, element.attributes, [Text(value)]) if value else None


def state(root: Element, required: bool) -> Element | None:
    """``<state>``; a request may say anything, libvirt does not look."""
    element = text_field(root, "state")
    if required and element is None:
        raise SnapshotError("state-missing", place(root, "state"), "a snapshot needs a state")
    if required and element and element.text() not in STATES:
        raise SnapshotError("state-invalid", element.offset, "no state of that name")
    return element


def creation_time(root: Element, required: bool) -> Element | None:
    """``<creationTime>``: seconds, read as C's strtoll() reads them."""
    element = text_field(root, "creationTime")
    if element is None:
        if required:
            offset = place(root, "creationTime")
            raise SnapshotError("creation-time-missing", offset, "a snapshot needs a creationTime")
        return None
    value = integer(element.text(), -(1 << 63), (1 << 63) - 1)
    if value is None:
        raise SnapshotError(
            "creation-time-invalid", element.offset, "creationTime is not a 64-bit number"
        )
    return with_text(element, str(value))


def active(root: Element) -> Element:
    """``<active>``, read as C's strtol() reads it into an int; its attributes say nothing."""
    element = root.first("active")
    value = integer(element.string(), -(1 << 31), (1 << 31) - 1) if element else None
    if element is None or value is None:
        raise SnapshotError("active-missing", place(root, "active"), "no <active> with a number")
    return arranged(element, [], [Text(str(value))])


def integer(text: str, least: int, most: int) -> int | None:
    """The decimal number that is all of `text`, None if there is none or it is out of range."""
    match = re.fullmatch(f"{SPACE}([+-]?)0*([0-9]{{1,20}})", text)
    if match is None:
        return None
    value = int(match[1] + match[2])
    return value if least <= value <= most else None


def parent(root: Element) -> Element | None:
    """``<parent>``; of several the first that has a ``<name>``."""
    element = next((each for each in root.named("parent") if each.first("name")), None)
    name = text_field(element, "name") if element else None
    if element is None or name is None:
        return None
    return arranged(element, element.attributes, once(element.elements(), {"name": name}))


def memory(root: Element, state: Element | None, mode: str) -> Element | None:
    """``<memory>``: where the guest's memory went; by state if the document does not say."""
    element = root.first("memory") or Element("memory", offset=root.offset)
    location, file = element.get("snapshot"), element.get("file")
    offline = mode != "create" and state is not None and state.text() in OFFLINE

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
    attributes = with_attributes(element, ("snapshot", "file"), {"snapshot": location})
    if not attributes and not element.elements():
        return None
    return arranged(element, attributes, element.elements())


def disks(root: Element, name: str, mode: str) -> Element | None:
    """``<disks>`` or ``<revertDisks>``: one list of all, whatever their elements are called.

    Of the attributes of further lists stay, on their disks, those that hold for all below.
    """
    children = []
    for number, each in enumerate(lists := root.named(name)):
        inherited = [pair for pair in each.attributes if re.match("xmlns:|xml:space$", pair[0])]
        for child in each.elements():
            own = dict(child.attributes)
            taken = [pair for pair in inherited if number and pair[0] not in own]
            child.attributes = taken + child.attributes
            children.append(disk(child, mode))
    return arranged(lists[0], lists[0].attributes, children) if children else None


def disk(element: Element, mode: str) -> Element:
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
    found = {"source": check_source(source, kind, mode, element.offset) if source else None}
    image = driver.get("type") if driver else None
    if image and image not in FORMATS:
        raise refuse("disk-driver-invalid", "no such image format")
    found["driver"] = with_cache(driver) if driver else None
    path = source.get(PATH_ATTRIBUTE.get(kind, "")) if source else None
    if path and source and kind == "network" and source.get("protocol") in ("gluster", "rbd"):
        path = path.partition("/")[2]  # behind the pool
    if path and kind in ("file", "block") and not path.startswith("/"):
        raise refuse("disk-path-relative", "the image's path is not absolute")
    stored = {"snapshot": "external", "type": "file"} if path or image else {}
    attributes = with_attributes(element, ("name", "snapshot", "type"), stored)
    children = in_order(element.elements(), ("snapshotDeleteInProgress", "driver", "source"))
    found["snapshotDeleteInProgress"] = element.first("snapshotDeleteInProgress")
    return arranged(element, attributes, once(children, found), "disk")


def with_cache(driver: Element) -> Element:
    """A disk's ``<driver>`` with the size of its metadata cache in bytes.

    The size is the first ``<max_size>`` without markup, of several caches too.
    """
    caches = driver.named("metadata_cache")
    sizes = [each for cache in caches for each in cache.named("max_size") if not each.elements()]
    if not sizes or not sizes[0].text():
        return driver
    size, made = sizes[0], in_bytes(sizes[0])
    cache = next(each for each in caches if size in each.children)
    return replaced(driver, cache, replaced(cache, size, made))


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
    spelt = Element(element.name, list(element.attributes), [Text(str(size))], element.offset)
    spelt.attributes = [(key, "bytes" if key == "unit" else val) for key, val in spelt.attributes]
    if element.get("unit") is None:
        spelt.attributes.append(("unit", "bytes"))
    return spelt


def domain(element: Element) -> Element:
    """A domain with its UUID spelt as libvirt spells it."""
    uuid = element.first("uuid")
    if uuid is None or not uuid.string():
        return element
    text = canonical_uuid(uuid.string())
    if text is None:
        raise SnapshotError("domain-uuid-invalid", uuid.offset, "malformed UUID")
    if uuid.elements():
        return element
    spelt = Element("uuid", uuid.attributes, [Text(text)], uuid.offset, uuid.foreign)
    return replaced(element, uuid, spelt)
